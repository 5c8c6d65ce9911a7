"""What models really took on this machine: memory and speed, kept to say it better the next time."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from models import processor
from models.chat import Timings
from models.likest import likest
from models.local.protocol import Known, Planned
from models.machine import Device

_LARGEST = 4 << 20
_MOST = 500
_NEW = 0.3
_FEW_TOKENS, _FEW_PROMPT = 16, 64
_MIB = 1 << 20
_BOUND = 1 << 50
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Measure:
    """One model: how it was loaded last, what was predicted and taken, and its speed (tokens/s).

    `wanted` is the context that was asked for, `as_wanted` whether it was loaded exactly so.
    """

    context_tokens: int
    cache: str
    gpu_layers: int
    wanted: int | None
    as_wanted: bool
    predicted_bytes: int | None
    memory_bytes: int
    weights_bytes: int
    decode_tps: float | None = None
    prompt_tps: float | None = None

    @property
    def _setting(self) -> tuple[int, str, int]:
        return self.context_tokens, self.cache, self.gpu_layers

    def after(self, old: Measure | None) -> Measure:
        """This newer one with what the old one still says: the most memory, and speed smoothed."""
        if old is None or old._setting != self._setting:
            return self
        return Measure(
            self.context_tokens,
            self.cache,
            self.gpu_layers,
            self.wanted,
            self.as_wanted,
            old.predicted_bytes if self.predicted_bytes is None else self.predicted_bytes,
            max(old.memory_bytes, self.memory_bytes),
            self.weights_bytes,
            _smoothed(old.decode_tps, self.decode_tps),
            _smoothed(old.prompt_tps, self.prompt_tps),
        )


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second on this machine, `measured` with this very model or expected."""

    tps: float
    measured: bool


@dataclass(frozen=True, slots=True)
class MachineSpeed:
    """How fast this machine reads its memory (bytes a second), and what computes on it."""

    bandwidth: float
    devices: tuple[Device, ...]


