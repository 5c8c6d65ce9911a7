"""The ledger's tables: one row for each attempt, and sums of them that triggers keep.

Part of a released migration: what is here is never edited. The sums' statements are put together from
lists, because each of them is needed three times: with a row's plus, with its minus, and over all rows.
"""

from __future__ import annotations

import apsw

# What is known before the request is frozen; what is known after it is written once.
_FROZEN = """
    id, conversation_id, turn_id, purpose, provider, model, place, route_reason, attempt, sent_at, day,
    prompt_limit, completion_limit, currency, price_input_nano, price_output_nano, price_cached_nano,
    price_tiers, price_source, price_as_of, reserved_nano, raised
"""

# `conversation_id` refers to nothing: the row outlives the conversation. `counts_nano` is what counts
# against budgets: the reservation until the cost is known.
_USAGE = f"""
CREATE TABLE usage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER,
    turn_id INTEGER,
    purpose TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('local', 'remote')),
    route_reason TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    sent_at REAL NOT NULL,
    day INTEGER NOT NULL,
    prompt_limit INTEGER CHECK (prompt_limit >= 0),
    completion_limit INTEGER CHECK (completion_limit >= 0),
    currency TEXT NOT NULL,
    price_input_nano INTEGER CHECK (price_input_nano >= 0),
    price_output_nano INTEGER CHECK (price_output_nano >= 0),
    price_cached_nano INTEGER CHECK (price_cached_nano >= 0),
    price_tiers TEXT,
    price_source TEXT,
    price_as_of TEXT,
    reserved_nano INTEGER CHECK (reserved_nano >= 0),
    raised INTEGER NOT NULL CHECK (raised IN (0, 1)),

    state TEXT NOT NULL CHECK (state IN ('sent', 'settled', 'expired', 'released')),
    outcome TEXT CHECK (outcome IN ('finished', 'stopped', 'failed')),
    counted TEXT CHECK (counted IN ('reported', 'estimated')),
    prompt_tokens INTEGER CHECK (prompt_tokens >= 0),
    cached_tokens INTEGER CHECK (cached_tokens BETWEEN 0 AND prompt_tokens),
    reasoning_tokens INTEGER CHECK (reasoning_tokens BETWEEN 0 AND completion_tokens),
    completion_tokens INTEGER CHECK (completion_tokens >= 0),
    flaw TEXT,
    duration_ms INTEGER CHECK (duration_ms >= 0),
    ttft_ms INTEGER CHECK (ttft_ms >= 0),
    speed_mtps INTEGER CHECK (speed_mtps >= 0),
    request_id TEXT,
    note TEXT,
    cost_nano INTEGER CHECK (cost_nano >= 0),
    counts_nano INTEGER NOT NULL CHECK (counts_nano >= 0),
    CHECK (currency <> '' OR (counts_nano = 0 AND coalesce(cost_nano, 0) = 0))
) STRICT;
CREATE INDEX usage_open ON usage (id) WHERE state = 'sent';
CREATE INDEX usage_model ON usage (provider, model, id);
CREATE INDEX usage_day ON usage (day, id);
CREATE INDEX usage_conversation ON usage (conversation_id, id) WHERE conversation_id IS NOT NULL;

CREATE TRIGGER usage_not_replaced BEFORE INSERT ON usage
WHEN EXISTS (SELECT 1 FROM usage WHERE id = new.id) BEGIN
    SELECT RAISE(ABORT, 'the ledger is not changed');
END;
CREATE TRIGGER usage_begins_sent BEFORE INSERT ON usage WHEN new.state <> 'sent' BEGIN
    SELECT RAISE(ABORT, 'a row begins as sent');
END;
CREATE TRIGGER usage_not_deleted BEFORE DELETE ON usage BEGIN
    SELECT RAISE(ABORT, 'the ledger is not deleted');
END;
CREATE TRIGGER usage_frozen BEFORE UPDATE OF {_FROZEN} ON usage BEGIN
    SELECT RAISE(ABORT, 'what was sent is not changed');
END;
CREATE TRIGGER usage_one_way BEFORE UPDATE ON usage
WHEN NOT (
    (old.state = 'sent' AND new.state IN ('settled', 'expired'))
    OR (old.state = 'expired' AND new.state IN ('settled', 'released'))
    OR (old.state = 'settled' AND new.state = 'settled'
        AND old.counted IS NOT 'reported' AND new.counted IS 'reported')
) BEGIN
    SELECT RAISE(ABORT, 'a row is settled once');
END;
"""  # noqa: S608 - the columns' names are ours

