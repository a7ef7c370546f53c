"""The help articles that share the most words with a question."""

import re
from pathlib import Path

from promptflow.core import tool

ARTICLES = Path(__file__).parents[2] / "articles"


def words(text):
    return set(re.findall(r"[a-z]{3,}", text.lower()))


@tool
def retrieve(question: str, count: int) -> dict:
    asked = words(question)
    articles = [{"id": path.stem, "text": path.read_text()} for path in sorted(ARTICLES.glob("*.md"))]
    found = sorted(articles, key=lambda article: -len(asked & words(article["text"])))[:count]
    return {"articles": found, "ids": [article["id"] for article in found]}
