"""Judges of one prompt: the built-in ones, and those of a user's own `.prompty`.

Conversations are judged turn by turn: the value is the mean over the turns, which lie in the properties. A turn without a valid
answer makes the whole a failed score, since a mean over the rest would be one over turns that the judge found easy. Knows no rubric.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from ferrata.evals.evaluators import failed, is_missing, skipped
from ferrata.evals.judges.answers import Scale
from ferrata.evals.judges.base import Judge
from ferrata.evals.judges.fences import fence_for
from ferrata.evals.judges.specs import prompt_of
from ferrata.evals.judges.transcripts import (
    calls_in,
    definitions_text,
    is_messages,
    results_in,
    said_in,
    text_of,
    turns_of,
)
from ferrata.evals.together import together
from ferrata.evals.types import Measure, Score, passes
from ferrata.prompts import REQUIRED, inputs_of, prompt_meaning, read_prompt, render_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ferrata.evals.judges.asking import Asker, Verdict
    from ferrata.evals.judges.specs import JudgeSpec
    from ferrata.messages import ChatRequest
    from ferrata.prompts import Prompt

__all__ = ["PromptJudge", "PromptyJudge", "fenced_request", "variables_from"]

_MARK = "mark"


def fenced_request(prompt: Prompt, values: Mapping[str, Any]) -> ChatRequest:
    """The request of a prompt: values that it has no input for are left out, and its input `mark` is a word in none of them."""
    names = {one.name for one in inputs_of(prompt)}
    given = {name: value for name, value in values.items() if name in names}
    if _MARK in names:
        given[_MARK] = fence_for(text_of(value) for value in given.values())
    return render_request(prompt, given)


def variables_from(values: Mapping[str, Any], *, agent: bool) -> dict[str, str]:
    """The variables of built-in prompts, as text, out of a row's inputs.

    Args:
        values: by input.
        agent: the response is shown with its tool calls and their results.
    """
    response = values.get("response")
    given = values.get("tool_calls")
    results = "\n".join(f"- {result}" for result in results_in(response))
    return {
        "query": text_of(values.get("query")),
        "response": text_of(response) if agent else said_in(response),
        "context": text_of(values.get("context")) or results,
        "ground_truth": text_of(values.get("ground_truth")),
        "tool_definitions": definitions_text(values.get("tool_definitions")),
        "tool_calls": "\n".join(f"- {call}" for call in calls_in(given) or calls_in(response)),
        "tool_results": results,
    }


class PromptJudge(Judge):
    """A built-in judge.

    Args:
        spec: which.
        asker: asks its model.
        threshold: in the place of the usual one.
        expected: the values are expected scores, where the model gives log probabilities.
    """

    def __init__(
        self,
        spec: JudgeSpec,
        asker: Asker,
        *,
        threshold: float | Mapping[str, float] | None = None,
        expected: bool = False,
    ) -> None:
        self.spec = spec
        self.prompt = prompt_of(spec.name)
        measure = _measure(spec.name, spec.scale, spec.threshold)
        super().__init__(
            spec.name,
            asker,
            measures=[measure],
            inputs=spec.ways,
            takes=frozenset(spec.takes.split()),
            scale=spec.scale,
            threshold=threshold,
            expected=expected,
            about=[spec.version, self.prompt.text],
        )

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """One score; raises as `Judging.judge`."""
        conversation = values.get("conversation")
        if "conversation" in self.takes and not is_missing(conversation):
            return [await self._whole(conversation)]
        variables = variables_from(values, agent=self.spec.agent)
        if self.spec.only_with == "calls" and not variables["tool_calls"]:
            return skipped(self.measures, "there are no tool calls")
        if self.spec.only_with == "results" and not variables["tool_results"]:
            return skipped(self.measures, "there are no results of tools")
        missing = [name for name in self.spec.shown.split() if is_missing(variables[name])]
        if missing:
            return failed(self.measures, f"not there, or empty: {', '.join(missing)}")
        return [self.score_of(await self._verdict(variables), self.measures[0])]

    async def _verdict(self, variables: Mapping[str, Any]) -> Verdict:
        return await self._asker.ask(fenced_request(self.prompt, variables), self.scale, name=self.name)

    async def _whole(self, conversation: Any) -> Score:
        """The mean over the turns of a conversation."""
        measure = self.measures[0]
        shown = self.spec.shown.split()
        turns = [turn._asdict() for turn in turns_of(conversation)]
        turns = [turn for turn in turns if not any(is_missing(turn[name]) for name in shown)]
        if not turns:
            return skipped(self.measures, f"the conversation has no turn with {' and '.join(shown)}")[0]
        verdicts = await together([partial(self._verdict, turn) for turn in turns])
        scores = [self.score_of(verdict, measure) for verdict in verdicts]
        known = {"evaluation_per_turn": [score.as_keys() for score in scores], "turns": len(scores)}
        values = [score.value for score in scores if score.value is not None]
        if len(values) < len(scores):
            lost = [i for i, score in enumerate(scores, 1) if score.value is None]
            which = f"no score of turn {', '.join(map(str, lost))} of {len(scores)}: {scores[lost[0] - 1].reason}"
            return Score(
                measure.key, None, threshold=measure.threshold, reason=which, status="failed", properties=known
            )
        mean = math.fsum(values) / len(values)
        reasons = "\n".join(f"turn {i}: {score.reason}" for i, score in enumerate(scores, 1))
        return Score(measure.key, mean, passes(mean, measure), measure.threshold, reason=reasons, properties=known)


class PromptyJudge(Judge):
    """A judge of one's own: a `.prompty` that says what is judged, and gets the inputs that it declares.

    The form of the answer (a reason and an integer) is added at the end of its last message; its own output, tools and model are not
    used, its temperature, seed and token limit are. An input `mark` is filled in: a word that is in none of the other inputs, for
    delimiters that no judged text can close, as `<response-{{mark}}>`.

    Args:
        prompt: the prompt, or its file.
        asker: asks its model.
        name: of the judge and of its score; the prompt's own where none is given.
        low: the least score.
        high: the greatest.
        threshold: at least this passes; None: it does not decide.
        higher_is_better: the direction.
        expected: the values are expected scores, where the model gives log probabilities.

    Raises:
        NotFound, InvalidDocument: the file is not there, or wrong.
    """

    def __init__(
        self,
        prompt: Prompt | Path,
        asker: Asker,
        *,
        name: str = "",
        low: int = 1,
        high: int = 5,
        threshold: float | None = None,
        higher_is_better: bool = True,
        expected: bool = False,
    ) -> None:
        from ferrata.prompts import Prompt

        self.prompt = prompt if isinstance(prompt, Prompt) else read_prompt(prompt)
        own = [one for one in inputs_of(self.prompt) if one.name != _MARK]
        needed = frozenset(one.name for one in own if one.default is REQUIRED and not one.optional)
        scale = Scale(low, high)
        name = name or self.prompt.name
        super().__init__(
            name,
            asker,
            measures=[_measure(name, scale, threshold, higher_is_better=higher_is_better)],
            inputs=[needed],
            takes=frozenset(one.name for one in own),
            scale=scale,
            expected=expected,
            about=[self.prompt.text, prompt_meaning(self.prompt), higher_is_better],
        )
        self._texts = frozenset(one.name for one in own if one.kind in ("string", "any"))

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """One score; raises as `Judging.judge`, and `UsageError` where a value does not fit the prompt's input."""
        missing = [name for name in sorted(self.needs) if is_missing(values.get(name))]
        if missing:
            return failed(self.measures, f"not there, or empty: {', '.join(missing)}")
        known = {name: value for name, value in values.items() if not is_missing(value)}
        given = {
            name: text_of(value) if name in self._texts and is_messages(value) else value
            for name, value in known.items()
        }
        verdict = await self._asker.ask(fenced_request(self.prompt, given), self.scale, name=self.name)
        return [self.score_of(verdict, self.measures[0])]


def _measure(name: str, scale: Scale, threshold: float | None, *, higher_is_better: bool = True) -> Measure:
    kind = "binary" if (scale.low, scale.high) == (0, 1) else "ordinal"
    return Measure(name, kind, scale.low, scale.high, higher_is_better, threshold)
