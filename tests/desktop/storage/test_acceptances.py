"""Acceptances: kept as they were, and their lists for others."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from desktop.storage.acceptance_export import LicensedModel, as_csv, as_markdown, rows_of
from desktop.storage.acceptances import AcceptanceStore
from desktop.storage.database import open_database
from desktop.storage.migrations import MIGRATIONS
from models.catalogue import load
from models.errors import BadInput, StorageError
from models.licences import Passport, pending

LICENCES = load(Path(__file__).parents[3] / "resources" / "catalogue").licences


def passport(licence_id: str) -> Passport:
    found = LICENCES.get(licence_id)
    assert found is not None
    return found


def test_an_acceptance_is_read_back_after_a_restart(tmp_path: Path) -> None:
    gemma, path = passport("gemma"), tmp_path / "inshore.db"
    with closing(open_database(path)) as connection:
        added = AcceptanceStore(connection, now=lambda: 12.0).add(gemma, "gemma-3-4b", "  notes,\n at home ")
    with closing(open_database(path)) as connection:
        (kept,) = AcceptanceStore(connection).all()
    assert kept == added
    assert (kept.licence, kept.version, kept.model) == ("gemma", "2026-04-01", "gemma-3-4b")
    assert (kept.use, kept.accepted_at, kept.text_hash) == ("notes, at home", 12.0, gemma.text_hash())
    assert pending(gemma, {"gemma-3-4b"}, [kept]) is None


@pytest.mark.parametrize("use", ["", " \n ", "x" * 2_001])
def test_a_use_has_to_be_said(connection: apsw.Connection, use: str) -> None:
    store = AcceptanceStore(connection)
    with pytest.raises(BadInput):
        store.add(passport("gemma"), "m", use)
    assert store.all() == []


@pytest.mark.parametrize("statement", ["UPDATE acceptance SET intended_use = 'x'", "DELETE FROM acceptance"])
def test_what_was_accepted_can_t_be_changed_or_deleted(connection: apsw.Connection, statement: str) -> None:
    store = AcceptanceStore(connection)
    added = store.add(passport("gemma"), "m", "a test")
    with pytest.raises(apsw.ConstraintError):
        connection.execute(statement)
    assert store.all() == [added]


def test_a_read_only_file_is_said_and_nothing_is_kept(connection: apsw.Connection) -> None:
    connection.pragma("query_only", True)
    store = AcceptanceStore(connection)
    with pytest.raises(StorageError):
        store.add(passport("gemma"), "m", "a test")
    assert store.all() == []


def test_a_file_of_the_shape_before_gains_the_table(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    with closing(open_database(path, migrations=MIGRATIONS[:2])) as connection:
        connection.execute("INSERT INTO conversation (title, created_at, updated_at) VALUES ('Old', 1, 1)")
    with closing(open_database(path)) as connection:
        assert AcceptanceStore(connection).all() == []
        assert connection.execute("SELECT title FROM conversation").get == "Old"


# -- lists


def _models() -> list[LicensedModel]:
    return [
        LicensedModel("mine", "=cmd|’/c calc’!A1", "gemma", passport("gemma"), ("gemma-3-4b",)),
        LicensedModel("open", "Open | one", "mit", passport("mit")),
        LicensedModel("asked", "Asked", "llama4", passport("llama4")),
        LicensedModel("strange", "Strange", "", None),
    ]


@pytest.fixture
def store(connection: apsw.Connection) -> AcceptanceStore:
    return AcceptanceStore(connection, now=lambda: 1_700_000_000.0)


def test_each_model_and_each_acceptance_has_a_row(store: AcceptanceStore) -> None:
    store.add(passport("gemma"), "gemma-3-4b", "at home")
    store.add(passport("gemma"), "mine", "in a shop")
    store.add(passport("llama4"), "gone", "long ago")
    rows = rows_of(_models(), store.all())
    assert [(row.model, row.licence, row.tier, row.accepted, row.use) for row in rows] == [
        ("gemma-3-4b", "Gemma Terms of Use", 2, "2023-11-14T22:13:20+00:00", "at home"),
        ("mine", "Gemma Terms of Use", 2, "2023-11-14T22:13:20+00:00", "in a shop"),
        ("open", "MIT", 1, "not needed", ""),
        ("asked", "Llama 4 Community License", 2, "not accepted", ""),
        ("strange", "unknown", None, "terms not known", ""),
        ("gone", "llama4", None, "2023-11-14T22:13:20+00:00", "long ago"),
    ]


def test_csv_can_be_read_again_and_holds_no_formula(store: AcceptanceStore) -> None:
    store.add(passport("gemma"), "mine", 'say "hi", ' + "=1+1")
    head, *lines = csv.reader(io.StringIO(as_csv(rows_of(_models(), store.all()))))
    assert head[:3] == ["model", "name", "licence"]
    assert len(lines) == 4
    assert lines[0][1] == "'=cmd|’/c calc’!A1"
    assert lines[0][6] == 'say "hi", =1+1'
    assert lines[0][7] == passport("gemma").text_hash()


def test_markdown_keeps_its_columns(store: AcceptanceStore) -> None:
    store.add(passport("gemma"), "mine", "a | b\nc <img>")
    page = as_markdown(rows_of(_models(), store.all()))
    lines = [line for line in page.splitlines() if line.startswith("|")]
    assert len(lines) == 6
    assert all(line.replace("\\|", "").count("|") == 9 for line in lines)
    assert "a \\| b c \\<img>" in page
    assert "not legal advice" in page
