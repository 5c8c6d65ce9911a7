"""What a view needs to bring models here."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.services.acceptances import AcceptanceService
from desktop.services.downloads import DownloadService
from desktop.services.hub import HubService


@dataclass(frozen=True, slots=True)
class Bringing:
    """The hub to look in, the downloads, and what licences ask."""

    hub: HubService
    downloads: DownloadService
    acceptances: AcceptanceService
