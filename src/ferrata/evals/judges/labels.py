"""Sorts responses under labels of one's own, some of which pass. The model can give no other label.

Knows no label by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError
from ferrata.evals.evaluators import failed, is_missing
from ferrata.evals.judges.answers import Scale
from ferrata.evals.judges.base import Judge
from ferrata.evals.judges.prompted import fenced_request, variables_from
from ferrata.evals.judges.specs import prompt_of
from ferrata.evals.types import Measure, Score, passes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ferrata.evals.judges.asking import Asker

__all__ = ["LabelJudge"]


class LabelJudge(Judge):
    """1 where the label is one that passes, else 0; the label itself is the score's `label`.

    Args:
        labels: at least two: names, or name -> what it means.
        asker: asks its model.
        passing: the labels that pass.
        instructions: what the labels are about, in full sentences.
        name: of the judge and of its score.

    Raises:
        UsageError: there are fewer than two labels, one is there twice, or one that passes is none of them.
    """

    def __init__(
        self,
        labels: Mapping[str, str] | Sequence[str],
        asker: Asker,
        *,
        passing: Collection[str],
        instructions: str,
        name: str = "label",
    ) -> None:
        meanings = dict(labels) if isinstance(labels, Mapping) else dict.fromkeys(labels, "")
        self.labels = tuple(meanings)
        self.passing = frozenset({passing} if isinstance(passing, str) else passing)
        self.prompt = prompt_of("labels")
        _check(labels, self.labels, self.passing, name)
        self._said = {
            "instructions": instructions,
            "labels": "\n".join(f"{i}: {label}{_meaning(meanings[label])}" for i, label in enumerate(self.labels, 1)),
        }
        super().__init__(
            name,
            asker,
            measures=[Measure(name, "binary", 0, 1, threshold=1)],
            inputs=[frozenset({"response"})],
            takes=frozenset({"query", "context", "ground_truth"}),
            scale=Scale(1, len(self.labels)),
            about=[self.prompt.text, self._said, sorted(self.passing)],
        )

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """One score; raises as `Judging.judge`."""
        variables = variables_from(values, agent=False)
        if is_missing(variables["response"]):
            return failed(self.measures, "not there, or empty: response")
        request = fenced_request(self.prompt, {**variables, **self._said})
        verdict = await self._asker.ask(request, self.scale, name=self.name)
        found = self.score_of(verdict, self.measures[0])
        if verdict.score is None:
            return [found]
        known = {key: value for key, value in found.properties.items() if key not in ("expected", "score_integer")}
        if verdict.likelihood is not None:
            shares = {self.labels[i - 1]: share for i, share in verdict.likelihood.probabilities.items()}
            known["probabilities"] = {label: round(share, 6) for label, share in shares.items()}
            known["expected"] = round(sum(share for label, share in shares.items() if label in self.passing), 6)
        label, measure = self.labels[verdict.score - 1], self.measures[0]
        value = float(label in self.passing)
        return [
            Score(measure.key, value, passes(value, measure), measure.threshold, label, found.reason, properties=known)
        ]


def _meaning(words: str) -> str:
    return f": {words}" if words else ""


def _check(given: Collection[str], labels: Sequence[str], passing: Collection[str], name: str) -> None:
    if len(labels) < 2:
        raise UsageError(f"the judge {name!r} has {len(labels)} labels", hint="give at least two")
    if len(labels) != len(given):
        raise UsageError(f"the judge {name!r} has a label twice: {', '.join(map(repr, given))}")
    unknown = sorted(set(passing) - set(labels))
    if unknown:
        raise UsageError(
            f"the judge {name!r} lets {unknown[0]!r} pass, which is no label of it",
            hint=f"its labels: {', '.join(labels)}",
        )
