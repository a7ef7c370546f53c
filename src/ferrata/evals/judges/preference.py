"""Which of two responses is better. Both orders are asked, because models favour a place.

A response is preferred where both orders say so. Anything else is a tie; where each order names the response in the same place, the
place decided and not the response: that is counted as position bias (Zheng et al. 2023, arXiv:2306.05685). Knows no dataset: what the
other response is, a baseline's or another system's, the row says.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ferrata.evals.evaluators import failed, is_missing
from ferrata.evals.judges.answers import Scale
from ferrata.evals.judges.base import Judge, properties_of
from ferrata.evals.judges.prompted import fenced_request
from ferrata.evals.judges.specs import prompt_of
from ferrata.evals.judges.transcripts import said_in, text_of
from ferrata.evals.together import together
from ferrata.evals.types import Measure, Score, passes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.judges.asking import Asker, Verdict

__all__ = ["PreferenceJudge"]

_FIRST, _SECOND = 1, 2
_SCALE = Scale(1, 2, none=0)
_MEASURES: Final = (
    Measure("preference", "ordinal", 0, 1, threshold=0.5),
    Measure("position_bias", "binary", 0, 1, higher_is_better=False),
)


class PreferenceJudge(Judge):
    """1 where `response` (or `response_a`) is better than `baseline` (or `response_b`), 0 where it is worse, 0.5 for a tie.

    Args:
        asker: asks its model.
        criteria: what makes a response better, in full sentences; usual ones where none are given.
        threshold: of the preference: with the usual 0.5 a tie passes.
    """

    def __init__(
        self, asker: Asker, *, criteria: str = "", threshold: float | Mapping[str, float] | None = None
    ) -> None:
        self.prompt = prompt_of("preference")
        self._criteria = criteria
        super().__init__(
            "preference",
            asker,
            measures=_MEASURES,
            inputs=[frozenset({"response", "baseline"}), frozenset({"response_a", "response_b"})],
            takes=frozenset({"query", "context", "ground_truth"}),
            scale=_SCALE,
            threshold=threshold,
            about=[self.prompt.text, criteria],
        )

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """The preference, and whether the place decided; raises as `Judging.judge`."""
        pair = ("response", "baseline") if not is_missing(values.get("response")) else ("response_a", "response_b")
        ours, other = (said_in(values.get(name)) for name in pair)
        missing = [name for name, text in zip(pair, (ours, other), strict=True) if is_missing(text)]
        if missing:
            return failed(self.measures, f"not there, or empty: {', '.join(missing)}")
        about = {name: text_of(values.get(name)) for name in ("query", "context", "ground_truth")}
        about["criteria"] = self._criteria
        orders = ((ours, other), (other, ours))
        forth, back = await together([partial(self._verdict, about, *order) for order in orders])
        known = {"orders": [properties_of(verdict, _SCALE) | {"reason": verdict.reason} for verdict in (forth, back)]}
        if forth.score is None or back.score is None:
            lost = forth if forth.score is None else back
            return [
                Score(m.key, None, threshold=m.threshold, reason=lost.reason, status="failed", properties=known)
                for m in self.measures
            ]
        return self._scores(forth, back, pair, known)

    async def _verdict(self, about: Mapping[str, Any], first: str, second: str) -> Verdict:
        request = fenced_request(self.prompt, {**about, "first": first, "second": second})
        return await self._asker.ask(request, _SCALE, name=self.name)

    def _scores(self, forth: Verdict, back: Verdict, pair: tuple[str, str], known: dict[str, Any]) -> list[Score]:
        main, place = self.measures
        answers = (forth.score, back.score)
        biased = answers in ((_FIRST, _FIRST), (_SECOND, _SECOND))
        value = 1.0 if answers == (_FIRST, _SECOND) else 0.0 if answers == (_SECOND, _FIRST) else 0.5
        label = {1.0: pair[0], 0.0: pair[1]}.get(value, "tie")
        if biased:
            known["favoured_place"] = "first" if forth.score == _FIRST else "second"
        shares = [
            share for share in (_share(forth, _FIRST, _SECOND), _share(back, _SECOND, _FIRST)) if share is not None
        ]
        if len(shares) == 2:
            known["expected"] = round(sum(shares) / 2, 6)
        reason = f"{pair[0]} first: {forth.reason}\n{pair[1]} first: {back.reason}"
        bias = float(biased)
        return [
            Score("preference", value, passes(value, main), main.threshold, label, reason, properties=known),
            Score("position_bias", bias, passes(bias, place), place.threshold),
        ]


def _share(verdict: Verdict, ours: int, other: int) -> float | None:
    """How much the model preferred ours, 0 to 1, a tie counted half."""
    if verdict.likelihood is None:
        return None
    shares = verdict.likelihood.probabilities
    return shares[ours] + (1.0 - shares[ours] - shares[other]) / 2
