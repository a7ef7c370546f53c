"""The sentence of the help articles that shares the most words with a question."""

import re
from pathlib import Path

from promptflow.core import tool

HERE = Path(__file__).parent
ARTICLES = HERE / "articles" if (HERE / "articles").is_dir() else HERE.parents[1] / "articles"


def words(text):
    return set(re.findall(r"[a-z]{3,}", text.lower()))


@tool
def find(question: str) -> dict:
    asked = words(question)
    articles = {path.stem: path.read_text() for path in sorted(ARTICLES.glob("*.md"))}
    source = max(articles, key=lambda name: len(asked & words(articles[name])))
    sentences = re.split(r"(?<=[.!?])\s+", articles[source])
    return {"answer": max(sentences, key=lambda one: len(asked & words(one))), "source": source}
