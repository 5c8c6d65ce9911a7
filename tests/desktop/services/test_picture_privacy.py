"""Pictures whose place can't be read are held as if they were there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from desktop.services.picture_privacy import PicturePrivacy
from models.errors import StorageFailed
from models.route import Privacy


def raised(wanted: Privacy) -> list[Privacy]:
    def there(_conversation: int | None) -> bool:
        raise StorageFailed("The disk reported an error.")

    pictures: Any = SimpleNamespace(there=there)
    settings: Any = SimpleNamespace(values=SimpleNamespace(picture_privacy=wanted))
    return [privacy for privacy, _by in PicturePrivacy(pictures, settings).raised(1)]


def test_s27_what_can_t_be_looked_up_counts_as_there() -> None:
    assert raised(Privacy.HERE) == [Privacy.HERE]
    assert raised(Privacy.ASK) == [Privacy.ASK]
    assert raised(Privacy.OUT) == []
