"""JUnit XML: a suite for the gate, a case for each rule and one for the verdict of all.

A failed rule is a `failure`. An undecided one that stops the pipeline is an `error`: GitLab and Azure DevOps show it in red
beside the failures, and tell it from them, where `skipped` would be grey in a pipeline that stopped. What does not
stop the pipeline (a rule that does not decide, a waived verdict, the policy `pass`) is `skipped` with its text, so that the colours
agree with the exit status. The numbers of a rule are in the `system-out` of its case: Jenkins' schema (`junit-10.xsd`) knows no
properties of a case, and its plug-in refuses what does not validate. Knows no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ferrata.gates.reports.words import between, facts, headline, number, probability, summary, weight
from ferrata.markup import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferrata.gates.reports.base import Place
    from ferrata.gates.reports.words import Weight
    from ferrata.gates.types import GateResult, RuleResult

__all__ = ["write_junit"]

_TAGS: dict[Weight, str] = {"failed": "failure", "undecided": "error", "noted": "skipped"}
_VERDICT = "verdict"


def write_junit(result: GateResult, _place: Place) -> str:
    """The XML document."""
    weights: list[Weight] = [*(weight(result, one) for one in result.rules), weight(result)]
    counts = {
        "tests": len(weights),
        "failures": weights.count("failed"),
        "errors": weights.count("undecided"),
        "skipped": weights.count("noted"),
        "time": 0,
    }
    attributes = {name: str(count) for name, count in counts.items()}
    top = ET.Element("testsuites", {"name": "ferrata gate", **attributes})
    del top.attrib["skipped"]  # the schema has it for a suite only
    suite = ET.SubElement(top, "testsuite", {"name": _text(f"gate {result.gate}"), **attributes})
    if result.created:
        suite.set("timestamp", _text(result.created.removesuffix("Z").partition("+")[0]))
    properties = ET.SubElement(suite, "properties")
    for name, value in facts(result):
        ET.SubElement(properties, "property", {"name": name, "value": _text(value)})
    for one, of in zip(result.rules, weights, strict=False):
        case = _case(suite, result, one.rule.text)
        numbers = [f"{name}: {value}" for name, value in _about(one)]
        _outcome(case, of, [summary(one), *one.reasons, *_waived(result, of)], numbers)
    case = _case(suite, result, _VERDICT)
    _outcome(case, weights[-1], [headline(result), *result.notes, *_waived(result, weights[-1])])
    ET.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(top, encoding="unicode") + "\n"


def _case(suite: ET.Element, result: GateResult, name: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", {"classname": _text(f"gate.{result.gate}"), "name": _text(name), "time": "0"}
    )


def _outcome(case: ET.Element, of: Weight, said: list[str], numbers: Sequence[str] = ()) -> None:
    out = [*said, *numbers]
    if of in _TAGS:
        kind = {} if of == "noted" else {"type": "inconclusive" if of == "undecided" else "fail"}
        ET.SubElement(case, _TAGS[of], {"message": _text(said[0]), **kind}).text = _text("\n".join(said))
        out = list(numbers)
    if out:
        ET.SubElement(case, "system-out").text = _text("\n".join(out))


def _waived(result: GateResult, of: Weight) -> list[str]:
    return [f"Waived: {result.waived}"] if result.waived and of == "noted" else []


def _about(one: RuleResult) -> Iterator[tuple[str, str]]:
    yield "n", str(one.n)
    yield "estimate", number(one.estimate, one.interval)
    yield "interval", between(one.interval, one.confidence)
    yield "boundary", number(one.boundary)
    yield "p", probability(one.p_value)
    yield "p_adjusted", probability(one.p_adjusted)
    yield "deciding", "yes" if one.deciding else "no"
    if one.rows_needed is not None:
        yield "rows_needed", str(one.rows_needed)


def _text(text: str) -> str:
    """Characters that XML cannot hold are shown as escapes; line ends stay."""
    return visible(text)
