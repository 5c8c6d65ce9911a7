"""Loads a model in the best way that fits into the memory that is free now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from models import hardware
from models.errors import ModelTooLarge
from models.local import diagnosis, offload
from models.local.engine import devices
from models.local.engine.context import DEFAULT_TOKENS, Context
from models.local.engine.log import Log
from models.local.engine.mapping import let_go
from models.local.engine.model import Model, check_can_chat, check_readable
from models.local.engine.rehearsal import Rehearsal
from models.local.ladder import Rung, margin_bytes, rungs, told, usable_bytes
from models.local.protocol import Load, Planned
from models.local.stopflag import StopFlag
from models.machine import is_shared


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that is ready, how it was loaded, and in a sentence what is not as was wanted."""

    model: Model
    context: Context
    plan: Planned
    notice: str


@dataclass(frozen=True, slots=True)
class _Plan:
    rung: Rung
    gpu_layers: int
    predicted_bytes: int | None
    step: int = 0

    def told(self) -> Planned:
        return Planned(self.rung.context, self.rung.cache, self.gpu_layers, self.predicted_bytes, self.step)


class Loader:
    """Opens what an order asks for. `on_plan` hears each way that is tried, before it is."""

    def __init__(self, order: Load, log: Log, stop: StopFlag, on_progress: Callable[[float], None]) -> None:
        self._order = order
        self._log = log
        self._stop = stop
        self._on_progress = on_progress
        free = order.available_bytes
        self._free = hardware.memory_available_bytes() if free is None else free
        self._wanted = order.context or DEFAULT_TOKENS
        self._cards = devices.usable_cards() if order.gpu else ()
        self._as_known = False

    def open(self, on_plan: Callable[[Planned], None]) -> Opened:
        """Go down the ladder to the first rung that fits and loads. Raises ModelError or Aborted.

        ModelTooLarge if even the last one doesn't.
        """
        check_readable(self._order.path)
        problem: ModelTooLarge | None = None
        for plan in self._plans():
            for way in _ways(plan):
                on_plan(way.told())
                try:
                    opened = self._load(way)
                except ModelTooLarge as error:
                    problem = error
                    continue
                return opened if way is plan else _without_card(opened)
        raise problem or RuntimeError("a ladder without rungs")

    def _plans(self) -> Iterator[_Plan]:
        """The ways that should fit, the best first; ModelTooLarge at the end if there was none."""
        known = self._order.known
        if (
            known is not None
            and not self._cards
            and not self._order.rung
            and known.memory_bytes <= usable_bytes(self._free)
        ):
            self._as_known = True
            yield _Plan(Rung(known.context_tokens), 0, None)
            self._as_known = False
        with Rehearsal(self._order.path, self._log) as rehearsal:
            self._wanted = min(self._wanted, rehearsal.trained_context or DEFAULT_TOKENS)
            yield from self._rehearsed(rehearsal)

    def _rehearsed(self, rehearsal: Rehearsal) -> Iterator[_Plan]:
        least = 0
        for step, rung in self._ladder():
            needs = rehearsal.needs(rung)
            if needs is None:
                continue  # a cache that this model can't have
            shape = rehearsal.shape(needs)
            layers = offload.layers_that_fit(self._cards, shape)
            elsewhere = 0 if all(is_shared(card) for card in self._cards) else layers
            here = needs.total * (shape.layers + 1 - elsewhere) // (shape.layers + 1)
            least = here * self._order.correction_permille // 1000
            if least <= usable_bytes(self._free):
                yield _Plan(rung, layers, here, step)
        if least > usable_bytes(self._free):
            raise diagnosis.too_large(self._order.path, least + margin_bytes(self._free), self._free)

    def _ladder(self) -> Sequence[tuple[int, Rung]]:
        """The rungs from where the order begins, at least the last one, with their numbers."""
        ladder = list(enumerate(rungs(self._wanted)))
        return ladder[min(self._order.rung, len(ladder) - 1) :]

    def _load(self, plan: _Plan) -> Opened:
        order = self._order
        gpu_layers = plan.gpu_layers if order.gpu else None
        model = Model.load(order.path, self._log, self._stop, self._on_progress, gpu_layers)
        let_go(order.path)
        try:
            check_can_chat(model)
            context = Context.create(model, order.threads, plan.rung, self._stop, self._log, plan.gpu_layers)
        except BaseException:
            model.close()
            raise
        wanted = plan.rung.context if self._as_known else self._wanted
        notice = told(wanted, plan.rung, self._free, after_failure=order.rung > 0)
        return Opened(model, context, plan.told(), notice)


def _ways(plan: _Plan) -> Sequence[_Plan]:
    """A plan, and the same without the card, should that have no room after all."""
    return (plan, replace(plan, gpu_layers=0)) if plan.gpu_layers else (plan,)


def _without_card(opened: Opened) -> Opened:
    words = f"The graphics card had no room. Computing on the processor. {opened.notice}"
    return replace(opened, notice=words.strip())
