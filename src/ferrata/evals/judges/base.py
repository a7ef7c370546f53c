"""What judges have in common: inputs, measures, a model, a digest, and scores made of verdicts.

A judge says whose judgement it is: `digest` changes with prompt, model, options and thresholds; `model_name` is who is asked; `scale` the
integers that may be answered. Whoever holds its scores against people's, to correct them, keeps the result under the digest: it is
true of that judge alone. Knows no single judge.

A value is the integer that the model answered, and decides on passing. Where the model gives log probabilities, the expected score
lies beside it in the properties. With `expected=True` it is the value, and decides: it has fewer ties and varies less, but it means
another thing than an integer (2.7 fails a threshold of 3 that a 3 passes), vendors differ in whether they give it, and agreement with
people who give integers is counted in integers. That is why it is asked for, not the default.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError
from ferrata.evals.evaluators import merge_keys, with_thresholds
from ferrata.evals.types import Score, passes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.judges.answers import Scale
    from ferrata.evals.judges.asking import Asker, Verdict
    from ferrata.evals.types import Measure

__all__ = ["Judge", "properties_of"]

_DIGITS = 6


class Judge:
    """One that asks a model; a subclass gives `judge`.

    Args:
        name: of the judge.
        asker: asks its model.
        measures: with their usual thresholds, the main one first.
        inputs: the ways to ask: each a set of inputs that are needed together. What all of them need is `needs`.
        takes: further inputs.
        scale: of its answers.
        threshold: of the main measure, or by key.
        expected: the values are expected scores, where the model gives log probabilities.
        about: what else its scores depend on, as prompts; part of the digest.

    Raises:
        UsageError: there is no measure of that threshold's key.
    """

    def __init__(
        self,
        name: str,
        asker: Asker,
        *,
        measures: Sequence[Measure],
        inputs: Sequence[frozenset[str]],
        scale: Scale,
        takes: frozenset[str] = frozenset(),
        threshold: float | Mapping[str, float] | None = None,
        expected: bool = False,
        about: Any = None,
    ) -> None:
        if expected:
            measures = [replace(m, scale="continuous") if m.scale == "ordinal" else m for m in measures]
        self.name = name
        self.inputs = tuple(inputs)
        everything = {name for way in inputs for name in way}
        self.needs = frozenset(name for name in everything if all(name in way for way in inputs))
        self.takes = (takes | everything) - self.needs
        self.measures: tuple[Measure, ...] = with_thresholds(measures, threshold, name)
        self.scale = scale
        self.expected = expected
        self.model_name = asker.name
        self._asker = asker
        self._about = about

    @property
    def digest(self) -> str:
        """Of name, prompts, model, options and thresholds."""
        thresholds = [(m.key, m.threshold) for m in self.measures]
        about = [self.name, self._asker.about, self._about, str(self.scale), thresholds, self.expected]
        return sha256(json.dumps(about, sort_keys=True, default=repr).encode()).hexdigest()

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Judging.judge`."""
        raise TypeError(f"{type(self).__name__} does not say how it judges {sorted(values)}")

    def __call__(self, **values: Any) -> dict[str, Any]:
        """The conventional keys of one row, given as keywords; where an event loop runs, use `judge`.

        Raises:
            UsageError: the inputs given are enough for none of the ways to ask.
        """
        if not any(way <= values.keys() for way in self.inputs):
            ways = ", or ".join(" and ".join(repr(name) for name in sorted(way)) for way in self.inputs)
            more = ", ".join(sorted(self.takes | self.needs))
            raise UsageError(f"{self.name} needs {ways}", hint=f"it takes {more}")
        return merge_keys(asyncio.run(self._judged(values)))

    async def _judged(self, values: Mapping[str, Any]) -> Sequence[Score]:
        return await self.judge(values)

    def score_of(self, verdict: Verdict, measure: Measure, **properties: Any) -> Score:
        """A verdict as a score of a measure."""
        known = properties_of(verdict, self.scale) | properties
        if verdict.score is None:
            return Score(
                measure.key,
                None,
                threshold=measure.threshold,
                reason=verdict.reason,
                status="failed",
                properties=known,
            )
        value = float(verdict.score)
        if self.expected:
            given = known.get("expected")
            value = value if given is None else float(given)
            known["value_is"] = "integer" if given is None else "expected"
        return Score(
            measure.key, value, passes(value, measure), measure.threshold, reason=verdict.reason, properties=known
        )


def properties_of(verdict: Verdict, scale: Scale) -> dict[str, Any]:
    """What else is known of a verdict: attempts, model, tokens, the integer, probabilities, the expected score."""
    found: dict[str, Any] = {"attempts": verdict.attempts, "model": verdict.model}
    found |= {"finish_reason": verdict.finish, "constrained": verdict.constrained}
    if verdict.usage is not None:
        found |= {"input_tokens": verdict.usage.input_tokens, "output_tokens": verdict.usage.output_tokens}
    if verdict.score is None:
        return found | {"answer": verdict.answer}
    found["score_integer"] = verdict.score
    if verdict.likelihood is not None and (mean := verdict.likelihood.expected(scale)) is not None:
        shares = verdict.likelihood.probabilities.items()
        found["probabilities"] = {str(choice): round(share, _DIGITS) for choice, share in shares}
        found["probability_mass"] = round(verdict.likelihood.mass, _DIGITS)
        found["expected"] = round(mean, _DIGITS)
    return found
