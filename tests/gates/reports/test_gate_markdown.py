from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import samples
from markdown_it import MarkdownIt

from ferrata.gates import Change, GateResult, Place, render, tell_github
from ferrata.gates.reports.markdown import MOST_CHARACTERS, marker

if TYPE_CHECKING:
    from pathlib import Path

_html = MarkdownIt("commonmark").enable("table").render


def test_the_comment_of_a_failed_gate() -> None:
    text = render(samples.FAILED, "md")
    assert text.splitlines()[:2] == ["<!-- ferrata gate: support -->", "## Gate support failed"]
    assert "3 rules: 1 passed, 1 failed, 1 inconclusive. 120 rows of `data/support.jsonl`." in text
    assert (
        "| ✕ failed | groundedness.groundedness at least 3.5 | – | 3.10 "
        "| 3.10, 2.90 to 3.30 (90 % interval); corrected 3.02, 2.70 to 3.34 | 1 | 120 |" in text
    )
    assert "- `latency`: to decide it at the present estimate takes 840 rows" in text
    assert (
        "| 7 | `f1_score` 0.9 → 0.2 (worse) | question: How long do refunds take? | Five days. | We do not know. Sorry. |"
        in text
    )


def test_a_waived_gate_says_so_with_its_reason() -> None:
    text = render(samples.WAIVED, "md")
    assert "## Gate support failed, and was waived" in text
    assert "Waived: the outage of the index; see the incident" in text


@pytest.mark.parametrize("result", samples.ALL.values(), ids=samples.ALL)
def test_what_came_from_rows_becomes_no_markup(result: GateResult) -> None:
    html = _html(render(result, "md"))
    assert not re.search(r"<(script|img|a)\b", html)
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)  # a forge links nothing in code
    assert not re.search(r"@\w|#\d|://", outside)
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        rows = re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
        assert len({row.count("<td") + row.count("<th") for row in rows}) == 1


def test_a_marker_ends_only_at_its_end_and_is_of_one_gate() -> None:
    names = [samples.HOSTILE, "a-b", "a%2d;b", "a b", "a", "-->", "é"]
    marks = [marker(name) for name in names]
    assert len(set(marks)) == len(names)
    assert all(re.fullmatch(r"<!-- ferrata gate: [\w.%;]+ -->", mark) for mark in marks)


@pytest.mark.parametrize("text", ["@" * 5000, "😀" * 5000])
def test_it_stays_below_what_a_comment_may_have_and_says_what_it_cut(text: str) -> None:
    change = Change("f1_score", 1, "k", 0, 1, {"q": text}, text, text)
    wordy = replace(samples.GROUNDED, reasons=(text,) * 4)
    result = replace(samples.FAILED, rules=(wordy,) * 40, changes=(change,) * 400, notes=(text,) * 30, waived=text)
    written = render(result, "md")
    assert len(written) <= MOST_CHARACTERS
    assert re.search(r"^(390|400|39\d) changed rows more; the HTML and JSON reports have all\.$", written, re.MULTILINE)
    assert written.rstrip().endswith("UTC.")


def test_github_gets_annotations_and_the_summary(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    lines = tell_github(samples.FAILED, {"GITHUB_STEP_SUMMARY": str(summary)}, place=Place("a,b:c%.yaml", (3, 4)))
    assert lines == [
        "::error file=a%2Cb%3Ac%25.yaml,line=4,title=gate support%3A fail::groundedness.groundedness at least 3.5: mean 3.10, "
        "2.90 to 3.30 (90 %25 interval), p 1, n = 120. the mean is below 3.5 by more than chance explains",
        "::warning file=a%2Cb%3Ac%25.yaml,title=gate support%3A inconclusive::latency better than the baseline: difference "
        "-0.04, below 0.02 (90 %25 interval), p 0.2, n = 120. this gate could not have seen 0.05: with 120 rows the smallest "
        "margin it can see is 0.13",
    ]
    assert summary.read_text(encoding="utf-8") == "before\n" + render(samples.FAILED, "md") + "\n"


@pytest.mark.parametrize("result", samples.ALL.values(), ids=samples.ALL)
def test_an_annotation_is_one_line_and_one_command(result: GateResult) -> None:
    lines = tell_github(result, {})
    assert all(re.fullmatch(r"::(error|warning|notice) file=[^,:]+,title=[^,:]+::[^\r\n]+", line) for line in lines)
    assert (lines == []) is (result.verdict == "pass")
    assert any(line.startswith("::error") for line in lines) is (result.exit_status == 1)
