"""Similarity of meaning by embeddings; offline with the local model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from ferrata.evals.evaluators.base import JudgeBase
from ferrata.evals.metrics import cosine_similarity
from ferrata.evals.types import Measure
from ferrata.telemetry import add_usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.types import Score
    from ferrata.providers import EmbeddingModel

__all__ = ["EmbeddingSimilarity"]


class EmbeddingSimilarity(JudgeBase):
    """Cosine of the embeddings of response and ground truth; of several ground truths, the closest.

    Args:
        model: makes embeddings.
        threshold: at least this passes; what means the same depends on the model.
    """

    name: ClassVar[str] = "embedding_similarity"
    opinion: ClassVar[bool] = False
    needs: ClassVar[frozenset[str]] = frozenset({"response", "ground_truth"})
    usual: ClassVar[tuple[Measure, ...]] = (Measure("embedding_similarity", low=-1.0, threshold=0.5),)

    def __init__(self, model: EmbeddingModel, *, threshold: Any = None) -> None:
        super().__init__(threshold=threshold, model=model.name)
        self._model = model

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Judging.judge`."""
        wanted = values["ground_truth"]
        texts = [str(one) for one in (cast("list[Any]", wanted) if isinstance(wanted, list) else [wanted])]
        found = await self._model.embed([str(values["response"]), *texts])
        add_usage(found.usage, None)
        given, *others = found.vectors
        return self.made([max(cosine_similarity(given, other) for other in others)])
