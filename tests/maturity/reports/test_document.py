from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import sample

from ferrata.maturity.reports import HistoryPoint, formats
from ferrata.maturity.reports import html as html_report
from ferrata.maturity.reports.charts import radar, scale, trend
from ferrata.maturity.reports.words import timeline
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
