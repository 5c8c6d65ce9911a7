"""How full a conversation's context is, and where memory begins in it, as its newest receipts tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desktop.services.history import Memory
from desktop.storage.conversations import StoredMessage


@dataclass(frozen=True, slots=True)
class ContextUse:
    """The tokens that a conversation takes, of those that its model reads at once."""

    tokens: int
    context_tokens: int


def context_use(messages: Sequence[StoredMessage]) -> ContextUse | None:
    """What the newest answer and all before it take; None while no answer tells.

    Its reasoning isn't counted: the next answer doesn't read it again.
    """
    for receipt in _newest_first(messages):
        timings, usage = receipt["timings"], receipt.get("usage") or {}
        if (total := timings.get("context_tokens")) and timings.get("prompt_tokens") is not None:
            written = (timings.get("completion_tokens") or 0) - (usage.get("reasoning_tokens") or 0)
            return ContextUse(timings["prompt_tokens"] + max(written, 0), total)
    return None


def memory_shown(messages: Sequence[StoredMessage]) -> Memory | None:
    """Where memory began for the newest answer that tells; None if that one knew all of the conversation."""
    newest = next(_newest_first(messages), {})
    memory = newest.get("memory")
    return Memory(memory["first_id"], memory["left_out"]) if isinstance(memory, Mapping) else None


def _newest_first(messages: Sequence[StoredMessage]) -> Iterator[Mapping[str, Any]]:
    """The receipts of answers that ended by themselves: others tell nothing of the context."""
    for message in reversed(messages):
        if message.receipt and isinstance(message.receipt.get("timings"), Mapping):
            yield message.receipt
