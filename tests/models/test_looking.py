"""What a hub's file takes of a machine is read from its first bytes, before anything is downloaded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.catalogue import load
from models.fit import Machine
from models.gguf import read_header
from models.hub import Endpoint, Hub
from models.looking import Place, Wanted, look
from models.outbound import Outbound
from models.repo_offer import RepoOffer
from models.shapes import of_header
from tests.fixtures.gguf_writer import U32, Gguf, Typed, usual_metadata
from tests.hub_server import Fault, HubServer

SHIPPED = load(Path(__file__).parents[2] / "resources" / "catalogue")
REPO, NAME = "owner/model-GGUF", "model-Q8_0.gguf"
BEGINNING = 128 << 10
WIDE = {
    "block_count": 40,
    "embedding_length": 4096,
    "attention.head_count": 32,
    "attention.head_count_kv": 32,
}


def looked(server: HubServer, folder: Path) -> RepoOffer:
    async def go() -> RepoOffer:
        outbound = Outbound()
        try:
            hub = Hub(outbound, [Endpoint(server.url)])
            place = Place(Machine(16 * 10**9, 40e9), folder)
            return await look(Wanted("A model", (REPO,)), outbound, hub, SHIPPED, place)
        finally:
            await outbound.aclose()

    return asyncio.run(go())


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    """Small, but with keys and values as wide as a large model's."""
    wide = {f"llama.{key}": Typed(U32, value) for key, value in WIDE.items()}
    return Gguf(usual_metadata() | wide).to_bytes() + bytes(4 << 20)


@pytest.fixture
def server(file: bytes) -> Iterator[HubServer]:
    with HubServer() as made:
        made.add(REPO, {NAME: file})
        yield made


def by_header(file: bytes, folder: Path) -> int:
    """What the whole file, if it were here, would be said to take."""
    path = folder / "here.gguf"
    path.write_bytes(file)
    shape = of_header(read_header(path))
    assert shape is not None
    needed = replace(shape, weights_bytes=len(file))
    return needed.total_bytes(needed.trained_context or 0)


def test_the_numbers_are_those_of_the_file_s_own_header(
    server: HubServer, file: bytes, tmp_path: Path
) -> None:
    (choice,) = looked(server, tmp_path).choices
    assert choice.fit is not None
    assert choice.fit.needed_bytes == pytest.approx(by_header(file, tmp_path), rel=0.02)
    (request,) = server.to("cdn")
    assert (request.headers["range"], request.sent) == (f"bytes=0-{BEGINNING - 1}", BEGINNING)


def test_of_a_server_that_ignores_ranges_only_the_beginning_is_taken(
    server: HubServer, file: bytes, tmp_path: Path
) -> None:
    expected = looked(server, tmp_path).choices[0].fit
    server.faults = [Fault(ignore_range=True)]
    server.pace_bytes_s = 1 << 20
    assert looked(server, tmp_path).choices[0].fit == expected
    assert server.to("cdn")[-1].sent < len(file)


@pytest.mark.parametrize("fault", [Fault(html=True), Fault(status=503), Fault(flip=0)])
def test_where_the_beginning_does_not_tell_it_is_judged_by_its_size(
    server: HubServer, fault: Fault, file: bytes, tmp_path: Path
) -> None:
    server.faults = [replace(fault, times=100)]
    (choice,) = looked(server, tmp_path).choices
    assert choice.size_bytes == len(file)
    assert choice.fit is not None
    assert choice.fit.needed_bytes < by_header(file, tmp_path) / 2
