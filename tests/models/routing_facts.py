"""Facts for the router's tests: a machine, a gateway, and what they could be."""

from __future__ import annotations

from hypothesis import strategies as st

from models.candidates import Budget, Candidate, Facts, Mode, Privacy, Score, Sticky
from models.chat import Thinking
from models.policies import POLICIES
from models.pricing import Price
from models.tasks import Task

SMALL = Candidate("local", "small", "Small", context=8000, tps=20.0, needed_bytes=1 << 30)
CHEAP = Candidate(
    "gateway",
    "lab/cheap",
    "Cheap",
    door="xidao",
    door_name="Xidao",
    context=131_072,
    thinks=True,
    scores=(Score("mmlu", "MMLU", 88.0), Score("humaneval", "HumanEval", 85.0)),
    price=Price(1000, 4000, None, "CNY", "", ""),
    tps=60.0,
    ttft_s=0.5,
)
DEAR = Candidate(
    "gateway",
    "lab/dear",
    "Dear",
    door="other",
    door_name="Other",
    context=131_072,
    vision=True,
    scores=(Score("mmlu", "MMLU", 91.2), Score("humaneval", "HumanEval", 89.7)),
    price=Price(8000, 24_000, None, "CNY", "", ""),
    tps=40.0,
    ttft_s=1.0,
)
ALL = (SMALL, CHEAP, DEAR)

_scores = st.lists(
    st.builds(
        Score,
        st.sampled_from(["mmlu", "humaneval", "math", "c-eval", "mmlu-pro"]),
        st.just("A test"),
        st.integers(20, 99).map(float),
        st.booleans(),
    ),
    max_size=5,
).map(tuple)
_prices = st.none() | st.builds(
    Price,
    st.integers(0, 20_000),
    st.integers(0, 80_000),
    st.none(),
    st.sampled_from(["CNY", "USD"]),
    st.just(""),
    st.just(""),
)
_speeds = st.none() | st.integers(1, 200).map(float)
_bytes = st.none() | st.integers(1, 1 << 36)
_contexts = st.none() | st.sampled_from([512, 8000, 131_072])
_problems = st.sampled_from(["", "", "", "it does not fit"])


@st.composite
def _candidates(draw: st.DrawFn) -> tuple[Candidate, ...]:
    return tuple(_candidate(draw, number) for number in range(draw(st.integers(0, 5))))


def _candidate(draw: st.DrawFn, number: int) -> Candidate:
    local = draw(st.booleans())
    return Candidate(
        "local" if local else "gateway",
        f"m{number}",
        f"M{number}",
        door="local" if local else draw(st.sampled_from(["one", "two"])),
        context=draw(_contexts),
        vision=draw(st.booleans()),
        thinks=draw(st.sampled_from([None, True, False])),
        scores=draw(_scores),
        price=draw(_prices),
        tps=draw(_speeds),
        ttft_s=draw(_speeds),
        success=draw(st.sampled_from([None, 0.1, 1.0])),
        needed_bytes=draw(_bytes) if local else None,
        problem=draw(_problems),
    )


_names = st.none() | st.sampled_from([f"m{number}" for number in range(6)])
_budgets = st.none() | st.builds(Budget, st.sampled_from(["CNY", "USD"]), st.integers(-5, 10**9))


def any_facts() -> st.SearchStrategy[Facts]:
    """Whatever a window could know."""
    return st.builds(
        Facts,
        _candidates(),
        mode=st.sampled_from(Mode),
        privacy=st.sampled_from(Privacy),
        policy=st.sampled_from(list(POLICIES.values())),
        task=st.sampled_from(Task),
        language=st.sampled_from(["en", "zh"]),
        prompt_tokens=st.integers(0, 200_000),
        least_tokens=st.integers(0, 500),
        max_answer_tokens=st.none() | st.integers(1, 9000),
        images=st.integers(0, 1),
        thinking=st.sampled_from(Thinking),
        budget=_budgets,
        typed=_names,
        pinned=_names,
        sticky=st.none() | st.builds(Sticky, st.sampled_from(["m0", "m1"]), st.sampled_from(Task)),
        default=_names,
    )
