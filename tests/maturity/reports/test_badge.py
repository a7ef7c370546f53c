from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
import sample

from ferrata.maturity.reports.badge import write_badge

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (sample.sample, "2 defined (12/28)"),
        (sample.without_llm, "no LLM use found"),
        (sample.hostile, "2 <b>defined| (12/28)"),
    ],
)
def test_it_is_well_formed_with_a_title_and_fetches_nothing(make: object, value: str) -> None:
    assessment, model = make()  # pyright: ignore[reportCallIssue]
    text = write_badge(assessment, model, [])
    root = ET.fromstring(text)
    title = root.find(f"{_SVG}title")
    assert title is not None and title.text == f"GenAIOps maturity: {value}"
    assert root.get("role") == "img" and root.get("aria-label") == title.text
    assert [t.text for t in root.iter(f"{_SVG}text")] == ["GenAIOps maturity", value]
    assert {child.tag.removeprefix(_SVG) for child in root.iter()} == {"svg", "title", "path", "g", "text"}
    assert "href" not in text and " id=" not in text
