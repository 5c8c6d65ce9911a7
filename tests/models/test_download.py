"""The download guardian with a hub that behaves."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from models.download_journal import load
from models.download_values import Checking, Done, Progress, Queued, Started, StartedAnew, Verified
from models.errors import DownloadBusy, NoSpace
from tests.fixtures.downloads import NAME, PART, QUICK, REPO, bring, content, guardian, target
from tests.hub_server import HubServer


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as made:
        made.add(REPO, {NAME: content()})
        yield made


def test_a_file_arrives_whole_private_and_under_its_name(server: HubServer, tmp_path: Path) -> None:
    run = bring(target(server, tmp_path / "models"))

    assert run.error is None
    path, digest = tmp_path / "models" / NAME, hashlib.sha256(content()).hexdigest()
    assert run.events[-1] == Done((path,), (digest,))
    assert run.of(Verified) == [Verified(NAME, digest, announced=True)]
    assert path.read_bytes() == content()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in path.parent.iterdir()] == [NAME]


def test_no_byte_comes_twice_and_parts_come_side_by_side(server: HubServer, tmp_path: Path) -> None:
    server.pace_bytes_s = 10 * PART
    bring(target(server, tmp_path))

    requests = server.to("cdn")
    assert len(requests) == 11
    assert all(request.status == 206 for request in requests)
    assert server.content_sent() == len(content())
    assert server.most_at_once > 1


def test_the_record_says_what_left_and_came(server: HubServer, tmp_path: Path) -> None:
    run = bring(target(server, tmp_path))

    assert {sent.host for sent in run.sent} == {"127.0.0.1"}
    assert {sent.purpose for sent in run.sent} == {"download a model"}
    assert sum(sent.bytes_in for sent in run.sent) == len(content())


def test_a_pause_keeps_what_came(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.pace_bytes_s = 20 * PART
    first = bring(what, stop=lambda event: isinstance(event, Progress) and event.done_bytes > 3 * PART)
    assert not (tmp_path / NAME).exists()
    server.pace_bytes_s = None
    second = bring(what)

    (began,) = second.of(Started)
    assert began.done_bytes >= first.of(Progress)[-1].done_bytes
    assert second.of(StartedAnew) == []
    assert (tmp_path / NAME).read_bytes() == content()
    assert second.came == len(content()) - began.done_bytes
    assert first.came - began.done_bytes <= PART


def test_going_on_takes_only_bytes_of_the_same_version(server: HubServer, tmp_path: Path) -> None:
    """By If-Range: a server that has another file then sends it whole, not a part that doesn't belong."""
    what = target(server, tmp_path)
    server.pace_bytes_s = 20 * PART
    bring(what, stop=lambda event: isinstance(event, Progress) and event.done_bytes > 3 * PART)
    before = len(server.to("cdn"))
    server.pace_bytes_s = None
    assert bring(what).of(Done)
    asked = {request.headers.get("if-range") for request in server.to("cdn")[before:]}
    assert asked == {f'"{len(content()):x}-cdn"'}


def test_progress_tells_rate_and_remaining_time(server: HubServer, tmp_path: Path) -> None:
    server.pace_bytes_s = 4 * PART
    run = bring(target(server, tmp_path))

    told = [event for event in run.of(Progress) if event.rate_bytes_s and event.remaining_s]
    assert told
    assert all(8 * PART < event.rate_bytes_s < 20 * PART for event in told[2:-2] if event.rate_bytes_s)
    done = [event.done_bytes for event in run.of(Progress)]
    assert done == sorted(done)
    assert done[-1] == len(content())


def test_the_bandwidth_can_be_limited(server: HubServer, tmp_path: Path) -> None:
    limited = replace(QUICK, limit_bytes_s=20.0 * PART)
    run = bring(target(server, tmp_path), limited)

    rates = [event.rate_bytes_s for event in run.of(Progress) if event.rate_bytes_s]
    assert rates
    assert rates[-1] < 25 * PART


