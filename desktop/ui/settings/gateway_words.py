"""How a provider's keys and a test's answer are told."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.services.keys import KeyState, Known
from desktop.services.providers import Reply
from desktop.system.providers import Profile
from models.errors import AppError, NoKeyring

_SHOWN_MODELS = 6


def about_words(profile: Profile | None) -> str:
    """Where messages to it go, and where its prices are from; "" for a kind that isn't known."""
    if profile is None:
        return ""
    return f"{profile.data_policy} Prices: {profile.prices}. As of {profile.as_of}."


def chip_words(state: KeyState, *, needs_key: bool) -> tuple[str, str]:
    """What stands beside the name, and the label's role."""
    keys = f"{'Keys' if len(state.endings) > 1 else 'Key'} {', '.join(state.endings)}"
    match state.known:
        case Known.STORED:
            return keys, "chip"
        case Known.RUN:
            return f"{keys} for this run only", "chip-warn"
        case Known.UNREADABLE if needs_key and not isinstance(state.why, NoKeyring):
            return "Key not readable", "chip-warn"
        case Known.ABSENT | Known.UNREADABLE:
            return ("No key yet", "chip-warn") if needs_key else ("No key needed", "chip-quiet")
        case _:
            return "Asking the keyring…", "chip-quiet"


def state_words(state: KeyState) -> tuple[str, str]:
    """The line below the address, and its role; "" where the chip says it all."""
    if state.asked:
        return "Your keyring asks for its password in a window of its own.", "meta-warn"
    if state.known is Known.STORED:
        return f"Kept in {state.keyring}.", "meta"
    if state.known is Known.ABSENT and state.why is not None:
        return f"The key may still be in your keyring. {_said(state.why)}", "meta-warn"
    return "", "meta"


def keyring_words(states: Iterable[KeyState]) -> str:
    """Why keys can't be kept, said once for all; "" where they can."""
    states = list(states)
    kept = any(state.known is Known.RUN for state in states)
    for state in states:
        if state.known in (Known.RUN, Known.UNREADABLE) and state.why is not None:
            now = "Your key is" if kept else "A key that you enter is"
            return f"{_said(state.why)} {now} kept for this run only: Inshore forgets it when you close it."
    return ""


def _said(error: AppError) -> str:
    return " ".join(part for part in (error.title, error.cause, error.hint) if part)


def reply_words(reply: Reply) -> tuple[str, str]:
    """What was answered, and the label's role."""
    if not reply.ok:
        return f"{reply.words} {reply.hint}".strip(), "problem"
    return " ".join(part for part in (reply.words, _found(reply)) if part), "meta-ok"


def _found(reply: Reply) -> str:
    facts = []
    if reply.models:
        facts.append("1 model" if len(reply.models) == 1 else f"{len(reply.models):,} models")
    if reply.latency_s is not None:
        facts.append(f"answered in {_seconds(reply.latency_s)}")
    return f"{', '.join(facts)}." if facts else ""


def server_words(reply: Reply) -> str:
    """What was found at an address: its kind, its models, how soon it answered."""
    kind = reply.server or "A server that speaks OpenAI’s protocol"
    soon = f" answered in {_seconds(reply.latency_s)}" if reply.latency_s is not None else " answered"
    if not reply.models:
        return f"{kind}{soon}, and offers no models."
    names = ", ".join(reply.models[:_SHOWN_MODELS])
    more = len(reply.models) - _SHOWN_MODELS
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{kind}{soon}. Models: {names}{rest}."


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
