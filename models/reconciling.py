"""Compares a gateway's statement with our own rows: a pure matching in which nothing gets lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from models.pricing import FREE, Cost, totals
from models.statement import Line

WINDOW_S = 120.0
"""How far the gateway's time of a request may be from ours."""

_Key = TypeVar("_Key")


class Group(StrEnum):
    """What became of a row. UNPAID are our own that cost nothing and are rightly not in the statement."""

    MATCHED = "matched"
    DIFFERING = "differing"
    ONLY_THEIRS = "only_theirs"
    ONLY_OURS = "only_ours"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Ours:
    """One attempt of the ledger. None is unknown; `estimated` numbers were counted here.

    One that was `left_open` when the program ended has none at all.

    It was sent `at`, and took `took_s`: a gateway may state when it began, or when it was done.
    """

    id: int
    at: float
    model: str
    request_id: str = ""
    prompt: int | None = None
    completion: int | None = None
    cost: Cost | None = None
    estimated: bool = False
    took_s: float = 0.0
    left_open: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of theirs, a row of ours, or both of one request; `differs` says in words in what."""

    theirs: Line | None
    ours: Ours | None
    differs: tuple[str, ...] = ()

    @property
    def difference(self) -> Cost | None:
        """Theirs less ours; None where one is unknown, or in another currency."""
        if self.theirs is None or self.ours is None or self.theirs.cost is None or self.ours.cost is None:
            return None
        return _less(self.theirs.cost, self.ours.cost)


@dataclass(frozen=True, slots=True)
class Sums:
    """What one group adds up to, each currency by itself."""

    theirs: Mapping[str, Cost]
    ours: Mapping[str, Cost]

    @property
    def differences(self) -> Mapping[str, Cost]:
        """Theirs less ours in each currency that either has."""
        names = sorted({*self.theirs, *self.ours})
        return {n: Cost(0, n) + self.theirs.get(n, FREE) - self.ours.get(n, FREE) for n in names}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Each line and each row stands in exactly one group."""

    groups: Mapping[Group, tuple[Pair, ...]]

    def sums(self, *groups: Group) -> Sums:
        """Of these groups; of all without any."""
        pairs = [pair for group in groups or Group for pair in self.groups[group]]
        theirs = (pair.theirs.cost for pair in pairs if pair.theirs is not None)
        ours = (pair.ours.cost for pair in pairs if pair.ours is not None)
        return Sums(totals(filter(None, theirs)), totals(filter(None, ours)))


def reconcile(lines: Sequence[Line], rows: Sequence[Ours], *, window_s: float = WINDOW_S) -> Reconciliation:
    """Match by request id, then by time, model and tokens, then by time and model alone.

    Requests that both sides name differently are never taken for one another once any name was found on
    both sides. Of several that fit, the earliest are matched. In no group the order is changed: that of
    the lines, then that of the rows.
    """
    match = _Matching(lines, rows, window_s)
    model = _bare if any(line.model for line in lines) else lambda _name: ""
    match.by_id()
    match.by_time(lambda one: (model(one.model), one.prompt, one.completion), whole=True)
    match.by_time(lambda one: model(one.model), whole=False)
    return match.result()


