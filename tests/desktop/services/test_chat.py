"""A message's way through the chat service: stored before it is shown, ended exactly once, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.chat import ChatService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore, Status, StoredMessage
from desktop.storage.database import open_database
from desktop.system.options import Options
from models.chat import (
    ChatEvent,
    Finished,
    FinishReason,
    Notice,
    ReasoningDelta,
    Rethought,
    Role,
    TextDelta,
    Timings,
    Usage,
)
from models.errors import EngineCrashed, StorageFailed
from models.fake import FakeBackend, Hold, says
from models.library import LocalModel
from models.routing import Mode


class OneModel(ModelService):
    """A library of one model, or of none."""

    def __init__(self, *names: str) -> None:
        QObject.__init__(self)
        self._names = names

    def usable(self) -> list[LocalModel]:
        return [LocalModel(name, name, Path(name), 1, "added") for name in self._names]


class World:
    """A chat service with a real store, a real background and a scripted backend."""

    def __init__(self, folder: Path, backend: FakeBackend, *models: str) -> None:
        self.connection: apsw.Connection = open_database(folder / "inshore.db")
        self.store = ConversationStore(self.connection)
        self.background = Background()
        self.backend = backend
        self.settings = SettingsService(folder / "settings.json")
        self.models = OneModel(*models)
        self.chat = ChatService(
            self.store, self.background, lambda _name: self._backend(), self.models, self.settings
        )
        self.broken: Exception | None = None
        self.added: list[StoredMessage] = []
        self.finished: list[StoredMessage] = []
        self.chat.message_added.connect(self.added.append)
        self.chat.turn_finished.connect(self.finished.append)

    def _backend(self) -> FakeBackend:
        if self.broken is not None:
            raise self.broken
        return self.backend

    def close(self) -> None:
        self.chat.close()
        self.background.close(self.backend.aclose)
        self.connection.close()


@pytest.fixture
def worlds(tmp_path: Path, qtbot: QtBot) -> Iterator[list[World]]:
    worlds: list[World] = []
    yield worlds
    for world in worlds:
        world.close()


@pytest.fixture
def begin(worlds: list[World], tmp_path: Path) -> type:
    class Begin(World):
        def __init__(self, *script: ChatEvent | Hold | Exception, models: tuple[str, ...] = ("m",)) -> None:
            super().__init__(tmp_path, FakeBackend(*([script] if script else [])), *models)
            worlds.append(self)

    return Begin


def test_a_message_is_answered_and_all_of_it_stored(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("Paris is the capital."))
    conversation = world.chat.send(None, "What is the capital of France?")
    assert [(m.role, m.status) for m in world.added] == [
        (Role.USER, Status.COMPLETE),
        (Role.ASSISTANT, Status.RUNNING),
    ]
    qtbot.waitUntil(lambda: bool(world.finished))
    question, answer = world.store.thread(conversation)
    assert question.text == "What is the capital of France?"
    assert (answer.text, answer.status, answer.model) == ("Paris is the capital.", Status.COMPLETE, "m")
    assert answer.receipt is not None
    assert answer.receipt["reason"] == "stop"
    assert answer == world.finished[0]
    assert [c.title for c in world.chat.conversations()] == ["What is the capital of France?"]


def test_the_model_gets_the_whole_conversation(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("One."))
    conversation = world.chat.send(None, "First?")
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    world.chat.send(conversation, "Second?")
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    asked = [(m.role, m.text) for m in world.backend.requests[1].messages]
    assert asked == [(Role.USER, "First?"), (Role.ASSISTANT, "One."), (Role.USER, "Second?")]


def test_stop_settles_at_once_and_frees_the_model(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("Half an"), Hold())
    world.chat.send(None, "Go")
    answer = world.added[1]
    qtbot.waitUntil(lambda: world.chat.live(answer.id).text == ["Half an"])
    world.chat.stop(answer.id)
    assert [(m.text, m.status) for m in world.finished] == [("Half an", Status.STOPPED)]
    qtbot.waitUntil(lambda: world.backend.cancelled == 1)
    assert world.chat.running_in(answer.conversation_id) is None
    assert len(world.finished) == 1


def test_a_stopped_answer_can_be_continued(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("Half an"), Hold())
    world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: world.chat.live(world.added[1].id).text == ["Half an"])
    world.chat.stop(world.added[1].id)
    world.backend._scripts.append(says(" answer."))
    world.chat.resume(world.finished[0])
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    assert world.finished[1].text == "Half an answer."
    assert world.backend.requests[1].answer_so_far == "Half an"
    assert [m.role for m in world.backend.requests[1].messages] == [Role.USER]


def test_an_answer_with_a_form_is_begun_anew_and_not_gone_on_with(begin: type, qtbot: QtBot) -> None:
    """Else its second part would keep to the form from the beginning: “{"a": 1{"a": 1}”."""
    world = begin(TextDelta('{"a": 1'), Hold())
    answer = stopped_answer(world, qtbot)
    world.chat.setup.set_options(answer.conversation_id, Options(json_schema="{}"))
    world.backend._scripts.append(says('{"a": 12}'))
    world.chat.resume(answer)
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    assert world.finished[1].text == '{"a": 12}'
    assert world.backend.requests[1].answer_so_far == ""


def test_regenerating_keeps_the_first_answer_as_a_version(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("First."))
    conversation = world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    world.backend._scripts.append(says("Second."))
    world.chat.regenerate(world.finished[0])
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    first, second = world.finished
    assert world.chat.messages(conversation)[-1].text == "Second."
    assert second.versions == (first.id, second.id)
    world.chat.select_version(first.id)
    assert world.chat.messages(conversation)[-1].text == "First."


def test_asking_differently_makes_a_version_of_the_question(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("A."))
    conversation = world.chat.send(None, "First?")
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    world.chat.edit(world.added[0], "Better?")
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    shown = world.chat.messages(conversation)
    assert [m.text for m in shown] == ["Better?", "A."]
    assert len(shown[0].versions) == 2


def test_a_failure_keeps_the_text_and_says_why(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("Half"), EngineCrashed("Memory ran out.", "Try a smaller model."))
    conversation = world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: bool(world.finished))
    answer = world.store.thread(conversation)[-1]
    assert (answer.text, answer.status) == ("Half", Status.FAILED)
    assert answer.error is not None
    assert (answer.error["cause"], answer.error["next_step"]) == ("Memory ran out.", "retry")


@pytest.mark.parametrize("when", ["asked", "writing"])
def test_a_mistake_of_ours_ends_the_answer_and_is_told(begin: type, qtbot: QtBot, when: str) -> None:
    """Also where it comes before anybody is asked, as when a library can't be loaded."""
    world = begin(TextDelta("Half"), RuntimeError("broken") if when == "writing" else Hold())
    if when == "asked":
        world.broken = ImportError("broken")
    with qtbot.captureExceptions() as caught:
        with suppress(ImportError):
            world.chat.send(None, "Go")
        qtbot.waitUntil(lambda: bool(world.finished))
    (answer,) = world.finished
    assert answer.status is Status.FAILED
    assert answer.error["cause"] == "Inshore made a mistake while this was being written."
    assert answer.text == ("Half" if when == "writing" else "")
    assert world.chat.live(answer.id) is None
    assert bool(caught) == (when == "writing")


def test_an_end_without_a_reason_is_an_interruption(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("Half"))
    world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: bool(world.finished))
    assert world.finished[0].status is Status.INTERRUPTED


