"""What is to be downloaded, how, and what is told while it comes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.hub import Endpoint
from models.hub_values import HubFile


@dataclass(frozen=True, slots=True)
class Target:
    """A model to bring: one file, or the parts of a split one in their order.

    They go below `folder`, there below `under`, under their own names. `endpoints` all have the repository
    at this commit; the first is used until it fails.
    """

    repo: str
    commit: str
    files: tuple[HubFile, ...]
    folder: Path
    endpoints: tuple[Endpoint, ...] = (Endpoint(),)
    under: str = ""

    def names(self, file: HubFile) -> tuple[str, ...]:
        """The steps from `folder` to a file."""
        return (self.under, file.name) if self.under else (file.name,)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Tuning:
    """How it is brought. `limit_bytes_s` is the bandwidth, None is all there is.

    `floor_bytes` of the disk stay free. Without `part_bytes` a part is a 64th of the file, from 1 to 64 MiB.
    A try that brought something starts the count of `tries` anew. What came goes to the disk after
    `gather_s` at the latest: on a slow line a buffer takes a minute to fill, which would look like silence.
    """

    connections: int = 4
    part_bytes: int | None = None
    limit_bytes_s: float | None = None
    floor_bytes: int = 512 << 20
    tries: int = 8
    first_wait_s: float = 1.0
    stall_notice_s: float = 15.0
    idle_s: float = 60.0
    tick_s: float = 0.25
    gather_s: float = 1.0

    def part_size(self, size_bytes: int) -> int:
        return self.part_bytes or min(max(-(-size_bytes // 64), 1 << 20), 64 << 20)


@dataclass(frozen=True, slots=True)
class Queued:
    """Another download runs; this one begins when it ends."""


@dataclass(frozen=True, slots=True)
class Started:
    """`done_bytes` were there before: more than none means that it goes on."""

    total_bytes: int
    done_bytes: int


@dataclass(frozen=True, slots=True)
class Progress:
    """`done_bytes` of all files together are on the disk. None: not known yet."""

    done_bytes: int
    total_bytes: int
    rate_bytes_s: float | None
    remaining_s: float | None


@dataclass(frozen=True, slots=True)
class Stalled:
    """Nothing has come for so long; it is tried again by itself."""

    silent_s: float


@dataclass(frozen=True, slots=True)
class Retrying:
    """Something failed, and is tried again in `wait_s`."""

    why: str
    wait_s: float
    attempt: int


@dataclass(frozen=True, slots=True)
class StartedAnew:
    """What had been downloaded of this file could not be used."""

    why: str


@dataclass(frozen=True, slots=True)
class Checking:
    """The bytes are here; the rest of them is being hashed."""

    name: str


@dataclass(frozen=True, slots=True)
class Repairing:
    """The whole is wrong: so many of its parts are fetched again, at most."""

    parts: int


@dataclass(frozen=True, slots=True)
class Verified:
    """A file's hash. `announced` is False where the hub has none to compare it with."""

    name: str
    sha256: str
    announced: bool


@dataclass(frozen=True, slots=True)
class Paused:
    """It stopped by itself and can go on from here; the error that says why follows."""

    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """All files are in their places, in order."""

    paths: tuple[Path, ...]
    sha256: tuple[str, ...]


Event = (
    Queued
    | Started
    | Progress
    | Stalled
    | Retrying
    | StartedAnew
    | Checking
    | Repairing
    | Verified
    | Paused
    | Done
)
