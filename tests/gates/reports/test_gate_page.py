from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
import samples

from ferrata.gates import Change, Distribution, GateResult, render
from ferrata.gates.reports.charts import histograms, interval_picture
from ferrata.gates.reports.words import between, headline, number, probability, weight
from ferrata.stats import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

every_result = pytest.mark.parametrize("result", samples.ALL.values(), ids=samples.ALL)
_VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The elements and the text of a page, and tags that do not fit."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@every_result
def test_the_page_is_well_formed_and_fetches_nothing(result: GateResult) -> None:
    page = Page(render(result, "html"))
    assert page.wrong == [] and page.open == []
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"script", "img", "iframe", "object", "a", "base", "form"})
    attributes = {name for _, found in page.elements for name in found}
    assert attributes.isdisjoint({"src", "srcset", "href", "style"}) and not any(a.startswith("on") for a in attributes)
    ids = [found["id"] for _, found in page.elements if found.get("id")]
    assert len(ids) == len(set(ids))
    assert {found["aria-labelledby"] for _, found in page.elements if "aria-labelledby" in found} <= set(ids)


def test_hostile_text_is_shown_and_does_nothing() -> None:
    text = render(samples.HOSTILE_ONE, "html")
    assert "<script" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_page_has_verdict_numbers_answers_and_provenance() -> None:
    words = " ".join("".join(Page(render(samples.FAILED, "html")).words).split())
    for part in (
        "Gate support failed",
        "0.012, -0.018 to 0.043 (90 % interval)",
        "0.00041, corrected 0.00082 (paired t)",
        "3.02, 2.70 to 3.34 (90 % interval)",
        "this gate could not have seen 0.05",
        "How long do refunds take?",
        "We do not know.",
        "sha256:" + "ab" * 32,
        "sha256:" + "12" * 32,
        "Correction over the rulesholm",
        "Seed0",
    ):
        assert part in words


def test_no_more_rows_than_one_reads_and_long_answers_are_cut() -> None:
    many = replace(samples.FAILED, changes=(Change("f1", 1, "k", 0, 1, {}, "x" * 9000, ""),) * 60)
    text = render(many, "html")
    assert text.count('<article class="change">') == 50 and "And 10 more" in text
    assert "x" * 4000 + " … (9,000 characters)" in text and "x" * 4001 not in text


def test_the_interval_lies_against_the_boundary() -> None:
    picture = interval_picture(samples.F1)
    assert picture is not None
    assert picture.boundary.x < picture.found.low < picture.found.at < picture.found.high < picture.width
    assert picture.good == (picture.boundary.x, pytest.approx(picture.width - picture.boundary.x, abs=0.11))
    assert picture.zero is not None and picture.found.low < picture.zero.x < picture.found.at
    fails = interval_picture(samples.GROUNDED)
    assert fails is not None and fails.found.high < fails.boundary.x and fails.corrected is not None
    lower_is_better = interval_picture(samples.LATENCY)
    assert lower_is_better is not None and lower_is_better.good == (0.0, lower_is_better.boundary.x)
    assert lower_is_better.found.open_low and not lower_is_better.found.open_high and lower_is_better.found.low == 0


@pytest.mark.parametrize(
    "change",
    [
        {"estimate": None},
        {"interval": None},
        {"boundary": None},
        {"estimate": float("nan")},
        {"boundary": float("inf")},
    ],
)
def test_without_numbers_there_is_no_picture(change: dict[str, float | None]) -> None:
    assert interval_picture(replace(samples.F1, **change)) is None  # pyright: ignore[reportArgumentType]


def test_a_point_without_width_is_drawn() -> None:
    picture = interval_picture(replace(samples.GROUNDED, estimate=3.5, interval=Interval(3.5, 3.5), corrected=None))
    assert picture is not None and picture.found.at == picture.boundary.x == pytest.approx(picture.width / 2)


def test_histograms_have_one_axis_and_shares() -> None:
    before, after = histograms(samples.F1)
    assert (before.name, after.name, before.low, after.high) == ("baseline", "candidate", "0", "1")
    assert max(bar.height for bar in (*before.bars, *after.bars)) == before.height
    assert before.bars[3].text == "0.75 to 1: 50 of 120"
    odd = {"baseline": Distribution((0, 1), (0,)), "candidate": Distribution((0, 0), (3,))}
    assert histograms(replace(samples.F1, distributions=odd)) == []


def test_words_of_numbers() -> None:
    assert [number(0.123456, Interval(0.1, 0.2)), number(1234.5678, Interval(1000, 1500)), number(None)] == [
        "0.123",
        "1235",
        "–",
    ]
    assert number(0.5, Interval(0.5, 0.5)) == "0.5" and number(float("nan")) == "–"
    assert between(Interval(0.1, float("inf")), 0.95) == "above 0.1 (95 % interval)"
    assert [probability(p) for p in (0.000001, 0.0123, 0.999, 1.0, None)] == ["< 0.0001", "0.012", "> 0.99", "1", "–"]


def test_a_verdict_weighs_as_the_exit_status_says() -> None:
    for result in samples.ALL.values():
        assert (weight(result) in ("failed", "undecided")) is (result.exit_status != 0)
    assert headline(samples.LET_PASS) == "Gate support is inconclusive, which this gate lets pass"
    assert headline(samples.PASSED) == "Gate support passed"


@pytest.mark.parametrize("mode", [0, 1])
def test_colours_have_the_contrast_of_wcag_aa(mode: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", render(samples.FAILED, "html"), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[mode] + blocks[mode + 2]))
    pairs = [(ink, ground) for ink in ("good", "bad", "open") for ground in ("paper",)]
    pairs += [("on-good", "good"), ("on-bad", "bad"), ("on-open", "open"), ("ink", "soft"), ("muted", "soft")]
    for ink, ground in pairs:
        light, dark = sorted((_luminance(colours[ink]), _luminance(colours[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
