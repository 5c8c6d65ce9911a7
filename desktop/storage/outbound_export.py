"""The outbound record as values for others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from desktop.storage.outbound_reports import RecordRow


def line_values(row: RecordRow, titles: Mapping[int, str]) -> dict[str, object]:
    """One line of the record; None is unknown, or for no conversation."""
    sent, conversation = row.sent, row.sent.conversation_id
    return {
        "at": datetime.fromtimestamp(sent.at, UTC).isoformat(timespec="milliseconds"),
        "host": sent.host,
        "purpose": sent.purpose,
        "method": sent.method,
        "conversation": conversation,
        "title": titles.get(conversation) if conversation is not None else None,
        "bytes_out": sent.bytes_out,
        "bytes_in": sent.bytes_in,
        "status": sent.status,
        "decision": "refused" if sent.refused else "allowed",
        "why": sent.refused or None,
        "mode": sent.mode or None,
    }
