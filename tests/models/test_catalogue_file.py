"""What the catalogue's reader refuses, and how it takes the user's own entries."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.catalogue import Catalogue, load
from models.toml_table import CatalogueError

FOLDER = Path(__file__).parents[2] / "resources" / "catalogue"
PHI, QWEN = "phi-4.toml", "qwen3.toml"
SCORES, LICENCES, SOURCES = "benchmarks.toml", "licences.toml", "sources.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "catalogue"))


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "why"),
    [
        (PHI, 'id = "phi-4-mini"', 'id = "phi-4-mini"\ncolour = "blue"', "phi-4-mini/colour", "not known"),
        (PHI, "context = 16_384", 'context = "16k"', "phi-4-14b/context", "whole number"),
        (PHI, "context = 16_384", "context = 0", "phi-4-14b/context", "whole number from 1"),
        (PHI, "context = 16_384", "context = true", "phi-4-14b/context", "whole number"),
        (PHI, 'licence = "mit"', 'licence = "wtfpl"', "phi-4-mini/licence", "no “wtfpl”"),
        (PHI, 'remote = "article"', "", "phi-4-14b/sources/remote", "missing"),
        (PHI, 'remote = "article"', 'remote = "hearsay"', "phi-4-14b/sources/remote", "no source"),
        (PHI, 'files = "hub"', 'fils = "hub"', "phi-4-mini/sources/files", "missing"),
        (PHI, "input_nano = 300", "input_nano = 0.3", "phi-4-14b/remote/price/input_nano", "whole number"),
        (PHI, 'currency = "CNY"', 'currency = "¥"', "phi-4-14b/remote/price/currency", "three capital"),
        (PHI, 'id = "phi-4-14b"', 'id = "phi-4-mini"', "phi-4-mini/id", "twice"),
        (PHI, 'id = "xidao/phi-4-14b"', 'id = "xidao/deepseek-v3"', "phi-4-14b/remote/id", "DeepSeek V3"),
        (PHI, '"phi-4-Q2_K.gguf"', '"../phi-4-Q2_K.gguf"', "quantisations/Q2_K", "ends in .gguf"),
        (PHI, '"phi-4-Q2_K.gguf"', '"/etc/passwd"', "quantisations/Q2_K", "ends in .gguf"),
        (PHI, '"bartowski/phi-4-GGUF"', '"https://example.org"', "files/1/repository", "owner/name"),
        (PHI, 'strengths = ["images"]', 'strengths = ["magic"]', "phi-4-multimodal/strengths", "“magic”"),
        (PHI, "n_kv_heads = 10", "n_kv_heads = 7", "phi-4-14b/shape/n_kv_heads", "divides"),
        (PHI, "[family]", "[famly]", "phi-4-mini/licence", "missing"),
        (PHI, "[family]", "[family", "", "not TOML"),
        (QWEN, 'release = "2026-03"', 'release = "March"', "qwen3-0.6b/release", "early 2026"),
        (QWEN, "active_parameters = 22_", "active_parameters = 922_", "active_parameters", "more parameters"),
        (QWEN, 'names = ["qwen3-8b"]', 'names = ["Qwen3 8B"]', "header/names", "write “qwen3-8b”"),
        (SCORES, 'model = "phi-4-14b"', 'model = "phi-5"', "table/general/rows/6/model", "phi-5"),
        (SCORES, "63.5, 90.8, 85.3]", "63.5, 90.8]", "table/general/rows/6/scores", "4 numbers"),
        (SCORES, "82.1, 63.5", "182.1, 63.5", "table/general/rows/6/scores", "182.1"),
        (SCORES, 'source = "article"', "", "table/general/source", "missing"),
        (LICENCES, "tier = 3", "tier = 4", "tier", "1, 2 or 3"),
        (LICENCES, 'version = "2026-04-01"', "", "licence/gemma/version", "missing"),
        (LICENCES, 'names = ["gemma-terms"', 'names = ["MIT"', "licence/gemma/names", "mit"),
        (LICENCES, 'link = "https://opensource', 'link = "http://opensource', "licence/mit/link", "https"),
        (SOURCES, 'as_of = "2026-05"', "", "source/article/as_of", "missing"),
        (SOURCES, 'as_of = "2026-05"', 'as_of = "May"', "source/article/as_of", "no date"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_file_and_key(
    folder: Path, file: str, old: str, new: str, key: str, why: str
) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load(folder)
    assert caught.value.file == file
    assert caught.value.key.endswith(key)
    assert why in str(caught.value)


def test_a_score_has_no_place_in_an_entry(folder: Path) -> None:
    path = folder / "smollm2.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("starter = true", "mmlu = 30.0"), encoding="utf-8"
    )
    with pytest.raises(CatalogueError, match="smollm2-135m/mmlu: this key is not known"):
        load(folder)


# -- the user's own


def _own(tmp_path: Path, text: str) -> Catalogue:
    path = tmp_path / "catalogue.toml"
    path.write_text(text, encoding="utf-8")
    return load(FOLDER, path)


def test_an_own_entry_needs_little(tmp_path: Path) -> None:
    catalogue = _own(
        tmp_path,
        """
        [[model]]
        id = "ours"
        name = "Our fine-tune"
        licence = "MIT License"
        parameters = 7_000_000_000
        [model.remote]
        provider = "vllm"
        id = "ours-7b"
        price = { currency = "CNY", input_nano = 0, output_nano = 0 }
        """,
    )
    ours = catalogue.by_remote("ours-7b")
    assert ours is not None
    assert (ours.own, ours.licence, ours.label.tier) == (True, "mit", 1)
    assert {source.id for source in ours.sources.values()} == {"yours"}
    assert catalogue.models[-1] is ours
    assert catalogue.problems == ()


def test_an_own_entry_without_a_licence_says_so(tmp_path: Path) -> None:
    catalogue = _own(
        tmp_path, '[[model]]\nid = "a"\nname = "A"\n[[model]]\nid = "b"\nname = "B"\nlicence = "x-1"\n'
    )
    first, second = catalogue.models[-2:]
    assert (first.passport, first.label.text) == (None, "Licence unknown")
    assert second.label.text == "x-1 · terms not known here"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[model]]\nid = "A B"\nname = "x"\n', "“model/A B/id”"),
        ('[[model]]\nid = "deepseek-v3"\nname = "x"\n', "“deepseek-v3” is there twice"),
        ('[[model]]\nid = "m"\n', "“model/m/name”: this is missing"),
        ('[[model]]\nid = "m"\nname = "x"\nsize = 3\n', "“model/m/size”: this key is not known"),
        ("[[model", "it is not TOML"),
        ("model = 3", "a list of tables is needed here"),
        ("#" * (1 << 20) + "#", "larger than 1 MiB"),
    ],
)
def test_a_bad_own_entry_is_a_problem_and_the_rest_goes_on(tmp_path: Path, text: str, said: str) -> None:
    catalogue = _own(tmp_path, text)
    (problem,) = catalogue.problems
    assert said in problem
    assert "catalogue.toml" in problem
    assert len(catalogue.models) == len(load(FOLDER).models)


def test_a_good_entry_after_a_bad_one_is_taken(tmp_path: Path) -> None:
    catalogue = _own(tmp_path, '[[model]]\nid = "A"\nname = "x"\n[[model]]\nid = "b"\nname = "B"\n')
    assert catalogue.get("b") is not None
    assert len(catalogue.problems) == 1


def test_bytes_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    (problem,) = load(FOLDER, tmp_path / "own.toml").problems
    assert "not TOML" in problem


def test_no_own_file_is_no_problem(tmp_path: Path) -> None:
    assert load(FOLDER, tmp_path / "missing.toml").problems == ()


def test_a_folder_in_the_file_s_place_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load(FOLDER, tmp_path).problems
    assert "could not be read" in problem