def test_without_a_model_the_answer_says_how_to_get_one(begin: type, qtbot: QtBot) -> None:
    world = begin(models=())
    world.chat.send(None, "Go")
    assert world.finished[0].error is not None
    assert world.finished[0].error["next_step"] == "add_model"


def test_the_cloud_mode_is_refused_and_nothing_is_asked(begin: type, qtbot: QtBot) -> None:
    world = begin()
    world.settings.update(mode=Mode.CLOUD)
    world.chat.send(None, "Go")
    assert world.finished[0].status is Status.FAILED
    assert world.backend.requests == []


def test_growing_text_is_saved_while_it_grows(begin: type, qtbot: QtBot) -> None:
    world = begin(ReasoningDelta("Hm. "), TextDelta("Half"), Hold())
    conversation = world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: world.store.thread(conversation)[-1].text == "Half", timeout=1_000)
    answer = world.store.thread(conversation)[-1]
    assert (answer.reasoning, answer.status) == ("Hm. ", Status.RUNNING)


def test_closing_stores_what_is_being_written_as_interrupted(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("Half"), Hold())
    conversation = world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: world.chat.live(world.added[1].id).text == ["Half"])
    world.chat.close()
    answer = world.store.thread(conversation)[-1]
    assert (answer.text, answer.status) == ("Half", Status.INTERRUPTED)


def test_a_start_after_a_crash_marks_what_was_left_running(begin: type, qtbot: QtBot) -> None:
    world = begin()
    conversation = world.store.create("Before the crash")
    world.store.add_turn(conversation.id, parent_id=None, text="Go", model="m")
    world.chat.mark_interrupted()
    assert world.store.thread(conversation.id)[-1].status is Status.INTERRUPTED


