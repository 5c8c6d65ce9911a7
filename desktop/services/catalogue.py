"""The catalogue's models, judged for this machine, while the program runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from PySide6.QtCore import QObject, Signal

from desktop.services.models import ModelService
from models.candidates import Score, scores_of
from models.catalogue import Catalogue, CatalogueModel
from models.fit import USUAL_CONTEXT, Fit, Machine, fit
from models.library import LocalModel
from models.licences import Label
from models.offer import Offer, installed_ids, offers
from models.paces import learned
from models.selection import Choice, Wish, select
from models.shapes import Shape
from models.surroundings import Surroundings
from models.terms import Terms, terms_of_file


class CatalogueService(QObject):
    """Reads the catalogue when first asked. `changed` when a judgement may be another than before.

    Until `judge_for` brings the measured machine, speeds are those of the machine given at first.
    """

    changed = Signal()

    def __init__(
        self,
        read: Callable[[], Catalogue],
        machine: Callable[[], Machine],
        models: ModelService,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._read, self._machine_at_first, self._models = read, machine, models
        self._measured: Machine | None = None
        self._learned: Machine | None = None
        self._speeds: Sequence[tuple[Shape, float]] = ()
        self.seen: Surroundings | None = None
        self._offers: Sequence[Offer] | None = None
        models.changed.connect(self._forget)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Shipped and own entries."""
        return self._read()

    @property
    def measured(self) -> bool:
        """Whether the machine was measured."""
        return self._measured is not None

    @property
    def machine(self) -> Machine:
        """What the judgements are for, with what models have shown on it."""
        if self._learned is None:
            self._speeds = self._models.measured()
            self._learned = learned(self._measured or self._first_machine, self._speeds)
        return self._learned

    def judge_for(self, machine: Machine) -> None:
        """Judge for this machine, which was measured."""
        if machine != self._measured:
            self._measured = machine
            self._forget()

    def describe(self, seen: Surroundings) -> None:
        """Take in what else is known of the machine by now."""
        before, first = self.notes, self.seen is None
        self.seen = seen
        if self._learned is not None and self._models.measured() != self._speeds:
            self._forget()  # a model has answered since
        elif first or self.notes != before:
            self.changed.emit()

    @property
    def notes(self) -> list[str]:
        """What one should know of the machine, a sentence or two each. No card is called unused before
        the engine has said what it computes on."""
        if self.seen is None:
            return []
        if self._measured is None:
            return [self.seen.power.note] if self.seen.power.note else []
        return self.seen.notes([card.name for card in self._measured.cards])

    def offers(self) -> Sequence[Offer]:
        """All models of the catalogue."""
        if self._offers is None:
            installed = installed_ids(self.catalogue, self._models.usable())
            self._offers = offers(self.catalogue, self.machine, installed)
        return self._offers

    def offer(self, model_id: str) -> Offer | None:
        """One of them."""
        return next((offer for offer in self.offers() if offer.id == model_id), None)

    def select(self, wish: Wish) -> list[Choice]:
        """The rows for a wish."""
        return select(self.offers(), wish, self.catalogue)

    def entry_of(self, model: LocalModel) -> CatalogueModel | None:
        """What the catalogue knows of an installed model, as far as its name is sure."""
        return self.catalogue.by_name(model.architecture, model.name)

    def scores_of(self, model: LocalModel) -> tuple[Score, ...]:
        """How good an installed model is, as far as its name is sure."""
        return scores_of(self.entry_of(model), self.catalogue)

    def terms_of(self, model: LocalModel) -> Terms:
        """Under which licence an installed model is: its file's word, else the catalogue's."""
        return terms_of_file(model, self.catalogue)

    def label_of(self, model: LocalModel) -> Label:
        """The label of that licence."""
        return self.terms_of(model).label

    def fit_of(self, model: LocalModel, context: int | None = None) -> Fit | None:
        """How an installed model does on this machine with a context of so many tokens, or the usual one;
        None if its file doesn't say."""
        if model.shape is None or model.problem is not None:
            return None
        speed = self._models.speed(model)
        measured = speed.tps if speed and speed.measured else None
        return fit(model.shape, self.machine, context or USUAL_CONTEXT, measured_tps=measured)

    def unfit(self, model: LocalModel) -> str:
        """Why an installed model would not run here; "" where it does, or nobody knows."""
        found = self.fit_of(model)
        return found.reason if found is not None and found.tps is None else ""

    @cached_property
    def _first_machine(self) -> Machine:
        return self._machine_at_first()

    def _forget(self) -> None:
        self._offers = self._learned = None
        self.changed.emit()
