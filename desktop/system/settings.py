"""The settings file: read leniently, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.system import options, providers
from desktop.system.answering import TakeOver
from desktop.system.options import Options
from desktop.system.paths import shown
from desktop.system.providers import Provider
from models.chat import Thinking
from models.errors import AppError
from models.hub_addresses import MAIN, checked_addresses
from models.route import Mode, Preference, Privacy

if TYPE_CHECKING:
    from models.budget import Budget
    from models.money import Rate

_LARGEST_BYTES = 1 << 20
_HOST = re.compile(r"[\w.:-]{0,253}")


class Theme(StrEnum):
    """SYSTEM follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose. `window` is x, y, width, height in pixels; None lets the default stand.

    `keep_states` lets the engine keep what it has read of conversations on disk, to go on sooner; at most
    `states_gb` GiB of it.
    `models` is what was set for single models, by id; `max_tokens`, `temperature` and
    `thinking_budget` hold for all of them. `providers` are the gateways, without their keys.
    `mode` and `model` are who answers new conversations; without a model it is the library's default.
    `preference` is what counts in the hybrid mode where several models could answer.
    `privacy` is the class of new conversations, and of those that have none of their own; one with pictures
    has at least `picture_privacy`.
    `hub_signed_in` is the hub that the keyring has a token for, as its host; "" for none.
    `allowed` are the gateways, by id, that the user agreed to send messages to.
    `budgets` are what may be spent at gateways, and `rate` is one to read amounts at.
    `take_over` is what may happen without a question when an answer fails, at a gateway for up to
    `take_over_nano` nano-yuan; below `floor_tps` tokens a second (0: none) one here counts as failed.
    `hub_endpoints` are the hubs that models come from, the next where one fails.
    `unknown` are entries of a newer Inshore's file; they are written back as they were.
    """

    theme: Theme = Theme.SYSTEM
    model: str | None = None
    mode: Mode = Mode.LOCAL
    preference: Preference = Preference.BALANCED
    privacy: Privacy = Privacy.OUT
    picture_privacy: Privacy = Privacy.OUT
    thinking: Thinking = Thinking.AUTO
    max_tokens: int | None = None
    temperature: float | None = None
    thinking_budget: int | None = None
    models: Mapping[str, Options] = field(default_factory=dict)
    providers: tuple[Provider, ...] = providers.DEFAULT
    budgets: tuple[Budget, ...] = ()
    rate: Rate | None = None
    window: tuple[int, int, int, int] | None = None
    sidebar_width: int = 260
    send_with_enter: bool = True
    keep_states: bool = True
    states_gb: int = 2
    take_over: TakeOver = TakeOver.ASK
    take_over_nano: int = 50_000_000
    floor_tps: int = 0
    hub_endpoints: tuple[str, ...] = (MAIN,)
    hub_signed_in: str = ""
    allowed: tuple[str, ...] = ()
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)

    def options_for(self, model_id: str) -> Options:
        """What holds for a model's answers where a conversation has nothing of its own."""
        general = Options(
            temperature=self.temperature, max_tokens=self.max_tokens, thinking_budget=self.thinking_budget
        )
        return self.models.get(model_id, Options()).over(general)

    def context_for(self, model_id: str) -> int | None:
        """The context wanted for a model, in tokens; None leaves it to the engine."""
        return self.models.get(model_id, Options()).context

    def with_model(self, model_id: str, own: Options) -> Mapping[str, Options]:
        """`models` with another entry for one of them; one with nothing set is left out."""
        others = {name: each for name, each in self.models.items() if name != model_id}
        return others if own == Options() else {**others, model_id: own}


def load(path: Path) -> tuple[Settings, list[str]]:
    """The settings, and a sentence for each thing that was wrong; never raises.

    What can't be used has its default. A file with anything wrong is first copied beside itself
    (`settings.bad-1.json` and so on), so that the next `save` loses nothing.
    """
    try:
        content = _read(path)
    except FileNotFoundError:
        return Settings(), []
    except OSError as exc:
        return Settings(), [f"The settings can’t be read from “{shown(path)}”: {exc.strerror}."]
    settings, problems = _parsed(content)
    if problems:
        problems.append(_keep_copy(path, content))
    return settings, problems


def save(path: Path, settings: Settings) -> None:
    """Replace the file in one step, readable by this user only. Raises AppError; the old file then stays."""
    content = json.dumps(_values(settings), indent=2, ensure_ascii=True) + "\n"
    try:
        # A settings file that is a link into someone's dotfiles stays one.
        _replace(Path(os.path.realpath(path)), content.encode())
    except OSError as exc:
        raise AppError(
            f"The file “{shown(path)}” can’t be written: {exc.strerror}.",
            "They hold until you close Inshore.",
            title="Your settings can’t be saved.",
            details=repr(exc),
        ) from exc


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_BYTES + 1)


def _parsed(content: bytes) -> tuple[Settings, list[str]]:
    if len(content) > _LARGEST_BYTES:
        return Settings(), ["The settings file is too large to be one, so the defaults are used."]
    try:
        values = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        return Settings(), ["The settings file is damaged, so the defaults are used."]
    return _checked(values)