def test_f08_a_full_disk_loses_nothing(begin: type, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    world = begin(*says("Kept."))
    failures: list[object] = []
    world.chat.failed.connect(failures.append)
    settle = ConversationStore.settle

    def full(*_args: object, **_values: object) -> StoredMessage:
        raise StorageFailed("The disk is full.", "Free some space.")

    monkeypatch.setattr(ConversationStore, "settle", full)
    conversation = world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: bool(world.finished))
    assert failures
    assert world.chat.messages(conversation)[-1].text == "Kept."
    monkeypatch.setattr(ConversationStore, "settle", settle)
    qtbot.waitUntil(lambda: world.store.thread(conversation)[-1].status is Status.COMPLETE)
    assert world.store.thread(conversation)[-1].text == "Kept."


def test_a_message_that_can_t_be_stored_is_not_sent(
    begin: type, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = begin()

    def full(*_args: object, **_values: object) -> StoredMessage:
        raise StorageFailed("The disk is full.", "Free some space.")

    monkeypatch.setattr(ConversationStore, "begin", full)
    with qtbot.waitSignal(world.chat.failed):
        assert world.chat.send(None, "Go") is None
    assert world.backend.requests == []
    assert world.chat.conversations() == []


def test_a_finish_at_the_limit_is_kept_in_the_receipt(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("Cut", FinishReason.LENGTH))
    world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: bool(world.finished))
    assert world.finished[0].receipt is not None
    assert world.finished[0].receipt["reason"] == "length"


def test_a_failed_answer_leaves_no_two_questions_in_a_row(begin: type, qtbot: QtBot) -> None:
    world = begin(EngineCrashed("Gone."))
    conversation = world.chat.send(None, "First?")
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    world.chat.send(conversation, "Second?")
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    asked = [(m.role, m.text) for m in world.backend.requests[1].messages]
    assert asked == [(Role.USER, "First?\n\nSecond?")]


def test_each_conversation_has_a_cache_key_of_its_own(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("One."))
    conversations = [world.chat.send(None, "First?")]
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    conversations += [world.chat.send(None, "Second?"), world.chat.send(conversations[0], "Third?")]
    qtbot.waitUntil(lambda: len(world.finished) == 3)
    keys = {request.messages[-1].text: request.cache_key for request in world.backend.requests}
    assert keys["First?"] == keys["Third?"] == str(conversations[0])
    assert keys["Second?"] == str(conversations[1])


