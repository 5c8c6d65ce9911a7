"""An OpenAI-compatible gateway for tests: it speaks every dialect, and misbehaves by script."""

from tests.gateway_server.scripts import FAULTS, answer, error, events, usage
from tests.gateway_server.server import Cut, GatewayServer, Hold, Pause, Received, Reply

__all__ = [
    "FAULTS",
    "Cut",
    "GatewayServer",
    "Hold",
    "Pause",
    "Received",
    "Reply",
    "answer",
    "error",
    "events",
    "usage",
]
