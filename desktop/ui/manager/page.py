"""The Models page: what is on this machine, and the catalogue with its details and comparisons."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from desktop.services.catalogue import CatalogueService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.ui.manager.browse import Browse
from desktop.ui.manager.comparison import Comparison
from desktop.ui.manager.detail import Detail
from desktop.ui.manager.installed import Installed
from desktop.ui.page import Page
from desktop.ui.theme import Appearance

_WIDEST = 816  # beside the button that shows the sidebar, at the window’s usual width


class ModelsPage(Page):
    """One of its views at a time; the deeds that leave the window's hands are its signals.

    `shown` each time it comes into sight.
    """

    shown = Signal()
    add_requested = Signal()
    remove_requested = Signal(str, str)
    download_requested = Signal(str)
    link_activated = Signal(str)

    def __init__(
        self,
        models: ModelService,
        settings: SettingsService,
        catalogue: CatalogueService,
        look: Appearance,
        parent: QWidget | None = None,
        *,
        can_download: bool = False,
    ) -> None:
        super().__init__("Models", "", parent, widest=_WIDEST)
        self._catalogue, self._look, self._can_download = catalogue, look, can_download
        self._from_catalogue, self._place = False, 0  # where one was, and how far it was scrolled
        self.installed = Installed(models, settings, catalogue, look, self)
        self.installed.add_requested.connect(self.add_requested)
        self.installed.remove_requested.connect(self.remove_requested)
        self.installed.opened.connect(self.show_model)
        self.browse: Browse | None = None
        self._over: Detail | Comparison | None = None  # what lies over the catalogue
        self._tabs = QWidget(self)
        self._here = self._tab("On this machine", "tab-installed")
        self._all = self._tab("Catalogue", "tab-catalogue")
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

    def show_model(self, model_id: str) -> None:
        """Show one model in full, if the catalogue has it."""
        offer = self._catalogue.offer(model_id)
        if offer is not None:
            detail = Detail(offer, self._catalogue, self._look, self, can_download=self._can_download)
            detail.download_requested.connect(self.download_requested)
            detail.link_activated.connect(self.link_activated)
            self._lay_over(detail)

    def compare(self, model_ids: list[str]) -> None:
        """Show models side by side."""
        offers = [offer for offer in map(self._catalogue.offer, model_ids) if offer is not None]
        everything = self._catalogue.offers()
        self._lay_over(Comparison(offers, everything, self._catalogue.catalogue, self._look, self))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    def _go_back(self) -> None:
        place = self._place
        if self._from_catalogue:
            self.show_catalogue()
            self._browser().list.setFocus()
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

    def _lay_over(self, view: Detail | Comparison) -> None:
        if self._over is None:
            self._place = self.verticalScrollBar().value()
            self._from_catalogue = self.browse is not None and not self.browse.isHidden()
            self._back.setText("Back to the catalogue" if self._from_catalogue else "Back to your models")
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
        for one in (self.installed, self.browse, self._over):
            if one is not None:
                one.setVisible(one is view)
        self._tabs.setVisible(view is not self._over)
        self.title.setVisible(view is not self._over)
        self._back.setVisible(view is self._over)

    def _judge_again(self) -> None:
        """The model that is shown may do otherwise on a machine that is measured now."""
        if isinstance(self._over, Detail):
            place = self.verticalScrollBar().value()
            self.show_model(self._over.model_id)
            self._scroll_to(place)

    def _grow(self, value: int) -> None:
        if self.installed.isVisible() and value > self.verticalScrollBar().maximum() - self.height():
            self.installed.show_more()

    def _follow(self, row: QRect) -> None:
        if self.browse is not None and (body := self.widget()) is not None:
            place = self.browse.list.mapTo(body, row.center())
            self.ensureVisible(place.x(), place.y(), 0, row.height())

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._tabs)
        row.setContentsMargins(0, 0, 0, 4)
        row.setSpacing(4)
        group = QButtonGroup(self)
        for tab, show in ((self._here, self.show_installed), (self._all, self.show_catalogue)):
            group.addButton(tab)
            row.addWidget(tab)
            tab.clicked.connect(show)
        row.addStretch(1)
        self.column.addWidget(self._tabs)
        self.column.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
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
        return back
