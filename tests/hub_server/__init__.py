"""A hub of models on this machine, for tests: it behaves like Hugging Face, and misbehaves by script."""

from tests.hub_server.server import Fault, HubServer, Request

__all__ = ["Fault", "HubServer", "Request"]
