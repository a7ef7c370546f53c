from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import sample

from ferrata.maturity.reports import formats
from ferrata.maturity.reports.html import write_html

_VOID = {"meta", "br", "link", "img", "input", "hr"}
_DRAWN = {"line", "circle", "rect", "polygon", "polyline"}


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether the tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def named(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _page(name: str) -> tuple[str, Page]:
    assessment, model = {"sample": sample.sample, "hostile": sample.hostile, "without": sample.without_llm}[name]()
    text = write_html(assessment, model, sample.history() if name == "sample" else [])
    return text, Page(text)


every_page = pytest.mark.parametrize("name", ["sample", "hostile", "without"])


@every_page
def test_a_browser_would_fetch_nothing(name: str) -> None:
    text, page = _page(name)
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "data", "poster", "background", "action"} & set(attributes)
        assert "href" not in attributes or tag == "a"
        assert "url(" not in (attributes.get("style") or "")
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style and "@import" not in style and "http" not in style
    policy = next(m["content"] for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@every_page
def test_there_is_no_script_and_no_handler(name: str) -> None:
    _, page = _page(name)
    assert not page.named("script", "iframe", "object", "embed", "form", "base", "img")
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]


@every_page
def test_links_lead_into_the_page_or_to_https(name: str) -> None:
    _, page = _page(name)
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    for link in page.named("a"):
        target = link["href"] or ""
        assert target.startswith("https://") or (target.startswith("#") and target[1:] in ids), target
    for labelled in (a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a):
        assert labelled in ids


@every_page
def test_it_is_well_formed_with_landmarks_and_headers(name: str) -> None:
    text, page = _page(name)
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert page.unbalanced == [] and page.open == []
    assert page.named("html")[0]["lang"] == "en"
    assert (
        len(page.named("main")) == len(page.named("header")) == len(page.named("footer")) == len(page.named("h1")) == 1
    )
    assert all(th.get("scope") in ("col", "row") for th in page.named("th"))
    ranks = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in zip(ranks, ranks[1:], strict=False))


def test_hostile_text_is_shown_and_does_nothing() -> None:
    text, page = _page("hostile")
    assert "<script" not in text and "<img" not in text
    assert "src/<script>alert(1)</script>|`x``\\u202egnp.py:7" in page.text
    assert "\\u001b[31mred\\u001b[0m second | line <img src=x onerror=alert(2)>" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert not [
        a
        for a in page.named("a")
        if "alert(" in (a["href"] or "") and not (a["href"] or "").startswith("https://h.example/")
    ]
    assert "http://plain.example" not in text
    assert max(len(word) for word in page.text.split()) <= 420


def test_the_head_says_what_was_measured_and_by_what() -> None:
    _, page = _page("sample")
    assessment, _model = sample.sample()
    answered = f"{assessment.answered} of {len(assessment.practices)} practices."
    assert "Level 2, defined 12 of 28 points by evidence" in page.text
    assert f"Claimed: level 3, managed, 17 of 28 points, by answers on {answered}" in page.text
    for fact in ("2026-03-01 12:00 UTC", sample.COMMIT[:12], "ferrata 1.0", "398 files of 412 read"):
        assert fact in page.text


def test_each_practice_has_a_cell_in_the_map_and_its_details() -> None:
    assessment, _ = sample.sample()
    _, page = _page("sample")
    details = [d["id"] for d in page.named("details") if d.get("id")]
    cells = [a for a in page.named("a") if (a.get("class") or "").startswith("sign ")]
    assert sorted(details) == sorted(p.id for p in assessment.practices)
    assert {c["href"]: (c["class"] or "").split()[1] for c in cells} == {
        f"#{p.id}": p.status for p in assessment.practices
    }
    framed = {c["href"] for c in cells if "essential" in (c["class"] or "").split()}
    assert framed == {f"#{p.id}" for p in assessment.practices if p.essential}


def test_details_hold_evidence_answers_records_and_frameworks() -> None:
    text, _ = _page("sample")
    gate = Page(text.partition('<details id="evaluation.gate">')[2].partition("</details>")[0]).text
    for part in (
        "evidence against",
        ".github/workflows/ci.yml:54",
        "the evaluation step has continue-on-error: true",
        "Answers: they differ by up to 60%",
        "Jo : 40%, “Only before large releases.”",
        "Sam : does not know",
        "Supports evidence for",
        "EU AI Act: Art. 15, Art. 17",
    ):
        assert part in gate
    metrics = Page(text.partition('<details id="evaluation.basic-metrics">')[2].partition("</details>")[0]).text
    assert "eval.completed , 9 records, the newest number 1207 of 2026-02-23 09:10 UTC" in metrics
    assert "compl" not in gate  # supports evidence for a framework, never complies with it


def test_the_trend_is_there_only_with_history() -> None:
    assessment, model = sample.sample()
    with_history, without = write_html(assessment, model, sample.history()), write_html(assessment, model, [])
    assert 'id="trend"' in with_history and 'id="trend"' not in without
    scores = Page(with_history.partition("<strong>Score</strong>")[2].partition("</tr>")[0]).text
    assert scores == "3 5 9 11 12"


def test_without_answers_nothing_is_drawn_as_claimed() -> None:
    assessment, model = sample.sample()
    asked_nobody = assessment.model_copy(update={"answered": 0, "claimed_level": None, "claimed_score": 0})
    text = write_html(asked_nobody, model, [])
    assert 'class="claimed"' not in text and "No answers yet, so nothing is claimed." in text


def test_no_llm_use_is_a_short_page_without_a_level() -> None:
    text, page = _page("without")
    assert "No LLM use found" in page.text and "398 files read" in page.text and "What would count" in page.text
    assert "Level" not in page.text and not page.named("svg", "details")[1:]
    assert len(text) < 20_000


@pytest.mark.parametrize("mode", [0, 1])
def test_colours_have_the_contrast_of_wcag_aa(mode: int) -> None:
    text, _ = _page("sample")
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[mode]))
    for ink in ("ink", "muted", "accent", "claim"):
        for ground in ("paper", "soft", "reached"):
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ink, ground in (("on-accent", "accent"), ("on-pale", "pale"), ("ink", "pale"), ("on-bad", "bad")):
        assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert _contrast(colours["edge"], colours["paper"]) >= 3


def _contrast(a: str, b: str) -> float:
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_writing_twice_gives_the_same() -> None:
    assessment, model = sample.sample()
    for writer in formats().values():
        assert writer(assessment, model, sample.history()) == writer(
            assessment, model, list(reversed(sample.history()))
        )
