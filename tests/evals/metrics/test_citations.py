from __future__ import annotations

import re

import pytest

from ferrata.evals.metrics import find_citations, score_citations

DOCUMENTS = {
    "ferries.md": "Ferries to Bastia leave Genoa every Monday at half past seven.",
    "prices.md": "A cabin costs 80 euros.",
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("One [1]. Two [2, 3].", ["1", "2", "3"]),
        ("Three [doc1][Doc 2] four [ferries.md]", ["doc1", "Doc 2", "ferries.md"]),
        ("Five (source: ferries.md) six (Source: the guide)", ["ferries.md", "the guide"]),
        ("[a link](https://example.com) [1](x) [not one] [x] f(1)", []),
        ("", []),
    ],
)
def test_finding(text: str, names: list[str]) -> None:
    assert [name for name, _ in find_citations(text)] == names


def test_a_pattern_of_ones_own() -> None:
    assert find_citations("so <<a>> and <<b>>", pattern=re.compile(r"<<(\w+)>>")) == [("a", 3), ("b", 13)]


def test_scores() -> None:
    answer = (
        "The ferry to Bastia leaves Genoa on Monday [1]. Dogs travel free. [prices.md] It is green. Take it [doc9]."
    )
    found = score_citations(answer, DOCUMENTS)
    assert [(one.name, one.exists) for one in found.citations] == [("1", True), ("prices.md", True), ("doc9", False)]
    assert found.citations[0].statement == "The ferry to Bastia leaves Genoa on Monday."
    assert found.citations[1].statement == "Dogs travel free."
    assert found.citations[0].support == 1.0
    assert found.citations[1].support == 0.0
    assert answer[found.citations[2].start :].startswith("[doc9]")
    assert found.present
    assert found.existing == pytest.approx(2 / 3)
    assert found.supported == pytest.approx(1 / 3)
    assert found.cited == 0.75


def test_the_share_of_words_decides() -> None:
    answer = "A cabin costs 80 dollars [2]."
    assert score_citations(answer, DOCUMENTS).citations[0].support == 0.75
    assert score_citations(answer, DOCUMENTS).supported == 1.0
    assert score_citations(answer, DOCUMENTS, at_least=0.8).supported == 0.0


def test_no_citation() -> None:
    found = score_citations("The ferry leaves on Monday.", DOCUMENTS)
    assert (found.citations, found.present, found.existing, found.supported, found.cited) == ((), False, 0.0, 0.0, 0.0)
    assert score_citations("", DOCUMENTS).cited == 0.0


@pytest.mark.parametrize("text", ["[1]", " [1] ", "[1] [2]", "[1] First. [9]\n\nLast [2]", "Zoë [1]. 東京 [2]."])
def test_every_citation_belongs_to_a_sentence(text: str) -> None:
    found = score_citations(text, DOCUMENTS)
    assert len(found.citations) == text.count("[")
    assert 0.0 < found.cited <= 1.0
