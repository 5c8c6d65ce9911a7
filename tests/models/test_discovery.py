"""Models of other programs are found where those programs keep them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.discovery import Discovered, discover
from models.library import Library
from tests.fixtures.gguf_writer import Gguf

DIGEST = "ab" * 32


def put(path: Path, data: bytes = b"GGUF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def ollama(home: Path, manifest: Any, name: str = "registry.ollama.ai/library/llama3/8b") -> Path:
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    put(home / ".ollama" / "models" / "manifests" / name, text)
    return put(home / ".ollama" / "models" / "blobs" / f"sha256-{DIGEST}")


def layers(digest: object = f"sha256:{DIGEST}") -> dict[str, Any]:
    kinds = ("application/vnd.ollama.image.license", "application/vnd.ollama.image.model")
    digests = (f"sha256:{'0' * 64}", digest)
    return {
        "schemaVersion": 2,
        "layers": [
            {"mediaType": kind, "digest": each, "size": 4} for kind, each in zip(kinds, digests, strict=True)
        ],
    }


@pytest.mark.parametrize(
    ("program", "place"),
    [
        ("LM Studio", ".lmstudio/models/owner/repo"),
        ("LM Studio", ".cache/lm-studio/models/owner/repo"),
        ("Jan", ".local/share/Jan/data/llamacpp/models/owner/repo"),
        ("Jan", "jan/models/repo"),
    ],
)
def test_files_in_folders(tmp_path: Path, program: str, place: str) -> None:
    path = put(tmp_path / place / "Qwen3-8B-Q4_K_M.gguf")
    put(path.with_name("mmproj-Qwen3.gguf"))
    put(path.with_name("big-00002-of-00003.gguf"))
    put(path.with_name("notes.txt"))
    assert discover(tmp_path, {}) == [Discovered(program, "Qwen3-8B-Q4_K_M", path, 4)]


def test_the_first_part_stands_for_a_split_model(tmp_path: Path) -> None:
    path = put(tmp_path / ".lmstudio/models/a/b/big-00001-of-00003.gguf")
    assert [model.path for model in discover(tmp_path, {})] == [path]


def test_ollamas_blobs_have_the_names_of_their_manifests(tmp_path: Path) -> None:
    blob = ollama(tmp_path, layers())
    ollama(tmp_path, layers(), "hf.co/owner/repo/Q4_K_M")
    names = {model.name for model in discover(tmp_path, {})}
    assert names <= {"llama3:8b", "hf.co/owner/repo:Q4_K_M"}
    assert [model.path for model in discover(tmp_path, {})] == [blob]


def test_the_hugging_face_cache_is_used_through_its_links(tmp_path: Path) -> None:
    folder = tmp_path / ".cache/huggingface/hub/models--owner--repo-GGUF"
    blob = put(folder / "blobs" / DIGEST, b"GGUF1234")
    link = folder / "snapshots" / "abc" / "model-Q4_0.gguf"
    link.parent.mkdir(parents=True)
    link.symlink_to(blob)
    assert discover(tmp_path, {}) == [Discovered("Hugging Face", "owner/repo-GGUF: model-Q4_0", link, 8)]


def test_other_places_are_named_by_the_environment(tmp_path: Path) -> None:
    blob = ollama(tmp_path / "elsewhere", layers())
    put(tmp_path / "hf" / "hub" / "models--a--b" / "snapshots" / "c" / "m.gguf")
    environment = {"OLLAMA_MODELS": str(blob.parents[1]), "HF_HOME": str(tmp_path / "hf")}
    assert {model.program for model in discover(tmp_path, environment)} == {"Ollama", "Hugging Face"}


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        [],
        {"layers": 5},
        {"layers": [None, 3, {"mediaType": []}]},
        layers("sha256:../../../../etc/passwd"),
        layers("../" + DIGEST),
        layers(None),
        layers(f"sha256:{'0' * 64}"),
    ],
)
def test_hostile_manifests_are_left_out(tmp_path: Path, manifest: Any) -> None:
    ollama(tmp_path, manifest)
    assert discover(tmp_path, {}) == []


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "secret" / "m.gguf")
    (tmp_path / ".lmstudio" / "models").mkdir(parents=True)
    (tmp_path / ".lmstudio" / "models" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / ".lmstudio" / "models" / "loop").symlink_to(tmp_path)
    assert discover(tmp_path, {}) == []


def test_a_blob_without_an_ending_can_be_added(tmp_path: Path) -> None:
    blob = ollama(tmp_path, layers())
    Gguf().write(blob)
    (found,) = discover(tmp_path, {})
    model = Library(tmp_path / "library", tmp_path / "starter").add(found.path, known_as=found.name)
    assert (model.id, model.problem) == ("llama3-8b", None)
    assert model.path == blob
