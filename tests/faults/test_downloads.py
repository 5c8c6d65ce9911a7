"""F23, F24, F25 and F34: what goes wrong on the way of a model from a hub."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from models.download_file import part_paths
from models.download_values import Done, Paused, Progress, Repairing, Retrying, Stalled, Started, StartedAnew
from models.errors import (
    Gated,
    NetworkError,
    NoSpace,
    NotOnHub,
    Refused,
    ServerFailed,
    SignInPage,
    Unreachable,
    WrongBytes,
)
from models.hub import Endpoint
from tests.fixtures.downloads import NAME, PART, QUICK, REPO, Run, bring, content, target
from tests.hub_server import Fault, HubServer


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as made:
        made.add(REPO, {NAME: content()})
        yield made


def arrived(run: Run, folder: Path) -> None:
    assert run.error is None
    assert run.of(Done)
    assert (folder / NAME).read_bytes() == content()
    assert [path.name for path in folder.iterdir()] == [NAME]


def failed(run: Run, folder: Path) -> None:
    assert run.error is not None
    assert not (folder / NAME).exists()


@pytest.mark.parametrize("after", [0, 1, PART // 2, PART - 1])
def test_f23_a_cut_connection_is_continued(server: HubServer, tmp_path: Path, after: int) -> None:
    server.faults = [Fault(drop_after=after, times=3)]
    run = bring(target(server, tmp_path))

    arrived(run, tmp_path)
    assert len(run.of(Retrying)) == 3
    assert server.content_sent() == len(content())


def test_f23_a_server_that_is_gone_ends_it_and_what_came_is_kept(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.faults = [
        Fault(status=500, times=100, when=lambda request: not request.headers["range"].startswith("bytes=0-"))
    ]
    run = bring(what)
    failed(run, tmp_path)
    assert isinstance(run.error, ServerFailed)
    assert isinstance(run.events[-1], Paused)

    server.faults = []
    again = bring(what)
    arrived(again, tmp_path)
    assert again.of(Started)[0].done_bytes > 0


def test_f23_nobody_listens(server: HubServer, tmp_path: Path) -> None:
    what = replace(target(server, tmp_path), endpoints=(Endpoint("http://127.0.0.1:9"),))
    run = bring(what)
    failed(run, tmp_path)
    assert isinstance(run.error, Unreachable)


def test_f23_the_next_endpoint_is_tried(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    run = bring(replace(what, endpoints=(Endpoint("http://127.0.0.1:9"), *what.endpoints)))
    arrived(run, tmp_path)


def test_f23_ranges_are_ignored(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(ignore_range=True, times=100)]
    arrived(bring(target(server, tmp_path)), tmp_path)


def test_f23_ranges_are_ignored_after_a_pause(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.pace_bytes_s = 20 * PART
    bring(what, stop=lambda event: isinstance(event, Progress) and event.done_bytes > 3 * PART)
    server.pace_bytes_s = None
    server.faults = [Fault(ignore_range=True, times=100)]
    run = bring(what)

    arrived(run, tmp_path)
    assert [event.why for event in run.of(StartedAnew)] == ["This server sends the whole file only."]


def test_f23_a_whole_file_that_is_cut_begins_again(server: HubServer, tmp_path: Path) -> None:
    server.faults = [
        Fault(drop_after=5 * PART, times=2, when=lambda request: "range" not in request.headers),
        Fault(ignore_range=True, times=99),
    ]
    arrived(bring(target(server, tmp_path)), tmp_path)


def test_f23_a_whole_file_that_is_always_cut_ends(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(ignore_range=True, drop_after=5 * PART, times=1000)]
    run = bring(target(server, tmp_path))
    failed(run, tmp_path)
    assert isinstance(run.error, Unreachable)


def test_f23_a_wrong_range_is_never_mixed_in(server: HubServer, tmp_path: Path) -> None:
    server.faults = [
        Fault(wrong_range=True, when=lambda request: not request.headers["range"].startswith("bytes=0-"))
    ]
    arrived(bring(target(server, tmp_path)), tmp_path)


def test_f23_a_changed_etag_starts_anew_and_says_so(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.pace_bytes_s = 20 * PART
    bring(what, stop=lambda event: isinstance(event, Progress) and event.done_bytes > 3 * PART)
    server.pace_bytes_s = None
    server.faults = [Fault(etag='"another"', times=1000)]
    run = bring(what)

    arrived(run, tmp_path)
    assert [event.why for event in run.of(StartedAnew)] == ["The hub has another file there now."]


def test_f23_another_version_on_the_hub_is_refused_before_its_bytes_come(
    server: HubServer, tmp_path: Path
) -> None:
    what = target(server, tmp_path)
    server.faults = [Fault(where="hub", etag="0" * 64, times=100)]
    run = bring(what)
    failed(run, tmp_path)
    assert isinstance(run.error, WrongBytes)


@pytest.mark.parametrize("fault", [Fault(size=5, times=99), Fault(status=416, times=99)])
def test_f23_a_size_that_lies(server: HubServer, tmp_path: Path, fault: Fault) -> None:
    server.faults = [fault]
    fault.used = 0
    run = bring(target(server, tmp_path))
    failed(run, tmp_path)
    assert isinstance(run.error, WrongBytes)


def test_f23_answers_that_are_politely_short(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(short=PART // 2, times=10_000)]
    run = bring(target(server, tmp_path))
    arrived(run, tmp_path)
    assert len(run.of(Retrying)) == 10


def test_f23_wrong_bytes_in_one_part_are_fetched_again(server: HubServer, tmp_path: Path) -> None:
    server.faults = [
        Fault(
            flip=4 * PART + 9, when=lambda request: f"bytes={4 * PART}-" in request.headers.get("range", "")
        )
    ]
    run = bring(target(server, tmp_path))

    arrived(run, tmp_path)
    assert run.of(Repairing)
    assert server.content_sent() == len(content()) + 5 * PART


def test_f23_of_what_the_disk_lost_only_that_part_is_fetched_again(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.pace_bytes_s = 20 * PART
    bring(what, stop=lambda event: isinstance(event, Progress) and event.done_bytes > 6 * PART)
    server.pace_bytes_s = None
    part, _ = part_paths(tmp_path / NAME)
    with part.open("r+b") as file:
        file.seek(100)
        file.write(b"\0" * 50)
    before = len(server.to("cdn"))
    run = bring(what)

    arrived(run, tmp_path)
    assert run.of(Repairing) == [Repairing(1)]
    (again,) = [each for each in server.to("cdn")[before:] if each.headers["range"].startswith("bytes=0-")]
    assert again is server.to("cdn")[-1]
    (began,) = run.of(Started)
    assert began.done_bytes > 6 * PART
    assert run.came == len(content()) - began.done_bytes + PART


def test_s08_a_wrong_hash_never_gets_the_name(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(flip=7 * PART + 1, times=10_000)]
    run = bring(target(server, tmp_path))

    failed(run, tmp_path)
    assert isinstance(run.error, WrongBytes)
    assert list(tmp_path.iterdir()) == []


def test_f23_an_expired_address_is_asked_for_again(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(status=403, times=3)]
    run = bring(target(server, tmp_path))
    arrived(run, tmp_path)
    assert len(server.to("hub")) > 11


def test_f23_not_there(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.repositories.clear()
    run = bring(what)
    failed(run, tmp_path)
    assert isinstance(run.error, NotOnHub)
    assert run.of(Retrying) == []


@pytest.mark.parametrize(("status", "asked"), [(429, "0"), (503, "0"), (500, ""), (502, "nonsense")])
def test_f23_a_busy_server_is_asked_again(server: HubServer, tmp_path: Path, status: int, asked: str) -> None:
    server.faults = [Fault(status=status, headers={"Retry-After": asked}, times=3)]
    run = bring(target(server, tmp_path))
    arrived(run, tmp_path)
    assert len(run.of(Retrying)) == 3


def test_f23_retry_after_is_kept_to_and_capped(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(status=429, headers={"Retry-After": "999999999"}, times=1)]
    run = bring(target(server, tmp_path), stop=lambda event: isinstance(event, Retrying))
    (retrying,) = run.of(Retrying)
    assert 300 <= retrying.wait_s < 301


@pytest.mark.parametrize("where", ["hub", "cdn"])
def test_f34_a_page_to_sign_in_is_no_model(server: HubServer, tmp_path: Path, where: str) -> None:
    what = target(server, tmp_path)
    server.faults = [Fault(html=True, where=where, times=100)]
    run = bring(what)
    failed(run, tmp_path)
    assert isinstance(run.error, SignInPage)


def test_gated_says_where_to_accept(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.repositories[REPO].gated = "manual"
    run = bring(what)
    failed(run, tmp_path)
    assert isinstance(run.error, Gated)
    assert run.error.link == f"{server.url}/{REPO}"
    arrived(bring(what, token=lambda _host: server.token), tmp_path)


def test_f24_silence_is_told_and_ended(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(stall_after=PART // 2, times=4)]
    run = bring(target(server, tmp_path), replace(QUICK, stall_notice_s=0.1, idle_s=0.4))

    arrived(run, tmp_path)
    assert run.of(Stalled)
    assert run.of(Retrying)[0].why == "127.0.0.1 fell silent."


def test_f24_a_slow_line_is_not_taken_for_silence(server: HubServer, tmp_path: Path) -> None:
    """Each of its buffers is larger than all that comes."""
    server.pace_bytes_s = len(content()) / 1.5
    slowly = replace(QUICK, part_bytes=32 << 20, gather_s=0.05, stall_notice_s=1.0)
    run = bring(target(server, tmp_path), slowly)

    arrived(run, tmp_path)
    assert not run.of(Stalled)
    seen = {event.done_bytes for event in run.of(Progress)}
    assert len(seen) > 8
    assert any(event.rate_bytes_s for event in run.of(Progress))


def test_f24_a_pause_while_the_server_is_silent_is_quick(server: HubServer, tmp_path: Path) -> None:
    server.faults = [Fault(stall_after=10, times=4)]
    run = bring(
        target(server, tmp_path),
        replace(QUICK, stall_notice_s=0.1),
        stop=lambda event: isinstance(event, Stalled),
    )
    assert run.error is None


# -- F09


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if not shutil.which("mount") or os.name == "nt" or os.geteuid():
        pytest.skip("needs to mount a disk")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", folder], capture_output=True
    ).returncode:
        pytest.skip("may not mount a disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_f09_a_full_disk_is_told_in_bytes(server: HubServer, small_disk: Path) -> None:
    run = bring(target(server, small_disk))
    failed(run, small_disk)
    assert isinstance(run.error, NoSpace)
    assert run.error.needed_bytes == len(content()) - (512 << 10)


def test_f09_space_that_is_lost_before_it_is_reserved(server: HubServer, small_disk: Path) -> None:
    run = bring(target(server, small_disk), free=lambda _folder: 10**12)
    failed(run, small_disk)
    assert isinstance(run.error, NoSpace)
    assert server.to("cdn") == []


# -- S06, S07, S09


HOSTILE = [
    "../../evil.gguf",
    "..\\..\\evil.gguf",
    "/tmp/evil.gguf",
    "C:\\evil.gguf",
    "\\\\host\\share\\evil.gguf",
    "evil.gguf:stream",
    "CON",
    "evil.gguf.",
    ".bashrc",
    "\u202efugg.live",
    "e" * 300,
]


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, with what is in the files."""
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def inside(folder: Path) -> Path:
    """A folder for models in the midst of others, so that a way out would be seen."""
    models = folder / "home" / "data" / "models"
    models.mkdir(parents=True)
    (folder / "home" / ".bashrc").write_text("mine")
    return models


