"""The gateways that a command may ask: for now the one that the environment names, in this run only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop.system.paths import resources
from models.chat import Backend
from models.errors import ModelNotFound
from models.plain import plain

if TYPE_CHECKING:
    from models.gateway.attempts import Attempt
    from models.gateway.providers import Connection

URL, KEY = "INSHORE_GATEWAY_URL", "INSHORE_GATEWAY_KEY"


@dataclass(frozen=True, slots=True)
class Gateways:
    """The default provider, with the address and the key that stand in for its own."""

    url: str
    key: str = field(repr=False)

    def models(self) -> Sequence[str]:
        """Their ids, as the catalogue knows them."""
        from models.catalogue import load

        catalogue = load(resources() / "catalogue")
        return tuple(model.remote.id for model in catalogue.models if model.remote)

    def backend(self, attempted: Callable[[Attempt], None] = lambda _attempt: None) -> Backend:
        """A new one, which closes its connections itself. Raises BadInput for an address that is none.

        `attempted` is told of each attempt once, however it ended.
        """
        from models.gateway.backend import GatewayBackend
        from models.gateway.providers import DEFAULT, connect, read_profiles
        from models.outbound import Outbound

        profile = read_profiles(resources() / "providers.toml")[DEFAULT]
        connection = connect(profile, base_urls=(self.url,) if self.url else ())

        async def keys(_connection: str) -> Sequence[str]:
            return (self.key,) if self.key else ()

        def find(connection_id: str) -> Connection:
            if connection_id != connection.id:
                raise ModelNotFound(
                    f"No gateway called “{plain(connection_id)}” is connected.",
                    f"Write {connection.id}/ before the model’s name.",
                )
            return connection

        return GatewayBackend(find, keys, Outbound(), attempted=attempted, owns_outbound=True)


def gateways_of(environment: Mapping[str, str]) -> Gateways | None:
    """What the environment names; None where it names nothing."""
    url, key = environment.get(URL, ""), environment.get(KEY, "")
    return Gateways(url, key) if url or key else None
