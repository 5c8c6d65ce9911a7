"""Markdown as a flat list of blocks: a pure value that any widget can lay out, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_BULLET = "•"
_BOXES = {"[ ] ": "☐", "[x] ": "☑", "[X] ": "☑"}
_SAFE_SCHEMES = frozenset({"http", "https", "mailto"})


class Kind(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE = "code"
    RULE = "rule"
    TABLE = "table"
    SEAM = "seam"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. `href` is empty or an http, https or mailto address."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; `align` is left, center or right."""

    spans: tuple[Span, ...]
    align: str = "left"


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `indent` and `quote` count lists and quotations around it; `marker` leads a list item."""

    kind: Kind
    spans: tuple[Span, ...] = ()
    level: int = 0
    indent: int = 0
    quote: int = 0
    marker: str = ""
    language: str = ""
    rows: tuple[tuple[Cell, ...], ...] = ()

    @property
    def text(self) -> str:
        """The block's plain text."""
        return "".join(span.text for span in self.spans)


def parse(source: str) -> list[Block]:
    """The blocks of a text. HTML stays visible as text; images become their description."""
    return list(_blocks(_parser().parse(source)))


def open_at_end(source: str) -> int:
    """Where code, a table or a list's item begins that a text ends within; its length where it does not."""
    tokens = _parser().parse(source)
    outer = [token for token in tokens if token.level == 0 and token.map]
    if not outer or not outer[-1].map or source.endswith("\n\n"):
        return len(source)
    match outer[-1].type:
        case "fence" if not _closed(outer[-1], source):
            return _line_offset(source, outer[-1].map[0])
        case "table_open":
            return _line_offset(source, outer[-1].map[0])
        case "bullet_list_open" | "ordered_list_open" if not source.endswith("\n"):
            return _line_offset(source, _last_start(tokens))
    return len(source)


def _closed(fence: Token, source: str) -> bool:
    lines = source.splitlines()[fence.map[0] :] if fence.map else []
    return len(lines) > 1 and lines[-1].strip() == fence.markup


class MarkdownStream:
    """Parses a growing text without parsing what is settled again.

    All top-level blocks but the last (and of a list at the end, all items but the last) no longer
    change while text is only appended, so each update parses from there. `finish` parses it all once:
    link definitions that came late, and loose lists, come right then.
    """

    def __init__(self) -> None:
        self._settled: list[Block] = []
        self._source = ""
        """What is settled was parsed from this."""

    def update(self, source: str) -> list[Block]:
        """All blocks of `source`; quick where it begins with every earlier source."""
        if not source.startswith(self._source):
            self._settled, self._source = [], ""
        tail = source[len(self._source) :]
        tokens = _parser().parse(tail)
        line = _last_start(tokens)
        if line:
            cut = _line_offset(tail, line)
            self._settled += _blocks(_parser().parse(tail[:cut]))
            self._source += tail[:cut]
            tokens = _parser().parse(tail[cut:])
        return self._settled + list(_blocks(tokens))

    def finish(self, source: str) -> list[Block]:
        """All blocks of the whole text."""
        self._settled, self._source = [], ""
        return parse(source)


