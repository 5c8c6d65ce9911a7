"""What is kept: conversations and their messages, as values that know no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.chat import Image, Role


class Status(StrEnum):
    """How far a message got. Only an answer is ever anything but COMPLETE."""

    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One entry of the list. Times are unix seconds; `updated_at` is the last message's or its end's.

    What is `private` is kept here and nowhere else on disk. `options` is what this conversation has of
    its own, as JSON values; empty if that can't be read.
    """

    id: int
    title: str
    created_at: float
    updated_at: float
    model: str | None
    private: bool = False
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What is known of a message's picture without reading it: sizes in pixels and bytes."""

    id: int
    media_type: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class DraftPicture:
    """A picture that waits to be sent, with its file's name; `id` is None where it isn't kept."""

    image: Image
    name: str
    id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message as it is kept.

    `receipt` says how an answer came about (usage, timings, route), `error` why it failed.
    `versions` are the ids of all messages that stand in this one's place, itself included, oldest first.
    A `pinned` one stays in the model's memory when older ones are left out.
    """

    id: int
    conversation_id: int
    parent_id: int | None
    role: Role
    text: str
    reasoning: str
    status: Status
    model: str | None
    created_at: float
    receipt: Mapping[str, object] | None
    error: Mapping[str, str] | None
    versions: tuple[int, ...]
    pinned: bool = False
    images: tuple[StoredImage, ...] = ()