class Measures:
    """The file of measures. Nothing here raises for the disk's sake: what can't be kept is measured again.

    A model is known by its file's name, size and time, so a replaced file begins anew. May be used from
    several threads and processes: each call looks whether the file is another than before and then reads
    it, and a write replaces it whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: tuple[tuple[int, int, int], dict[str, Measure]] | None = None

    def of(self, model: Path) -> Measure | None:
        """What is known of a model file."""
        return self._read().get(_name(model))

    def known(self, model: Path, wanted: int | None) -> Known | None:
        """What came of loading it with this context, if it could be loaded as was wanted."""
        measure = self.of(model)
        if measure is None or not measure.as_wanted or measure.wanted != wanted or measure.gpu_layers:
            return None
        return Known(measure.context_tokens, measure.memory_bytes)

    def correction_permille(self, model: Path) -> int:
        """Measured over predicted memory: this model’s, or the usual; 1,000 if nothing is known."""
        read = self._read()
        own = read.get(_name(model))
        ratios = [_ratio(measure) for measure in ([own] if own is not None else read.values())]
        kept = sorted(ratio for ratio in ratios if ratio)
        return min(max(kept[len(kept) // 2], 800), 1500) if kept else 1000

    def expected_tps(self, weights_bytes: int) -> float | None:
        """The decoding speed to expect of a model of this size, from the one measured that is likest.

        Reading the weights is what takes the time, so speed falls as they grow. None if no measured
        model is within a factor of four.
        """
        known = [m for m in self._read().values() if m.decode_tps and m.weights_bytes and not m.gpu_layers]
        like = likest(weights_bytes, ((m.weights_bytes, m) for m in known))
        if like is None or weights_bytes <= 0:
            return None
        return (like.decode_tps or 0.0) * like.weights_bytes / weights_bytes

    def speed(self, model: Path, size_bytes: int) -> Speed | None:
        """How fast a model file decodes here: measured, or expected from another that was."""
        own = self.of(model)
        if own is not None and own.decode_tps:
            return Speed(own.decode_tps, measured=True)
        expected = self.expected_tps(size_bytes)
        return None if expected is None else Speed(round(expected, 1), measured=False)

    def speeds(self, models: Iterable[Path]) -> dict[Path, float]:
        """How fast those of them that were measured decode (tokens/s); the file is read once."""
        known = {name: measure.decode_tps for name, measure in self._read().items() if measure.decode_tps}
        found = {model: known.get(_name(model)) for model in models} if known else {}
        return {model: tps for model, tps in found.items() if tps}

    def record(
        self, model: Path, plan: Planned, wanted: int | None, *, as_wanted: bool, timings: Timings
    ) -> None:
        """Keep what an answer has shown."""
        if timings.memory_bytes is None:
            return
        try:
            weights = model.stat().st_size
        except OSError:
            return
        new = Measure(
            plan.context_tokens,
            plan.cache.value,
            plan.gpu_layers,
            wanted,
            as_wanted,
            plan.predicted_bytes,
            timings.memory_bytes,
            weights,
            timings.decode_tps if (timings.completion_tokens or 0) >= _FEW_TOKENS else None,
            timings.prompt_tps if _fresh(timings) >= _FEW_PROMPT else None,
        )
        measures = self._read()
        new = new.after(measures.pop(_name(model), None))
        measures[_name(model)] = new
        self._write(dict(list(measures.items())[-_MOST:]), self._kept_machine())

    def machine(self) -> MachineSpeed | None:
        """What was measured of this machine; None if that was another one, by its processor's name."""
        try:
            value = self._content()["machine"]
            if value["processor"] != processor.name() or not value["bandwidth"] > 0:
                return None
            devices = tuple(Device(**device) for device in value["devices"])
            return MachineSpeed(float(value["bandwidth"]), devices)
        except _UNREADABLE:
            return None

    def keep_machine(self, speed: MachineSpeed) -> None:
        """Keep what was measured of this machine."""
        self._write(self._read(), asdict(speed) | {"processor": processor.name()})

    def _content(self) -> Any:
        with self._path.open("rb") as file:
            return json.loads(file.read(_LARGEST))

    def _kept_machine(self) -> Any:
        try:
            return self._content()["machine"]
        except _UNREADABLE:
            return None

    def _read(self) -> dict[str, Measure]:
        """All of them, to change at will. Quick: for each message it is asked once for each model."""
        try:
            stat = self._path.stat()
            key = stat.st_ino, stat.st_mtime_ns, stat.st_size
            kept = self._kept
            if kept is None or kept[0] != key:
                values = self._content()["models"]
                found = {name: _measure(value) for name, value in values.items()}
                kept = key, {name: measure for name, measure in found.items() if measure is not None}
                self._kept = kept
            return dict(kept[1])
        except _UNREADABLE:
            return {}

    def _write(self, measures: dict[str, Measure], machine: Any) -> None:
        part = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}.part")
        try:
            text = json.dumps(
                {"machine": machine, "models": {n: asdict(m) for n, m in measures.items()}}, indent=1
            )
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(self._path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _measure(value: Any) -> Measure | None:
    """A measure if it is one: numbers that are numbers, and none below zero."""
    try:
        measure = Measure(**{field.name: value[field.name] for field in fields(Measure)})
    except (KeyError, TypeError):
        return None
    whole = (measure.context_tokens, measure.gpu_layers, measure.memory_bytes, measure.weights_bytes)
    perhaps = (measure.predicted_bytes, measure.wanted)
    speeds = (measure.decode_tps, measure.prompt_tps)
    good = all(type(number) is int and 0 <= number < _BOUND for number in whole)
    good &= all(number is None or (type(number) is int and 0 <= number < _BOUND) for number in perhaps)
    good &= all(
        number is None or (type(number) in (int, float) and 0 <= number < _BOUND) for number in speeds
    )
    return (
        measure if good and isinstance(measure.cache, str) and isinstance(measure.as_wanted, bool) else None
    )


def _name(model: Path) -> str:
    try:
        stat = model.stat()
    except (OSError, ValueError):  # there is none, or it can't be a file's name
        return ""
    return f"{os.fsencode(model.name).decode('utf-8', 'backslashreplace')}:{stat.st_size}:{stat.st_mtime_ns}"


def _ratio(measure: Measure) -> int:
    if not measure.predicted_bytes or measure.memory_bytes < 8 * _MIB:
        return 0
    return measure.memory_bytes * 1000 // measure.predicted_bytes


def _smoothed(old: float | None, new: float | None) -> float | None:
    if old is None or new is None:
        return new if old is None else old
    return round(old + _NEW * (new - old), 2)


def _fresh(timings: Timings) -> int:
    return (timings.prompt_tokens or 0) - (timings.reused_tokens or 0)
