"""A model file is a stranger's input: it is refused in plain words, and its template is kept in a cage."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from models.chat import Finished
from models.errors import AppError, EngineCrashed, EngineUnresponsive, ModelError, TemplateFailed
from models.local.backend import LocalBackend
from tests.fakes import WORKER, ask, collect, run, text_of
from tests.fixtures.gguf_writer import ARRAY, TEXT, U8, U32, Array, Gguf, Raw, Tensor, Typed, text
from tests.fixtures.tiny_gguf import TEMPLATE, write_tiny

LLAMA = {"general.architecture": "llama"}
HUGE = 1 << 60


def corpus(whole: bytes) -> dict[str, bytes]:
    """Broken files by what is broken in them; `whole` is a good one to cut."""
    files = {
        "empty": b"",
        "web page": b"<!DOCTYPE html><html><body>404</body></html>",
        "random": random.Random(1).randbytes(5000),
        "magic only": b"GGUF",
        "magic and version": b"GGUF\x03\x00\x00\x00",
        "keys 2^60": Gguf(LLAMA, key_count=HUGE).to_bytes(),
        "tensors 2^60": Gguf(LLAMA, tensor_count=HUGE).to_bytes(),
        "text 2^62": Gguf({"a": Raw(TEXT, struct.pack("<Q", 1 << 62) + b"abc")}).to_bytes(),
        "key 2^62": Gguf({}, [], key_count=1).to_bytes()[:24] + struct.pack("<Q", 1 << 62) + b"abc",
        "array 2^40": Gguf(LLAMA | {"a": Array(TEXT, [], count=1 << 40)}).to_bytes(),
        "array of bytes 2^40": Gguf(LLAMA | {"a": Array(U8, [1], count=1 << 40)}).to_bytes(),
        "nested array": Gguf({"a": Raw(ARRAY, struct.pack("<IQIQ", ARRAY, 1, U32, 1) + bytes(4))}).to_bytes(),
        "unknown type": Gguf(LLAMA | {"a": Raw(99, bytes(8))}).to_bytes(),
        "alignment 2^31": Gguf(LLAMA | {"general.alignment": Typed(U32, 1 << 31)}).to_bytes(),
        "alignment 0": Gguf(LLAMA | {"general.alignment": Typed(U32, 0)}).to_bytes(),
        "dimensions overflow": Gguf(LLAMA, [Tensor(shape=(1 << 62,) * 4, bytes=0)]).to_bytes(),
        "dimension 0": Gguf(LLAMA, [Tensor(shape=(0,), bytes=0)]).to_bytes(),
        "99 dimensions": Gguf(LLAMA, [Tensor(dimensions=99)]).to_bytes(),
        "unknown tensor type": Gguf(LLAMA, [Tensor(kind=77)]).to_bytes(),
        "offset 2^60": Gguf(LLAMA, [Tensor(offset=HUGE)]).to_bytes(),
        "same tensor twice": Gguf(LLAMA, [Tensor(), Tensor()]).to_bytes(),
        "no keys": Gguf({}, []).to_bytes(),
        "architecture is a number": Gguf({"general.architecture": 5}).to_bytes(),
        "cut at 4 KB": whole[:4096],
        "cut in half": whole[: len(whole) // 2],
        "cut by 1 KB": whole[:-1024],
    }  # fmt: skip
    return files | wrong_numbers(whole)


def wrong_numbers(whole: bytes) -> dict[str, bytes]:
    """The good file with one number changed."""

    def changed(key: str, value: int) -> bytes:
        at = whole.index(text(key)) + len(text(key)) + 4
        return whole[:at] + struct.pack("<I", value) + whole[at + 4 :]

    keys = {
        "llama.block_count": (0, 2, 1 << 31),
        "llama.embedding_length": (0, 7, 1 << 31),
        "llama.attention.head_count": (0, 7, 1 << 31),
        "llama.attention.head_count_kv": (3, 1 << 31),
        "llama.feed_forward_length": (0, 1 << 31),
        "tokenizer.ggml.bos_token_id": (1 << 31,),
        "tokenizer.ggml.eos_token_id": (99_999,),
    }
    return {f"{key} {value}": changed(key, value) for key, values in keys.items() for value in values}


def test_s01_each_broken_file_is_one_plain_message(tmp_path: Path) -> None:
    good = write_tiny(tmp_path / "good.gguf")
    files = corpus(good.read_bytes())
    told: dict[str, AppError] = {}

    async def case() -> None:
        backend = LocalBackend(Path, command=WORKER, threads=1, clock=iter(range(0, 10_000, 100)).__next__)
        for name, content in files.items():
            bad = tmp_path / "bad.gguf"
            bad.write_bytes(content)
            try:
                await collect(backend.stream(ask("Hello?", model=str(bad), max_tokens=4)))
            except AppError as error:
                told[name] = error
            assert text_of(await collect(backend.stream(ask("Hello?", model=str(good))))) == "Hello there."
        await backend.aclose()

    run(case())
    harmless = {"tokenizer.ggml.eos_token_id 99999", "tokenizer.ggml.bos_token_id 2147483648"}
    assert set(files) - set(told) <= harmless
    for error in told.values():
        assert isinstance(error, ModelError | EngineCrashed)
        assert "does not accept" not in error.cause
        assert error.cause
        assert error.hint
        assert "Traceback" not in error.one_line()
        assert "failed to load" not in error.one_line().lower()


def answered(folder: Path, template: str, *, render_s: float = 10.0) -> str:
    """What a model with this template answers, or raises; afterwards a good one must work."""
    models = {
        "odd": write_tiny(folder / "odd.gguf", template=template),
        "good": write_tiny(folder / "good.gguf"),
    }
    answers: list[str] = []

    async def case() -> None:
        backend = LocalBackend(models.__getitem__, command=WORKER, threads=1, render_s=render_s)
        try:
            answers.append(text_of(await collect(backend.stream(ask("Hello?", model="odd")))))
        finally:
            events = await collect(backend.stream(ask("Hello?", model="good")))
            assert isinstance(events[-1], Finished)
            await backend.aclose()

    run(case())
    return answers[0]


ESCAPES = {
    "subclasses": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('touch CANARY').read() }}",
    "lipsum": "{{ lipsum.__globals__['os'].system('touch CANARY') }}",
    "namespace": "{{ namespace.__init__.__globals__ }}",
    "raise_exception": "{{ raise_exception.__globals__['__builtins__']['open']('CANARY', 'w') }}",
    "strftime_now": "{{ strftime_now.__globals__['os'].system('touch CANARY') }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(strftime_now) }}",
    "attr filter": "{{ (strftime_now|attr('__glo' ~ 'bals__'))['os'].system('touch CANARY') }}",
    "messages": "{{ messages.append.__self__.__class__.__base__.__subclasses__() }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}{{ os.system('touch CANARY') }}",
}


@pytest.mark.parametrize("name", ESCAPES)
def test_s02_a_template_does_not_get_out(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    with pytest.raises(TemplateFailed) as caught:
        answered(tmp_path, ESCAPES[name].replace("CANARY", str(canary)) + TEMPLATE)
    assert caught.value.cause
    assert not canary.exists()


BROKEN: dict[str, str] = {
    "syntax": "{% for %}",
    "unknown variable": "{{ nothing.at.all }}",
    "division": "{{ 1 / 0 }}",
    "its own complaint": "{{ raise_exception('roles must alternate') }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "deep": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "range": "{% for a in range(10 ** 9) %}{% endfor %}",
}


@pytest.mark.parametrize("name", BROKEN)
def test_s02_a_broken_template_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateFailed) as caught:
        answered(tmp_path, BROKEN[name])
    assert "template" in caught.value.cause


def test_s02_a_file_without_a_template_is_told_and_not_guessed(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", template=None)

    async def case() -> None:
        backend = LocalBackend(lambda _id: model, command=WORKER, threads=1)
        with pytest.raises(TemplateFailed, match="no chat template"):
            await collect(backend.stream(ask("Hello?")))
        await backend.aclose()

    run(case())


def nested(levels: int) -> str:
    return "{% for a in range(99999) %}" * levels + "{% endfor %}" * levels


@pytest.mark.parametrize("template", [nested(2), "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}"])
def test_s03_an_endless_template_ends_the_worker(template: str, tmp_path: Path) -> None:
    with pytest.raises((EngineUnresponsive, TemplateFailed)):
        answered(tmp_path, template + TEMPLATE, render_s=2.0)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 10 ** 9 }}",
        "{{ 'x' * 10 ** 12 }}",
        "{{ 'x' * 70 * 10 ** 6 }}",
        "{{ [0] * 10 ** 10 }}",
        "{{ 10 ** (10 ** 7) }}",
        "{{ 10 ** (10 ** 10) }}",
    ],
)
def test_s03_a_greedy_template_is_told(template: str, tmp_path: Path) -> None:
    with pytest.raises((TemplateFailed, EngineUnresponsive)):
        answered(tmp_path, template + TEMPLATE, render_s=3.0)
