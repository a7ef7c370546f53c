from __future__ import annotations

import io
import re

import pytest
import sample
from rich.console import Console

from ferrata.maturity.reports import print_assessment
from ferrata.maturity.reports.terminal import plain_text, write_text

_MAKERS = {"sample": sample.sample, "hostile": sample.hostile, "without": sample.without_llm}


def _printed(name: str, *, terminal: bool, width: int = 100, verbose: bool = False, report: str | None = None) -> str:
    assessment, model = _MAKERS[name]()
    out = io.StringIO()
    console = Console(
        file=out,
        force_terminal=terminal,
        width=width,
        color_system="truecolor" if terminal else None,
        legacy_windows=False,
    )
    print_assessment(console, assessment, model, verbose=verbose, report=report)
    return out.getvalue()


SAMPLE = sample.sample()[0]
ANSWERED = f"{SAMPLE.answered} of {len(SAMPLE.practices)} practices"


def test_plain_text_of_the_sample() -> None:
    lines = _printed("sample", terminal=False, report="ferrata-report.html").splitlines()
    assert lines[:2] == [
        "acme-support: Level 2, defined: 12 of 28 points by evidence",
        f"Claimed: level 3, managed, 17 of 28 points, by answers on {ANSWERED}",
    ]
    assert "Deployment and CI/CD               3/4     3/4      28%" in lines
    assert (
        "src/support/answer.py:48: against models.called-safely: call of chat.completions.create without a timeout"
        in lines
    )
    assert "and 3 more" in lines and f"and {len(SAMPLE.roadmap) - 3} more" in lines
    assert lines[-1] == "Report: ferrata-report.html"
    assert len(lines) <= 32


@pytest.mark.parametrize("name", list(_MAKERS))
@pytest.mark.parametrize("verbose", [False, True])
def test_plain_text_has_no_escape_codes_and_no_boxes(name: str, verbose: bool) -> None:
    text = _printed(name, terminal=False, verbose=verbose)
    assert not re.search(r"[^\n -~\u00a0-\U0010ffff]|[\u2500-\u25ff]", text)
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069]", text)


def test_plain_text_is_the_same_at_every_width() -> None:
    assert _printed("hostile", terminal=False, width=20) == _printed("hostile", terminal=False, width=500)


def test_each_finding_is_one_line_that_grep_can_find() -> None:
    assessment, model = sample.hostile()
    lines = write_text(assessment, model, []).splitlines()
    against = [f for f in assessment.findings if f.polarity == "against"]
    for finding in against:
        assert [line for line in lines if f": against {finding.practice}: " in line]
    assert sum(": against " in line for line in lines) >= len(against)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_gets_colours_and_nothing_of_the_repository_drives_it(width: int) -> None:
    text = _printed("hostile", terminal=True, width=width, verbose=True)
    codes = set(re.findall(r"\x1b(.)", text))
    assert codes <= {"[", "]", "\\"} and "\x1b[" in text
    plain = re.sub(r"\x1b\[[\d;]*m|\x1b\]8;[^\x1b]*\x1b\\", "", text)
    assert "\x1b" not in plain and all(len(line) <= width for line in plain.splitlines())
    assert "javascript:" not in "".join(re.findall(r"\x1b\]8;[^\x1b]*", text))


def test_a_terminal_gets_it_short() -> None:
    text = re.sub(
        r"\x1b\[[\d;]*m|\x1b\]8;[^\x1b]*\x1b\\", "", _printed("sample", terminal=True, report="out/report.html")
    )
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "acme-support  Level 2, defined: 12 of 28 points by evidence"
    assert len(lines) <= 45
    assert any(line.startswith("Models and customization") and "▮▮▯▯ 2" in line for line in lines)
    assert (
        "Evidence against (5 of 8)" in lines
        and "Contradictions (3)" in lines
        and f"Next steps (3 of {len(SAMPLE.roadmap)})" in lines
    )
    assert lines[-1] == "Report: out/report.html"


@pytest.mark.parametrize("terminal", [False, True])
def test_no_llm_use(terminal: bool) -> None:
    text = _printed("without", terminal=terminal)
    assert "No LLM use found: no level" in text and "What would count" in text and "Next steps" not in text


def test_verbose_tells_the_rest() -> None:
    assessment, model = sample.sample()
    text = plain_text(assessment, model, verbose=True)
    assert "data/dump.jsonl: larger than 2 MB" in text and "Notes (1)" in text
    assert "evaluation.gate: level 3: against: A change to prompt" in text
