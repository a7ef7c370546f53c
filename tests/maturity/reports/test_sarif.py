from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import sample

from ferrata.maturity.reports.sarif import sarif_log, write_sarif

_LEVELS = {"none", "note", "warning", "error"}


def _run(name: str = "sample") -> dict[str, Any]:
    assessment, model = {"sample": sample.sample, "hostile": sample.hostile, "without": sample.without_llm}[name]()
    log = json.loads(write_sarif(assessment, model, []))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("/sarif-schema-2.1.0.json")
    [run] = log["runs"]
    return run


@pytest.mark.parametrize("name", ["sample", "hostile", "without"])
def test_it_has_what_the_schema_requires(name: str) -> None:
    run = _run(name)
    driver = run["tool"]["driver"]
    assert driver["name"] == "Ferrata" and driver["version"] == "0.1.0"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids)) and ids == sorted(ids)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"] and rule["help"]["text"] and rule["help"]["markdown"]
        assert rule["helpUri"].startswith("https://")
        assert rule["defaultConfiguration"]["level"] in _LEVELS
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"warning", "note"} and result["kind"] == "fail"
        assert result["message"]["text"] and 0 <= result["rank"] <= 100
        [location] = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert artifact["uriBaseId"] == "%SRCROOT%" and artifact["uriBaseId"] in run["originalUriBaseIds"]
        assert re.fullmatch(r"(?:[\w.~/-]|%[0-9A-F]{2})+", artifact["uri"], re.ASCII)
        assert location["physicalLocation"]["region"]["startLine"] >= 1
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is True
    assert all(n["level"] in _LEVELS and n["message"]["text"] for n in invocation["toolExecutionNotifications"])


def test_only_findings_against_are_results_and_weight_gives_the_level() -> None:
    assessment, model = sample.sample()
    results = _run()["results"]
    against = [f for f in assessment.findings if f.polarity == "against"]
    assert len(results) == len(against)
    levels = {(r["message"]["text"], r["level"]) for r in results}
    assert ("the evaluation step has continue-on-error: true", "warning") in levels
    assert ("the whole prompt is logged without redaction", "note") in levels
    everything = sarif_log(assessment, model, with_for=True)["runs"][0]["results"]
    assert len(everything) == len(assessment.findings)
    assert {(r["kind"], r["level"]) for r in everything} == {("fail", "warning"), ("fail", "note"), ("pass", "none")}


def test_addresses_are_relative_and_lead_back_to_the_file() -> None:
    assessment, _ = sample.hostile()
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in _run("hostile")["results"]]
    assert all(not urlsplit(uri).scheme and not urlsplit(uri).netloc for uri in uris)
    assert {unquote(uri) for uri in uris} == {f.file for f in assessment.findings if f.polarity == "against"}


def test_files_of_a_folder_are_named_from_the_root_of_the_repository() -> None:
    assessment, model = sample.sample()
    scan = assessment.scan.model_copy(update={"folder": "apps/a bot"})
    whole = assessment.findings[0].model_copy(update={"file": ".", "polarity": "against"})
    nested = assessment.model_copy(update={"scan": scan, "findings": [*assessment.findings, whole]})
    run = sarif_log(nested, model)["runs"][0]
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
    files = {f.file for f in assessment.findings if f.polarity == "against"}
    assert {unquote(uri) for uri in uris} == {"apps/a bot", *(f"apps/a bot/{file}" for file in files - {"."})}
    assert run["automationDetails"] == {"id": "ferrata/maturity/apps/a bot/"}
    skipped = run["invocations"][0]["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]
    assert skipped["artifactLocation"]["uri"] == "apps/a%20bot/data/dump.jsonl"


def test_fingerprints_stay_when_lines_move_and_differ_among_equal_findings() -> None:
    assessment, model = sample.sample()
    moved = assessment.model_copy(
        update={"findings": [f.model_copy(update={"line": f.line + 40}) for f in reversed(assessment.findings)]}
    )

    def names(of: Any) -> list[str]:
        return sorted(r["partialFingerprints"]["ferrataFinding/v1"] for r in sarif_log(of, model)["runs"][0]["results"])

    assert names(assessment) == names(moved)
    assert len(set(names(assessment))) == len(names(assessment))


def test_messages_hold_no_links_and_no_control_characters() -> None:
    for result in _run("hostile")["results"]:
        text = result["message"]["text"]
        assert "](" not in text and text.isprintable()


def test_skipped_files_and_no_llm_use_are_notes() -> None:
    notes = [n["message"]["text"] for n in _run("without")["invocations"][0]["toolExecutionNotifications"]]
    assert notes == [
        "No LLM use found in 398 files read, so no level is given.",
        "Not read: larger than 2 MB",
        "Not read: generated",
    ]
    assert _run("without")["results"] == []
