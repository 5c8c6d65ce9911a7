"""How models do on this machine, for the command line: speed, memory, and whether they fit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from desktop.commands.services import Services
from desktop.commands.units import size
from desktop.system.settings import Settings, load
from models.errors import AppError
from models.fit import USUAL_CONTEXT, Fit, Machine, fit
from models.library import LocalModel

if TYPE_CHECKING:
    from models.advised import Compared
    from models.facts import CatalogueModel
    from models.local.measures import MachineSpeed
    from models.offer import Offer
    from models.shapes import Shape


class Judge:
    """Judges models on this machine, which is measured if it never was: half a second, once."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def record(self, model: LocalModel) -> dict[str, object]:
        """The fields that are added to a model's record; None is unknown."""
        speed = self._services.measures.speed(model.path, model.size_bytes)
        measure = self._services.measures.of(model.path)
        found = self._fit(model)
        return {
            "tokens_per_second": None if speed is None else speed.tps,
            "speed_is_measured": None if speed is None else speed.measured,
            "memory_bytes": None if measure is None else measure.memory_bytes,
            "fit": None if found is None else fit_record(found),
        }

    def facts(self, model: LocalModel) -> list[tuple[str, str]]:
        """The same as lines to read."""
        speed = self._services.measures.speed(model.path, model.size_bytes)
        measure = self._services.measures.of(model.path)
        facts = []
        if (found := self._fit(model)) is not None:
            facts.append(("On this PC", f"{found.verdict}. {found.reason}"))
        if speed is not None:
            how = "measured" if speed.measured else "expected"
            facts.append(("Speed here", f"{speed.tps:.3g} tokens/s, {how}"))
        if measure is not None:
            facts.append(("Memory", f"{size(measure.memory_bytes)} with {measure.context_tokens:,} tokens"))
        return facts

    def offer(self, model: CatalogueModel) -> Offer:
        """A model of the catalogue, judged for this machine."""
        from models.offer import offer_of

        return offer_of(model, self._machine)

    def advice(self, model: CatalogueModel | None) -> Compared | None:
        """The hardware that the catalogue's source advises, beside our arithmetic."""
        from models.advised import compared

        return None if model is None else compared(model, self._machine)

    def _fit(self, model: LocalModel) -> Fit | None:
        if model.shape is None or model.problem is not None:
            return None
        speed = self._services.measures.speed(model.path, model.size_bytes)
        measured = speed.tps if speed is not None and speed.measured else None
        context = self._settings.context_for(model.id) or USUAL_CONTEXT
        return fit(model.shape, self._machine, context, measured_tps=measured)

    @cached_property
    def _settings(self) -> Settings:
        return load(self._services.paths.settings_file)[0]

    @cached_property
    def _machine(self) -> Machine:
        from models.machine import this_machine
        from models.paces import learned

        speed = self._services.measures.machine()
        if speed is None:
            speed = _gauged(self._services)
        bare = this_machine(speed.bandwidth, speed.devices) if speed is not None else this_machine(None, ())
        return learned(bare, self._measured())

    def _measured(self) -> Iterable[tuple[Shape, float]]:
        """What the installed models have shown."""
        models = [one for one in self._services.library.models() if one.problem is None and one.shape]
        speeds = self._services.measures.speeds(one.path for one in models)
        return [(one.shape, speeds[one.path]) for one in models if one.shape and one.path in speeds]


def _gauged(services: Services) -> MachineSpeed | None:
    """Measured now; None where the engine can't be started, which is no reason not to list models."""
    import asyncio

    async def gauge() -> MachineSpeed:
        engine = services.engine()
        try:
            return await engine.gauge()
        finally:
            await engine.aclose()

    try:
        return asyncio.run(gauge())
    except AppError:
        return None


def fit_record(found: Fit) -> dict[str, object]:
    """A judgement as fields for programs."""
    return {
        "verdict": found.verdict.value,
        "reason": found.reason,
        "needed_bytes": found.needed_bytes,
        "context_tokens": found.context,
        "tokens_per_second": None if found.tps is None else round(found.tps, 1),
    }