def test_emptying_the_trash_tells_which_conversations_are_gone(
    begin: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = begin()
    old, recent = world.store.create("old"), world.store.create("recent")
    erased: list[list[str]] = []
    world.chat.conversations_erased.connect(erased.append)
    world.store.delete(old.id)
    world.chat.empty_trash()
    assert erased == []
    monkeypatch.setattr("desktop.services.chat._TRASH_S", -1.0)
    world.chat.empty_trash()
    assert erased == [[str(old.id)]]
    assert [entry.id for entry in world.chat.conversations()] == [recent.id]


def stopped_answer(world: World, qtbot: QtBot) -> StoredMessage:
    """Ask, and stop after the first words."""
    world.chat.send(None, "Go")
    answer = world.added[-1]
    qtbot.waitUntil(lambda: bool((turn := world.chat.live(answer.id)) and turn.text))
    world.chat.stop(answer.id)
    return world.finished[-1]


def test_continuing_without_a_model_keeps_the_text(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("precious"), Hold())
    answer = stopped_answer(world, qtbot)
    world.models._names = ()
    world.chat.resume(answer)
    stored = world.store.message(answer.id)
    assert (stored.text, stored.status) == ("precious", Status.FAILED)


def test_continuing_an_earlier_answer_sends_only_what_came_before_it(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("half"), Hold())
    first = stopped_answer(world, qtbot)
    world.backend._scripts.append(says("Later."))
    world.chat.send(first.conversation_id, "Second?")
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    world.chat.resume(first)
    qtbot.waitUntil(lambda: len(world.finished) == 3)
    request = world.backend.requests[-1]
    assert [m.text for m in request.messages] == ["Go"]
    assert request.answer_so_far == "half"


def test_only_one_answer_at_a_time_is_written_in_a_conversation(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("half"), Hold())
    first = stopped_answer(world, qtbot)
    world.chat.send(first.conversation_id, "Second?")
    world.chat.resume(first)
    world.chat.regenerate(first)
    assert not world.chat.edit(world.added[0], "Other?")
    assert world.chat.live(first.id) is None
    assert world.chat.live(world.added[-1].id) is not None


def test_continuing_what_could_not_be_stored_goes_on_from_what_was_shown(
    begin: type, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = begin(TextDelta("half of it"), Hold())

    def full(*_args: object, **_values: object) -> StoredMessage:
        raise StorageFailed("The disk is full.", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(ConversationStore, "settle", full)
        patch.setattr(ConversationStore, "save_partial", full)
        answer = stopped_answer(world, qtbot)
        world.chat.resume(answer)
        assert world.chat.live(answer.id) is None
    world.chat.resume(answer)
    qtbot.waitUntil(lambda: len(world.backend.requests) == 2)
    assert world.backend.requests[1].answer_so_far == "half of it"


def test_reasoning_without_an_answer_is_begun_anew(begin: type, qtbot: QtBot) -> None:
    world = begin(ReasoningDelta("half a thought"), Hold())
    world.chat.send(None, "Go")
    answer = world.added[-1]
    qtbot.waitUntil(lambda: bool(world.chat.live(answer.id).reasoning))
    world.chat.stop(answer.id)
    world.backend._scripts.append([ReasoningDelta("whole"), *says("Done.")])
    world.chat.resume(world.finished[0])
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    assert world.finished[1].reasoning == "whole"


def test_reasoning_that_was_taken_for_the_answer_is_kept_as_reasoning(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("Two and two.\n"), Rethought(), *says("Four."))
    world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    kept = world.store.message(world.finished[0].id)
    assert (kept.reasoning, kept.text) == ("Two and two.\n", "Four.")
    assert "thought_s" in kept.receipt


def test_a_store_that_can_t_be_read_is_said_and_not_a_crash(
    begin: type, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = begin()

    def damaged(*_args: object, **_values: object) -> list[StoredMessage]:
        raise StorageFailed("The file is damaged.", "Restore a copy.")

    for name in ("thread", "conversations", "search", "draft"):
        monkeypatch.setattr(ConversationStore, name, damaged)
    failures: list[object] = []
    world.chat.failed.connect(failures.append)
    assert world.chat.messages(1) == world.chat.conversations() == world.chat.search("x") == []
    assert world.chat.draft(None) == ""
    assert len(failures) == 4


def test_what_is_decided_for_the_user_is_told_meanwhile_and_kept(begin: type, qtbot: QtBot) -> None:
    remark = "The context was shortened to 4,096 tokens."
    world = begin(Notice(remark), TextDelta("Half"), Hold())
    conversation = world.chat.send(None, "Go")
    qtbot.waitUntil(lambda: world.chat.live(world.added[1].id).text == ["Half"])
    running = world.chat.messages(conversation)[-1]
    assert running.receipt["notices"] == [remark]
    world.chat.stop(running.id)
    assert world.store.message(running.id).receipt["notices"] == [remark]


def test_a_pinned_message_is_told_as_pinned_and_shown_anew(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("One."))
    conversation = world.chat.send(None, "First?")
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    with qtbot.waitSignal(world.chat.message_changed) as caught:
        world.chat.set_pinned(world.added[0], True)
    assert caught.args[0].id == world.added[0].id
    assert caught.args[0].pinned
    world.chat.send(conversation, "Second?")
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    assert [m.pinned for m in world.backend.requests[1].messages] == [True, False, False]


def test_a_pin_that_can_t_be_stored_is_not_shown(
    begin: type, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = begin(*says("One."))
    world.chat.send(None, "First?")
    qtbot.waitUntil(lambda: len(world.finished) == 1)

    def full(*_args: object) -> None:
        raise StorageFailed("The disk is full.", "Free some space.")

    monkeypatch.setattr(ConversationStore, "set_pinned", full)
    with qtbot.assertNotEmitted(world.chat.message_changed), qtbot.waitSignal(world.chat.failed):
        world.chat.set_pinned(world.added[0], True)


def test_the_receipt_keeps_where_memory_began_whatever_is_pinned_later(begin: type, qtbot: QtBot) -> None:
    world = begin(*says("One."))
    conversation = world.chat.send(None, "First?")
    qtbot.waitUntil(lambda: len(world.finished) == 1)
    cut = Finished(FinishReason.STOP, Usage(), Timings(left_out_messages=2))
    world.backend._scripts.append([TextDelta("Two."), cut])
    world.chat.send(conversation, "Second?")
    qtbot.waitUntil(lambda: len(world.finished) == 2)
    world.chat.set_pinned(world.added[0], True)
    memory = world.store.thread(conversation)[-1].receipt["memory"]
    assert memory == {"first_id": world.added[2].id, "left_out": 2}


def test_it_is_busy_while_any_answer_is_written(begin: type, qtbot: QtBot) -> None:
    world = begin(TextDelta("Half"), Hold())
    assert not world.chat.busy
    world.chat.send(None, "Go")
    assert world.chat.busy
    world.chat.stop(world.added[1].id)
    assert not world.chat.busy
