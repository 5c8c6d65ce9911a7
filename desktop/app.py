"""The composition root: builds each object once and connects them; the only file that knows everything."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.background import Background
from desktop.parts.asides import Asides
from desktop.parts.asking import Asking
from desktop.parts.drafting import Drafting
from desktop.parts.gateway import Gateway
from desktop.parts.licence_list import LicenceList
from desktop.parts.licensing import Licensing
from desktop.parts.manager import Manager
from desktop.parts.record import RecordRoom
from desktop.parts.remote import Remote
from desktop.parts.saved import open_folder, tell_saved
from desktop.parts.takeover import TakeOvers
from desktop.parts.trash import Trash
from desktop.parts.usage import UsageRoom
from desktop.services.books import BookService
from desktop.services.chat import ChatService
from desktop.services.deciding import Decider
from desktop.services.instance import Outcome, SingleInstance
from desktop.services.models import ModelService
from desktop.services.picture_privacy import PicturePrivacy
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from desktop.system import crash
from desktop.system.paths import Paths, resources
from desktop.ui.chat.page import ChatPage
from desktop.ui.dialogs import confirm_link, refuse_to_start
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import Appearance
from desktop.ui.window import Window
from models.errors import AppError, BadKey
from models.library import Library
from models.route import Privacy
from models.thinking import ThinkingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop.services.outbound_record import OutboundRecord
    from desktop.storage.acceptances import AcceptanceStore
    from desktop.storage.conditions import HealthBook
    from desktop.storage.export import Form
    from desktop.storage.ledger import Ledger
    from desktop.system.settings import Settings
    from desktop.ui.exporting import Exporter
    from desktop.ui.manager.page import ModelsPage
    from desktop.ui.page import Page
    from models.chat import Backend
    from models.local.backend import LocalBackend
    from models.local.measures import Measures
    from models.local.states import Shelf
    from models.outbound import Sent

_READY_MS, _TIDY_MS = 300, 5_000  # after the window is there: import the engine's side, empty the trash


def main(files: Sequence[str] = ()) -> int:
    """Open the window, or bring the one that is open to the front; the process's exit code.

    The window offers to add the model files.
    """
    offered = [Path(os.path.abspath(name)) for name in files]  # noqa: PTH100 - resolve() would follow links
    paths = Paths.find(os.environ)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Inshore")
    app.setDesktopFileName("inshore")
    app.setWindowIcon(QIcon(str(resources() / "icon" / "inshore.png")))
    look = Appearance(app, resources() / "themes")
    try:
        paths.create()
        crashes = Crashes(app)
        crash.install(paths.crash_log, crashes.happened.emit)
        instance = SingleInstance(paths.lock_file, app, files=offered)
        match instance.claim():
            case Outcome.HANDED_OVER:
                return 0
            case Outcome.HUNG:
                raise instance.explanation()
        program = Program(app, look, paths)
    except AppError as error:
        return refuse_to_start(error.title, f"{error.cause} {error.hint}".strip(), error.details)
    instance.show_requested.connect(program.come_forward)
    instance.files_offered.connect(program.offer)
    crashes.happened.connect(program.report_crash, Qt.ConnectionType.QueuedConnection)
    QTimer.singleShot(0, program, lambda: program.offer(offered))
    code = program.run()
    instance.release()
    return code


class Crashes(QObject):
    """Carries a crash's one line from the thread that failed to the window."""

    happened = Signal(str)


