"""What this build of llama.cpp is and can compute on."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp
import llama_cpp.llama_cpp as llama
from llama_cpp._ggml import libggml

from models.local import offload
from models.local.protocol import EngineInfo
from models.machine import Device

_KINDS = ("cpu", "gpu", "igpu", "accelerator", "meta")


def describe() -> EngineInfo:
    """Versions, instruction sets and devices. Asking a GPU's driver may take a moment."""
    features = _text(llama.llama_print_system_info())
    return EngineInfo(
        llama_cpp=_text(llama.llama_version()),
        binding=str(llama_cpp.__version__),
        ggml=" ".join(_text(_ggml(name, ctypes.c_char_p)()) for name in ("ggml_version", "ggml_commit")),
        features=tuple(part.strip() for part in features.split("|") if part.strip()),
        devices=_devices(),
        gpu_offload=llama.llama_supports_gpu_offload(),
    )


def usable_cards() -> tuple[Device, ...]:
    """The graphics cards that this build can compute on. The first time may take a driver seconds."""
    return tuple(offload.cards(_devices())) if llama.llama_supports_gpu_offload() else ()


def _devices() -> tuple[Device, ...]:
    count = _ggml("ggml_backend_dev_count", ctypes.c_size_t)()
    get = _ggml("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    return tuple(_device(get(index)) for index in range(count))


def _device(pointer: int) -> Device:
    def ask(name: str, result: Any) -> Any:
        return _ggml(f"ggml_backend_dev_{name}", result, ctypes.c_void_p)(pointer)

    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    size = ctypes.POINTER(ctypes.c_size_t)
    memory = _ggml("ggml_backend_dev_memory", None, ctypes.c_void_p, size, size)
    memory(pointer, ctypes.byref(free), ctypes.byref(total))
    kind = ask("type", ctypes.c_int)
    return Device(
        name=_text(ask("name", ctypes.c_char_p)),
        description=_text(ask("description", ctypes.c_char_p)),
        kind=_KINDS[kind] if 0 <= kind < len(_KINDS) else str(kind),
        free_bytes=free.value,
        total_bytes=total.value,
    )


def _ggml(name: str, result: Any, *arguments: Any) -> Any:
    """A function of ggml, which the binding doesn't declare."""
    function = getattr(libggml, name)
    function.restype, function.argtypes = result, list(arguments)
    return function


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")
