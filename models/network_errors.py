"""What can go wrong on the way to a server, in our words: the border to the HTTP client's exceptions."""

from __future__ import annotations

import errno

from models.errors import NetworkError, NotConnected, NotSecure, Offline, ProxyFailed, Unreachable
from models.plain import plain

_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_CLOCK = "A network that asks you to sign in, a proxy, or a wrong clock can be the reason."
_CERTIFICATES = {
    "has expired": (
        "Its certificate has expired.",
        "If your machine’s clock is right, tell whoever runs it.",
    ),
    "not yet valid": ("Its certificate is not valid yet.", "Check the date and time of your machine."),
    "hostname mismatch": ("Its certificate is for another server.", _CLOCK),
    "ip address mismatch": ("Its certificate is for another server.", _CLOCK),
    "self-signed": ("It vouches for itself, which anyone could.", _CLOCK),
}


class Translated:
    """Turns the client's exceptions into ours, around code that also yields."""

    def __init__(self, host: str) -> None:
        self._host = plain(host)

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        import httpx2

        if isinstance(error, httpx2.HTTPError | httpx2.InvalidURL | httpx2.StreamError | OSError):
            raise network_error(self._host, error) from error


def network_error(host: str, error: Exception) -> NetworkError:
    """What an exception of the HTTP client means for the person who waits."""
    import httpx2

    chain = _chain(error)
    kinds = {kind.__name__ for one in chain for kind in type(one).__mro__}
    if "ProxyError" in kinds:
        return _proxy_error(str(error))
    if "gaierror" in kinds:
        return Offline(
            f"The address of {host} can’t be found.",
            "Check your internet connection, and whether the address is right.",
            title="You are offline, or the address is wrong.",
        )
    if "SSLCertVerificationError" in kinds:
        return _not_secure(host, " ".join(str(one) for one in chain).lower())
    if "SSLError" in kinds and isinstance(error, httpx2.ConnectError):
        return NotSecure(f"{host} does not speak an encrypted language that Inshore knows.", _CLOCK)
    if any(isinstance(one, OSError) and one.errno in _NO_ROUTE for one in chain):
        return Offline(f"There is no way to {host} from here.", "Check your internet connection.")
    if isinstance(error, httpx2.ConnectTimeout):
        return NotConnected(f"{host} did not answer.", "Check your internet connection, or try again later.")
    if isinstance(error, httpx2.TimeoutException):
        return Unreachable(f"{host} fell silent.", "Try again.")
    if isinstance(error, httpx2.ConnectError):
        return NotConnected(f"{host} does not accept connections.", "Try again later.")
    return Unreachable(f"The connection to {host} broke off.", "Try again.")


def _not_secure(host: str, words: str) -> NetworkError:
    for sign, (why, hint) in _CERTIFICATES.items():
        if sign in words:
            return NotSecure(f"{host} can’t prove that it is {host}. {why}", hint)
    return NotSecure(f"{host} can’t prove that it is {host}.", _CLOCK)


def _proxy_error(words: str) -> ProxyFailed:
    if "407" in words:
        return ProxyFailed(
            "It asks for a name and a password.", "Add them to HTTPS_PROXY, or ask whoever runs it."
        )
    return ProxyFailed(
        "It did not connect Inshore to the server.", "Check HTTPS_PROXY, or your system’s settings."
    )


def _chain(error: BaseException | None) -> list[BaseException]:
    """An exception and those behind it."""
    chain: list[BaseException] = []
    while error is not None and len(chain) < 20:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
