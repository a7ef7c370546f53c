"""The kinds of assertions by what it takes to look at one. Computes nothing."""

from __future__ import annotations

from typing import Final

__all__ = ["ANSWERED", "CODE", "COMPUTED", "JUDGED", "SHORT_NAMES", "TRACED", "is_kind", "why_not"]

COMPUTED: Final = frozenset(
    (
        *("equals", "contains", "icontains", "starts-with", "ends-with", "regex", "is-refusal", "word-count"),
        *("contains-any", "contains-all", "icontains-any", "icontains-all"),
        *("is-json", "contains-json", "is-xml", "contains-xml", "is-html", "contains-html"),
        *("levenshtein", "rouge-n", "bleu", "gleu"),
        *("latency", "cost", "finish-reason", "tool-call-f1"),
        *("is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call"),
    )
)
"""Computed from the answer and what is known of it."""

JUDGED: Final = frozenset(
    (
        *("llm-rubric", "g-eval", "factuality", "answer-relevance", "model-graded-closedqa", "model-graded-factuality"),
        *("context-faithfulness", "context-recall", "context-relevance", "conversation-relevance", "search-rubric"),
        *("similar", "similar:cosine", "similar:dot", "similar:euclidean", "classifier", "moderation", "pi"),
        *("agent-rubric", "research-rubric", "video-rubric", "citation-faithfulness", "noise-sensitivity"),
        *("trajectory:goal-success", "guardrails", "llama-guard"),
    )
)
"""Somebody has to be asked: a model, an embedding, a service."""

ANSWERED: Final = frozenset(
    (
        *("llm-rubric", "agent-rubric", "g-eval", "model-graded-closedqa", "factuality", "model-graded-factuality"),
        *("answer-relevance", "context-faithfulness", "citation-faithfulness", "context-relevance", "context-recall"),
        *("similar", "similar:cosine"),
    )
)
"""Of those, the ones that a judge is asked about where an evaluation names one."""

CODE: Final = frozenset(("javascript", "python", "ruby", "webhook"))
"""Code of the configuration, or an address in it: never run and never called."""

ACROSS: Final = frozenset(("select-best", "max-score"))
"""Compares several answers to one row."""

TRACED: Final = frozenset(
    (
        *("trace-span-count", "trace-span-duration", "trace-error-spans", "skill-used"),
        *("trajectory:tool-used", "trajectory:tool-args-match", "trajectory:tool-sequence", "trajectory:step-count"),
    )
)
"""Needs the spans of the run."""

WITHOUT: Final = frozenset(("is-sql", "contains-sql", "meteor", "perplexity", "perplexity-score", "rouge-l", "rouge-s"))
"""Not computed here."""

SHORT_NAMES: Final = {
    "fn:": "javascript",
    "eval:": "javascript",
    "javascript:": "javascript",
    "python:": "python",
    "grade:": "llm-rubric",
}
"""Words that begin the short form of a kind."""


def is_kind(kind: str) -> bool:
    """Whether there is such a kind, looked at here or not."""
    return kind in COMPUTED | JUDGED | CODE | ACROSS | TRACED | WITHOUT


def why_not(kind: str) -> str:
    """Why a kind has no score from computing; empty where it has one."""
    if kind in COMPUTED:
        return ""
    if kind in ANSWERED:
        return "a model has to be asked: name a `judge` in the evaluation"
    if kind in JUDGED:
        return "somebody has to be asked, and nobody is set for it"
    if kind in CODE:
        return "it is code of the configuration, which is not run"
    if kind in ACROSS:
        return "it compares the answers of several prompts or models to one row"
    if kind in TRACED:
        return "it needs the spans of the run"
    if kind in WITHOUT:
        return "it is not computed here"
    return "there is no such kind"
