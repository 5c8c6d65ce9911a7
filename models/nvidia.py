"""NVIDIA's cards as their driver tells of them, for where the engine has no word for a card that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_GIB = 1 << 30
_MOST_CARDS = 64
_MAKER = "nvidia"


@dataclass(frozen=True, slots=True)
class NvidiaCard:
    """A card. `memory_bytes` is 0 and `driver` "" where the driver doesn't say."""

    name: str
    memory_bytes: int = 0
    driver: str = ""

    @property
    def words(self) -> str:
        """ "RTX 4060, 8 GB", as it is sold."""
        name = self.name.removeprefix("NVIDIA ").removeprefix("GeForce ")
        return f"{name}, {self.memory_bytes / _GIB:.0f} GB" if self.memory_bytes else name


def cards() -> tuple[NvidiaCard, ...]:
    """The cards that the driver knows; () where there is no driver, or it is broken. Never raises.

    The driver may take seconds to wake a card: never on the GUI thread.
    """
    try:
        import pynvml  # type: ignore[import-untyped]

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no driver, no library or a broken one: no card that could be told of
        return ()
    try:
        return _found(pynvml)
    except Exception:  # noqa: BLE001 - a driver that breaks off has told of nothing
        return ()
    finally:
        _ignoring_errors(pynvml.nvmlShutdown)


def idle(cards: Iterable[NvidiaCard], used: Sequence[str]) -> tuple[NvidiaCard, ...]:
    """Those cards that the engine computes on none of; `used` are its devices' descriptions and names."""
    if any(_MAKER in name.lower() or name.startswith("CUDA") for name in used):
        return ()
    return tuple(cards)


def idle_words(cards: Sequence[NvidiaCard]) -> tuple[str, str]:
    """What is to be said of cards that lie idle, and what to do about it."""
    listed = "; ".join(card.words for card in cards)
    here = "An NVIDIA card is here" if len(cards) == 1 else f"{len(cards)} NVIDIA cards are here"
    it = "it" if len(cards) == 1 else "them"
    return (
        f"{here} ({listed}), but this build can’t use {it}.",
        f"Install llama-cpp-python built for CUDA to have answers computed on {it}.",
    )


def _found(nvml: ModuleType) -> tuple[NvidiaCard, ...]:
    driver = _text(_ignoring_errors(nvml.nvmlSystemGetDriverVersion))
    count = min(int(nvml.nvmlDeviceGetCount()), _MOST_CARDS)
    found = (_card(nvml, number, driver) for number in range(count))
    return tuple(card for card in found if card is not None)


def _card(nvml: ModuleType, number: int, driver: str) -> NvidiaCard | None:
    """One card; None for one that has fallen off the bus."""
    handle = _ignoring_errors(nvml.nvmlDeviceGetHandleByIndex, number)
    if handle is None:
        return None
    name = _text(_ignoring_errors(nvml.nvmlDeviceGetName, handle))
    memory = _ignoring_errors(nvml.nvmlDeviceGetMemoryInfo, handle)
    return NvidiaCard(name or "NVIDIA card", int(getattr(memory, "total", 0) or 0), driver)


def _ignoring_errors(ask: Callable[..., Any], *about: object) -> Any:
    """What the driver says, or None."""
    try:
        return ask(*about)
    except Exception:  # noqa: BLE001 - what one question costs must not cost the others
        return None


def _text(value: object) -> str:
    """Old versions of the library give bytes."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return " ".join(text.split())[:100]