class Program(QObject):
    """Every object of the running program, from opening the window to the last byte stored."""

    def __init__(self, app: QApplication, look: Appearance, paths: Paths) -> None:
        super().__init__(app)
        self._app, self._look, self._paths = app, look, paths
        self.settings = SettingsService(paths.settings_file, self)
        look.choose(self.settings.values.theme.value)
        self._connection = open_database(paths.database)
        self.background = Background(self)
        library = Library(paths.models, resources() / "starter", paths.model_headers)
        self.models = ModelService(
            library,
            self,
            speed=lambda path, size: self.measures.speed(path, size),
            speeds=lambda paths: self.measures.speeds(paths),
            background=self.background,
        )
        self.books = BookService(
            self._ledger, self.settings, lambda model_id: self.remote.price(model_id), self
        )
        self.chat = ChatService(
            ConversationStore(self._connection),
            self.background,
            self._backend,
            self.models,
            self.settings,
            self,
            books=self.books,
        )
        self.chat.mark_interrupted()
        self._build_window()
        self._connect()

    @cached_property
    def record(self) -> OutboundRecord:
        """What leaves the machine, written down."""
        from desktop.services.outbound_record import OutboundRecord
        from desktop.storage.outbound_log import OutboundLog
        from desktop.storage.outbound_pending import Pending

        record = OutboundRecord(OutboundLog(self._connection), Pending(self._paths.outbound_pending), self)
        record.failed.connect(lambda error: self.window.warn(error.one_line()))
        return record

    def _note_sent(self, line: Sent) -> None:
        """Any thread; the record itself may be made in the window's thread only."""
        self.background.tell(lambda: self.record.record(line))

    def _acceptances(self) -> AcceptanceStore:
        from desktop.storage.acceptances import AcceptanceStore

        return AcceptanceStore(self._connection, copy=self._paths.accepted_copy)

    def _ledger(self) -> Ledger:
        from desktop.storage.ledger import Ledger

        return Ledger(self._connection)

    @cached_property
    def measures(self) -> Measures:
        """What models took on this machine."""
        from models.local.measures import Measures

        return Measures(self._paths.measures)

    @cached_property
    def health(self) -> HealthBook:
        """How the gateways' models did lately."""
        from desktop.storage.conditions import health_book

        return health_book(self._connection)

    @cached_property
    def local(self) -> LocalBackend:
        """The engine on this machine. Built when first needed: its imports would delay the window."""
        from models.local.backend import LocalBackend

        return LocalBackend(
            self.models.find,
            shelf=self._shelf,
            context=self.settings.context_for,
            measures=self.measures,
        )

    def _backend(self, name: str) -> Backend:
        from desktop.services.fitting import FittingBackend

        if name != "gateway":
            return self.local
        return FittingBackend(
            self.remote.backend(), lambda model: self.gateway.image_limits(model.partition("/")[0])
        )

    def _shelf(self) -> Shelf | None:
        """Where the engine keeps what it has read of conversations; None while that is not wanted."""
        from models.local.states import Shelf

        if not self.settings.values.keep_states:
            return None
        budget = self.settings.values.states_gb << 30
        return Shelf(str(self._paths.states), str(self._paths.state_key), budget)

    def _tidy(self) -> None:
        """What needs nobody to wait for it."""
        self.chat.empty_trash()
        self._clear_unwanted_states()
        self.chat.setup.forget_private()
        self.manager.importing.tidy()
        self.record.tidy()
        with suppress(AppError):  # what can't be read now is told where it is needed
            self._acceptances().copy()
        from desktop.storage.usage_pending import UsagePending

        pending = UsagePending(self._paths.usage_pending)
        self.books.take_in(lambda: pending.move_into(self._connection))

    def _clear_unwanted_states(self) -> None:
        from models.local.states import trim

        values = self.settings.values
        trim(self._paths.states, values.states_gb << 30 if values.keep_states else 0)

    def _forget_states(self, cache_keys: list[str]) -> None:
        self.background.run(self.local.forget(cache_keys), lambda _outcome: None)

    def run(self) -> int:
        """Show the window and serve it until it is closed."""
        self._end_on_signals()
        if self.settings.values.window:
            self.window.restore(self.settings.values.window)
        self.window.show()
        library = [self.models.problem.one_line()] if self.models.problem else []
        if problems := [*self.settings.problems, *library]:
            self.window.warn("\n".join(problems))
        QTimer.singleShot(_READY_MS, self, lambda: self.local)
        QTimer.singleShot(_TIDY_MS, self, self._tidy)
        code = self._app.exec()
        self._close()
        self.window.destroy_now()
        return code

    def come_forward(self) -> None:
        """Bring the window to the front."""
        self.window.setWindowState(self.window.windowState() & ~self.window.windowState().WindowMinimized)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def offer(self, files: list[Path]) -> None:
        """Ask whether model files shall be added, and how."""
        if files:
            self.manager.importing.offer(files)

    # -- building

    def _build_window(self) -> None:
        self.sidebar = Sidebar(self._look)
        self.page = ChatPage(self.chat, self.models, self._look)
        self.window = Window(self.sidebar, self.page, self._look)
        self._pages: dict[str, Page] = {}
        self.manager = Manager(
            self.window,
            self.models,
            self.settings,
            self.background,
            lambda: self.local,
            self._paths,
            self._look,
            self,
            self._acceptances,
        )
        self.gateway = Gateway(
            self.window,
            self.settings,
            self.background,
            self,
            record=self._note_sent,
        )
        self.remote = Remote(
            self.gateway,
            self.settings,
            self._note_sent,
            lambda: self.manager.catalogue.catalogue,
            self._paths,
            self,
        )
        self.chat.answering.remote = self.remote.answerers
        self.chat.pictures.limits = self._picture_limits
        self.manager.importing.target.pictures_dropped.connect(self._add_pictures)
        self.licensing = Licensing(
            self.chat, self.models, self.manager, self.remote, self._show_models, self._open, self
        )
        self.chat.answering.check_licence = self.licensing.check
        self.room = RecordRoom(
            self.window, self._connection, lambda: self.record, self.chat, self.remote, self._look,
            lambda: self._open(self.page.conversation), self,
        )  # fmt: skip
        self.chat.answering.privacy.raised_by = PicturePrivacy(self.chat.pictures, self.settings).raised
        self.chat.answering.privacy.describe = Asking(self.remote, self.chat.setup).describe
        self.remote.condition = lambda provider, model: self.health.of(provider, model)
        asides = Asides(self.models, self.manager, self.remote, lambda: self.health)
        self.chat.answering.aside = asides.of
        self.decider = Decider(
            self.models,
            self.settings,
            self.remote.candidates,
            resources() / "tasks" / "weights.bin",
            self.licensing.may_answer,
            problem=lambda door: self.take_overs.breaker.problem(door),
            means=self.books.means,
            scores=lambda model: self.manager.catalogue.scores_of(model),
            longest=self.chat.setup.longest,
            unfit=lambda model: self.manager.catalogue.unfit(model),
        )
        self.decider.privacy = self.chat.answering.privacy.of
        self.chat.answering.decide = self.decider.route
        self.chat.answering.decide_here = self.decider.here
        self.chat.answering.priced = self.remote.priced
        self.take_overs = TakeOvers(self.chat, self.settings, self._connection, lambda: self.decider)
        self.manager.downloads.use(self.remote.outbound, self.gateway.hub_token)
        self.manager.downloads.token_entered.connect(self._keep_hub_token)
        self.usage = UsageRoom(
            self.window, self._connection, self.settings, self.chat, lambda: self.page.conversation,
            lambda: self.manager.catalogue.catalogue, self._paths, self._look, self.background, self,
        )  # fmt: skip
        self.books.changed.connect(self.usage.note_change)
        self.books.changed.connect(lambda: self.health.forget())
        self.drafting = Drafting(
            self.page,
            self.chat,
            self.settings,
            self.background,
            lambda: self.local,
            self.remote.price,
            self.remote.thinking,
            self,
        )
        self.trash = Trash(self.chat, self.window.notice, lambda: self.page.conversation, self._open, self)
        self._show_conversations()

    def _connect(self) -> None:
        sidebar, page, window = self.sidebar, self.page, self.window
        sidebar.conversation_chosen.connect(self._open)
        sidebar.hit_chosen.connect(self._open_hit)
        sidebar.new_chat_requested.connect(lambda: self._open(None))
        sidebar.page_requested.connect(self._show_page)
        sidebar.renamed.connect(self.chat.rename)
        sidebar.delete_requested.connect(self.trash.delete)
        sidebar.export_requested.connect(self._export)
        sidebar.searched.connect(self._search)
        page.conversation_started.connect(sidebar.select)
        page.new_chat_requested.connect(lambda: self._open(None))
        page.models_requested.connect(lambda: self._show_page("models"))
        page.add_model_requested.connect(self.manager.importing.ask_for_files)
        page.find_model_requested.connect(lambda: self._show_models().show_catalogue())
        page.link_activated.connect(self._open_link)
        page.thinking_chosen.connect(lambda thinking: self.settings.update(thinking=thinking))
        page.answer_now_requested.connect(self._answer_now)
        page.gateways_requested.connect(self._show_gateways)
        page.licence_requested.connect(self.licensing.ask)
        page.sent_requested.connect(self.room.show_sent)
        page.record_requested.connect(lambda: self._show_page("record"))
        self.drafting.said.connect(window.notice.say)
        self.drafting.remote_wanted.connect(self._prepare)
        self.books.warned.connect(window.notice.say)
        self.remote.changed.connect(self.chat.answering.changed)
        self.chat.turn_finished.connect(lambda answer: self.manager.note_answer(answer.model, answer.text))
        self._app.applicationStateChanged.connect(self._look_at_models)
        page.composer.thinking.show_choice(self.settings.values.thinking)
        self.chat.conversations_changed.connect(self._show_conversations)
        self.chat.conversations_erased.connect(self._forget_states)
        self.chat.refused.connect(lambda error: window.notice.say(f"{error.cause} {error.hint}"))
        for service in (self.chat, self.models, self.settings):
            service.failed.connect(lambda error: window.warn(error.one_line()))
        self.settings.changed.connect(self._apply_settings)
        self.settings.changed.connect(lambda _values: self._clear_unwanted_states())
        window.closed.connect(self._remember_window)

    # -- conversations

    def _show_conversations(self) -> None:
        self._search(self.sidebar.search.text().strip())

    def _search(self, text: str) -> None:
        if text:
            self.sidebar.show_hits(self.chat.search(text))
        else:
            self.sidebar.show_conversations(self.chat.conversations())

    def _open(self, conversation_id: int | None) -> None:
        self.window.show_page(self.page)
        self.sidebar.show_page("")
        self.sidebar.select(conversation_id)
        self.page.open(conversation_id)

    def _open_hit(self, conversation_id: int, message_id: int) -> None:
        self._open(conversation_id)
        self.page.show_message(message_id)
        self.sidebar.select(conversation_id, message_id)

    @cached_property
    def exporter(self) -> Exporter:
        """Built when first needed."""
        from desktop.ui.exporting import Exporter

        exporter = Exporter(self.window)
        exporter.failed.connect(lambda error: self.window.warn(error.one_line()))
        exporter.exported.connect(lambda path: tell_saved(self.window.notice, path))
        return exporter

    def _export(self, conversation_id: int, form: Form) -> None:
        conversation = self.chat.conversation(conversation_id)
        if conversation is not None:
            messages = self.chat.messages(conversation_id)
            self.exporter.ask(conversation, messages, form, self.chat.pictures.contents(messages))

    def _add_pictures(self, files: list[Path]) -> None:
        self.window.show_page(self.page)
        self.sidebar.show_page("")
        self.page.attaching.give(files)

    def _picture_limits(self) -> tuple[int, int]:
        """Of the gateway that would answer, else what most of them take."""
        from desktop.services.images import MOST_BYTES, SIDE

        one = self.chat.answering.chosen(self.page.conversation)
        return self.gateway.image_limits(one.provider) if one and one.provider else (SIDE, MOST_BYTES)

    # -- pages, models, links

    def _show_page(self, name: str) -> None:
        if name not in self._pages:
            self._pages[name] = self._make_page(name)
        self.window.show_page(self._pages[name])
        self.sidebar.show_page(name)

    def _make_page(self, name: str) -> Page:
        if name == "models":
            return self.manager.make_page()
        if name == "usage":
            return self.usage.make_page()
        if name == "record":
            return self.room.make_page()
        from desktop.ui.settings.page import SettingsPage

        settings = SettingsPage(self.settings, self._paths.data)
        settings.folder_requested.connect(open_folder)
        settings.hub_token_removed.connect(self._forget_hub_token)
        settings.record_requested.connect(lambda: self._show_page("record"))
        settings.insert_card(self.gateway.make_card())
        licences = LicenceList(self.window, self.models, self.manager, settings)
        settings.insert_card(licences.make_card())
        return settings

    def _show_models(self) -> ModelsPage:
        self._show_page("models")
        return cast("ModelsPage", self._pages["models"])

    def _show_gateways(self) -> None:
        self._show_page("settings")
        if (card := self.gateway.card) is not None:
            QTimer.singleShot(0, self, lambda: self._pages["settings"].ensureWidgetVisible(card, 0, 400))

    def _look_at_models(self, state: Qt.ApplicationState) -> None:
        """Somebody may have moved a model's file while another program had the keyboard."""
        if state is Qt.ApplicationState.ApplicationActive:
            self.models.look_again()

    def _open_link(self, address: str) -> None:
        if confirm_link(self.window, address):
            QDesktopServices.openUrl(QUrl(address))

    def _apply_settings(self, values: Settings) -> None:
        self._look.choose(values.theme.value)
        self.page.composer.thinking.show_choice(values.thinking)

    def _prepare(self, model_id: str) -> None:
        """A message to a gateway is being typed; where the user is asked first, it hears nothing yet."""
        if self.chat.answering.privacy.of(self.page.conversation) is Privacy.OUT:
            self.remote.prepare(model_id)
        else:
            self.gateway.warm_up()

    def _answer_now(self) -> None:
        """The answer that is shown is to begin."""
        turn = self.chat.running_in(self.page.conversation)
        if turn is None or turn.route.backend != "gateway":
            self.background.run(self.local.answer_now(), lambda _outcome: None)
        elif (support := self.remote.thinking(turn.route.model)) and support.kind is ThinkingKind.NONE:
            self.window.notice.say(support.why)
        else:
            self.chat.answer_at_once(turn.message)

    # -- the end

    def _remember_window(self) -> None:
        self.page.keep_typed()
        self.settings.update(window=self.window.place())

    def _close(self) -> None:
        self.drafting.close()
        self._app.applicationStateChanged.disconnect(self._look_at_models)
        self.manager.close()
        self.usage.close()
        self.room.close()
        self.chat.close()
        self.background.close(self._close_backends)
        self.record.close()
        self._connection.close()

    def _keep_hub_token(self, host: str, token: str) -> None:
        """What can't be kept holds for this run."""
        with suppress(BadKey):
            self.gateway.keep_hub_token(host, token)

    def _forget_hub_token(self) -> None:
        self.gateway.forget_hub_token(self.manager.downloads.fetch_token)

    async def _close_backends(self) -> None:
        await self.local.aclose()
        await self.remote.aclose()

    def report_crash(self, words: str) -> None:
        """Say once that a mistake happened, and where its report is."""
        box = QMessageBox(QMessageBox.Icon.Warning, "Inshore", "Inshore made a mistake.", parent=self.window)
        box.setInformativeText(
            "What you wrote is stored, and you can go on. A report was written to the data folder:\n"
            f"{self._paths.crash_log}"
        )
        box.setDetailedText(words)
        box.open()

    def _end_on_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP close the window as a click would (F42)."""
        if sys.platform == "win32":
            return
        self._wake, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: None)
        self._notifier = QSocketNotifier(self._wake, QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)

    def _on_signal(self) -> None:
        os.read(self._wake, 64)
        self.window.close()
