"""A conversation as a file for others: Markdown to read, JSON with everything."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from desktop.storage.export_seams import open_fence, with_seams
from desktop.storage.seams import parts_of
from desktop.storage.values import Conversation, Status, StoredImage, StoredMessage
from desktop.storage.whole_file import WholeFile
from models.chat import Role

_NAMES = {Role.USER: "You", Role.ASSISTANT: "Answer", Role.SYSTEM: "Instructions"}
_ENDS = {
    Status.STOPPED: "Stopped here.",
    Status.INTERRUPTED: "Interrupted here.",
    Status.FAILED: "No answer.",
    Status.RUNNING: "Still being written.",
}
_LONGEST_NAME = 200  # bytes, of the 255 that file systems allow
_RESERVED = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


class Form(Enum):
    """What a conversation is exported as; the suffix of its file."""

    MARKDOWN = "md"
    MARKDOWN_WITH_REASONING = "reasoning.md"
    JSON = "json"


Pictures = Mapping[int, bytes]
"""The contents of pictures by their ids."""


def text_of(
    conversation: Conversation,
    messages: Sequence[StoredMessage],
    form: Form,
    pictures: Pictures = MappingProxyType({}),
) -> str:
    """The text of the file. A picture that isn't among `pictures` is named."""
    if form is Form.JSON:
        return as_json(conversation, messages, pictures)
    reasoning = form is Form.MARKDOWN_WITH_REASONING
    return as_markdown(conversation.title, messages, reasoning=reasoning, pictures=pictures)


def as_markdown(
    title: str,
    messages: Sequence[StoredMessage],
    *,
    reasoning: bool,
    pictures: Pictures = MappingProxyType({}),
) -> str:
    """The shown messages under their speakers' names; reasoning stands folded before its answer.

    The contents of pictures come last, where they are in nobody's way who reads the file as it is.
    """
    blocks = [f"# {_one_line(title)}"]
    for message in messages:
        blocks.append(f"## {_heading(message)}")
        if reasoning and message.reasoning.strip():
            blocks.append(_folded(message.reasoning.strip()))
        blocks += [_pictured(image, pictures) for image in message.images]
        if message.text.strip():
            text = with_seams(message.text, parts_of(message.receipt))
            blocks.append(_closed(text))
        if message.status in _ENDS:
            blocks.append(f"*{_ENDS[message.status]}*")
    carried = [image for message in messages for image in message.images if image.id in pictures]
    if carried:
        blocks.append("\n".join(f"[picture-{i.id}]: {_data_uri(i, pictures[i.id])}" for i in carried))
    return "\n\n".join(blocks) + "\n"


def as_json(
    conversation: Conversation,
    messages: Sequence[StoredMessage],
    pictures: Pictures = MappingProxyType({}),
) -> str:
    """The shown messages with their pictures (Base64), reasoning and receipts (seed, tokens, times)."""
    values = {
        "format": "inshore-conversation-1",
        "title": conversation.title,
        "created_at": _moment(conversation.created_at),
        "updated_at": _moment(conversation.updated_at),
        "private": conversation.private,
        "options": dict(conversation.options),
        "messages": [_values(message, pictures) for message in messages],
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def file_name(title: str, form: Form) -> str:
    """A name that every file system takes: most of them count its bytes."""
    words = _one_line(_RESERVED.sub(" ", title)).strip(" .")[:80]
    words = words.encode("utf-8", "replace")[:_LONGEST_NAME].decode("utf-8", "ignore")
    words = words.strip(" .") or "Conversation"
    return f"{words}.{form.value.rpartition('.')[2]}"


def write(path: Path, text: str, *, failed: str = "The conversation was not exported.") -> None:
    """Write the file in one step, in place of one that was there. Raises AppError; that one then stays."""
    file = WholeFile(path, failed)
    try:
        file.write(text)
        file.finish()
    finally:
        file.drop()


def _heading(message: StoredMessage) -> str:
    name = _NAMES[message.role]
    if message.role is not Role.ASSISTANT or not message.model:
        return name
    hands = [part.model for part in parts_of(message.receipt)]
    models = ", then ".join(hands) if len(hands) > 1 else message.model
    return f"{name} · {_one_line(models)}"


def _folded(reasoning: str) -> str:
    return f"<details>\n<summary>Reasoning</summary>\n\n{_closed(_tame(reasoning))}\n\n</details>"


def _tame(text: str) -> str:
    """Reasoning that speaks of the tag it stands in does not end it."""
    return re.sub(r"<(/?)(details|summary)\b", r"&lt;\1\2", text, flags=re.IGNORECASE)


def _closed(text: str) -> str:
    """A code block that a broken-off answer left open does not swallow what follows."""
    fence, _began = open_fence(text)
    return f"{text}\n{fence}" if fence else text


def _pictured(image: StoredImage, pictures: Pictures) -> str:
    words = f"Picture, {image.width} × {image.height} pixels"
    return f"![{words}][picture-{image.id}]" if image.id in pictures else f"*{words}*"


def _data_uri(image: StoredImage, content: bytes) -> str:
    return f"data:{image.media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _image_values(image: StoredImage, pictures: Pictures) -> dict[str, object]:
    content = pictures.get(image.id)
    return {
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "base64": None if content is None else base64.b64encode(content).decode("ascii"),
    }


def _values(message: StoredMessage, pictures: Pictures) -> dict[str, object]:
    images = [_image_values(image, pictures) for image in message.images]
    return {
        "role": message.role.value,
        "text": message.text,
        "reasoning": message.reasoning,
        "status": message.status.value,
        "model": message.model,
        "created_at": _moment(message.created_at),
        "receipt": None if message.receipt is None else dict(message.receipt),
        "error": None if message.error is None else dict(message.error),
        **({"images": images} if images else {}),
    }


def _moment(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")


def _one_line(text: str) -> str:
    return " ".join(text.split())
