"""Looks into a model's file at a hub: its first bytes by a range request, before anything is downloaded."""

from __future__ import annotations

from contextlib import aclosing

from models.errors import AppError
from models.gguf import read_beginning
from models.hub import Endpoint, check_not_a_page, check_status
from models.hub_values import HubFile
from models.outbound import Outbound
from models.shapes import Shape, of_header

_FIRST_BYTES = 128 << 10  # what decides stands before the vocabulary


async def look_into(
    outbound: Outbound, endpoint: Endpoint, token: str | None, repo: str, commit: str, file: HubFile
) -> Shape | None:
    """What it takes of a machine; None where its beginning doesn't tell. Raises HubError or NetworkError."""
    wanted = min(_FIRST_BYTES, file.size_bytes)
    data = bytearray()
    async with outbound.request(
        "GET",
        endpoint.file_url(repo, commit, file.name),
        purpose="look into a model",
        headers={"Range": f"bytes=0-{wanted - 1}"},
        token=token,
        hosts=endpoint.hosts,
        idle_s=20.0,
    ) as response:
        check_status(response, endpoint, repo)
        check_not_a_page(response.headers, endpoint.host)
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:  # a server without ranges sends all of it, so it is left
                data += chunk
                if len(data) >= wanted:
                    break
    try:
        return of_header(read_beginning(bytes(data[:wanted]), file.size_bytes))
    except AppError:
        return None