@pytest.mark.parametrize("where", ["hub", "cdn"])
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ['attachment; filename="{}"', "attachment; filename*=UTF-8''{}"])
def test_s06_a_name_in_content_disposition_decides_nothing(
    server: HubServer, tmp_path: Path, where: str, name: str, form: str
) -> None:
    models = inside(tmp_path)
    said = form.format(quote(name) if "*" in form else name.encode("utf-8").decode("latin-1"))
    server.faults = [Fault(where=where, headers={"Content-Disposition": said}, times=100)]
    before = tree(tmp_path)
    arrived(bring(target(server, models)), models)
    assert server.faults[0].used > 1
    assert tree(tmp_path) == before | {f"home/data/models/{NAME}": content()}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("said", [False, True])
def test_s06_the_path_of_a_redirect_decides_nothing(
    server: HubServer, tmp_path: Path, name: str, said: bool
) -> None:
    """The hub sends on to a hostile path, under which the right bytes are."""
    models = inside(tmp_path)
    what = target(server, models)
    server.repositories[REPO].files[name] = content()
    location = f"{server.cdn_url}/{REPO}/{quote(name, safe='')}"
    headers = {"Content-Disposition": f'attachment; filename="{NAME}/../../evil.gguf"'} if said else {}
    server.faults = [Fault(where="hub", location=location, headers=headers, times=100)]
    before = tree(tmp_path)
    arrived(bring(what), models)
    assert {request.path for request in server.to("cdn")} == {f"/{REPO}/{quote(name, safe='')}"}
    assert tree(tmp_path) == before | {f"home/data/models/{NAME}": content()}


