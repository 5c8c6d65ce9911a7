"""What the commands work with, built when first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from desktop.system import settings
from desktop.system.paths import Paths, resources
from models.chat import Backend
from models.library import Library

if TYPE_CHECKING:
    from desktop.commands.remote import StandIn
    from desktop.system.secrets import SystemKeyring
    from models.local.measures import MachineSpeed, Measures
    from models.local.protocol import EngineInfo


class Engine(Backend, Protocol):
    """A backend that can also say what it is made of, and how fast this machine is."""

    async def describe(self) -> EngineInfo: ...

    async def gauge(self) -> MachineSpeed: ...


def system_keyring(asked: Callable[[], None]) -> SystemKeyring:
    """The system's own; `asked` when it has a question for the user."""
    from desktop.system.secrets import SystemKeyring

    return SystemKeyring(asked=asked)


def known_gateways() -> Mapping[str, str]:
    """The kinds of gateway that Inshore knows: names by id."""
    from models.gateway.providers import read_profiles

    profiles = read_profiles(resources() / "providers.toml").values()
    return {profile.id: profile.name for profile in profiles if not profile.self_hosted}


@dataclass(frozen=True, slots=True)
class Services:
    """Where things are, which models there are, who answers, and where keys are kept.

    `engine` and `keyring` make a new one at each call. `stand_in` is what the environment puts in the
    default gateway's place. `gateway_names` are the kinds of gateway by their ids.
    """

    paths: Paths
    library: Library
    engine: Callable[[], Engine]
    stand_in: StandIn | None = None
    keyring: Callable[[Callable[[], None]], SystemKeyring] = field(kw_only=True, default=system_keyring)
    gateway_names: Callable[[], Mapping[str, str]] = field(kw_only=True, default=known_gateways)

    @property
    def hub_endpoints(self) -> tuple[str, ...]:
        """The addresses of hubs that the user has set, the main one first."""
        return settings.load(self.paths.settings_file)[0].hub_endpoints

    @property
    def measures(self) -> Measures:
        """What models took on this machine."""
        from models.local.measures import Measures

        return Measures(self.paths.measures)


def services_of(environment: Mapping[str, str]) -> Services:
    """The ones the window uses, too. Makes no folder and starts nothing."""
    paths = Paths.find(environment)
    library = Library(paths.models, resources() / "starter", paths.model_headers)

    def engine() -> Engine:
        from models.local.backend import LocalBackend
        from models.local.measures import Measures

        options, _problems = settings.load(paths.settings_file)
        return LocalBackend(library.find, context=options.context_for, measures=Measures(paths.measures))

    from desktop.commands.remote import stand_in_of

    return Services(paths, library, engine, stand_in_of(environment))
