from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import samples

from ferrata.errors import UsageError
from ferrata.gates import FORMATS, Place, render, write_report
from ferrata.stats import Comparison, Interval

if TYPE_CHECKING:
    from ferrata.gates import GateResult

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/gate.schema.json").read_text(encoding="utf-8"))
every_result = pytest.mark.parametrize("result", samples.ALL.values(), ids=samples.ALL)


@every_result
def test_json_fits_its_schema(result: GateResult) -> None:
    document = json.loads(render(result, "json"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["verdict"] == result.verdict and document["exit_status"] == result.exit_status
    assert len(document["rules"]) == len(result.rules)


def test_json_has_null_for_an_end_without_a_bound_and_keeps_the_comparison() -> None:
    comparison = Comparison(
        "latency", True, 9, 1, 2, 1, Interval(0, 2), 0.95, 0.1, "t", None, None, None, None, notes=("few rows",)
    )
    document = json.loads(
        render(replace(samples.FAILED, rules=(replace(samples.LATENCY, comparison=comparison),)), "json")
    )
    assert document["rules"][0]["interval"] == [None, 0.02]
    assert document["rules"][0]["comparison"]["notes"] == ["few rows"]


def _suite(result: GateResult) -> tuple[ET.Element, dict[str, str]]:
    suite = ET.fromstring(render(result, "xml"))[0]
    kinds = {"failure", "error", "skipped"}
    return suite, {
        case.attrib["name"]: next((e.tag for e in case if e.tag in kinds), "") for case in suite.iter("testcase")
    }


@every_result
def test_junit_is_red_exactly_where_the_exit_status_is_not_0(result: GateResult) -> None:
    suite, outcomes = _suite(result)
    assert (set(outcomes.values()) & {"failure", "error"} != set()) is (result.exit_status != 0)
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    assert all(int(suite.attrib[name]) == list(outcomes.values()).count(tag) for name, tag in counts.items())
    assert int(suite.attrib["tests"]) == len(result.rules) + 1


def test_junit_tells_failed_from_undecided_and_from_what_does_not_decide() -> None:
    _, failed = _suite(samples.FAILED)
    assert list(failed.values()) == ["", "failure", "error", "failure"]
    assert list(_suite(samples.WAIVED)[1].values()) == ["", "skipped", "skipped", "skipped"]
    assert list(_suite(samples.NOT_DECIDING)[1].values()) == ["skipped", "error"]
    assert list(_suite(samples.LET_PASS)[1].values()) == ["", "skipped", "skipped"]


@every_result
def test_junit_has_only_what_the_schema_of_jenkins_knows(result: GateResult) -> None:
    top = ET.fromstring(render(result, "xml"))
    assert top.keys() == ["name", "tests", "failures", "errors", "time"]
    assert {child.tag for child in top[0]} == {"properties", "testcase"}
    for case in top[0].iter("testcase"):
        assert case.keys() == ["classname", "name", "time"]
        assert [child.tag for child in case] in (
            ["system-out"],
            *([tag, "system-out"] for tag in ("failure", "error", "skipped")),
            *([tag] for tag in ("failure", "error", "skipped")),
        )


def test_junit_has_n_interval_and_p_in_the_output_of_the_case() -> None:
    suite, _ = _suite(samples.FAILED)
    passed, _, undecided, _ = suite.findall("testcase")
    assert str(passed.findtext("system-out")).startswith(
        "f1_score worse than the baseline by less than 0.05: difference 0.012, "
    )
    lines = str(undecided.findtext("system-out")).splitlines()
    assert dict(line.split(": ", 1) for line in lines) == {
        "n": "120",
        "estimate": "-0.04",
        "interval": "below 0.02 (90 % interval)",
        "boundary": "0",
        "p": "0.2",
        "p_adjusted": "0.2",
        "deciding": "yes",
        "rows_needed": "840",
    }


@every_result
def test_sarif_has_what_the_format_requires(result: GateResult) -> None:
    log = json.loads(render(result, "sarif"))
    [run] = log["runs"]
    assert log["version"] == "2.1.0" and log["$schema"].endswith("/sarif-schema-2.1.0.json")
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids)) == len(result.rules) + 1
    for rule in run["tool"]["driver"]["rules"]:  # which GitHub asks for
        texts = [rule[name]["text"] for name in ("shortDescription", "fullDescription", "help")]
        assert all(0 < len(text) <= 1024 and text.isprintable() and "](" not in text for text in texts)
    for one in run["results"]:
        assert ids[one["ruleIndex"]] == one["ruleId"] and one["level"] in {"error", "warning", "note"}
        assert one["message"]["text"].isprintable() and "](" not in one["message"]["text"]
        [location] = one["locations"]
        assert location["physicalLocation"]["artifactLocation"] == {"uri": "ferrata.yaml", "uriBaseId": "%SRCROOT%"}
        assert one["partialFingerprints"]
    assert (run["results"] == []) is (result.verdict == "pass")


def test_sarif_leads_to_the_lines_of_the_rules() -> None:
    place = Place("ops/ferrata.yaml", (7, 8, 9))
    results = json.loads(render(samples.FAILED, "sarif", place=place))["runs"][0]["results"]
    assert [(r["level"], r["locations"][0]["physicalLocation"]["region"]["startLine"]) for r in results] == [
        ("error", 8),
        ("warning", 9),
    ]
    assert results[0]["message"]["text"].startswith("groundedness.groundedness at least 3.5: mean 3.10, 2.90 to 3.30")
    note, verdict = json.loads(render(samples.NOT_DECIDING, "sarif"))["runs"][0]["results"]
    assert (note["level"], verdict["level"]) == ("note", "warning")
    assert verdict["message"]["text"] == "Gate support is inconclusive. no rule decides."


def test_two_rules_of_one_kind_have_two_names() -> None:
    twice = replace(samples.NO_BASELINE, rules=(samples.GROUNDED, samples.GROUNDED))
    first, second = json.loads(render(twice, "sarif"))["runs"][0]["results"]
    assert first["ruleId"] != second["ruleId"]
    assert first["partialFingerprints"] != second["partialFingerprints"]


@pytest.mark.parametrize(
    ("name", "begins"), [("a.html", "<!doctype"), ("b/c.XML", "<?xml"), ("d.json", "{"), ("e.md", "<!--")]
)
def test_the_ending_names_the_format(tmp_path: Path, name: str, begins: str) -> None:
    write_report(samples.FAILED, tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_an_unknown_format_and_a_file_that_cannot_be_written_are_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no ending names the format of '.*a\.pdf'"):
        write_report(samples.FAILED, tmp_path / "a.pdf")
    with pytest.raises(UsageError, match="no report format 'pdf'"):
        render(samples.FAILED, "pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_report(samples.FAILED, tmp_path / "file" / "a.md")


@every_result
def test_writing_twice_gives_the_same_and_nothing_drives_a_terminal(result: GateResult) -> None:
    for form in FORMATS:
        text = render(result, form)
        assert text == render(result, form)
        assert form == "json" or not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