def test_a_finished_file_is_checked_and_not_fetched_again(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    bring(what)
    sent = server.content_sent()
    run = bring(what)

    assert run.of(Checking)
    assert run.of(Done)
    assert server.content_sent() == sent


def test_a_finished_file_with_other_bytes_is_fetched_again(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    (tmp_path / NAME).write_bytes(b"\0" * len(content()))
    run = bring(what)

    assert run.of(StartedAnew)
    assert (tmp_path / NAME).read_bytes() == content()


def test_a_split_model_is_one_download(server: HubServer, tmp_path: Path) -> None:
    names = tuple(f"big-{number:05}-of-00003.gguf" for number in (1, 2, 3))
    server.add(REPO, {name: content(3 * PART, seed) for seed, name in enumerate(names)})
    run = bring(target(server, tmp_path, names=names))

    (done,) = run.of(Done)
    assert [path.name for path in done.paths] == list(names)
    assert run.of(Progress)[-1].total_bytes == 9 * PART
    assert all((tmp_path / name).read_bytes() == content(3 * PART, i) for i, name in enumerate(names))


def test_without_a_hash_it_says_so(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    what = replace(what, files=(replace(what.files[0], sha256=None),))
    (verified,) = bring(what).of(Verified)

    assert not verified.announced
    assert verified.sha256 == hashlib.sha256(content()).hexdigest()


def test_one_at_a_time(server: HubServer, tmp_path: Path) -> None:
    server.pace_bytes_s = 20 * PART
    one, other = target(server, tmp_path / "a"), target(server, tmp_path / "b")
    seen: list[tuple[str, object]] = []

    async def run() -> None:
        async with guardian() as ours:

            async def follow(name: str, what: object) -> None:
                async with aclosing(ours.bring(what)) as events:  # type: ignore[arg-type]
                    async for event in events:
                        seen.append((name, event))

            await asyncio.gather(follow("one", one), follow("other", other))

    asyncio.run(run())
    kinds = [(name, type(event)) for name, event in seen]
    assert ("other", Queued) in kinds
    assert kinds.index(("one", Done)) < kinds.index(("other", Started))


def test_two_processes_do_not_write_one_file(server: HubServer, tmp_path: Path) -> None:
    server.pace_bytes_s = 20 * PART
    what = target(server, tmp_path)
    problems: list[DownloadBusy] = []

    async def run() -> None:
        async with guardian() as ours, guardian() as others, aclosing(ours.bring(what)) as events:
            async for event in events:
                if isinstance(event, Progress) and event.done_bytes and not problems:
                    try:
                        async for _ in others.bring(what):
                            pass
                    except DownloadBusy as error:
                        problems.append(error)

    asyncio.run(run())
    assert len(problems) == 1
    assert (tmp_path / NAME).read_bytes() == content()


def test_discarding_leaves_nothing(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.pace_bytes_s = 20 * PART
    bring(what, stop=lambda event: isinstance(event, Progress) and event.done_bytes > PART)
    assert len(list(tmp_path.iterdir())) == 2

    async def discard() -> None:
        async with guardian() as ours:
            ours.discard(what)

    asyncio.run(discard())
    assert list(tmp_path.iterdir()) == []


def test_f09_too_little_space_is_told_before_anything_is_fetched(server: HubServer, tmp_path: Path) -> None:
    run = bring(target(server, tmp_path), free=lambda _folder: 5 * PART)

    assert isinstance(run.error, NoSpace)
    assert run.error.needed_bytes == 5 * PART + 123
    assert server.to("cdn") == []
    assert list(tmp_path.iterdir()) == []


def test_f09_it_pauses_at_the_floor_and_goes_on_later(server: HubServer, tmp_path: Path) -> None:
    server.pace_bytes_s = 20 * PART
    what = target(server, tmp_path)
    free = iter([10**9, 10**9, 10**9])
    tuning = replace(QUICK, floor_bytes=10**6)
    run = bring(what, tuning, free=lambda _folder: next(free, 10**5))

    assert isinstance(run.error, NoSpace)
    assert run.error.needed_bytes == 900_000
    journal = load(tmp_path / f"{NAME}.part.json", what.files[0], what.commit)
    assert journal is not None
    assert journal.done_bytes > 0
    again = bring(what)
    assert again.of(Done)
    assert run.came + again.came - len(content()) <= PART
