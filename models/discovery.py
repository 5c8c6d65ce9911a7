"""Models that other programs keep on this machine: found and used where they lie, never copied."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.plain import plain

_MOST_FILES = 5000
_DEEPEST = 6
_MANIFEST_BYTES = 1 << 20
_OLLAMA_MODEL = "application/vnd.ollama.image.model"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_FURTHER_PART = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Discovered:
    """A model of another program. `name` is what it is called there; `size_bytes` is of its first file."""

    program: str
    name: str
    path: Path
    size_bytes: int


def discover(home: Path, environment: Mapping[str, str]) -> list[Discovered]:
    """All models of LM Studio, Jan, Ollama and the Hugging Face cache, by program and name.

    `environment` may name other places (OLLAMA_MODELS, HF_HOME, HF_HUB_CACHE). Reads folders, and of files
    only Ollama's manifests; what can't be read or makes no sense is left out. Never raises an AppError.
    """
    found = [
        *_files("LM Studio", _lm_studio(home)),
        *_files("Jan", _jan(home)),
        *_hugging_face(_cache(home, environment)),
        *(model for folder in _ollama(home, environment) for model in _of_ollama(folder)),
    ]
    unique = {_real(model.path): model for model in reversed(found)}
    return sorted(unique.values(), key=lambda model: (model.program.lower(), model.name.lower()))


def _lm_studio(home: Path) -> list[Path]:
    return [home / ".lmstudio" / "models", home / ".cache" / "lm-studio" / "models"]


def _jan(home: Path) -> list[Path]:
    roots = [
        home / "jan",
        home / ".local" / "share" / "Jan" / "data",
        home / ".config" / "Jan" / "data",
        home / "Library" / "Application Support" / "Jan" / "data",
        home / "AppData" / "Roaming" / "Jan" / "data",
    ]
    return [root / folder for root in roots for folder in ("models", "llamacpp/models")]


def _ollama(home: Path, environment: Mapping[str, str]) -> list[Path]:
    named = environment.get("OLLAMA_MODELS")
    usual = [home / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")]
    return [Path(named)] if named else usual


def _cache(home: Path, environment: Mapping[str, str]) -> Path:
    if named := environment.get("HF_HUB_CACHE"):
        return Path(named)
    above = environment.get("HF_HOME")
    return (Path(above) if above else home / ".cache" / "huggingface") / "hub"


def _files(program: str, roots: list[Path]) -> Iterator[Discovered]:
    for root in roots:
        for path in _walk(root):
            if _is_model(path.name) and (size := _size(path)):
                yield Discovered(program, plain(path.stem), path, size)


def _hugging_face(cache: Path) -> Iterator[Discovered]:
    """The newest snapshots' files; they are links to blobs, and the links carry the names."""
    for folder in _entries(cache):
        if folder.name.startswith("models--"):
            repo = plain(folder.name.removeprefix("models--").replace("--", "/", 1))
            for path in _walk(folder / "snapshots"):
                if _is_model(path.name) and (size := _size(path)):
                    yield Discovered("Hugging Face", f"{repo}: {plain(path.stem)}", path, size)


def _of_ollama(folder: Path) -> Iterator[Discovered]:
    """One for each manifest (host/namespace/model/tag) whose weights are among the blobs."""
    manifests = folder / "manifests"
    for path in _walk(manifests):
        steps = path.relative_to(manifests).parts
        digest = _weights(_manifest(path)) if len(steps) == 4 else None
        if digest is not None:
            blob = folder / "blobs" / f"sha256-{digest}"
            if size := _size(blob):
                yield Discovered("Ollama", _ollama_name(steps), blob, size)


def _ollama_name(steps: tuple[str, ...]) -> str:
    host, namespace, model, tag = steps
    before = "" if namespace == "library" else f"{namespace}/"
    before = before if host == "registry.ollama.ai" else f"{host}/{before}"
    return plain(f"{before}{model}:{tag}")


def _manifest(path: Path) -> Any:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return json.loads(file.read(_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None


def _weights(manifest: Any) -> str | None:
    """The digest of a manifest's weights, which is no path and can't become one."""
    layers = manifest.get("layers") if isinstance(manifest, Mapping) else None
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, Mapping) and layer.get("mediaType") == _OLLAMA_MODEL:
            digest = layer.get("digest")
            match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
            return match[1] if match else None
    return None


def _is_model(name: str) -> bool:
    """Whether the name is a model's, and not that of its eyes or of a further part."""
    lower = name.lower()
    return lower.endswith(".gguf") and "mmproj" not in lower and not _FURTHER_PART.search(lower)


def _walk(root: Path) -> Iterator[Path]:
    """The files below a folder, in order; links to folders are not followed."""
    count = 0
    base = len(root.parts)
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(folders) if len(here.parts) - base < _DEEPEST else []
        for name in sorted(files):
            count += 1
            if count > _MOST_FILES:
                return
            yield here / name


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:_MOST_FILES]
    except OSError:
        return []


def _size(path: Path) -> int:
    """Of a file, through a link; 0 where there is none."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError):
        return 0


def _real(path: Path) -> str:
    return os.path.realpath(path)
