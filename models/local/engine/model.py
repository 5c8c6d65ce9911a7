"""A model file in memory: its vocabulary and what it says about itself."""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import llama_cpp.llama_cpp as llama

from models.local import diagnosis
from models.local.engine.log import Log
from models.local.engine.template import ChatTemplate
from models.local.stopflag import StopFlag
from models.thinking import CHANNEL, CHANNEL_TOKENS, MARKER_TOKENS


class Aborted(Exception):
    """The work was ended because the stop flag is set."""


class Model:
    """A loaded model file. `close` frees it; nothing works after that."""

    def __init__(self, path: str, pointer: int) -> None:
        self.path = path
        self.pointer = pointer
        self._vocab = llama.llama_model_get_vocab(pointer)
        self._piece = ctypes.create_string_buffer(64)
        markers = (*MARKER_TOKENS, *(CHANNEL_TOKENS if len(self.tokens(CHANNEL)) == 1 else ()))
        self._visible = {ids[0] for ids in map(self.tokens, markers) if len(ids) == 1}

    @classmethod
    def load(
        cls,
        path: str,
        log: Log,
        stop: StopFlag,
        on_progress: Callable[[float], None],
        gpu_layers: int | None = None,
    ) -> Model:
        """Load a file; `on_progress` gets the fraction done. Raises ModelError or Aborted.

        So many layers go to graphics cards; None uses no card at all.
        """

        def report(fraction: float, _data: object) -> bool:
            on_progress(fraction)
            return not stop

        params = llama.llama_model_default_params()
        params.n_gpu_layers = gpu_layers or 0
        no_device = (ctypes.c_void_p * 1)(None)
        if gpu_layers is None:
            params.devices = ctypes.cast(no_device, ctypes.c_void_p)
        params.progress_callback = llama.llama_progress_callback(report)
        with log.recording() as lines:
            pointer = llama.llama_model_load_from_file(os.fsencode(path), params)
            if pointer is None:
                raise Aborted if stop else diagnosis.load_failure(path, lines)
        return cls(path, pointer)

    def close(self) -> None:
        """Free the memory."""
        llama.llama_model_free(self.pointer)

    @cached_property
    def trained_context(self) -> int:
        """How many tokens it was trained to see at once."""
        return int(llama.llama_model_n_ctx_train(self.pointer))

    @cached_property
    def window(self) -> int:
        """How far back its sliding attention looks; 0 is everything."""
        return int(llama.llama_model_n_swa(self.pointer))

    @cached_property
    def forgets_parts(self) -> bool:
        """Whether a part of what it has read can be forgotten; a recurrent model forgets all or nothing."""
        recurrent = llama.llama_model_is_recurrent(self.pointer) or llama.llama_model_is_hybrid(self.pointer)
        return not recurrent

    @cached_property
    def template(self) -> ChatTemplate:
        """Its chat template, compiled when it is first used. Raises TemplateFailed."""
        source = llama.llama_model_chat_template(self.pointer, None)
        text = source.decode("utf-8", "replace") if source else None
        return ChatTemplate.compile(text, bos=self._special(self.bos), eos=self._special(self._eos))

    @property
    def vocabulary(self) -> object:
        """llama.cpp's own pointer to the vocabulary."""
        return self._vocab

    @property
    def words(self) -> int:
        """How many tokens there are."""
        return int(llama.llama_vocab_n_tokens(self._vocab))

    @property
    def bos(self) -> int:
        """The token that begins a text; -1 is none."""
        return int(llama.llama_vocab_bos(self._vocab))

    @property
    def _eos(self) -> int:
        return int(llama.llama_vocab_eos(self._vocab))

    @property
    def adds_bos(self) -> bool:
        """Whether every prompt must begin with `bos`."""
        return self.bos >= 0 and llama.llama_vocab_get_add_bos(self._vocab)

    def value(self, key: str) -> str | None:
        """A metadata value as text."""
        buffer = ctypes.create_string_buffer(256)
        size = llama.llama_model_meta_val_str(self.pointer, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if size >= 0 else None

    def tokens(self, text: str) -> list[int]:
        """A text's tokens, special ones recognised."""
        data = text.encode("utf-8", "replace")
        size = len(data) // 2 + 16
        while True:
            buffer = (llama.llama_token * size)()
            count = llama.llama_tokenize(self._vocab, data, len(data), buffer, size, False, True)
            if count >= 0:
                return buffer[:count]
            size = -count

    def is_end(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def piece(self, token: int) -> bytes:
        """A token's bytes, which may be a part of a character. Control tokens are empty, except markers."""
        return self._render(token, special=token in self._visible)

    def _special(self, token: int) -> str:
        return self._render(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def _render(self, token: int, *, special: bool) -> bytes:
        while True:
            size = llama.llama_token_to_piece(self._vocab, token, self._piece, len(self._piece), 0, special)
            if size >= 0:
                return self._piece.raw[:size]
            self._piece = ctypes.create_string_buffer(-size)


def text_decoder() -> codecs.IncrementalDecoder:
    """Joins characters whose bytes come in several tokens; what never becomes one is U+FFFD."""
    return codecs.getincrementaldecoder("utf-8")("replace")


def check_can_chat(model: Model) -> None:
    """Raise UnsupportedModel for a model that writes no answers."""
    architecture = model.value("general.architecture") or ""
    kind = ""
    if model.value(f"{architecture}.attention.causal") == "false":
        kind = "an embedding model"
    elif llama.llama_model_has_encoder(model.pointer) or not llama.llama_model_has_decoder(model.pointer):
        kind = "an encoder model"
    elif llama.llama_model_is_diffusion(model.pointer):
        kind = "a diffusion model"
    if kind:
        raise diagnosis.cannot_chat(model.path, kind)


def check_readable(path: str) -> None:
    """Raise ModelFileMissing for a file that can’t be opened."""
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise diagnosis.unreadable(path, error) from error
