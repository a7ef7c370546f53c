"""Evaluators of functions, classes and instances."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import ferrata as fr
from ferrata.errors import ModelBusy, UsageError
from ferrata.evals import Judging, Measure, Score, Scoring
from ferrata.evals.evaluators import ComputedEvaluator
from ferrata.evals.evaluators.custom import evaluator_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def length(response: str, most: int = 10) -> bool:
    """Of this very text the evaluator is made."""
    return len(response) <= most


class Tone:
    def __init__(self, words: Sequence[str], *, threshold: float = 0.3) -> None:
        self.words, self.threshold = tuple(words), threshold

    def __call__(self, *, response: str, query: str = "") -> dict[str, Any]:
        found = sum(word in response for word in self.words) / len(self.words)
        return {"tone": found, "tone_threshold": self.threshold, "tone_reason": query}


class Ours(ComputedEvaluator):
    name: ClassVar[str] = "ours"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("ours"),)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        return self.made([1.0])


def scored(evaluator: Any, **values: Any) -> list[Score]:
    assert isinstance(evaluator, Scoring)
    return list(evaluator.score(values))


def judged(evaluator: Any, **values: Any) -> list[Score]:
    assert isinstance(evaluator, Judging)
    assert not isinstance(evaluator, Scoring)
    return list(asyncio.run(evaluator.judge(values)))


def test_a_function_takes_what_its_parameters_are_called() -> None:
    short = evaluator_of(length, alias="short")
    assert (short.name, short.needs, short.takes) == ("length", {"response"}, {"most"})
    assert short.measures == (Measure("short", "binary", 0.0, 1.0),)
    assert scored(short, response="abc", query="not asked for") == [Score("short", 1.0, True)]
    assert scored(short, response="abc", most=2) == [Score("short", 0.0, False)]


def test_a_function_with_fixed_inputs() -> None:
    short = evaluator_of(length, alias="short", most=2)
    assert (short.needs, short.takes) == ({"response"}, frozenset())
    assert scored(short, response="abc", most=9) == [Score("short", 0.0, False)]
    with pytest.raises(UsageError) as refused:
        evaluator_of(length, alias="short", least=2)
    assert (refused.value.message, refused.value.hint) == (
        "evaluator 'short' takes no 'least'",
        "it takes response, most",
    )


def test_two_stars_take_everything() -> None:
    seen: dict[str, Any] = {}

    def watch(response: str, **rest: Any) -> int:
        seen.update(rest)
        return len(response)

    evaluator = evaluator_of(watch, alias="watch")
    assert (evaluator.needs, evaluator.takes) == (frozenset(), frozenset())
    assert scored(evaluator, response="abc", latency_seconds=0.5) == [Score("watch", 3.0)]
    assert seen == {"latency_seconds": 0.5}
    assert scored(evaluator, query="?")[0].reason == "there is no 'response'"


def test_a_class_is_made_with_its_arguments() -> None:
    tone = evaluator_of(Tone, alias="polite", words=["please", "sir"])
    assert (tone.name, tone.needs, tone.takes) == ("Tone", {"response"}, {"query"})
    assert scored(tone, response="please", query="why") == [Score("polite", 0.5, True, 0.3, reason="why")]
    # It takes a threshold itself, and the run's decides as well.
    strict = evaluator_of(Tone, alias="polite", threshold=0.6, words=["please", "sir"])
    assert scored(strict, response="please") == [Score("polite", 0.5, False, 0.6)]


def test_a_class_that_cannot_be_made_says_what_it_takes() -> None:
    with pytest.raises(UsageError) as refused:
        evaluator_of(Tone, alias="polite", threshold=1)
    assert refused.value.message == (
        "evaluator 'polite': Tone(threshold) could not be made: "
        "TypeError: Tone.__init__() missing 1 required positional argument: 'words'"
    )
    assert refused.value.hint == "it takes words, threshold"


def test_an_instance_is_called() -> None:
    tone = evaluator_of(Tone(["please"]), alias="tone", threshold=0.5)
    assert scored(tone, response="please") == [Score("tone", 1.0, True, 0.5)]


def test_an_evaluator_is_what_it_is() -> None:
    made = Ours()
    assert evaluator_of(made, alias="any") is made
    assert scored(evaluator_of(Ours, alias="any", threshold=2), response="") == [Score("ours", 1.0, False, 2.0)]
    with pytest.raises(UsageError, match="evaluator 'any' is made already"):
        evaluator_of(made, alias="any", threshold=1)


def test_thresholds_by_key() -> None:
    def both(response: str) -> dict[str, float]:
        return {"words": len(response.split()), "letters": len(response)}

    evaluator = evaluator_of(both, alias="size", threshold={"words": 2, "letters": 9})
    assert [measure.key for measure in evaluator.measures] == ["words", "letters"]
    assert scored(evaluator, response="one two") == [
        Score("words", 2.0, True, 2.0),
        Score("letters", 7.0, False, 9.0),
    ]


def test_what_is_said_where_it_is_written() -> None:
    @fr.evaluator(name="errors", threshold=2, higher_is_better=False, scale="ordinal", low=0, high=9)
    def count(response: str) -> int:
        return response.count("!")

    evaluator = evaluator_of(count, alias="shouts")
    assert evaluator.name == "errors"
    assert evaluator.measures == (Measure("shouts", "ordinal", 0, 9, False, 2),)
    assert scored(evaluator, response="a!b!") == [Score("shouts", 2.0, True, 2)]
    assert scored(evaluator_of(count, alias="shouts", threshold=1), response="a!b!") == [Score("shouts", 2.0, False, 1)]
    assert count("!") == 1


def test_measures_may_be_declared() -> None:
    measures = [Measure("recall"), Measure("latency", high=None, higher_is_better=False, threshold=1.0)]

    @fr.evaluator(measures=measures)
    def found(response: str) -> dict[str, float]:
        return {"recall": 0.5, "latency": 2}

    evaluator = evaluator_of(found, alias="search", threshold=0.4)
    assert scored(evaluator, response="") == [Score("recall", 0.5, True, 0.4), Score("latency", 2.0, False, 1.0)]
    with pytest.raises(UsageError) as refused:
        evaluator_of(found, alias="search", threshold={"precision": 1})
    assert refused.value.hint == "it gives recall, latency"
    with pytest.raises(UsageError, match="'threshold' beside 'measures'"):
        fr.evaluator(threshold=1, measures=measures)


def test_an_async_function_is_awaited() -> None:
    async def ask(response: str) -> float:
        await asyncio.sleep(0)
        return 0.5

    class Asks:
        async def __call__(self, response: str) -> float:
            return 0.25

    def fixed(response: str, ask: Any) -> Any:
        return ask(response)

    assert judged(evaluator_of(ask, alias="ask", threshold=0.5), response="a") == [Score("ask", 0.5, True, 0.5)]
    assert judged(evaluator_of(Asks, alias="ask"), response="a") == [Score("ask", 0.25)]
    assert judged(evaluator_of(functools.partial(ask), alias="ask"), response="a") == [Score("ask", 0.5)]
    hidden = evaluator_of(fixed, alias="hidden", ask=ask)
    assert scored(hidden, response="a")[0].reason == "fixed gave something to be awaited: define it by `async def`"
    slow = evaluator_of(fr.evaluator(slow=True)(fixed), alias="hidden", ask=ask)
    assert judged(slow, response="a") == [Score("hidden", 0.5)]


def test_what_is_slow_is_called_in_threads_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)

    @fr.evaluator(slow=True)
    def wait(response: str) -> float:
        both.wait()
        return float(threading.current_thread() is not threading.main_thread())

    evaluator: Any = evaluator_of(wait, alias="wait")

    async def run() -> list[list[Score]]:
        return await asyncio.gather(evaluator.judge({"response": "a"}), evaluator.judge({"response": "b"}))

    assert asyncio.run(run()) == [[Score("wait", 1.0)], [Score("wait", 1.0)]]


def test_a_thread_that_does_not_end_is_given_up() -> None:
    end = threading.Event()

    @fr.evaluator(slow=True)
    def hang(response: str) -> bool:
        return end.wait(30)

    evaluator: Any = evaluator_of(hang, alias="hang")

    async def run() -> None:
        async with asyncio.timeout(0.05):
            await evaluator.judge({"response": "a"})

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert time.monotonic() - began < 10
    end.set()


def breaks(response: str) -> float:
    return {}[response]


LINE = breaks.__code__.co_firstlineno + 1


def test_an_exception_is_a_failed_score_with_its_place() -> None:
    assert scored(evaluator_of(breaks, alias="it", threshold=1), response="a") == [
        Score(
            "it", None, threshold=1.0, reason=f"KeyError: 'a' (custom/test_own_evaluators.py:{LINE})", status="failed"
        )
    ]


def test_an_exception_of_what_waits_is_tried_again_by_a_resume() -> None:
    evaluator: Any = evaluator_of(
        fr.evaluator(slow=True)(functools.wraps(breaks)(lambda response: breaks(response))), alias="it"
    )
    with pytest.raises(Exception, match="KeyError") as caught:
        asyncio.run(evaluator.judge({"response": "a"}))
    assert str(caught.value) == f"KeyError: 'a' (custom/test_own_evaluators.py:{LINE})"
    assert caught.value.codes == ("KeyError",)

    async def busy(response: str) -> float:
        raise ModelBusy("too many", retry_after=2)

    refused: Any = evaluator_of(busy, alias="busy")
    with pytest.raises(ModelBusy):
        asyncio.run(refused.judge({"response": "a"}))


@pytest.mark.parametrize("end", [StopIteration("odd"), SystemExit(3)])
def test_what_a_future_cannot_carry_is_an_error_as_well(end: BaseException) -> None:
    @fr.evaluator(slow=True)
    def stop(response: str) -> float:
        raise end

    evaluator: Any = evaluator_of(stop, alias="stop")
    with pytest.raises(Exception, match=f"{type(end).__name__}: "):
        asyncio.run(evaluator.judge({"response": "a"}))


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (3, "evaluator 'it' is 3, which cannot be called"),
        (lambda: 1, "evaluator 'it' takes no input"),
        (lambda *a: 1, "evaluator 'it' takes no input"),
        (lambda response, /: 1, "evaluator 'it': the parameter 'response' cannot be given by name"),
        (dict.fromkeys, "evaluator 'it': the parameter 'iterable' cannot be given by name"),
    ],
)
def test_what_is_no_evaluator_is_refused(thing: Any, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        evaluator_of(thing, alias="it")
    assert refused.value.message == message
    assert refused.value.hint


def test_the_digest_is_of_code_and_settings() -> None:
    def digest(thing: Any, **how: Any) -> str:
        return evaluator_of(thing, alias="it", **how).digest

    assert digest(length) == digest(length)
    others = [
        digest(length),
        digest(breaks),
        digest(length, most=2),
        digest(length, threshold=1),
        digest(Tone, words=["a"]),
        digest(Tone, words=["b"]),
        digest(Tone(["a"])),
        digest(Tone(["b"])),
        digest(functools.partial(length, most=3)),
        digest(eval("lambda response: len(response)")),
        digest(eval("lambda response: len(response) + 1")),
    ]
    assert len(set(others)) == len(others)
