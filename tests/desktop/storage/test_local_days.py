"""Days of this machine's clock in zones that change it at midnight, or leave out a day."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

import apsw
import pytest

from desktop.storage.local_days import bounds_of
from desktop.storage.outbound_log import OutboundLog
from desktop.storage.outbound_reports import OutboundReports, RecordFilter
from models.outbound import Sent

LINE = Sent(0.0, "api.example", "chat", "POST", 1, 1, 200)
HALF_HOUR_S = 1_800

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone can't be changed here")


@pytest.fixture(
    params=[
        ("Africa/Cairo", "2026-04-24"),
        ("America/Santiago", "2026-09-06"),
        ("America/Santiago", "2026-04-05"),
        ("Asia/Beirut", "2026-03-29"),
        ("Pacific/Apia", "2011-12-31"),
        ("Pacific/Kiritimati", "2026-11-25"),
        ("Europe/Berlin", "2038-03-29"),
        ("Africa/Casablanca", "2039-01-19"),
    ],
    ids="-".join,
)
def day(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[date]:
    """One near which the zone's clock is changed."""
    zone, text = request.param
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        yield date.fromisoformat(text)
    time.tzset()


def test_each_line_is_of_the_one_day_that_its_time_says(day: date, connection: apsw.Connection) -> None:
    noon = datetime.combine(day, datetime.min.time()).timestamp()
    moments = [noon + step * HALF_HOUR_S for step in range(-96, 97)]
    OutboundLog(connection).add([replace(LINE, at=at) for at in moments])
    log, reports = OutboundLog(connection), OutboundReports(connection)
    grouped = reports.by_day(RecordFilter())
    assert [(one.day, one.requests) for one in log.days()] == [
        (each, sums.requests) for each, sums in grouped
    ]
    for each, sums in grouped:
        since, until = bounds_of(each)
        of_day = [at for at in moments if date.fromtimestamp(at) == each]
        assert [line.at for line in log.on(each)] == of_day
        assert sums.requests == reports.sums(RecordFilter(since, until)).requests == len(of_day)
