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

    Where models at two places have one name, the place is said with it.
    """
    found = {key: names.get(key.model) or key.model.removeprefix(f"{key.provider}/") for key in keys}
    shared = Counter(found.values())
    return {
        key: f"{name} · {_place(key, providers)}" if shared[name] > 1 else name for key, name in found.items()
    }


def _place(key: ModelKey, providers: Mapping[str, str]) -> str:
    return HERE if key.place is Place.LOCAL else providers.get(key.provider, key.provider)
