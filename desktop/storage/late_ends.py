"""Enters how an attempt ended where others had the ledger meanwhile, and may have closed its row."""

from __future__ import annotations

from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, Settlement, State
from models.chat import Usage

_NOTHING = Usage(0, 0, 0, 0)


def enter_end(ledger: Ledger, row_id: int, attempt: Attempt, settlement: Settlement) -> bool:
    """Settle the row of an attempt; whether the ledger knows its end now.

    A row that was let go of meanwhile, as not charged, stays so: what the answer took after all is a row
    of its own, sent at the same time. What a statement settled stays as it says. False
    where the row isn't there or is another's: the file is another one by now. Raises StorageError.
    """
    try:
        row = ledger.get(row_id)
    except KeyError:
        return False
    if (row.attempt.provider, row.attempt.model) != (attempt.provider, attempt.model):
        return False
    corrects = row.state is State.SETTLED and row.estimated is not False and settlement.reported
    if row.state in (State.SENT, State.EXPIRED) or corrects:
        ledger.settle(row_id, settlement)
    elif row.state is State.RELEASED and settlement.usage != _NOTHING:
        then = ledger.at(row.sent_at)
        then.settle(then.reserve(attempt).id, settlement)
    return True
