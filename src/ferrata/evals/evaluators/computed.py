"""Evaluators that compare texts with texts: exact and fuzzy match, F1, BLEU, GLEU, ROUGE, METEOR, chrF. All work offline.

`ground_truth` is a text, or a list of texts that are as good as each other. Values are from 0 to 1. The mathematics is in `metrics`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from ferrata.errors import UsageError
from ferrata.evals import metrics
from ferrata.evals.evaluators.base import ComputedEvaluator
from ferrata.evals.evaluators.found import FOUND
from ferrata.evals.evaluators.measured import MEASURED
from ferrata.evals.evaluators.shapes import SHAPES
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.metrics import Text
    from ferrata.evals.types import Score

__all__ = ["COMPUTED"]

_BOTH = frozenset({"response", "ground_truth"})
# Several evaluators look at the same texts; the tokens of the last ones are kept.
_KEPT_TEXTS, _LONGEST_KEPT = 128, 20_000


@lru_cache(_KEPT_TEXTS)
def _kept(text: str) -> Text:
    return metrics.Text(text)


def _text(value: Any) -> Text:
    text = value if isinstance(value, str) else str(value)
    return _kept(text) if len(text) <= _LONGEST_KEPT else metrics.Text(text)


def _references(value: Any) -> list[Text]:
    if isinstance(value, list):
        many = [_text(one) for one in cast("list[Any]", value)]
        if not many:
            raise UsageError("'ground_truth' is an empty list")
        return many
    return [_text(value)]


class _Compares(ComputedEvaluator):
    """Compares a response with what was expected."""

    needs: ClassVar[frozenset[str]] = _BOTH


class ExactMatch(_Compares):
    """1 where the response is what was expected, else 0.

    Args:
        case: whether differences of case do not matter.
        space: whether white space at the ends, and how much of it inside, does not matter.
        punctuation: whether ASCII punctuation does not matter.
    """

    name: ClassVar[str] = "exact_match"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("exact_match", "binary", threshold=1),)

    def __init__(
        self, *, case: bool = False, space: bool = False, punctuation: bool = False, threshold: Any = None
    ) -> None:
        super().__init__(threshold=threshold, case=case, space=space, punctuation=punctuation)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given = _text(values["response"]).text
        same = any(
            metrics.exact_match(given, one.text, **self.parameters) for one in _references(values["ground_truth"])
        )
        return self.made([float(same)])


class FuzzyMatch(_Compares):
    """Similarity of two texts by their characters, as RapidFuzz's ratios.

    Args:
        how: `ratio`, `partial` (the better place of the longer text), `sorted` or `set` (by words), `edits` (Levenshtein's).
    """

    name: ClassVar[str] = "fuzzy_match"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("fuzzy_match", threshold=0.8),)

    def __init__(
        self, *, how: Literal["ratio", "partial", "sorted", "set", "edits"] = "ratio", threshold: Any = None
    ) -> None:
        super().__init__(threshold=threshold, how=how)
        kinds = {
            "ratio": metrics.similarity,
            "partial": metrics.partial_similarity,
            "sorted": metrics.sorted_similarity,
            "set": metrics.token_set_similarity,
            "edits": metrics.edit_similarity,
        }
        if how not in kinds:
            raise UsageError(f"no way to compare: {how!r}", hint=f"there is {', '.join(kinds)}")
        self._similarity = kinds[how]

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given = _text(values["response"]).text
        return self.made([max(self._similarity(given, one.text) for one in _references(values["ground_truth"]))])


class F1(_Compares):
    """F1 over the words of both texts, articles and punctuation left out, as SQuAD and azure-ai-evaluation have it."""

    name: ClassVar[str] = "f1_score"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("f1", threshold=0.5),)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given = _text(values["response"]).answer
        scores = [metrics.token_overlap(given, one.answer) for one in _references(values["ground_truth"])]
        best = max(scores, key=lambda one: one.f1)
        return self.made([best.f1], precision=best.precision, recall=best.recall)


class Bleu(_Compares):
    """BLEU of one text.

    Args:
        like: `nltk` (method 4 smoothing, as azure-ai-evaluation) or `sacrebleu` (13a tokens, exponential smoothing).
    """

    name: ClassVar[str] = "bleu_score"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("bleu", threshold=0.5),)

    def __init__(self, *, like: Literal["nltk", "sacrebleu"] = "nltk", threshold: Any = None) -> None:
        super().__init__(threshold=threshold, like=like)
        if like not in ("nltk", "sacrebleu"):
            raise UsageError(f"no BLEU like {like!r}", hint="there is nltk and sacrebleu")
        self._sacrebleu = like == "sacrebleu"

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given, wanted = _text(values["response"]), _references(values["ground_truth"])
        if self._sacrebleu:
            return self.made([metrics.bleu_text(given, wanted) / 100])
        return self.made([metrics.sentence_bleu(given.words, [one.words for one in wanted])])


class Gleu(_Compares):
    """GLEU: the smaller of precision and recall over n-grams of one to four words."""

    name: ClassVar[str] = "gleu_score"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("gleu", threshold=0.5),)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given, wanted = _text(values["response"]), _references(values["ground_truth"])
        return self.made([metrics.sentence_gleu(given.words, [one.words for one in wanted])])


class Rouge(_Compares):
    """ROUGE: F1, precision and recall of n-grams (1 to 5), or of the longest common subsequence (L, Lsum).

    Args:
        rouge_type: `rouge1` to `rouge5`, `rougeL` or `rougeLsum`.
        stems: whether words are reduced to their stems.
    """

    name: ClassVar[str] = "rouge_score"
    usual: ClassVar[tuple[Measure, ...]] = (
        Measure("rouge_f1_score", threshold=0.5),
        Measure("rouge_precision", threshold=0.5),
        Measure("rouge_recall", threshold=0.5),
    )

    def __init__(self, *, rouge_type: str = "rougeL", stems: bool = False, threshold: Any = None) -> None:
        kind = str(rouge_type).rpartition(".")[2].lower().replace("_", "").removeprefix("rouge")
        if kind not in (*"12345", "l", "lsum"):
            raise UsageError(f"no ROUGE {rouge_type!r}", hint="there is rouge1 to rouge5, rougeL and rougeLsum")
        super().__init__(threshold=threshold, rouge_type=kind, stems=stems)
        self._kind, self._stems = kind, stems

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given, wanted = _text(values["response"]), _references(values["ground_truth"])
        best = metrics.best_rouge(self._measure, given, wanted)
        return self.made([best.f1, best.precision, best.recall])

    def _measure(self, one: Text, other: Text) -> metrics.PrecisionRecall:
        if self._kind == "lsum":
            return metrics.rouge_l_sum(one.text, other.text, stems=self._stems)
        first, second = (one.stems, other.stems) if self._stems else (one.plain, other.plain)
        return metrics.rouge_l(first, second) if self._kind == "l" else metrics.rouge_n(first, second, int(self._kind))


class Meteor(_Compares):
    """METEOR by exact words and stems; without WordNet's synonyms, which are not there offline.

    Args:
        alpha: weight of precision.
        beta: shape of the penalty for broken order.
        gamma: weight of that penalty.
    """

    name: ClassVar[str] = "meteor_score"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("meteor", threshold=0.5),)

    def __init__(self, *, alpha: float = 0.9, beta: float = 3.0, gamma: float = 0.5, threshold: Any = None) -> None:
        super().__init__(threshold=threshold, alpha=alpha, beta=beta, gamma=gamma)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given, wanted = _text(values["response"]), _references(values["ground_truth"])
        return self.made([metrics.sentence_meteor(given.words, [one.words for one in wanted], **self.parameters)])


class Chrf(_Compares):
    """chrF over n-grams of characters, as sacrebleu, here from 0 to 1.

    Args:
        words: up to which order n-grams of words count too; 2 is chrF++.
        beta: how many times as much recall counts as precision.
    """

    name: ClassVar[str] = "chrf_score"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("chrf", threshold=0.5),)

    def __init__(self, *, words: int = 0, beta: float = 2, threshold: Any = None) -> None:
        super().__init__(threshold=threshold, words=words, beta=beta)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        given, wanted = _text(values["response"]).text, [one.text for one in _references(values["ground_truth"])]
        return self.made([metrics.sentence_chrf(given, wanted, **self.parameters) / 100])


COMPUTED: tuple[type[ComputedEvaluator], ...] = (
    ExactMatch,
    FuzzyMatch,
    F1,
    Bleu,
    Gleu,
    Rouge,
    Meteor,
    Chrf,
    *SHAPES,
    *FOUND,
    *MEASURED,
)
