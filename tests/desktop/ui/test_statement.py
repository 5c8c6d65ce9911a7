"""A statement in the window: opened, its columns changed, compared and exported, and files that are none."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.reconciling import ReconcilingService
from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from desktop.storage.usage import UsageReports
from desktop.ui.theme import Appearance
from desktop.ui.usage.statement import StatementCard
from models.chat import Usage
from models.pricing import Price

PRICE = Price(1_000, 2_000, None, "CNY", "test", "2026-11")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
HEADER = "request_id,time,model,prompt_tokens,completion_tokens,cost (CNY)"
SAME = "r1,2026-11-25T12:00:00Z,m,10,5,0.00002"
OTHER = "r2,2026-11-25T12:00:00Z,m,10,6,0.000022"
LONG_MS = 20_000


class Scene:
    """The card with its service, over a ledger of two requests."""

    def __init__(self, folder: Path, connection: apsw.Connection, background: Background) -> None:
        self.folder, self.connection = folder, connection
        self.service = ReconcilingService(UsageReports(connection), Ledger(connection), background)
        self.card = card = StatementCard(lambda: {"xidao": "XiDao"})
        card.file_chosen.connect(lambda path: self.service.open(Path(path)))
        card.compare_wanted.connect(self.service.compare)
        card.correct_wanted.connect(self.service.correct)
        self.service.corrected.connect(lambda _count: card.compare_again())
        card.export_wanted.connect(lambda report, path: self.service.export(report, Path(path)))
        self.service.opened.connect(card.show_table)
        self.service.compared.connect(card.show_report)
        self.service.failed.connect(card.show_problem)
        for request_id in ("r1", "r2"):
            attempt = Attempt(
                "xidao", "xidao/m", Place.REMOTE, price=PRICE, prompt_limit=99, completion_limit=99
            )
            ledger = Ledger(connection, now=lambda: NOON)
            done = Settlement(Outcome.FINISHED, Usage(10, None, None, 5), request_id=request_id)
            ledger.settle(ledger.reserve(attempt).id, done)

    def open(self, *lines: str, header: str = HEADER) -> None:
        path = self.folder / "statement.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8")
        self.card._choose_file(str(path))

    def text(self, name: str) -> str:
        label = self.card.findChild(QLabel, name)
        assert label is not None
        return "" if label.isHidden() else label.text()

    def groups(self) -> list[str]:
        segments = self.card.findChild(QWidget, "statement-group")
        assert segments is not None
        return [b.text() for b in segments.findChildren(QPushButton) if not b.isHidden()]

    def column(self, name: str) -> QComboBox:
        choice = self.card.findChild(QComboBox, f"statement-{name}")
        assert choice is not None
        return choice

    def choose(self, name: str, heading: str) -> None:
        choice = self.column(name)
        choice.setCurrentText(heading)
        choice.activated.emit(choice.currentIndex())


@pytest.fixture
def scene(look: Appearance, qtbot: QtBot, tmp_path: Path) -> Iterator[Scene]:
    background = Background()

    async def nothing() -> None: ...

    with closing(open_database(tmp_path / "x.db", backups=tmp_path / "backups")) as connection:
        scene = Scene(tmp_path, connection, background)
        qtbot.addWidget(scene.card)
        scene.card.resize(900, 700)
        scene.card.show()
        yield scene
        background.close(nothing)


def test_a_statement_is_compared_as_its_columns_are_guessed(scene: Scene, qtbot: QtBot) -> None:
    with qtbot.waitSignal(scene.service.compared, timeout=LONG_MS):
        scene.open(SAME, OTHER, "oops,yesterday,m,1,1,1")
    assert scene.groups() == ["Matched 1", "Differing 1", "Only in the statement 0", "Only here 0"]
    assert scene.text("statement-difference") == (
        "In all, the statement has ¥0.000002 more than was written here."
    )
    assert scene.text("statement-sums") == "Differing: ¥0.000022 there, ¥0.00002 here."
    assert scene.text("statement-unread").startswith("1 line can’t be used. Line 4: “yesterday”")
    table = scene.card.findChild(QTableView)
    assert table is not None
    shown = [table.model().index(0, column).data() for column in range(7)]
    assert shown[2:6] == ["¥0.000022", "¥0.00002", "10 + 6", "10 + 5"]
    assert shown[6] == "answer tokens: 6 there, 5 here; cost"


def test_estimates_are_corrected_by_a_statement_when_that_is_wanted(scene: Scene, qtbot: QtBot) -> None:
    attempt = Attempt("xidao", "xidao/m", Place.REMOTE, price=PRICE, prompt_limit=99, completion_limit=99)
    books = Ledger(scene.connection, now=lambda: NOON)
    guess = Usage(9, None, None, 4, estimated=True)
    row = books.settle(books.reserve(attempt).id, Settlement(Outcome.STOPPED, guess, False, request_id="r3"))
    button = scene.card.findChild(QPushButton, "statement-correct")
    assert button is not None
    with qtbot.waitSignal(scene.service.compared, timeout=LONG_MS):
        scene.open(SAME, "r3,2026-11-25T12:00:00Z,m,10,6,0.000022")
    assert scene.text("statement-can-correct").startswith("1 request was estimated here")
    assert not button.isHidden()
    assert scene.card.minimumSizeHint().width() <= 420  # so that the page has room in a column of 480
    with qtbot.waitSignal(scene.service.compared, timeout=LONG_MS):
        button.click()
    corrected = books.get(row.id)
    assert (corrected.estimated, corrected.usage.completion_tokens) == (False, 6)
    assert button.isHidden()
    assert scene.groups()[0] == "Matched 2"


def test_columns_that_are_not_guessed_are_asked_for(scene: Scene, qtbot: QtBot) -> None:
    with qtbot.waitSignal(scene.service.opened, timeout=LONG_MS):
        scene.open("r1,0.00002", header="ref,paid")
    assert "No column says which request" in scene.text("statement-problem")
    assert scene.column("request").isVisible()
    scene.choose("request", "ref")
    scene.choose("cost", "paid")
    assert "currency of the costs isn’t known" in scene.text("statement-problem")
    scene.card.columns.currency.setText("cny")
    with qtbot.waitSignal(scene.service.compared, timeout=LONG_MS):
        scene.card.columns.currency.editingFinished.emit()
    assert scene.groups()[0] == "Matched 1"
    assert scene.text("statement-problem") == ""


def test_another_gateway_has_none_of_these_requests(scene: Scene, qtbot: QtBot) -> None:
    with qtbot.waitSignal(scene.service.compared, timeout=LONG_MS):
        scene.open(SAME)
    assert scene.column("provider").currentText() == "XiDao"
    assert "Only here 1" in scene.groups()


def test_what_differs_is_exported(scene: Scene, qtbot: QtBot) -> None:
    with qtbot.waitSignal(scene.service.compared, timeout=LONG_MS):
        scene.open(SAME, OTHER)
    path = scene.folder / "differences.csv"
    dialog = scene.card.ask_for_export()
    with qtbot.waitSignal(scene.service.exported, timeout=LONG_MS):
        dialog.fileSelected.emit(str(path))
    dialog.close()
    [line] = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert (line["group"], line["request_id"], line["difference_nano"]) == ("differing", "r2", "2000")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"id,cost\n\xff\xff\xff\n", b"a,b\n"])
def test_a_file_that_is_no_statement_is_said_in_words(scene: Scene, qtbot: QtBot, content: bytes) -> None:
    path = scene.folder / "bad.csv"
    path.write_bytes(content)
    with qtbot.waitSignal(scene.service.failed, timeout=LONG_MS):
        scene.card._choose_file(str(path))
    assert len(scene.text("statement-problem").split()) > 4


def test_the_window_answers_while_a_long_statement_is_compared(scene: Scene, qtbot: QtBot) -> None:
    beats: list[None] = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(None))
    timer.start(5)
    with qtbot.waitSignal(scene.service.compared, timeout=60_000):
        scene.open(SAME, *(f"t{n},2026-11-25T12:00:00Z,m,10,6,0.000022" for n in range(20_000)))
    timer.stop()
    assert len(beats) >= 8
    assert "Only in the statement 20,000" in scene.groups()
