"""Computed metrics: scores of texts, rankings, calls, fields and citations by arithmetic alone. Knows no evaluators and no models."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.metrics.bleu import (
        BleuCounts,
        Smoothing,
        bleu_of_counts,
        bleu_text,
        corpus_bleu,
        count_bleu,
        sentence_bleu,
    )
    from ferrata.evals.metrics.chrf import (
        ChrfCounts,
        chrf_of_counts,
        corpus_chrf,
        count_chrf,
        sentence_chrf,
    )
    from ferrata.evals.metrics.citations import (
        CITATION,
        Citation,
        CitationScores,
        find_citations,
        score_citations,
    )
    from ferrata.evals.metrics.fields import (
        FieldScores,
        compare_fields,
        schema_mistakes,
    )
    from ferrata.evals.metrics.fuzzy import (
        edit_distance,
        edit_similarity,
        partial_similarity,
        similarity,
        sorted_similarity,
        token_set_similarity,
    )
    from ferrata.evals.metrics.gleu import (
        sentence_gleu,
    )
    from ferrata.evals.metrics.meteor import (
        sentence_meteor,
    )
    from ferrata.evals.metrics.overlap import (
        exact_match,
        jaccard,
        token_overlap,
    )
    from ferrata.evals.metrics.patterns import (
        Matched,
        PatternSearch,
    )
    from ferrata.evals.metrics.retrieval import (
        RetrievalScores,
        average_precision,
        dcg,
        fidelity,
        ndcg,
        precision_at,
        rank,
        recall_at,
        reciprocal_rank,
        score_retrieval,
        xdcg,
    )
    from ferrata.evals.metrics.rouge import (
        best_rouge,
        rouge_l,
        rouge_l_sum,
        rouge_n,
    )
    from ferrata.evals.metrics.stemming import (
        stem,
    )
    from ferrata.evals.metrics.text import (
        normalize_text,
        tokenize_13a,
        tokenize_answer,
        tokenize_plain,
    )
    from ferrata.evals.metrics.tokens import (
        PrecisionRecall,
        Text,
        Tokens,
    )
    from ferrata.evals.metrics.trajectory import (
        ToolCall,
        TrajectoryScores,
        compare_calls,
    )
    from ferrata.evals.metrics.vectors import (
        cosine_similarity,
        dot_product,
        euclidean_distance,
        manhattan_distance,
    )
    from ferrata.evals.metrics.words import (
        split_sentences,
        tokenize_words,
    )
else:
    __getattr__ = door(
        __name__,
        bleu=["BleuCounts", "Smoothing", "bleu_of_counts", "bleu_text", "corpus_bleu", "count_bleu", "sentence_bleu"],
        chrf=["ChrfCounts", "chrf_of_counts", "corpus_chrf", "count_chrf", "sentence_chrf"],
        citations=["CITATION", "Citation", "CitationScores", "find_citations", "score_citations"],
        fields=["FieldScores", "compare_fields", "schema_mistakes"],
        fuzzy=[
            "edit_distance",
            "edit_similarity",
            "partial_similarity",
            "similarity",
            "sorted_similarity",
            "token_set_similarity",
        ],
        gleu=["sentence_gleu"],
        meteor=["sentence_meteor"],
        overlap=["exact_match", "jaccard", "token_overlap"],
        patterns=["Matched", "PatternSearch"],
        retrieval=[
            "RetrievalScores",
            "average_precision",
            "dcg",
            "fidelity",
            "ndcg",
            "precision_at",
            "rank",
            "recall_at",
            "reciprocal_rank",
            "score_retrieval",
            "xdcg",
        ],
        rouge=["best_rouge", "rouge_l", "rouge_l_sum", "rouge_n"],
        stemming=["stem"],
        text=["normalize_text", "tokenize_13a", "tokenize_answer", "tokenize_plain"],
        tokens=["PrecisionRecall", "Text", "Tokens"],
        trajectory=["ToolCall", "TrajectoryScores", "compare_calls"],
        vectors=["cosine_similarity", "dot_product", "euclidean_distance", "manhattan_distance"],
        words=["split_sentences", "tokenize_words"],
    )

__all__ = [
    "CITATION",
    "BleuCounts",
    "ChrfCounts",
    "Citation",
    "CitationScores",
    "FieldScores",
    "Matched",
    "PatternSearch",
    "PrecisionRecall",
    "RetrievalScores",
    "Smoothing",
    "Text",
    "Tokens",
    "ToolCall",
    "TrajectoryScores",
    "average_precision",
    "best_rouge",
    "bleu_of_counts",
    "bleu_text",
    "chrf_of_counts",
    "compare_calls",
    "compare_fields",
    "corpus_bleu",
    "corpus_chrf",
    "cosine_similarity",
    "count_bleu",
    "count_chrf",
    "dcg",
    "dot_product",
    "edit_distance",
    "edit_similarity",
    "euclidean_distance",
    "exact_match",
    "fidelity",
    "find_citations",
    "jaccard",
    "manhattan_distance",
    "ndcg",
    "normalize_text",
    "partial_similarity",
    "precision_at",
    "rank",
    "recall_at",
    "reciprocal_rank",
    "rouge_l",
    "rouge_l_sum",
    "rouge_n",
    "schema_mistakes",
    "score_citations",
    "score_retrieval",
    "sentence_bleu",
    "sentence_chrf",
    "sentence_gleu",
    "sentence_meteor",
    "similarity",
    "sorted_similarity",
    "split_sentences",
    "stem",
    "token_overlap",
    "token_set_similarity",
    "tokenize_13a",
    "tokenize_answer",
    "tokenize_plain",
    "tokenize_words",
    "xdcg",
]
