"""The step that retrieves, and the sources of an answer, each on its own: a wrong answer then shows which step was at fault."""

from ferrata.evals import evaluator


@evaluator(threshold=1)
def retrieved_article(retrieved: list, article: str) -> bool:
    """The article with the answer was found."""
    return article in retrieved


@evaluator(threshold=1)
def cited_article(sources: list, article: str) -> bool:
    """The answer names it as its source."""
    return article in sources
