"""A gateway's own statement as values: lines of a CSV, read with suspicion and without any float."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType

from models.errors import BadInput
from models.plain import plain
from models.pricing import MOST_TOKENS, NANO, Cost

_CURRENCY = re.compile(r"[A-Za-z]{3}")
_SIGNS = {"¥": "CNY", "￥": "CNY", "元": "CNY", "RMB": "CNY", "$": "USD", "€": "EUR", "£": "GBP"}
_LARGEST = Decimal(10**6)  # one request that costs more is a mistake, or a sum
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800  # the years 2000 and 2100
_NO_NUMBER = re.compile(r"\b[A-Za-z]{3}\b|[¥￥$€£元\s]")
_WITH_COMMA = re.compile(r"^0,[0-9]|^[0-9]+,([0-9]{1,2}|[0-9]{4,})$|\.[0-9]{3},[0-9]+$")
_THOUSANDS = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+")
_TIMES = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%b %d, %Y %H:%M:%S", "%d %b %Y %H:%M:%S",
)  # fmt: skip


class Column(StrEnum):
    """What a column of a statement can be."""

    REQUEST = "request"
    TIME = "time"
    MODEL = "model"
    PROMPT = "prompt"
    COMPLETION = "completion"
    COST = "cost"
    CURRENCY = "currency"


WORDS: Mapping[Column, str] = MappingProxyType(
    {
        Column.REQUEST: "Request id",
        Column.TIME: "Time",
        Column.MODEL: "Model",
        Column.PROMPT: "Prompt tokens",
        Column.COMPLETION: "Answer tokens",
        Column.COST: "Cost",
        Column.CURRENCY: "Currency",
    }
)
# The headings that gateways use, without signs and in lower case; the surest first.
_HEADINGS: Mapping[Column, tuple[str, ...]] = MappingProxyType(
    {
        Column.REQUEST: ("requestid", "generationid", "请求id", "traceid", "logid", "id", "request"),
        Column.TIME: ("createdat", "time", "timestamp", "requesttime", "datetime", "created", "date", "时间",
                      "请求时间", "创建时间", "调用时间"),
        Column.MODEL: ("model", "modelname", "modelid", "modelpermaslug", "模型", "模型名称"),
        Column.PROMPT: ("prompttokens", "inputtokens", "tokensprompt", "tokensinput", "prompt", "input",
                        "提示", "输入", "输入tokens", "提示tokens", "输入token"),
        Column.COMPLETION: ("completiontokens", "outputtokens", "tokenscompletion", "tokensoutput",
                            "completion", "output", "补全", "输出", "输出tokens", "补全tokens", "输出token"),
        Column.COST: ("cost", "totalcost", "costtotal", "amount", "fee", "charge", "price", "费用", "金额",
                      "花费", "扣费", "消费"),
        Column.CURRENCY: ("currency", "币种", "货币"),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which column (from 0) is what, and the currency of amounts that don't name theirs, "" if unknown."""

    columns: Mapping[Column, int]
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One request as the gateway states it. None is not stated. `number` is the line in the file, from 1.

    `at` is in seconds since 1970, `places` is how many decimals its cost was stated with.
    """

    number: int
    request_id: str = ""
    at: float | None = None
    model: str = ""
    prompt: int | None = None
    completion: int | None = None
    cost: Cost | None = None
    places: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that can't be used, and why, in a sentence."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Statement:
    """All lines of a file: those that were read and those that could not be."""

    lines: tuple[Line, ...]
    unread: tuple[Unread, ...] = field(default=())


class _Unusable(ValueError):
    """What is wrong with a cell, in words."""


def guess(header: Sequence[str]) -> Mapped:
    """Which column is what, as far as the headings tell; the user may know better."""
    bare = [_bare(name) for name in header]
    columns: dict[Column, int] = {}
    for column, names in _HEADINGS.items():
        found = [bare.index(name) for name in names if name in bare]
        loose = [at for at, one in enumerate(bare) if any(len(n) > 3 and one.startswith(n) for n in names)]
        free = [at for at in (*found, *loose) if at not in columns.values()]
        if free:
            columns[column] = free[0]
    at = columns.get(Column.COST)
    return Mapped(columns, currency_in(header[at]) if at is not None else "")


def check(mapped: Mapped, width: int) -> None:
    """Raise BadInput where a statement can't be compared with these columns."""
    columns = mapped.columns
    if any(not 0 <= at < width for at in columns.values()):
        raise BadInput("The file has no such column.", "Choose the columns again.")
    if Column.REQUEST not in columns and Column.TIME not in columns:
        raise BadInput(
            "No column says which request a line is about.",
            "Choose the column of the request ids, or that of the times.",
        )
    if not columns.keys() & {Column.COST, Column.PROMPT, Column.COMPLETION}:
        raise BadInput("No column has anything to compare.", "Choose the column of the costs, or of tokens.")
    if Column.COST in columns and Column.CURRENCY not in columns and not mapped.currency:
        raise BadInput(
            "The currency of the costs isn’t known.", "Choose its column, or name it, such as CNY or USD."
        )


