"""Other programs' models, found beside the window's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.services.models import ModelService

if TYPE_CHECKING:
    from models.discovery import Discovered
    from models.found import Found
    from models.watching import Amount, Result


class DiscoveryService(QObject):
    """`changed` when a search has ended, and when a model is in the library that was not before."""

    changed = Signal()

    def __init__(
        self,
        discover: Callable[[], list[Discovered]],
        models: ModelService,
        background: Background,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._discover, self._models, self._background = discover, models, background
        self._found: list[Found] = []
        self.searching = False
        models.changed.connect(self.changed)

    def found(self) -> list[Found]:
        """What the last search found and the library doesn't have."""
        known = {model.path for model in self._models.models()}
        return [one for one in self._found if one.model.path not in known]

    def search(self) -> None:
        """Look for models; `changed` follows. One search at a time."""
        if self.searching:
            return
        from models.found import found
        from models.watching import Watch, watched

        known = [model.path for model in self._models.models()]

        def work(watch: Watch) -> list[Found]:
            return found(self._discover(), known, watch.stop)

        self.searching = True
        self._background.start(watched(work), self._take, self._end)

    def use(self, chosen: Sequence[Found]) -> None:
        """Add models where they lie; one that can't be added says so through the ModelService."""
        for one in chosen:
            named = one.model.path.suffix.lower() == ".gguf"
            self._models.add(one.model.path, known_as="" if named else one.name)

    def _take(self, step: Amount | Result[list[Found]]) -> None:
        from models.watching import Result

        if isinstance(step, Result):
            self._found = step.value

    def _end(self, outcome: Outcome) -> None:
        self.searching = False
        self.changed.emit()
        if outcome.error is not None:
            raise outcome.error
