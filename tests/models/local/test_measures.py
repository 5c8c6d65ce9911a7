"""What models took is kept, smoothed, and used for the next prediction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import processor
from models.chat import Timings
from models.local.ladder import Cache
from models.local.measures import MachineSpeed, Measures, Speed
from models.local.protocol import Known, Planned
from models.machine import Device

MB = 1 << 20
PLAN = Planned(8192, Cache.F16, 0, 300 * MB)


def timings(memory: int, decode: float | None = None, *, tokens: int = 100) -> Timings:
    return Timings(
        memory_bytes=memory,
        decode_tps=decode,
        completion_tokens=tokens,
        prompt_tokens=200,
        reused_tokens=0,
        prompt_tps=500.0,
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(bytes(1000))
    return path


@pytest.fixture
def measures(tmp_path: Path) -> Measures:
    return Measures(tmp_path / "measures.json")


def test_a_new_model_is_not_known(measures: Measures, model: Path) -> None:
    assert measures.of(model) is None
    assert measures.known(model, None) is None
    assert measures.correction_permille(model) == 1000
    assert measures.expected_tps(1000) is None


def test_the_most_memory_counts_and_speed_is_smoothed(measures: Measures, model: Path) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 40.0))
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(310 * MB, 50.0))
    measure = measures.of(model)
    assert measure is not None
    assert (measure.memory_bytes, measure.decode_tps, measure.prompt_tps) == (320 * MB, 43.0, 500.0)
    assert measures.known(model, None) == Known(8192, 320 * MB)
    assert measures.known(model, 4096) is None
    assert measures.correction_permille(model) == 1066


def test_what_was_loaded_with_less_is_not_what_was_wanted(measures: Measures, model: Path) -> None:
    measures.record(model, PLAN, 32_768, as_wanted=False, timings=timings(320 * MB))
    assert measures.known(model, 32_768) is None


def test_another_setting_begins_anew(measures: Measures, model: Path) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 40.0))
    other = Planned(4096, Cache.Q8_0, 0, 100 * MB)
    measures.record(model, other, 4096, as_wanted=True, timings=timings(105 * MB, 10.0))
    measure = measures.of(model)
    assert measure is not None
    assert (measure.memory_bytes, measure.decode_tps) == (105 * MB, 10.0)


def test_a_loading_that_was_not_rehearsed_keeps_the_prediction(measures: Measures, model: Path) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB))
    measures.record(model, Planned(8192, Cache.F16, 0, None), None, as_wanted=True, timings=timings(330 * MB))
    assert measures.correction_permille(model) == 1100


def test_a_replaced_file_is_another_model(measures: Measures, model: Path) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB))
    model.write_bytes(bytes(1001))
    assert measures.of(model) is None


def test_a_few_tokens_say_nothing_of_speed(measures: Measures, model: Path) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 900.0, tokens=3))
    measure = measures.of(model)
    assert measure is not None
    assert measure.decode_tps is None


def test_a_like_sized_model_is_expected_to_be_as_fast_as_its_size_says(
    measures: Measures, model: Path
) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 40.0))
    assert measures.expected_tps(1000) == 40.0
    assert measures.expected_tps(2000) == 20.0
    assert measures.expected_tps(4001) is None
    assert measures.expected_tps(0) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"models": 5}',
        b'{"models": {"a": 1, "b": {}}}',
        b"[" * 100_000,
        b"\xff" * 50,
    ],
)
def test_a_damaged_file_is_no_file(measures: Measures, model: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "measures.json").write_bytes(content)
    assert measures.of(model) is None
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB))
    assert measures.of(model) is not None


@pytest.mark.parametrize("field", ["memory_bytes", "decode_tps", "cache", "as_wanted", "context_tokens"])
def test_a_value_of_another_kind_is_dropped(
    measures: Measures, model: Path, tmp_path: Path, field: str
) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 40.0))
    file = tmp_path / "measures.json"
    values = json.loads(file.read_text())
    next(iter(values["models"].values()))[field] = [-5]
    file.write_text(json.dumps(values))
    assert measures.of(model) is None


def test_a_full_or_missing_disk_costs_nothing(tmp_path: Path, model: Path) -> None:
    nowhere = Measures(tmp_path / "none" / "measures.json")
    nowhere.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB))
    assert nowhere.of(model) is None
    assert list(tmp_path.iterdir()) == [model]


def test_speed_is_measured_or_expected_or_unknown(measures: Measures, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(bytes(2000))
    assert measures.speed(model, 1000) is None
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 40.0))
    assert measures.speed(model, 1000) == Speed(40.0, measured=True)
    assert measures.speed(other, 2000) == Speed(20.0, measured=False)


def test_a_machine_is_measured_once_and_known_by_its_processor(
    measures: Measures, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = MachineSpeed(20e9, (Device("CPU", "A processor", "cpu", 1, 2),))
    assert measures.machine() is None
    measures.keep_machine(speed)
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB))
    assert measures.machine() == speed
    assert measures.of(model) is not None
    monkeypatch.setattr(processor, "name", lambda: "another")
    assert measures.machine() is None


def test_what_it_took_beside_a_card_is_not_what_it_takes(measures: Measures, model: Path) -> None:
    on_card = Planned(8192, Cache.F16, 33, 100 * MB)
    measures.record(model, on_card, None, as_wanted=True, timings=timings(110 * MB))
    assert measures.known(model, None) is None


@pytest.mark.parametrize(
    ("field", "value"), [("predicted_bytes", 5.5), ("memory_bytes", 1 << 60), ("wanted", 0.5)]
)
def test_a_number_that_nobody_writes_is_dropped(
    measures: Measures, model: Path, tmp_path: Path, field: str, value: float
) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB))
    file = tmp_path / "measures.json"
    values = json.loads(file.read_text())
    next(iter(values["models"].values()))[field] = value
    file.write_text(json.dumps(values))
    assert measures.of(model) is None
    assert measures.correction_permille(model) == 1000


def test_speeds_are_of_those_that_were_measured(measures: Measures, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(bytes(500))
    assert measures.speeds([model, other]) == {}
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 40.0))
    assert measures.speeds([model, other, tmp_path / "gone.gguf"]) == {model: 40.0}


def test_the_file_is_read_again_only_when_it_is_another(
    measures: Measures, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 40.0))
    reads: list[int] = []
    content = Measures._content

    def counted(self: Measures) -> object:
        reads.append(1)
        return content(self)

    monkeypatch.setattr(Measures, "_content", counted)
    assert [measures.speed(model, 1000) for _ in range(100)] == [Speed(40.0, measured=True)] * 100
    assert len(reads) == 1
    other = Measures(tmp_path / "measures.json")  # as the command line would
    other.record(model, PLAN, None, as_wanted=True, timings=timings(320 * MB, 50.0))
    assert measures.speed(model, 1000) == Speed(43.0, measured=True)


@pytest.mark.parametrize("path", ["/nul\0.gguf", "/half\ud800.gguf"])
def test_what_cannot_be_a_files_name_was_never_measured(measures: Measures, path: str) -> None:
    assert measures.speed(Path(path), 1) is None