def decimal_comma(amounts: Iterable[str]) -> bool:
    """Whether what stands in a column of amounts can only be meant with a comma before the decimals."""
    return any(_WITH_COMMA.search(_NO_NUMBER.sub("", text)) for text in amounts)


def read_line(
    number: int, cells: Sequence[str], mapped: Mapped, zone: tzinfo | None, *, comma: bool = False
) -> Line | Unread:
    """One line of the file. Times without a zone are of `zone`, None is this machine's.

    With `comma` decimals stand behind a comma, and points between thousands.
    """

    def cell(column: Column) -> str:
        at = mapped.columns.get(column)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    try:
        cost, places = _cost(cell(Column.COST), cell(Column.CURRENCY) or mapped.currency, comma)
        line = Line(
            number,
            plain(cell(Column.REQUEST), 200),
            _time(cell(Column.TIME), zone),
            plain(cell(Column.MODEL), 200),
            _tokens(cell(Column.PROMPT), comma),
            _tokens(cell(Column.COMPLETION), comma),
            cost,
            places,
        )
    except _Unusable as error:
        return Unread(number, str(error))
    if not line.request_id and line.at is None:
        return Unread(number, "It names neither a request nor a time.")
    return line


def _bare(name: str) -> str:
    """A heading without signs, units in brackets, and capitals."""
    return re.sub(r"[\W_]", "", re.sub(r"[(（\[].*?[)）\]]", "", name.lower()))


def currency_in(text: str) -> str:
    """The currency that a heading or an amount names; "" for none."""
    for sign, currency in _SIGNS.items():
        if sign in text:
            return currency
    found = re.search(r"\b(CNY|USD|EUR|GBP|HKD|JPY|KRW|SGD)\b", text.upper().replace("_", " "))
    return found[1] if found else ""


def _tokens(text: str, comma: bool) -> int | None:
    if not text:
        return None
    if comma and _THOUSANDS.fullmatch(text):
        text = text.replace(".", "")
    bare = re.sub(r"[,\s_]", "", text).removesuffix(".0")
    if not bare.isascii() or not bare.isdigit() or len(bare) > 9 or int(bare) > MOST_TOKENS:
        raise _Unusable(f"“{plain(text, 40)}” is no number of tokens.")
    return int(bare)


def _cost(text: str, currency: str, comma: bool) -> tuple[Cost | None, int]:
    """The amount, and how many decimals it has."""
    if not text:
        return None, 0
    named = currency_in(text) or _SIGNS.get(currency, currency).upper()
    bare = _NO_NUMBER.sub("", text)
    bare = bare.replace(".", "").replace(",", ".") if comma and "," in bare else _point(bare)
    try:
        amount = Decimal(bare if len(bare) <= 40 else "")
    except InvalidOperation:
        raise _Unusable(f"“{plain(text, 40)}” is no amount.") from None
    if not amount.is_finite() or not 0 <= amount <= _LARGEST:
        raise _Unusable(f"“{plain(text, 40)}” can’t be what one request costs.")
    if not _CURRENCY.fullmatch(named):
        raise _Unusable(f"The currency of “{plain(text, 40)}” isn’t known.")
    places = max(-int(amount.as_tuple().exponent), 0)
    return Cost(int((amount * NANO).to_integral_value()), named), places


def _point(number: str) -> str:
    """With a point before the decimals and nothing between thousands."""
    if re.fullmatch(r"(?!0,)[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", number):
        return number.replace(",", "")
    return number.replace(",", ".") if number.count(",") == 1 and "." not in number else number


def _time(text: str, zone: tzinfo | None) -> float | None:
    if not text:
        return None
    moment = _seconds(text) or _written_out(text, zone)
    if moment is None or not _EARLIEST <= moment <= _LATEST:
        raise _Unusable(f"“{plain(text, 40)}” is no time that can be.")
    return moment


def _seconds(text: str) -> float | None:
    """Seconds or milliseconds since 1970."""
    if not re.fullmatch(r"[0-9]{10}(\.[0-9]{1,9})?|[0-9]{13}", text):
        return None
    return int(text) / 1000 if len(text) == 13 else float(text)


def _written_out(text: str, zone: tzinfo | None) -> float | None:
    bare = text.removesuffix(" UTC").removesuffix(" GMT")
    moment: datetime | None = None
    try:
        moment = datetime.fromisoformat(bare)
    except ValueError:
        for form in _TIMES:
            try:
                moment = datetime.strptime(bare, form)
                break
            except ValueError:
                continue
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC) if bare != text else moment.replace(tzinfo=zone)
    try:
        return moment.timestamp()
    except (OverflowError, OSError, ValueError):
        return None