def _checked(values: dict[str, object]) -> tuple[Settings, list[str]]:
    good: dict[str, object] = {}
    problems: list[str] = []
    for name, value in values.items():
        if name in _READERS:
            try:
                good[name] = _READERS[name](value)
            except ValueError:
                problems.append(_unusable(name))
    if "models" in values:
        good["models"], bad = _models(values["models"])
        problems += [_unusable(name) for name in bad]
    if "providers" in values:
        good["providers"], bad = providers.read(values["providers"])
        problems += [_unusable(name) for name in bad]
    if "budgets" in values:
        from desktop.system import budgets

        good["budgets"], bad = budgets.read(values["budgets"])
        problems += [_unusable(name) for name in bad]
    parsed = {*_READERS, "models", "providers", "budgets"}
    unknown = {name: value for name, value in values.items() if name not in parsed}
    return Settings(**good, unknown=unknown), problems  # type: ignore[arg-type]  # checked above


def _values(settings: Settings) -> dict[str, object]:
    known = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "unknown"}
    known["providers"] = providers.written(settings.providers)
    known["budgets"] = _written(settings.budgets)
    known["rate"] = _written_rate(settings.rate)
    known["models"] = {name: options.written(each) for name, each in settings.models.items()}
    return {**settings.unknown, **known}


def _written(budgets: tuple[Budget, ...]) -> list[dict[str, str]]:
    if not budgets:
        return []
    from desktop.system.budgets import written

    return written(budgets)


def _written_rate(rate: Rate | None) -> dict[str, str] | None:
    if rate is None:
        return None
    from desktop.system.rates import written

    return written(rate)


def _rate(value: object) -> Rate:
    from desktop.system.rates import read

    return read(value)


def _models(values: object) -> tuple[dict[str, Options], list[str]]:
    """What was set for each model, and the names of what can't be used."""
    if not isinstance(values, dict):
        return {}, ["models"]
    models: dict[str, Options] = {}
    bad: list[str] = []
    for model_id, value in values.items():
        models[model_id], wrong = options.read(value)
        bad += [f"models/{model_id}/{name}" for name in wrong]
    return {name: each for name, each in models.items() if each != Options()}, bad


def _unusable(name: str) -> str:
    return f"The setting “{name}” has a value that can’t be used; the default is."


def _keep_copy(path: Path, content: bytes) -> str:
    """Copy the file to the next free name, unless an equal copy is there; what was done, in a sentence."""
    number = 1
    try:
        while (copy := path.with_name(f"{path.stem}.bad-{number}{path.suffix}")).exists():
            if _read(copy) == content:
                return f"The file is kept as “{copy.name}”."
            number += 1
        if len(content) > _LARGEST_BYTES:
            path.rename(copy)
        else:
            _replace(copy, content)
    except OSError as exc:
        return f"A copy of the file can’t be kept: {exc.strerror}."
    return f"The file is kept as “{copy.name}”."


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        _write(part, content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename last; Windows has no such call and needs none."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _optional(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else read(value)


def _one_of(kind: type[StrEnum]) -> Callable[[object], object]:
    return lambda value: kind(value)  # type: ignore[arg-type]  # raises ValueError for whatever isn't one


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError


def _host(value: object) -> str:
    if isinstance(value, str) and _HOST.fullmatch(value):
        return value
    raise ValueError


def _ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError
    return tuple(value)


def _addresses(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(address, str) for address in value):
        raise ValueError
    try:
        return checked_addresses(value)
    except AppError as exc:
        raise ValueError from exc


def _int(smallest: int, largest: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
            raise ValueError
        return value

    return read


def _temperature(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2:
        raise ValueError  # NaN too: it is not between any numbers
    return float(value)


def _window(value: object) -> tuple[int, int, int, int]:
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError
    x, y, width, height = (_int(-100_000, 100_000)(number) for number in value)
    if width < 1 or height < 1:
        raise ValueError
    return x, y, width, height


_READERS: Mapping[str, Callable[[object], object]] = {
    "theme": _one_of(Theme),
    "model": _optional(_text),
    "mode": _one_of(Mode),
    "preference": _one_of(Preference),
    "privacy": _one_of(Privacy),
    "picture_privacy": _one_of(Privacy),
    "thinking": _one_of(Thinking),
    "max_tokens": _optional(_int(1, 1_000_000)),
    "temperature": _optional(_temperature),
    "thinking_budget": _optional(_int(0, 1_000_000)),
    "window": _optional(_window),
    "sidebar_width": _int(120, 2_000),
    "send_with_enter": _bool,
    "keep_states": _bool,
    "states_gb": _int(1, 1_000),
    "hub_endpoints": _addresses,
    "hub_signed_in": _host,
    "allowed": _ids,
    "take_over": _one_of(TakeOver),
    "take_over_nano": _int(0, 10**12),
    "floor_tps": _int(0, 1_000),
    "rate": _optional(_rate),
}
