"""Who goes on with an answer that failed, and that nobody is asked twice for the same try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from desktop.services.handing_over import Follow, HandingOver, SentAlready
from desktop.storage.attempts import AttemptStore, Partial
from desktop.storage.conversations import ConversationStore, StoredMessage
from desktop.storage.database import open_database
from models.breaker import Breaker, DoorState
from models.candidates import Candidate, Facts
from models.errors import (
    AppError,
    BadReply,
    EngineCrashed,
    FellSilent,
    GatewayBusy,
    GatewayFailed,
    Interrupted,
    KeyRefused,
    NoCredit,
    NoSuchRemoteModel,
    Offline,
    ProxyFailed,
    RequestRefused,
    Unreachable,
)
from models.pricing import Price
from models.route import Mode, Privacy, Route
from models.takeover import Allowed

HERE = Candidate("local", "small", "Small", needed_bytes=5)
SMALLER = Candidate("local", "tiny", "Tiny", needed_bytes=1)
PRICE = Price(1_000, 4_000, None, "CNY", "", "")
THERE = Candidate("gateway", "one/q", "Q at One", door="one", door_name="One", price=PRICE)
ELSEWHERE = Candidate("gateway", "two/q", "Q at Two", door="two", door_name="Two", price=PRICE)
LOCALLY, REMOTELY = Route("local", "small", ""), Route("gateway", "one/q", "")
DIED = EngineCrashed("It ended.")
FACTS = Facts((HERE, THERE, ELSEWHERE), mode=Mode.HYBRID, privacy=Privacy.OUT, prompt_tokens=10)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    connection = open_database(tmp_path / "inshore.db")
    yield connection
    connection.close()


@pytest.fixture
def answer(connection: apsw.Connection) -> StoredMessage:
    return ConversationStore(connection).begin("A title", "Hello?")[1]


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(lambda: 0.0)


Make = Callable[..., HandingOver]


@pytest.fixture
def make(connection: apsw.Connection, breaker: Breaker) -> Make:
    def make(facts: Facts = FACTS, allowed: Allowed | None = None) -> HandingOver:
        asks = allowed or Allowed(locally=False)
        return HandingOver(
            AttemptStore(connection), breaker, lambda _earlier, _text: facts, lambda _conversation: asks
        )

    return make


def failed(handing: HandingOver, answer: StoredMessage, route: Route, error: Exception) -> Follow:
    """One try by hand that failed, and what follows."""
    number = handing.begin(answer.id, route, Partial())
    handing.ended(answer.id, number, route, error)  # type: ignore[arg-type]
    follow = handing.after(answer, [], error)  # type: ignore[arg-type]
    assert follow is not None
    return follow


def test_after_a_crash_here_a_gateway_is_offered_with_its_price(make: Make, answer: StoredMessage) -> None:
    follow = failed(make(), answer, LOCALLY, DIED)
    assert follow.words.startswith("Finish on Q at One, at most ¥0.0")
    assert not follow.at_once
    assert follow.why == "The local engine stopped unexpectedly. Q at One went on."


def test_after_a_gateway_the_other_one_is_next(make: Make, answer: StoredMessage) -> None:
    facts = replace(FACTS, mode=Mode.CLOUD)
    follow = failed(make(facts), answer, REMOTELY, GatewayFailed("HTTP 503"))
    assert follow.route is not None
    assert follow.route.model == "two/q"


def test_a_smaller_model_here_is_next_where_nothing_may_leave(make: Make, answer: StoredMessage) -> None:
    facts = replace(FACTS, candidates=(HERE, SMALLER, THERE), mode=Mode.LOCAL)
    follow = failed(make(facts), answer, LOCALLY, DIED)
    assert follow.words == "Finish on Tiny, on this machine"


def test_what_was_tried_is_known_after_a_restart_and_not_tried_again(
    make: Make, answer: StoredMessage
) -> None:
    first = failed(make(), answer, LOCALLY, DIED)
    number = make().begin(answer.id, REMOTELY, Partial(), first)
    make().ended(answer.id, number, REMOTELY, Offline("No network."))
    follow = make().after(answer, [])  # as the record has it
    assert follow is not None
    assert follow.route is not None
    assert follow.route.model == "two/q"
    number = make().begin(answer.id, follow.route, Partial(), follow)
    make().ended(answer.id, number, follow.route, Offline("No network."))
    end = make().after(answer, [])
    assert end is not None
    assert end.route is None
    assert end.values()["end"].startswith("Nobody else is there to go on.")


def test_a_fault_that_a_later_version_wrote_down_is_nobody_s(
    make: Make, answer: StoredMessage, connection: apsw.Connection
) -> None:
    number = make().begin(answer.id, LOCALLY, Partial())
    AttemptStore(connection).ended(answer.id, number, "NotInventedYet")
    end = make().after(answer, [])
    assert end is not None
    assert (end.route, end.words) == (None, "Nobody else could do better with this.")


def test_the_same_follow_is_begun_once(make: Make, answer: StoredMessage) -> None:
    follow = failed(make(), answer, LOCALLY, DIED)
    make().begin(answer.id, REMOTELY, Partial(), follow)
    with pytest.raises(SentAlready):
        make().begin(answer.id, REMOTELY, Partial(), follow)


def test_asking_by_hand_begins_a_new_series(make: Make, answer: StoredMessage) -> None:
    handing = make()
    first = failed(handing, answer, LOCALLY, DIED)
    number = handing.begin(answer.id, REMOTELY, Partial(), first)
    handing.ended(answer.id, number, REMOTELY, Offline("No network."))
    again = failed(handing, answer, LOCALLY, DIED)
    assert again.route is not None
    assert again.route.model == "one/q"
    assert again.key != first.key


def test_an_answer_that_broke_off_with_us_offers_nothing_by_itself(make: Make, answer: StoredMessage) -> None:
    make().begin(answer.id, LOCALLY, Partial())
    assert make().after(answer, []) is None


def test_doors_are_blamed_for_their_own_faults_and_tried_when_asked_by_hand(
    make: Make, answer: StoredMessage, breaker: Breaker
) -> None:
    handing = make()
    failed(handing, answer, REMOTELY, RequestRefused("Not this."))
    for _ in range(3):
        failed(handing, answer, REMOTELY, GatewayFailed("HTTP 503"))
    assert breaker.state("one") is DoorState.OPEN
    assert "left alone" in handing.problem("one")
    number = handing.begin(answer.id, REMOTELY, Partial())
    handing.ended(answer.id, number, REMOTELY, None)
    assert breaker.state("one") is DoorState.CLOSED


def test_who_is_stopped_by_hand_is_not_blamed(make: Make, answer: StoredMessage, breaker: Breaker) -> None:
    handing = make()
    for _ in range(3):
        handing.left(answer.id, handing.begin(answer.id, REMOTELY, Partial()), REMOTELY)
    assert breaker.state("one") is DoorState.CLOSED
    assert handing.after(answer, []) is None


def test_a_door_that_is_left_alone_is_not_offered(
    make: Make, answer: StoredMessage, breaker: Breaker
) -> None:
    for _ in range(3):
        breaker.failed("one")
    follow = failed(make(), answer, LOCALLY, DIED)
    assert follow.route is not None
    assert follow.route.model == "two/q"


def test_only_within_the_limit_it_needs_no_question(make: Make, answer: StoredMessage) -> None:
    enough = Allowed(locally=True, remotely=True, most_nano=10**9)
    assert failed(make(allowed=enough), answer, LOCALLY, DIED).at_once
    little = replace(enough, most_nano=1_000)
    assert not failed(make(allowed=little), answer, LOCALLY, DIED).at_once


@pytest.mark.parametrize(
    "error",
    [
        Offline("F26"),
        Unreachable("F27"),
        NoSuchRemoteModel("F28"),
        GatewayBusy("F29"),
        KeyRefused("F30"),
        NoCredit("F31"),
        GatewayFailed("F32"),
        FellSilent("F33"),
        BadReply("F34"),
        ProxyFailed("F35"),
        Interrupted("F36"),
    ],
    ids=str,
)
def test_f26_f36_whatever_a_gateway_does_it_can_be_finished_here(
    error: AppError, make: Make, answer: StoredMessage
) -> None:
    facts = replace(FACTS, candidates=(HERE, THERE))
    handing = make(facts, Allowed(locally=True))
    number = handing.begin(answer.id, REMOTELY, Partial())
    handing.ended(answer.id, number, REMOTELY, error)
    follow = handing.after(answer, [])  # as a restart finds it
    assert follow is not None
    assert follow.words == "Finish on Small, on this machine"
    assert follow.at_once


def test_an_offer_holds_for_its_model_and_its_price_only(make: Make, answer: StoredMessage) -> None:
    follow = failed(make(), answer, LOCALLY, DIED)
    said = follow.values()
    assert follow.keeps(said)
    assert not follow.keeps({**said, "offer_model": "two/q"})
    assert not follow.keeps({**said, "offer_nano": "1"})
    assert not follow.keeps({})


def test_what_an_answer_may_still_grow_by_is_in_the_price(make: Make, answer: StoredMessage) -> None:
    handing = make()
    failed(handing, answer, LOCALLY, DIED)
    now, later = handing.after(answer, [], DIED), handing.after(answer, [], DIED, grows_by=4_096)
    assert now is not None
    assert later is not None
    assert now.keeps(later.values())
    assert not later.keeps(now.values())
