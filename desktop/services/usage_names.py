"""What models are called where their usage is shown: one name each, and no two the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from desktop.storage.ledger_values import Place
from desktop.storage.usage_values import ModelKey

HERE = "this machine"


def names_of(
    keys: Iterable[ModelKey], names: Mapping[str, str], providers: Mapping[str, str]
) -> dict[ModelKey, str]:
    """Each model's name by `names` (of ids); one that nobody knows goes by its id.

    Where several have one name, the place is said with it; where that is the same too, the id.
    """
    ids = {key: key.model.removeprefix(f"{key.provider}/") for key in keys}
    found = {key: names.get(key.model) or id_ for key, id_ in ids.items()}
    shared = Counter(found.values())
    placed = Counter((name, _place(key, providers)) for key, name in found.items())
    return {
        key: name
        if shared[name] == 1
        else f"{name} · {ids[key] if placed[name, _place(key, providers)] > 1 else _place(key, providers)}"
        for key, name in found.items()
    }


def _place(key: ModelKey, providers: Mapping[str, str]) -> str:
    return HERE if key.place is Place.LOCAL else providers.get(key.provider, key.provider)
