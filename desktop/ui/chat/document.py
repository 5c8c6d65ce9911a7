"""Writes Markdown blocks into a QTextDocument, touching only what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableCell,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop.ui.chat.markdown import Block, Cell, Kind, Span, common_prefix
from desktop.ui.theme import LINE_HEIGHT, MESSAGE, Theme, code_font

CODE_PADDING = 14
CODE_HEADER = 34
INDENT = 30
MARKER = 26
QUOTE_INDENT = 18
_GAP = 10
_SEAM = 12
_HEADING_SCALE = {1: 1.4, 2: 1.25, 3: 1.12}
# Qt's line breaking takes quadratic time over text without a place to break (measured: 12 s for 400k
# characters), so longer runs may break anywhere.
LONGEST_RUN = 2_000
LINE_ENDS = dict.fromkeys(map(ord, "\u2028\u2029\ufdd0\ufdd1"), "\n")  # in the raw text of a document


class BlockWriter:
    """Keeps a document equal to a list of blocks.

    `write` compares with what is there and replaces from the first difference on; code that only grew
    is appended to. `broke` is whether a run ever got places to break that its text has not. GUI thread only.
    """

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        self._document = document
        self._theme = theme
        self._blocks: list[Block] = []
        self._starts: list[int] = []
        self.broke = False
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)

    @property
    def blocks(self) -> Sequence[Block]:
        """What the document shows now."""
        return self._blocks

    def placed(self) -> Iterator[tuple[Block, QTextBlock, QTextBlock]]:
        """Each block with the first and the last paragraph it takes in the document; tables left out."""
        if not self._blocks:
            return
        ends = [*self._starts[1:], self._document.characterCount()]
        for block, start, end in zip(self._blocks, self._starts, ends, strict=True):
            if block.kind is not Kind.TABLE:
                yield block, self._document.findBlock(start), self._document.findBlock(end - 1)

    def set_theme(self, theme: Theme) -> None:
        """Write everything anew in other colours."""
        self._theme = theme
        blocks, self._blocks, self._starts = self._blocks, [], []
        self._document.clear()
        self.write(blocks)

    def write(self, blocks: Sequence[Block]) -> None:
        """Make the document show `blocks`."""
        keep = common_prefix(self._blocks, blocks)
        if keep == len(self._blocks) == len(blocks):
            return
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        if not self._grow_code(cursor, blocks, keep):
            self._cut(cursor, keep)
            for index in range(keep, len(blocks)):
                self._append(cursor, blocks, index)
        cursor.endEditBlock()
        self._blocks = list(blocks)
        self._make_room_above()

    def _make_room_above(self) -> None:
        """Qt leaves out the top margin of a document's first paragraph, where code has its header."""
        frame = self._document.rootFrame()
        shape = frame.frameFormat()
        wanted = CODE_HEADER if self._blocks and self._blocks[0].kind is Kind.CODE else 0
        if shape.topMargin() != wanted:
            shape.setTopMargin(wanted)
            frame.setFrameFormat(shape)

    def _grow_code(self, cursor: QTextCursor, blocks: Sequence[Block], keep: int) -> bool:
        """Append to the last block if it is code that only got longer; False if it is anything else."""
        if keep != len(self._blocks) - 1 or len(blocks) != len(self._blocks):
            return False
        old, new = self._blocks[keep], blocks[keep]
        if old.kind is not Kind.CODE or new.kind is not Kind.CODE or old.language != new.language:
            return False
        if not old.text or not new.text.startswith(old.text):
            return False
        cursor.movePosition(QTextCursor.MoveOperation.End)
        line = QTextBlockFormat(cursor.blockFormat())
        line.setTopMargin(0)
        self._insert_lines(cursor, new.text[len(old.text) :].split("\n"), line, cursor.charFormat())
        return True

    def _cut(self, cursor: QTextCursor, keep: int) -> None:
        """Remove everything from block `keep` on.

        A table begins where the block before it ends, and leaves an empty block behind it which the
        next one uses; any other block begins after a paragraph mark that has to go with it.
        """
        if keep >= len(self._starts):
            return
        reused = keep == 0 or self._blocks[keep - 1].kind is Kind.TABLE
        mark = 0 if reused or self._blocks[keep].kind is Kind.TABLE else 1
        cursor.setPosition(self._starts[keep] - mark)
        kept = cursor.blockFormat()
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if reused:
            _flatten(cursor)
        else:
            cursor.setBlockFormat(kept)  # an empty block (a rule) takes on what followed it
        del self._starts[keep:]

    def _append(self, cursor: QTextCursor, blocks: Sequence[Block], index: int) -> None:
        block = blocks[index]
        cursor.movePosition(QTextCursor.MoveOperation.End)
        reused = index == 0 or blocks[index - 1].kind is Kind.TABLE
        if block.kind is not Kind.TABLE and not reused:
            cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
        self._starts.append(cursor.position())
        block_format = self._block_format(block, blocks[index - 1] if index else None)
        match block.kind:
            case Kind.CODE:
                self._append_code(cursor, block, block_format)
            case Kind.TABLE:
                self._append_table(cursor, block, block_format, first=index == 0)
            case _:
                cursor.setBlockFormat(block_format)
                self._insert_marker(cursor, block)
                self._insert_spans(cursor, block.spans, self._base_format(block))

    def _block_format(self, block: Block, before: Block | None) -> QTextBlockFormat:
        result = QTextBlockFormat()
        result.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        result.setTopMargin(_gap(block, before))
        result.setHeadingLevel(block.level)
        result.setLeftMargin(INDENT * block.indent + QUOTE_INDENT * block.quote)
        if block.marker:
            result.setTextIndent(-MARKER)
            result.setTabPositions([QTextOption.Tab(MARKER, QTextOption.TabType.LeftTab)])
        return result

    def _base_format(self, block: Block) -> QTextCharFormat:
        result = self._char_format()
        if block.kind is Kind.HEADING:
            result.setFontWeight(QFont.Weight.DemiBold)
            size = self._theme.px(MESSAGE * _HEADING_SCALE.get(block.level, 1.0))
            result.setProperty(QTextFormat.Property.FontPixelSize, size)
        if block.kind is Kind.SEAM:
            result.setProperty(QTextFormat.Property.FontPixelSize, self._theme.px(_SEAM))
            result.setForeground(self._theme.colour("muted"))
        if block.quote:
            result.setForeground(self._theme.colour("muted"))
        return result

    def _char_format(self) -> QTextCharFormat:
        result = QTextCharFormat()
        result.setForeground(self._theme.colour("text"))
        result.setProperty(QTextFormat.Property.FontPixelSize, self._theme.px(MESSAGE))
        return result

    def _code_format(self) -> QTextCharFormat:
        font = code_font(self._theme)
        result = QTextCharFormat()
        result.setFontFamilies([font.family()])
        result.setProperty(QTextFormat.Property.FontPixelSize, font.pixelSize())
        result.setFontFixedPitch(True)
        result.setForeground(self._theme.colour("text"))
        return result

    def _breakable(self, text: str) -> str:
        broken = breakable(text)
        self.broke = self.broke or len(broken) != len(text)
        return broken

    def _insert_marker(self, cursor: QTextCursor, block: Block) -> None:
        if block.marker:
            style = self._char_format()
            style.setForeground(self._theme.colour("muted"))
            cursor.insertText(f"{block.marker}\t", style)

    def _insert_spans(self, cursor: QTextCursor, spans: Sequence[Span], base: QTextCharFormat) -> None:
        for span in spans:
            cursor.insertText(
                self._breakable(span.text).replace("\n", "\u2028"), self._span_format(span, base)
            )

    def _span_format(self, span: Span, base: QTextCharFormat) -> QTextCharFormat:
        result = QTextCharFormat(base)
        if span.code:
            result.merge(self._code_format())
            result.setBackground(self._theme.colour("sunken"))
        if span.bold:
            result.setFontWeight(QFont.Weight.Bold)
        if span.italic:
            result.setFontItalic(True)
        if span.strike:
            result.setFontStrikeOut(True)
        if span.href:
            result.setAnchor(True)
            result.setAnchorHref(span.href)
            result.setForeground(self._theme.colour("shore"))
            result.setFontUnderline(True)
        return result

    def _append_code(self, cursor: QTextCursor, block: Block, block_format: QTextBlockFormat) -> None:
        first = QTextBlockFormat()
        first.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        first.setLeftMargin(block_format.leftMargin() + CODE_PADDING)
        first.setRightMargin(CODE_PADDING)
        first.setTopMargin(CODE_HEADER + block_format.topMargin())
        following = QTextBlockFormat(first)
        following.setTopMargin(0)
        lines = block.text.split("\n")
        cursor.setBlockFormat(first)
        self._insert_lines(cursor, lines, following, self._code_format())

    def _insert_lines(
        self,
        cursor: QTextCursor,
        lines: Sequence[str],
        block_format: QTextBlockFormat,
        style: QTextCharFormat,
    ) -> None:
        style = self._code_format() if not style.fontFixedPitch() else style
        cursor.insertText(self._breakable(lines[0]), style)
        for line in lines[1:]:
            cursor.insertBlock(block_format, style)
            cursor.insertText(self._breakable(line), style)

    def _append_table(
        self, cursor: QTextCursor, block: Block, block_format: QTextBlockFormat, *, first: bool
    ) -> None:
        if first:
            _flatten(cursor)
        table_format = QTextTableFormat()
        table_format.setCellSpacing(0)
        table_format.setBorder(0)
        table_format.setLeftMargin(block_format.leftMargin())
        table_format.setTopMargin(block_format.topMargin())
        table_format.setBottomMargin(_GAP)
        table_format.setWidth(QTextLength())
        columns = max(len(row) for row in block.rows)
        table = cursor.insertTable(len(block.rows), columns, table_format)
        for y, row in enumerate(block.rows):
            for x, cell in enumerate(row):
                self._fill(table.cellAt(y, x), cell, header=y == 0)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        _flatten(cursor)

    def _fill(self, place: QTextTableCell, cell: Cell, *, header: bool) -> None:
        line = QTextTableCellFormat()
        line.setPadding(6)
        line.setBottomBorder(1)
        line.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        line.setBottomBorderBrush(self._theme.colour("outline" if header else "hairline"))
        place.setFormat(line)
        cursor = place.firstCursorPosition()
        block_format = QTextBlockFormat()
        sides = {"right": Qt.AlignmentFlag.AlignRight, "center": Qt.AlignmentFlag.AlignHCenter}
        block_format.setAlignment(sides.get(cell.align, Qt.AlignmentFlag.AlignLeft))
        height = self._theme.px(MESSAGE) * LINE_HEIGHT / 100  # fixed, so that all scripts stand on one line
        block_format.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        cursor.setBlockFormat(block_format)
        style = self._char_format()
        if header:
            style.setFontWeight(QFont.Weight.DemiBold)
        self._insert_spans(cursor, cell.spans, style)


def _gap(block: Block, before: Block | None) -> int:
    """The space above a block, in pixels."""
    if before is None:
        return 0
    padding = CODE_PADDING if before.kind is Kind.CODE else 0
    if block.kind is Kind.HEADING:
        return padding + 18
    return padding + (4 if block.marker and before.indent else _GAP)


def _flatten(cursor: QTextCursor) -> None:
    """Make the empty block that Qt wants beside a table take no room."""
    flat = QTextBlockFormat()
    flat.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
    cursor.setBlockFormat(flat)
    cursor.setBlockCharFormat(QTextCharFormat())


def breakable(text: str) -> str:
    """The text with a place to break in every run of over 2,000 characters (a zero-width space).

    Views take those spaces out again of what is copied.
    """
    if len(text) <= LONGEST_RUN:
        return text
    return " ".join(_broken(run) for run in text.split(" "))


def _broken(run: str) -> str:
    pieces = (run[start : start + LONGEST_RUN] for start in range(0, len(run), LONGEST_RUN))
    return BREAK.join(pieces)


BREAK = "\u200b"
