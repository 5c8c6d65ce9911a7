"""What a request to a gateway would say, before it is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence

from models.chat import ChatRequest
from models.gateway.backend import wire_name
from models.gateway.body import body_for
from models.gateway.providers import Connection, split_id
from models.gateway.wire import host_of


def content_of(connection: Connection, request: ChatRequest, offered: Sequence[str]) -> tuple[str, bytes]:
    """The host of the first try, and its content; the key goes beside it, in a header. Raises AppError.

    A try after one that was not understood leaves something out.
    """
    _connection_id, model = split_id(request.model)
    name = wire_name(connection, model, offered)
    body = body_for(connection.profile, request, name, frozenset())
    values = {"model": body.model, "stream": True, "messages": list(body.messages), **body.fields}
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return host_of(connection.base_urls[0]), text.encode()
