"""What stands beside a model's name in the picker: its licence, and how it did lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.services.answering import Answerer, Aside
from desktop.services.models import ModelService

if TYPE_CHECKING:
    from desktop.parts.manager import Manager
    from desktop.parts.remote import Remote
    from desktop.storage.conditions import HealthBook
    from models.licences import Label


class Asides:
    """Asked when the menu opens; reads the catalogue then, if nobody has. GUI thread."""

    def __init__(
        self, models: ModelService, manager: Manager, remote: Remote, health: Callable[[], HealthBook]
    ) -> None:
        self._models, self._manager, self._remote, self._health = models, manager, remote, health

    def of(self, one: Answerer) -> Aside:
        """All that is to be said of a model; nothing of the router."""
        label = self._label(one)
        health = self._health().of(one.provider, one.id) if one.remote else None
        return Aside(
            label.text if label else "",
            label.meaning if label else "",
            health.short() if health else "",
            health.words() if health else "",
        )

    def _label(self, one: Answerer) -> Label | None:
        if one.remote:
            return self._remote.terms(one.id).label
        model = self._models.named(one.id) if one.id else None
        return self._manager.catalogue.label_of(model) if model is not None else None
