"""A gateway's statement: its columns guessed, its lines read exactly, and files that are none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import AppError, BadInput
from models.pricing import NANO, Cost
from models.statement import Column, Line, Mapped, Unread, check, guess, read_line
from models.statement_file import read_statement, read_table

HEADER = ("id", "created_at", "model", "prompt_tokens", "completion_tokens", "cost (CNY)")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()


def line(*cells: str, header: tuple[str, ...] = HEADER) -> Line | Unread:
    return read_line(1, cells, guess(header), UTC)


def cost(text: str, currency: str = "CNY") -> Line | Unread:
    return read_line(1, ("r", text), Mapped({Column.REQUEST: 0, Column.COST: 1}, currency), UTC)


def file(folder: Path, content: str | bytes) -> Path:
    path = folder / "statement.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        ("Cost (¥)", "Request ID", "Time", "Model Name", "Input Tokens", "Output Tokens"),
        ("时间", "模型", "提示", "补全", "花费", "请求ID"),
        (
            "generation_id",
            "created_at",
            "cost_total",
            "tokens_prompt",
            "tokens_completion",
            "model_permaslug",
        ),
        ("﻿id".strip("﻿"), "timestamp", "model", "input", "output", "amount", "currency"),
    ],
)
def test_the_columns_are_guessed_from_the_headings(header: tuple[str, ...]) -> None:
    wanted = set(Column) - ({Column.CURRENCY} if "currency" not in header else set())
    assert set(guess(header).columns) == wanted
    assert len(set(guess(header).columns.values())) == len(wanted)


def test_a_currency_in_a_heading_holds_for_all_amounts() -> None:
    assert guess(HEADER).currency == guess(("id", "Cost ¥")).currency == "CNY"
    assert guess(("id", "cost_usd")).currency == "USD"


def test_a_line_is_read_to_the_last_digit() -> None:
    assert line("r1", "2026-11-25T12:00:00Z", "xidao/qwen3-32b", "1,234", "56", "0.001122334") == Line(
        1, "r1", NOON, "xidao/qwen3-32b", 1234, 56, Cost(1_122_334, "CNY"), 9
    )


@pytest.mark.parametrize(
    "text", ["2026-11-25 12:00:00", "2026/11/25 12:00", "2026年11月25日 12:00", "1795608000", "1795608000000",
             "2026-11-25 20:00:00+08:00", "2026-11-25 12:00:00 UTC"],
)  # fmt: skip
def test_times_are_read_in_many_forms(text: str) -> None:
    read = line("r1", text, "", "", "", "")
    assert isinstance(read, Line)
    assert read.at == NOON


@pytest.mark.parametrize(
    ("text", "nano", "currency"),
    [
        ("0.5", NANO // 2, "CNY"),
        ("¥0.5", NANO // 2, "CNY"),
        ("$1.25", 1_250_000_000, "USD"),
        ("0,012", 12_000_000, "CNY"),
        ("1,234.5", 1_234_500_000_000, "CNY"),
        ("1.2e-05", 12_000, "CNY"),
        ("3 EUR", 3 * NANO, "EUR"),
        ("0", 0, "CNY"),
    ],
)
def test_amounts_are_exact_in_their_currency(text: str, nano: int, currency: str) -> None:
    read = cost(text)
    assert isinstance(read, Line)
    assert read.cost == Cost(nano, currency)


@given(st.integers(0, 10**15))
def test_no_amount_is_rounded(nano: int) -> None:
    read = cost(f"{nano // NANO}.{nano % NANO:09d}")
    assert isinstance(read, Line)
    assert read.cost == Cost(nano, "CNY")


@pytest.mark.parametrize("text", ["-1", "NaN", "Infinity", "1e30", "lots", "1" * 50, "9999999"])
def test_absurd_amounts_are_told_and_not_summed(text: str) -> None:
    assert isinstance(cost(text), Unread)


@pytest.mark.parametrize("text", ["-3", "1.5", "1e12", "999999999999", "many", "٣"])
def test_absurd_tokens_are_told(text: str) -> None:
    assert isinstance(line("r1", "", "", text, "", ""), Unread)


@pytest.mark.parametrize("text", ["yesterday", "1970-01-01", "9999-12-31", "12345", "2026-02-30"])
def test_times_that_can_not_be_are_told(text: str) -> None:
    assert isinstance(line("r1", text, "", "", "", ""), Unread)


def test_a_line_without_a_name_and_a_time_is_told() -> None:
    assert line("", "", "Total", "100", "50", "3.00") == Unread(1, "It names neither a request nor a time.")


@given(st.lists(st.text(), max_size=8))
def test_any_cells_are_a_line_or_told(cells: list[str]) -> None:
    assert isinstance(line(*cells), Line | Unread)


@pytest.mark.parametrize(
    "mapped",
    [
        Mapped({Column.COST: 0}, "CNY"),
        Mapped({Column.REQUEST: 0}),
        Mapped({Column.REQUEST: 0, Column.COST: 1}),
        Mapped({Column.REQUEST: 9, Column.PROMPT: 1}),
    ],
)
def test_missing_columns_are_said_in_words(mapped: Mapped) -> None:
    with pytest.raises(BadInput, match=r"\w+"):
        check(mapped, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_of_any_encoding_and_separator_are_read(tmp_path: Path, encoding: str, separator: str) -> None:
    text = 'XiDao 对账单\r\n\r\n请求ID,模型,费用(元)\r\nr1,通义千问,0.5\r\n\r\nr2,"a\nb",oops\r\n'
    table = read_table(file(tmp_path, text.replace(",", separator).encode(encoding)))
    assert table.header == ("请求ID", "模型", "费用(元)")
    statement = read_statement(table, table.guessed())
    assert [(one.number, one.model, one.cost) for one in statement.lines] == [
        (4, "通义千问", Cost(NANO // 2, "CNY"))
    ]
    assert [one.number for one in statement.unread] == [7]


@pytest.mark.parametrize("telling", ["0,005", "12,5", "1.234,50 €", "1,2345"])
def test_where_decimals_follow_a_comma_they_do_in_every_line(tmp_path: Path, telling: str) -> None:
    text = f"request id;prompt tokens;cost (EUR)\nr1;1.234;1,234\nr2;1234;{telling}\n"
    table = read_table(file(tmp_path, text))
    one, two = read_statement(table, table.guessed()).lines
    assert (one.prompt, two.prompt) == (1234, 1234)
    assert one.cost == Cost(1_234_000_000, "EUR")


def test_elsewhere_a_comma_parts_the_thousands(tmp_path: Path) -> None:
    text = "request id;prompt tokens;cost (EUR)\nr1;1,234;1,234\nr2;1234;1,234.5\n"
    table = read_table(file(tmp_path, text))
    costs = [one.cost for one in read_statement(table, table.guessed()).lines]
    assert costs == [Cost(1234 * NANO, "EUR"), Cost(12345 * NANO // 10, "EUR")]


def test_the_amounts_may_name_their_currency(tmp_path: Path) -> None:
    table = read_table(file(tmp_path, "id,cost\nr1,\nr2,$0.5\n"))
    assert table.guessed().currency == "USD"


@pytest.mark.parametrize(
    "content",
    [b"", b"   \n", b"PK\x03\x04rest", b"\x1f\x8bzip", b"id,cost\n\xff\xfe\x00\x81\n", b"id,cost\n",
     b"id\n1\n", b"a,b\n" + b"x" * 200_000 + b",1\n", b"a,b\n" + b"," * 1000 + b"\n",
     b"\x00\x01\x02,\n1,2\n"],
)  # fmt: skip
def test_files_that_are_no_table_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(AppError) as refused:
        read_table(file(tmp_path, content))
    assert refused.value.title == "The statement can’t be read."
    assert refused.value.hint


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="can’t be opened"):
        read_table(tmp_path / "gone.csv")