def common_prefix(old: Sequence[Block], new: Sequence[Block]) -> int:
    """How many leading blocks are equal."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # 28 ms that the first window need not wait for

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _last_start(tokens: Sequence[Token]) -> int:
    """The line where the last thing that can still change begins."""
    starts = [token.map[0] for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]
    if not starts:
        return 0
    if tokens[-1].type in ("bullet_list_close", "ordered_list_close"):
        starts += [
            token.map[0]
            for token in tokens
            if token.type == "list_item_open" and token.level == 1 and token.map and token.map[0] > starts[-1]
        ]
    return starts[-1]


def _line_offset(text: str, line: int) -> int:
    position = 0
    for _ in range(line):
        position = text.index("\n", position) + 1
    return position


@dataclass(slots=True)
class _Place:
    """Where the walk over the tokens stands."""

    indent: int = 0
    quote: int = 0
    marker: str = ""
    numbers: list[int | None] = field(default_factory=list)

    def take_marker(self) -> str:
        marker, self.marker = self.marker, ""
        return marker


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    place = _Place()
    heading = 0
    walk = iter(tokens)
    for token in walk:
        match token.type:
            case "heading_open":
                heading = int(token.tag[1:])
            case "heading_close":
                heading = 0
            case "inline":
                kind = Kind.HEADING if heading else Kind.PARAGRAPH
                spans = _with_box(place, tuple(_spans(token.children or ())))
                yield _placed(Block(kind, spans, level=heading), place)
            case "fence" | "code_block":
                language = token.info.split()[0] if token.info.strip() else ""
                code = token.content.removesuffix("\n")
                yield _placed(Block(Kind.CODE, (Span(code, code=True),), language=language), place)
            case "hr":
                yield _placed(Block(Kind.RULE), place)
            case "table_open":
                yield _placed(Block(Kind.TABLE, rows=tuple(_rows(walk))), place)
            case _:
                _move(place, token)


def _with_box(place: _Place, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """A task's spans without its “[ ]” or “[x]”, of which a box is made: in the bullet's place, else before
    the words."""
    box = (
        _BOXES.get(spans[0].text[:4]) if place.marker and spans and spans[0] == Span(spans[0].text) else None
    )
    if box is None:
        return spans
    words = spans[0].text[4:]
    if place.marker == _BULLET:
        place.marker = box
    else:
        words = f"{box} {words}"
    return (Span(words), *spans[1:]) if words else spans[1:]


def _placed(block: Block, place: _Place) -> Block:
    return replace(block, indent=place.indent, quote=place.quote, marker=place.take_marker())


def _move(place: _Place, token: Token) -> None:
    match token.type:
        case "bullet_list_open" | "ordered_list_open":
            place.indent += 1
            ordered = token.type == "ordered_list_open"
            place.numbers.append(int(token.attrGet("start") or 1) if ordered else None)
        case "bullet_list_close" | "ordered_list_close":
            place.indent -= 1
            place.numbers.pop()
        case "list_item_open":
            place.marker = _next_marker(place.numbers)
        case "blockquote_open":
            place.quote += 1
        case "blockquote_close":
            place.quote -= 1


def _next_marker(numbers: list[int | None]) -> str:
    number = numbers[-1]
    if number is None:
        return _BULLET
    numbers[-1] = number + 1
    return f"{number}."


def _rows(walk: Iterator[Token]) -> Iterator[tuple[Cell, ...]]:
    row: list[Cell] = []
    align = "left"
    for token in takewhile(lambda token: token.type != "table_close", walk):
        match token.type:
            case "th_open" | "td_open":
                align = str(token.attrGet("style") or "text-align:left").partition(":")[2]
            case "inline":
                row.append(Cell(tuple(_spans(token.children or ())), align))
            case "tr_close":
                yield tuple(row)
                row = []


def _spans(tokens: Sequence[Token]) -> Iterator[Span]:
    return (span for span in _all_spans(tokens) if span.text)


def _all_spans(tokens: Sequence[Token]) -> Iterator[Span]:
    style = Span("")
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                yield replace(style, text=token.content)
            case "code_inline":
                yield replace(style, text=token.content, code=True)
            case "softbreak" | "hardbreak":
                yield replace(style, text="\n")
            case "image":
                yield _image(token)
            case "link_close":
                style = replace(style, href="")
            case "link_open":
                style = replace(style, href=_safe_address(token.attrGet("href")))
            case _:
                style = _styled(style, token)


def _styled(style: Span, token: Token) -> Span:
    on = token.nesting == 1
    match token.type:
        case "strong_open" | "strong_close":
            return replace(style, bold=on)
        case "em_open" | "em_close":
            return replace(style, italic=on)
        case "s_open" | "s_close":
            return replace(style, strike=on)
    return style


def _image(token: Token) -> Span:
    """An image is never fetched: its description stands for it, with its address as an ordinary link."""
    return Span(f"[image: {token.content or 'no description'}]", href=_safe_address(token.attrGet("src")))


def _safe_address(value: object) -> str:
    """The address if a browser or mail program may be asked to open it, else nothing."""
    address = str(value or "")
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme.lower() in _SAFE_SCHEMES else ""
