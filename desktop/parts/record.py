"""The record's room: the page of what left, and what exactly was, or would be, sent for an answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.parts.saved import tell_saved
from desktop.services.chat import ChatService
from desktop.storage.conversations import StoredMessage
from desktop.ui.theme import Appearance
from desktop.ui.window import Window
from models.errors import AppError

if TYPE_CHECKING:
    import apsw

    from desktop.parts.remote import Remote
    from desktop.services.outbound_record import OutboundRecord
    from desktop.services.record import RecordService
    from desktop.ui.record.page import RecordPage
    from desktop.ui.record.sent import SentPage, Shown


class RecordRoom(QObject):
    """Nothing is built or read before it is needed. GUI thread only. `back` shows the conversation."""

    def __init__(
        self,
        window: Window,
        connection: apsw.Connection,
        record: Callable[[], OutboundRecord],
        chat: ChatService,
        remote: Remote,
        look: Appearance,
        back: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._window, self._connection, self._record = window, connection, record
        self._chat, self._remote, self._look, self._back = chat, remote, look, back
        chat.sends.connect(self._keep)

    @cached_property
    def service(self) -> RecordService:
        """Built with the first request that leaves, or with the page."""
        from desktop.services.record import RecordService
        from desktop.storage.outbound_reports import OutboundReports
        from desktop.storage.sent_content import SentContents

        record = self._record()
        service = RecordService(
            OutboundReports(self._connection),
            SentContents(self._connection),
            lambda: {one.id: one.title for one in self._chat.conversations()},
            self,
            flush=record.flush,
        )
        record.written.connect(service.changed)
        service.failed.connect(lambda error: self._window.warn(error.one_line()))
        return service

    def make_page(self) -> RecordPage:
        """The page, connected. What the command line sent meanwhile is entered first."""
        from desktop.ui.record.page import RecordPage

        self._record().tidy()
        self.service.exported.connect(lambda path: tell_saved(self._window.notice, path))
        return RecordPage(self.service)

    def show_sent(self, answer: StoredMessage) -> None:
        """What was sent for an answer; while the user is asked about it, what would be."""
        if (answer.error or {}).get("next_step") == "send":
            self._show_draft(answer)
            return
        from desktop.ui.chat.wording import is_remote
        from desktop.ui.record.sent import Shown, about_sent

        sent = self.service.sent_for(answer)
        shown = [Shown(about_sent(one.at, one.host, one.size, one.sha256), one.text) for one in sent]
        self._page.show_requests(shown, remote=is_remote(answer))
        self._window.show_page(self._page)

    def close(self) -> None:
        """The window closes."""
        if "service" in self.__dict__:
            self.service.close()

    def _show_draft(self, answer: StoredMessage) -> None:
        try:
            shown = self._draft(answer)
        except AppError as error:
            self._window.warn(error.one_line())
            return
        self._page.show_draft(shown)
        self._window.show_page(self._page)

    def _draft(self, answer: StoredMessage) -> Shown:
        from desktop.storage.sent_content import without_pictures
        from desktop.ui.record.sent import Shown

        route, request = self._chat.would_send(answer)
        host, content = self._remote.content(route.model, request)
        text = without_pictures(content).decode("utf-8", "replace")
        return Shown(f"To {host}: {len(content):,} bytes", text)

    @cached_property
    def _page(self) -> SentPage:
        from desktop.ui.record.sent import SentPage

        page = SentPage(self._look)
        page.back_requested.connect(self._back)
        return page

    def _keep(self, message: StoredMessage, host: str, content: bytes) -> None:
        self.service.keep(message, host, content)
