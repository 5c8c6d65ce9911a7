"""The gate and a conversation's class: whatever is asked for, nothing leaves what stays here."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from models.leave import Leave, for_leave, strictest, told_of_content
from models.outbound import Outbound, Sent
from models.route import Mode, Privacy
from tests.gateway_server import GatewayServer

_leaves = st.builds(Leave, st.sampled_from(Mode), st.sampled_from(Privacy), st.booleans())


@given(_leaves)
def test_s27_what_stays_here_is_refused_whatever_else(leave: Leave) -> None:
    if leave.mode is Mode.LOCAL or leave.privacy is Privacy.HERE:
        assert leave.refusal()
    assert bool(leave.refusal()) == (
        leave.mode is Mode.LOCAL
        or leave.privacy is Privacy.HERE
        or (leave.privacy is Privacy.ASK and not leave.agreed)
    )


@given(st.lists(st.sampled_from(Privacy), min_size=1))
def test_the_strictest_class_holds_in_any_order(classes: list[Privacy]) -> None:
    assert strictest(*classes) is strictest(*reversed(classes))
    assert (strictest(*classes) is Privacy.HERE) == (Privacy.HERE in classes)
    assert (strictest(*classes) is Privacy.OUT) == (set(classes) == {Privacy.OUT})


def _ask(server: GatewayServer, leave: Leave | None, lines: list[Sent]) -> list[tuple[str, bytes]]:
    """One request in a task that works for a conversation with this leave; the content that was told of."""
    told: list[tuple[str, bytes]] = []

    async def ask() -> None:
        for_leave.set(leave)
        told_of_content.set(lambda host, content: told.append((host, content)))
        outbound = Outbound(record=lines.append)
        try:
            async with outbound.request("POST", server.url, purpose="chat", content=b"words") as response:
                await response.read(1 << 20)
        finally:
            await outbound.aclose()

    asyncio.run(ask())
    return told


@pytest.mark.parametrize(
    "leave", [Leave(), Leave(Mode.CLOUD, Privacy.HERE, agreed=True), Leave(Mode.CLOUD, Privacy.ASK)]
)
def test_s27_the_gate_refuses_and_records_why(leave: Leave) -> None:
    lines: list[Sent] = []
    with GatewayServer() as server:
        with pytest.raises(Refused):
            _ask(server, leave, lines)
        assert server.received == []
    (line,) = lines
    assert (line.refused, line.bytes_out, line.mode) == (leave.refusal(), 0, leave.mode.value)


def test_what_may_go_is_told_of_word_for_word_before_it_goes() -> None:
    lines: list[Sent] = []
    with GatewayServer() as server:
        told = _ask(server, Leave(Mode.HYBRID, Privacy.ASK, agreed=True), lines)
    assert told == [("127.0.0.1", b"words")]
    assert (lines[0].refused, lines[0].mode) == ("", "hybrid")
