"""The Models page: what is on this machine, the catalogue, the hub, and bringing a model here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.care import CareService
from desktop.services.catalogue import CatalogueService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.ui.manager.browse import Browse
from desktop.ui.manager.comparison import Comparison
from desktop.ui.manager.detail import Detail
from desktop.ui.manager.file_detail import FileDetail
from desktop.ui.manager.installed import Installed
from desktop.ui.page import Page
from desktop.ui.theme import Appearance

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop.services.bringing import Bringing
    from desktop.ui.manager.downloads import DownloadList
    from desktop.ui.manager.hub_view import HubView
    from desktop.ui.manager.tall_list import TallList
    from models.licences import Passport
    from models.looking import Wanted
    from models.repo_offer import Choice, FoundModel

_WIDEST = 816  # beside the button that shows the sidebar, at the window’s usual width
_LARGE, _WIDEST_LARGE, _BESIDE = 1500, 1640, 128  # for charts side by side; beside that button, too


class ModelsPage(Page):
    """One of its views at a time; the deeds that leave the window's hands are its signals.

    With `bringing` a model is downloaded here; without it, `can_download` and `download_requested` leave
    that to others.

    `shown` each time it comes into sight.
    """

    shown = Signal()
    add_requested = Signal()
    remove_requested = Signal(str, str)
    download_requested = Signal(str)
    link_activated = Signal(str)
    token_entered = Signal(str)

    def __init__(
        self,
        models: ModelService,
        settings: SettingsService,
        catalogue: CatalogueService,
        look: Appearance,
        parent: QWidget | None = None,
        *,
        can_download: bool = False,
        bringing: Bringing | None = None,
        care: CareService | None = None,
    ) -> None:
        super().__init__("Models", "", parent, widest=_WIDEST)
        self._models, self._catalogue, self._look, self._bringing = models, catalogue, look, bringing
        self._can_download = can_download or bringing is not None
        self._from: QWidget | None = None  # where one was, and how far it was scrolled
        self._place = 0
        acceptances = bringing.acceptances if bringing is not None else None
        self.installed = Installed(models, settings, catalogue, look, self, care, acceptances)
        self.installed.accept_requested.connect(self.ask_to_accept)
        self.installed.add_requested.connect(self.add_requested)
        self.installed.find_requested.connect(self.show_catalogue)
        self.installed.remove_requested.connect(self.remove_requested)
        self.installed.opened.connect(self.show_model)
        self.installed.file_opened.connect(self.show_file)
        self.browse: Browse | None = None
        self.hub: HubView | None = None
        self._over: QWidget | None = None  # what lies over the catalogue
        self._tabs = QWidget(self)
        self._here = self._tab("On this machine", "tab-installed")
        self._all = self._tab("Catalogue", "tab-catalogue")
        self._more = self._tab("Hub", "tab-hub")
        self._more.setVisible(bringing is not None)
        self._shelf = QWidget(self)  # shows with this machine's models what is on its way, if anything is
        self._coming = self._make_downloads()
        self._back = self._make_back()
        self._lay_out()
        self.show_installed()
        self.verticalScrollBar().valueChanged.connect(self._grow)
        catalogue.changed.connect(self._judge_again)

    def show_installed(self) -> None:
        """Show what is on this machine."""
        self._here.setChecked(True)
        self._close_over()
        self._show(self.installed)

    def show_catalogue(self) -> None:
        """Show the catalogue."""
        self._all.setChecked(True)
        self._close_over()
        self._show(self._browser())

    def show_hub(self) -> None:
        """Show the hub's search. Nothing is asked of the hub by that."""
        if (hub := self._hub_view()) is not None:
            self._more.setChecked(True)
            self._close_over()
            self._show(hub)

    def show_model(self, model_id: str) -> None:
        """Show one model in full, if the catalogue has it."""
        offer = self._catalogue.offer(model_id)
        if offer is not None:
            detail = Detail(offer, self._catalogue, self._look, self, can_download=self._can_download)
            detail.download_requested.connect(self._download)
            detail.link_activated.connect(self.link_activated)
            self._lay_over(detail)

    def show_file(self, model_id: str) -> None:
        """Show what the file of an installed model says of itself."""
        model = self._models.named(model_id)
        if model is not None and model.problem is None:
            detail = FileDetail(model, self._catalogue, self._look, self)
            detail.link_activated.connect(self.link_activated)
            self._lay_over(detail)

    def compare(self, model_ids: list[str]) -> None:
        """Show models side by side."""
        offers = [offer for offer in map(self._catalogue.offer, model_ids) if offer is not None]
        everything = self._catalogue.offers()
        self._lay_over(Comparison(offers, everything, self._catalogue.catalogue, self._look, self))

    def bring(self, wanted: Wanted) -> None:
        """Ask for a model's licence and file, and begin its download."""
        if self._bringing is None:
            return
        from desktop.ui.manager.bring import Bring

        view = Bring(wanted, self._bringing, self._catalogue, self._look, self, self._have)
        view.started.connect(self._show_started)
        view.left.connect(self._go_back)
        view.link_activated.connect(self.link_activated)
        view.token_entered.connect(self.token_entered)
        self._lay_over(view)

    def ask_to_accept(self, model_id: str) -> None:
        """Show the licence of a model that is here; once it is accepted, the model answers."""
        model = self._models.named(model_id)
        if model is None or self._bringing is None:
            return
        terms, acceptances = self._catalogue.terms_of(model), self._bringing.acceptances
        passport = acceptances.pending(terms)
        if passport is None:
            self._models.choose(model_id)
            return

        def accept(use: str) -> None:
            if acceptances.accept(passport, terms.ids[0], use):
                self.show_installed()
                self._models.choose(model_id)

        self.show_licence(passport, model.name, accept, self._go_back)

    def show_licence(
        self, passport: Passport, name: str, accept: Callable[[str], None], refuse: Callable[[], None]
    ) -> None:
        """Ask for a licence; `accept` with what the model is to be used for."""
        from desktop.ui.manager.licence import AcceptanceCard

        asked = AcceptanceCard(passport, name, self)
        asked.accepted.connect(accept)
        asked.refused.connect(refuse)
        asked.full_text_requested.connect(self.link_activated)
        self._lay_over(asked)

    def _download(self, model_id: str) -> None:
        from models.looking import Wanted

        model = self._catalogue.catalogue.get(model_id)
        if self._bringing is not None and model is not None:
            self.bring(Wanted.of(model))
        self.download_requested.emit(model_id)

    def _bring_found(self, one: FoundModel) -> None:
        from models.looking import Wanted

        self.bring(Wanted(one.name, (one.found.repo,), stated=one.found.licence))

    def _have(self, choice: Choice) -> bool:
        """Whether the library has these very files."""
        names = tuple(file.name for file in choice.files)
        origins = (model.origin for model in self._models.models() if model.problem is None)
        return any(
            origin is not None and (origin.repo, origin.files) == (choice.repo.repo, names)
            for origin in origins
        )

    def _show_started(self) -> None:
        self.show_installed()
        self._here.setFocus()
        self.verticalScrollBar().setValue(0)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._widen()

    def _widen(self) -> None:
        """Text is read best in a narrow column; charts may use a large window."""
        large = isinstance(self._over, Comparison) and self.width() >= _LARGE
        self.set_widest(min(_WIDEST_LARGE, self.width() - _BESIDE) if large else _WIDEST)

    def _leave(self) -> None:
        if self._over is not None:
            self._go_back()

    def _go_back(self) -> None:
        place = self._place
        if self._bringing is not None:
            self._bringing.hub.stop_look()
        if self.browse is not None and self._from is self.browse:
            self.show_catalogue()
            self.browse.list.setFocus()
        elif self.hub is not None and self._from is self.hub:
            self.show_hub()
            self.hub.list.setFocus()
        else:
            self.show_installed()
        self._scroll_to(place)

    def _scroll_to(self, place: int) -> None:
        """Once the layout knows how high everything is."""
        QTimer.singleShot(0, self, lambda: self.verticalScrollBar().setValue(place))

    def _browser(self) -> Browse:
        if self.browse is None:
            self.browse = Browse(self._catalogue, self._look, self)
            self.browse.opened.connect(self.show_model)
            self.browse.compared.connect(self.compare)
            self.browse.list.row_reached.connect(self._follow)
            self.column.insertWidget(self.column.count() - 1, self.browse)
        return self.browse

    def _hub_view(self) -> HubView | None:
        if self.hub is None and self._bringing is not None:
            from desktop.ui.manager.hub_view import HubView

            self.hub = HubView(self._bringing.hub, self._look, self)
            self.hub.opened.connect(self._bring_found)
            self.hub.list.row_reached.connect(self._follow)
            self.column.insertWidget(self.column.count() - 1, self.hub)
        return self.hub

    def _make_downloads(self) -> DownloadList | None:
        if self._bringing is None:
            return None
        from desktop.ui.manager.downloads import DownloadList

        coming = DownloadList(self._bringing.downloads, self)
        coming.link_activated.connect(self.link_activated)
        return coming

    def _lay_over(self, view: QWidget) -> None:
        if self._over is None:
            self._place = self.verticalScrollBar().value()
            known = {self.browse: "Back to the catalogue", self.hub: "Back to the hub"}
            self._from = next((one for one in known if one is not None and not one.isHidden()), None)
            self._back.setText(known.get(self._from, "") if self._from else "Back to your models")
        self._close_over()
        self._over = view
        self.column.insertWidget(self.column.count() - 1, view)
        self._show(view)
        self.verticalScrollBar().setValue(0)
        self._back.setFocus()

    def _close_over(self) -> None:
        if self._over is not None:
            self.column.removeWidget(self._over)
            self._over.hide()
            self._over.deleteLater()
            self._over = None

    def _show(self, view: QWidget) -> None:
        for one in (self.installed, self.browse, self.hub, self._over):
            if one is not None:
                one.setVisible(one is view)
        if self._coming is not None:
            self._shelf.setVisible(view is self.installed)
        self._tabs.setVisible(view is not self._over)
        self.title.setVisible(view is not self._over)
        self._back.setVisible(view is self._over)
        self._widen()

    def _judge_again(self) -> None:
        """The model that is shown may do otherwise on a machine that is measured now."""
        over, place = self._over, self.verticalScrollBar().value()
        if isinstance(over, Detail):
            self.show_model(over.model_id)
        elif isinstance(over, FileDetail):
            self.show_file(over.model_id)
        else:
            return
        self._scroll_to(place)

    def _grow(self, value: int) -> None:
        if self.installed.isVisible() and value > self.verticalScrollBar().maximum() - self.height():
            self.installed.show_more()

    def _follow(self, row: QRect) -> None:
        shown: TallList | None = None
        for view in (self.browse, self.hub):
            if view is not None and view.isVisible():
                shown = view.list
        if shown is not None and (body := self.widget()) is not None:
            place = shown.mapTo(body, row.center())
            self.ensureVisible(place.x(), place.y(), 0, row.height())

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._tabs)
        row.setContentsMargins(0, 0, 0, 4)
        row.setSpacing(4)
        group = QButtonGroup(self)
        for tab, show in (
            (self._here, self.show_installed),
            (self._all, self.show_catalogue),
            (self._more, self.show_hub),
        ):
            group.addButton(tab)
            row.addWidget(tab)
            tab.clicked.connect(show)
        row.addStretch(1)
        self.column.addWidget(self._tabs)
        self.column.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        if self._coming is not None:
            shelf = QVBoxLayout(self._shelf)
            shelf.setContentsMargins(0, 0, 0, 0)
            shelf.addWidget(self._coming)
            self.column.addWidget(self._shelf)
        self.column.addWidget(self.installed)
        self.column.addStretch(1)

    def _tab(self, words: str, name: str) -> QPushButton:
        tab = QPushButton(words, self._tabs)
        tab.setObjectName(name)
        tab.setProperty("nav", True)
        tab.setCheckable(True)
        return tab

    def _make_back(self) -> QPushButton:
        back = QPushButton(self)
        back.setObjectName("back-to-models")
        back.setIcon(self._look.icon("arrow-left", "shore"))
        back.setProperty("link", True)
        back.clicked.connect(self._go_back)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self._leave)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return back
