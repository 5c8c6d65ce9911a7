"""NVIDIA's cards, as its driver's library tells of them: recorded answers, and every way it can fail."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from models.nvidia import NvidiaCard, cards, idle, idle_words

RTX_4060 = NvidiaCard("NVIDIA GeForce RTX 4060", 8188 << 20, "580.95.05")
A100 = NvidiaCard("NVIDIA A100-SXM4-80GB", 81920 << 20, "535.161.08")


class Failure(Exception):
    """Stands for NVMLError, of which any call may raise one."""


class Driver(ModuleType):
    """The library of a machine with these cards; the calls named in `broken` fail."""

    def __init__(self, found: list[NvidiaCard], broken: tuple[str, ...] = ()) -> None:
        super().__init__("pynvml")
        self.ended = 0
        answers: dict[str, Callable[..., object]] = {
            "nvmlInit": lambda: None,
            "nvmlSystemGetDriverVersion": lambda: found[0].driver if found else "",
            "nvmlDeviceGetCount": lambda: len(found),
            "nvmlDeviceGetHandleByIndex": lambda number: number,
            "nvmlDeviceGetName": lambda number: found[number].name.encode(),
            "nvmlDeviceGetMemoryInfo": lambda number: SimpleNamespace(total=found[number].memory_bytes),
            "nvmlShutdown": self._end,
        }
        for name, answer in answers.items():
            setattr(self, name, _failing if name in broken else answer)

    def _end(self) -> None:
        self.ended += 1


def _failing(*_about: object) -> None:
    raise Failure


def _install(
    monkeypatch: pytest.MonkeyPatch, found: list[NvidiaCard], broken: tuple[str, ...] = ()
) -> Driver:
    driver = Driver(found, broken)
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    return driver


def test_each_card_is_told_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = _install(monkeypatch, [A100, A100])
    assert cards() == (A100, A100)
    assert driver.ended == 1


@pytest.mark.parametrize("broken", [("nvmlInit",), ("nvmlDeviceGetCount",), ("nvmlDeviceGetHandleByIndex",)])
def test_a_driver_that_is_absent_or_broken_is_no_card(
    monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...]
) -> None:
    _install(monkeypatch, [RTX_4060], broken)
    assert cards() == ()


def test_without_the_library_there_is_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert cards() == ()


def test_what_a_card_does_not_say_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, [RTX_4060], ("nvmlDeviceGetMemoryInfo", "nvmlSystemGetDriverVersion"))
    (card,) = cards()
    assert card == NvidiaCard(RTX_4060.name)
    assert card.words == "RTX 4060"
    _install(monkeypatch, [RTX_4060], ("nvmlDeviceGetName", "nvmlShutdown"))
    assert cards()[0].words == "card, 8 GB"


def test_the_real_library_harms_nobody() -> None:
    assert all(card.name for card in cards())


@pytest.mark.parametrize(
    ("used", "lies_idle"),
    [
        ([], True),
        (["CPU Some processor"], True),
        (["Vulkan0 Intel(R) UHD Graphics"], True),
        (["CUDA0 NVIDIA GeForce RTX 4060"], False),
        (["NVIDIA GeForce RTX 4060"], False),
        (["Vulkan1 NVIDIA GeForce RTX 4060"], False),
    ],
)
def test_a_card_lies_idle_unless_the_engine_computes_on_it(used: list[str], lies_idle: bool) -> None:
    assert (idle((RTX_4060,), used) == (RTX_4060,)) is lies_idle


def test_what_is_said_of_it() -> None:
    problem, advice = idle_words((RTX_4060,))
    assert problem == "An NVIDIA card is here (RTX 4060, 8 GB), but this build can’t use it."
    assert "CUDA" in advice
    assert idle_words((A100, A100))[0] == (
        "2 NVIDIA cards are here (A100-SXM4-80GB, 80 GB; A100-SXM4-80GB, 80 GB), "
        "but this build can’t use them."
    )
