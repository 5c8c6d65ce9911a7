"""Which addresses may be reached at all: the rules behind models.outbound, as pure functions."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import SplitResult

from models.plain import plain


def is_loopback(host: str) -> bool:
    """Whether it names this machine itself: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: SplitResult) -> tuple[str, str, int | None]:
    """Scheme, host and port: what has to be equal for a secret to go there."""
    return url.scheme, url.hostname or "", url.port or {"https": 443, "http": 80}.get(url.scheme)


def check_address(
    url: SplitResult, confirmed: Collection[tuple[str, str, int | None]], hosts: Collection[str] | None
) -> str | None:
    """Why this address may not be reached, or None."""
    host = url.hostname or ""
    if not host or url.scheme not in ("https", "http"):
        return f"“{plain(url.geturl())}” is not an address on the web."
    if url.username or url.password:
        return "The address holds a name or a password, which would be sent in the open."
    if url.scheme == "http" and not is_loopback(host) and origin(url) not in confirmed:
        return f"The connection to {plain(host)} would not be encrypted."
    if hosts is not None and not any(_matches(host, allowed) for allowed in hosts):
        return f"{plain(host)} is not one of the servers expected here."
    return None


def check_redirect(first: SplitResult, here: SplitResult) -> str | None:
    """Why a server may not send us on from the first address to this one, or None."""
    if origin(first) == origin(here):
        return None
    inside = is_loopback(first.hostname or "")
    if is_loopback(here.hostname or "") and not inside:
        return "The server tried to send Inshore to a program on this machine."
    if here.scheme != "https" and not (inside and is_loopback(here.hostname or "")):
        return f"The server tried to send Inshore on to {plain(here.hostname or '')} without encryption."
    return None


def _matches(host: str, allowed: str) -> bool:
    return host.endswith(allowed) if allowed.startswith(".") else host == allowed