# name → how much one row (`{r}`) adds. A sum never mixes what is known with what isn't: beside each sum
# of something that can be unknown stands how many rows know it.
_SUMS = {
    "attempts": "1",
    "open_count": "{r}.state = 'sent'",
    "expired_count": "{r}.state = 'expired'",
    "failed_count": "{r}.outcome IS 'failed'",
    "stopped_count": "{r}.outcome IS 'stopped'",
    "estimated_count": "{r}.counted IS 'estimated'",
    "flawed_count": "{r}.flaw IS NOT NULL",
    "cost_nano": "coalesce({r}.cost_nano, 0)",
    "cost_count": "{r}.cost_nano IS NOT NULL",
    "counts_nano": "{r}.counts_nano",
    "prompt_tokens": "coalesce({r}.prompt_tokens, 0)",
    "prompt_count": "{r}.prompt_tokens IS NOT NULL",
    "completion_tokens": "coalesce({r}.completion_tokens, 0)",
    "completion_count": "{r}.completion_tokens IS NOT NULL",
    "cached_tokens": "coalesce({r}.cached_tokens, 0)",
    "cached_of": "CASE WHEN {r}.cached_tokens IS NULL THEN 0 ELSE {r}.prompt_tokens END",
    "reasoning_tokens": "coalesce({r}.reasoning_tokens, 0)",
    "reasoning_of": "CASE WHEN {r}.reasoning_tokens IS NULL THEN 0 ELSE {r}.completion_tokens END",
    "duration_ms": "coalesce({r}.duration_ms, 0)",
    "duration_count": "{r}.duration_ms IS NOT NULL",
    "ttft_ms": "coalesce({r}.ttft_ms, 0)",
    "ttft_count": "{r}.ttft_ms IS NOT NULL",
    "speed_mtps": "coalesce({r}.speed_mtps, 0)",
    "speed_count": "{r}.speed_mtps IS NOT NULL",
}
_DAILY = ("day", "provider", "model", "place", "purpose", "currency")
_TABLES = {
    "usage_daily": _DAILY,
    "usage_conversation_daily": ("day", "conversation_id", *_DAILY[1:]),
}
SUMS = tuple(_SUMS)


def create(connection: apsw.Connection) -> None:
    """The ledger, its guards and its sums."""
    connection.execute(_USAGE)
    for table, key in _TABLES.items():
        columns = ", ".join(f"{name} {_type(name)} NOT NULL" for name in key)
        sums = ", ".join(f"{name} INTEGER NOT NULL" for name in _SUMS)
        connection.execute(
            f"CREATE TABLE {table} ({columns}, {sums}, PRIMARY KEY ({', '.join(key)})) STRICT, WITHOUT ROWID"
        )
        connection.execute(
            f"CREATE TRIGGER {table}_added AFTER INSERT ON usage BEGIN {_add(table, key, 'new')} END"
        )
        connection.execute(
            f"CREATE TRIGGER {table}_changed AFTER UPDATE ON usage BEGIN {_change(table, key)} END"
        )
    connection.execute("CREATE INDEX usage_by_conversation ON usage_conversation_daily (conversation_id)")


def sums_over_rows(table: str) -> str:
    """A query that makes a table's sums anew from the rows, in the order of its columns and key."""
    key = _TABLES[table]
    columns = ", ".join(_key(name, "usage") for name in key)
    sums = ", ".join(f"sum({value.format(r='usage')})" for value in _SUMS.values())
    order = ", ".join(str(number) for number in range(1, len(key) + 1))
    return f"SELECT {columns}, {sums} FROM usage GROUP BY {order} ORDER BY {order}"  # noqa: S608


def _add(table: str, key: tuple[str, ...], row: str) -> str:
    keys = ", ".join(_key(name, row) for name in key)
    values = ", ".join(value.format(r=row) for value in _SUMS.values())
    adds = ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)
    return (
        f"INSERT INTO {table} ({', '.join((*key, *_SUMS))}) VALUES ({keys}, {values}) "  # noqa: S608
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {adds};"
    )


def _change(table: str, key: tuple[str, ...]) -> str:
    """The key is frozen, so the row of the sums is the same one and is there."""
    changes = ", ".join(
        f"{name} = {name} - ({value.format(r='old')}) + ({value.format(r='new')})"
        for name, value in _SUMS.items()
        if value != "1"
    )
    where = " AND ".join(f"{name} = {_key(name, 'new')}" for name in key)
    return f"UPDATE {table} SET {changes} WHERE {where};"  # noqa: S608


def _key(name: str, row: str) -> str:
    return f"coalesce({row}.{name}, 0)" if name == "conversation_id" else f"{row}.{name}"


def _type(name: str) -> str:
    return "INTEGER" if name in ("day", "conversation_id") else "TEXT"
