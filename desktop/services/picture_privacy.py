"""Pictures can make a conversation's class stricter, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.services.pictures import PictureService
from desktop.services.privacy import Raised
from desktop.services.settings import SettingsService
from models.errors import StorageError
from models.route import Privacy


class PicturePrivacy:
    """What `PrivacyService.raised_by` asks. GUI thread only.

    A picture counts while it is in the shown versions of the messages, which is what would be sent, or waits
    in the composer. Where that can't be read, it counts as there.
    """

    def __init__(self, pictures: PictureService, settings: SettingsService) -> None:
        self._pictures, self._settings = pictures, settings

    def raised(self, conversation_id: int | None) -> Sequence[Raised]:
        """The class that its pictures ask for; nothing where there are none, or they are as everything."""
        wanted = self._settings.values.picture_privacy
        if wanted is Privacy.OUT or not self._has_pictures(conversation_id):
            return ()
        return [(wanted, "its pictures")]

    def _has_pictures(self, conversation_id: int | None) -> bool:
        try:
            return self._pictures.there(conversation_id)
        except StorageError:
            return True
