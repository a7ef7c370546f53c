from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import sample

from ferrata.maturity.reports import HistoryPoint, formats
from ferrata.maturity.reports import html as html_report
from ferrata.maturity.reports.charts import radar, scale, trend
from ferrata.maturity.reports.words import one_line, safe_url, shortened, timeline
from ferrata.maturity.types import Assessment


@pytest.mark.parametrize("make", [sample.sample, sample.hostile, sample.without_llm])
def test_json_comes_back_as_the_same_assessment_and_fits_the_schema(make: object) -> None:
    assessment, model = make()  # pyright: ignore[reportCallIssue]
    text = formats()["json"](assessment, model, [])
    assert Assessment.model_validate_json(text) == assessment
    jsonschema.Draft202012Validator(Assessment.model_json_schema()).validate(json.loads(text))


def test_the_formats() -> None:
    assert sorted(formats()) == ["html", "json", "md", "sarif", "svg", "text"]


def test_the_templates_lie_in_the_package() -> None:
    names = {p.name for p in (Path(html_report.__file__).parent / "templates").iterdir()}
    assert {"report.html.jinja", "empty.html.jinja", "report.css"} <= names


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n b\t c", "a b c"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("gpj.\u202egnp", "gpj.\\u202egnp"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("日本 ñ 👩\u200d💻", "日本 ñ 👩\u200d💻"),
    ],
)
def test_one_line_shows_what_hides(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_shortened_keeps_both_ends() -> None:
    assert shortened("a" * 10 + "z" * 10, 10) == "aaaaaa…zzz"
    assert shortened("short", 10) == "short"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://forge.example/a#L1", True),
        ("http://forge.example/a", False),
        ("javascript:alert(1)", False),
        (" https://x.example", False),
        ("https://x.example/\u202ea", False),
        ("https://x.example/a b", False),
    ],
)
def test_only_plain_https_addresses_are_links(url: str, kept: bool) -> None:
    assert safe_url(url) == (url if kept else None)


def test_the_timeline_is_in_order_with_this_assessment_once() -> None:
    assessment, _ = sample.sample()
    itself = HistoryPoint(assessment.at, 99, 4, {})
    points = timeline(assessment, [*sample.history(), itself, HistoryPoint("no time", 1, 1, {})])
    assert [p.score for p in points] == [3, 5, 9, 11, 12]


def test_the_radar_has_4_points_at_the_rim() -> None:
    assessment, _ = sample.sample()
    top = assessment.dimensions[0].model_copy(update={"points": 4, "claimed_points": 0})
    chart = radar(assessment.model_copy(update={"dimensions": [top, *assessment.dimensions[1:]]}))
    assert len(chart.axes) == 7 and len(chart.rings) == 4
    assert chart.evidenced[0][:2] == chart.axes[0].end[:2] == chart.rings[3][0][:2]
    assert chart.claimed[0][:2] == (0, 0)


def test_the_scale_fills_the_whole() -> None:
    _, model = sample.sample()
    segments = scale(model, 28)
    assert [(s.level, s.name) for s in segments] == [(1, "initial"), (2, "defined"), (3, "managed"), (4, "optimized")]
    assert sum(s.share for s in segments) == pytest.approx(100, abs=0.01)


def test_the_trend_runs_over_time_and_needs_two() -> None:
    assessment, model = sample.sample()
    points = timeline(assessment, sample.history())
    chart = trend(points, model, 28)
    assert chart is not None and trend(points[:1], model, 28) is None
    across = [dot.x for dot in chart.dots]
    assert across == sorted(across) and across[0] == 0 and across[-1] == chart.width
    assert [dot.y for dot in chart.dots] == sorted((dot.y for dot in chart.dots), reverse=True)
