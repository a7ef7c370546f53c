"""How good the answers of a run are: each row is looked at alone, then all of them are counted.

`retrieved_source` is of the step that retrieves alone, so that a wrong answer shows which step was at fault.
"""


class Evaluate:
    def __call__(self, answer: str, sources: list, retrieved: list, expected: list, articles: list) -> dict:
        source = articles[0]["id"]
        return {
            "holds_expected": all(text.lower() in answer.lower() for text in expected),
            "retrieved_source": source in retrieved,
            "cites_source": source in sources,
        }

    def __aggregate__(self, rows: list) -> dict:
        return {name: round(sum(row[name] for row in rows) / len(rows), 3) for name in rows[0]}
