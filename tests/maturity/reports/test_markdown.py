from __future__ import annotations

import re

import pytest
import sample
from markdown_it import MarkdownIt

from ferrata.maturity.reports.markdown import write_markdown

_render = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render


def test_the_summary_of_the_sample() -> None:
    assessment, model = sample.sample()
    text = write_markdown(assessment, model, sample.history())
    assert text.startswith("## GenAIOps maturity: level 2, defined (12/28)\n")
    assert "Since 2026-02-10: +1 (11 to 12)." in text
    assert "| Deployment and CI/CD | ▮▮▮▯ 3 | 3 | 28% |" in text
    assert "- `evaluation.gate`: claimed (100%), but the evaluation step has continue-on-error: true" in text
    assert "| `config/models.yaml:4` | \\`gpt-4o\\` names no exact version | `models.pinned` |" in text
    assert (
        f"1. {assessment.roadmap[0].statement.rstrip('.')}" in text
        and f"And {len(assessment.roadmap) - 5} more." in text
    )


def test_hostile_text_becomes_no_markup() -> None:
    assessment, model = sample.hostile()
    html = _render(write_markdown(assessment, model, []))
    assert not re.search(r"<(script|img|u|del|b)\b", html)
    targets = re.findall(r'href="([^"]*)"', html)
    assert all(t.startswith("https://forge.example/") or t == "https://h.example/a%29b%7Cc%28d" for t in targets)
    assert "@everyone" not in html and "https://evil" not in html and "www.evil" not in html
    assert "<code>src/&lt;script&gt;alert(1)&lt;/script&gt;|`x``\\u202egnp.py:7</code>" in html
    rows = re.findall(r"<tr>.*?</tr>", html, re.DOTALL)
    assert {row.count("<td") + row.count("<th") for row in rows} == {3, 4}
    assert len(html) < 60_000


def test_no_llm_use() -> None:
    assessment, model = sample.without_llm()
    text = write_markdown(assessment, model, [])
    assert text.startswith("## GenAIOps maturity: no LLM use found\n\n398 files of 412 read, so no level is given.")


@pytest.mark.parametrize(
    "scores", [(12, "No change of the score since 2026-02-10."), (14, "Since 2026-02-10: -2 (14 to 12).")]
)
def test_the_change_since_the_last_one(scores: tuple[int, str]) -> None:
    assessment, model = sample.sample()
    before = sample.history()[-1]._replace(score=scores[0])
    assert scores[1] in write_markdown(assessment, model, [before])