class _Matching:
    def __init__(self, lines: Sequence[Line], rows: Sequence[Ours], window_s: float) -> None:
        self._lines, self._rows, self._window_s = lines, rows, window_s
        self._pairs: dict[int, int] = {}  # places in `lines` and in `rows`
        self._taken: set[int] = set()
        self._repeats: set[int] = set()  # lines that state once more what was matched: no other request
        self._named = False

    def by_id(self) -> None:
        """The first of several of the same id."""
        known: dict[str, int] = {}
        paired: set[str] = set()
        for place, row in enumerate(self._rows):
            if row.request_id:
                known.setdefault(row.request_id, place)
        for place, line in enumerate(self._lines):
            found = known.pop(line.request_id, None) if line.request_id else None
            if found is not None:
                self._pair(place, found)
                self._named = True
                paired.add(line.request_id)
            elif line.request_id in paired:
                self._repeats.add(place)

    def by_time(self, key: Callable[[Any], _Key], *, whole: bool) -> None:
        """Those of one key that lie within the window, the earliest first; `whole` ones have all tokens."""
        theirs: defaultdict[_Key, list[int]] = defaultdict(list)
        ours: defaultdict[_Key, list[int]] = defaultdict(list)
        for place, line in enumerate(self._lines):
            waits = place not in self._pairs and place not in self._repeats
            if waits and line.at is not None and (not whole or _counted(line)):
                theirs[key(line)].append(place)
        for place, row in enumerate(self._rows):
            if place not in self._taken and (not whole or _counted(row)) and (whole or not _unpaid(row)):
                ours[key(row)].append(place)
        for one, places in theirs.items():
            named = [place for place in places if self._named and self._lines[place].request_id]
            rest = [place for place in places if not self._named or not self._lines[place].request_id]
            self._sweep(named, [place for place in ours[one] if not self._rows[place].request_id])
            self._sweep(rest, ours[one])

    def _sweep(self, theirs: list[int], ours: list[int]) -> None:
        """Match places that may be the same; each row once, and each in one step."""
        theirs.sort(key=lambda place: self._lines[place].at or 0.0)
        ours.sort(key=lambda place: self._rows[place].at)
        begin = 0
        for place in theirs:
            at = self._lines[place].at or 0.0
            while begin < len(ours) and self._is_past(ours[begin], at):
                begin += 1
            if begin < len(ours) and self._rows[ours[begin]].at <= at + self._window_s:
                self._pair(place, ours[begin])

    def _is_past(self, place: int, at: float) -> bool:
        """Whether neither this line nor a later one can be of this row."""
        row = self._rows[place]
        return place in self._taken or row.at + row.took_s < at - self._window_s

    def _pair(self, theirs: int, ours: int) -> None:
        self._pairs[theirs] = ours
        self._taken.add(ours)

    def result(self) -> Reconciliation:
        groups: dict[Group, list[Pair]] = {group: [] for group in Group}
        step = _step(self._lines)
        for place, line in enumerate(self._lines):
            if place not in self._pairs:
                groups[Group.ONLY_THEIRS].append(Pair(line, None))
                continue
            row = self._rows[self._pairs[place]]
            differs = tuple(_differences(line, row, step))
            groups[Group.DIFFERING if differs else Group.MATCHED].append(Pair(line, row, differs))
        for place, row in enumerate(self._rows):
            if place not in self._taken:
                groups[Group.UNPAID if _unpaid(row) else Group.ONLY_OURS].append(Pair(None, row))
        return Reconciliation({group: tuple(pairs) for group, pairs in groups.items()})


def _bare(model: str) -> str:
    """A model's name without the gateway before it."""
    return model.rpartition("/")[2].lower()


def _counted(one: Line | Ours) -> bool:
    return one.prompt is not None and one.completion is not None


def _unpaid(row: Ours) -> bool:
    """Whether it surely cost nothing, such as a refused request."""
    return row.cost is not None and not row.cost.nano and not row.prompt and not row.completion


def _step(lines: Sequence[Line]) -> int:
    """The last digit of the statement’s costs in nano-units: what it rounds to is no difference."""
    places = max((line.places for line in lines if line.cost is not None), default=9)
    return int(10 ** (9 - min(max(places, 2), 9)))


def _differences(line: Line, row: Ours, step: int) -> Iterable[str]:
    for name, theirs, ours in (
        ("prompt tokens", line.prompt, row.prompt),
        ("answer tokens", line.completion, row.completion),
    ):
        if theirs is not None and theirs != ours:
            yield f"{name}: {theirs:,} there, {'unknown' if ours is None else f'{ours:,}'} here"
    if line.cost is None:
        return
    if row.cost is None:
        yield "the cost isn’t known here"
    elif line.cost.currency != row.cost.currency and row.cost.currency:
        yield f"paid in {line.cost.currency} there, in {row.cost.currency} here"
    elif abs(line.cost.nano - row.cost.nano) >= step:
        yield "cost"


def _less(theirs: Cost, ours: Cost) -> Cost | None:
    if theirs.currency and ours.currency and theirs.currency != ours.currency:
        return None
    return theirs - ours