@pytest.mark.parametrize("path", ["/../../../evil.gguf", "/%2e%2e/%2e%2e/evil.gguf", "/evil.gguf%00.txt"])
def test_s06_a_redirect_within_the_hub_decides_nothing_either(
    server: HubServer, tmp_path: Path, path: str
) -> None:
    models = inside(tmp_path)
    what = target(server, models)
    server.faults = [Fault(where="hub", location=path, times=1)]
    before = tree(tmp_path)
    run = bring(what)
    assert run.error is not None  # there is nothing at that address
    assert tree(tmp_path).keys() - before.keys() <= {
        f"home/data/models/{NAME}.part", f"home/data/models/{NAME}.part.json"
    }  # fmt: skip


def test_s09_the_token_stays_with_the_hub(server: HubServer, tmp_path: Path) -> None:
    arrived(bring(target(server, tmp_path), token=lambda _host: server.token), tmp_path)

    assert all(request.headers["authorization"] == "Bearer hf_token" for request in server.to("hub")[1:])
    assert not any("authorization" in request.headers for request in server.to("cdn"))


@pytest.mark.parametrize(
    "location",
    [
        "http://example.com/x",
        "https://evil.example/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "//evil.example/x",
    ],
)
def test_s09_a_redirect_elsewhere_is_not_followed(server: HubServer, tmp_path: Path, location: str) -> None:
    what = target(server, tmp_path)
    server.faults = [Fault(where="hub", location=location, times=100)]
    run = bring(what, token=lambda _host: server.token)
    failed(run, tmp_path)
    assert isinstance(run.error, Refused)
    assert any(sent.refused for sent in run.sent)


def test_s09_a_redirect_without_end(server: HubServer, tmp_path: Path) -> None:
    what = target(server, tmp_path)
    server.faults = [Fault(where="hub", location="/again", times=1000)]
    run = bring(what)
    failed(run, tmp_path)
    assert isinstance(run.error, NetworkError)


def test_s07_a_link_as_a_folder_is_refused(server: HubServer, tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sub").symlink_to(tmp_path / "ssh")
    server.add(REPO, {"sub/authorized_keys": content()})
    run = bring(target(server, tmp_path / "models", names=("sub/authorized_keys",)))
    assert run.error is not None
    assert list((tmp_path / "ssh").iterdir()) == []


@pytest.mark.parametrize("name", [NAME, f"{NAME}.part", f"{NAME}.part.json", f"{NAME}.part.json.new"])
def test_s07_a_link_as_a_file_is_never_written_through(server: HubServer, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("secret")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / name).symlink_to(secret)
    bring(target(server, tmp_path / "models"))
    assert secret.read_text() == "secret"
    final = tmp_path / "models" / NAME
    assert final.is_symlink() or not final.exists() or final.read_bytes() == content()
