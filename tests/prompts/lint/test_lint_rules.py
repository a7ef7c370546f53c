"""The rules' own examples: each bad one is found, each good one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.prompts.lint import Finding, lint_prompt, lint_rules, lint_sarif, lint_text

if TYPE_CHECKING:
    from pathlib import Path


def cases(kind: str) -> list[tuple[str, str]]:
    return [(rule.id, text) for rule in lint_rules().values() for text in getattr(rule, kind)]


def found(text: str) -> set[str]:
    return {one.rule for one in lint_text(text.replace("LONG", "very " * 1_600))}


@pytest.mark.parametrize(("rule", "text"), cases("bad"))
def test_bad_examples_are_found(rule: str, text: str) -> None:
    assert rule in found(text)


@pytest.mark.parametrize(("rule", "text"), cases("good"))
def test_good_examples_are_not(rule: str, text: str) -> None:
    assert rule not in found(text)


def test_a_whole_prompt_has_no_findings() -> None:
    assert lint_text(lint_rules()["framework.system"].good[0]) == []


def test_every_rule_says_why_and_what_to_do() -> None:
    assert len(lint_rules()) > 25
    assert all(rule.why and rule.fix and rule.bad and rule.good for rule in lint_rules().values())


def test_places_are_lines_of_the_file() -> None:
    text = "---\nname: x\ninputs:\n  spare: {type: string}\n---\nsystem:\nYou are a clerk.\n{{question}}\nuser:\nhi\n"
    lines = {one.rule: one.line for one in lint_text(text)}
    assert (lines["variables.unused"], lines["trust.user-text-in-system"], lines["variables.undefined"]) == (4, 8, 8)
    assert lines["framework.safety"] == 7


def test_a_misspelt_variable_is_named_with_what_was_meant() -> None:
    text = "---\ninputs: {question: {type: string}}\n---\nuser:\n{{quesion}}\n"
    (one,) = [one for one in lint_text(text) if one.rule == "variables.undefined"]
    assert one.fix.startswith("did you mean 'question'?")


@pytest.mark.parametrize(
    "comment",
    ["{# lint: ignore framework.safety, framework.scope #}", "{# lint: ignore framework.safety framework.scope #}"],
)
def test_a_rule_is_switched_off_by_a_comment(comment: str) -> None:
    text = f"{comment}\nsystem:\nYou are a clerk.\nuser:\nhi\n"
    rules = found(text)
    assert not rules & {"framework.safety", "framework.scope"}
    assert "framework.unsure" in rules


def test_a_file_is_read_from_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.prompty"
    path.write_text("---\nname: [x\n---\nuser:\nhi\n")
    (one,) = lint_prompt(path)
    assert (one.rule, one.severity, one.file, one.line) == ("structure.unreadable", "error", str(path), 3)


def test_sarif_holds_each_finding_once() -> None:
    findings = [Finding("structure.secret", "error", "a.prompty", 3, "a key", "remove it")]
    run = lint_sarif(findings)["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["structure.secret"]
    (result,) = run["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert result["level"] == "error" and result["ruleIndex"] == 0


def test_sarif_names_files_from_the_root_of_the_repository_and_each_finding_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "apps" / "bot"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    secret = Finding("structure.secret", "error", "a b](x).prompty", 3, "a [key](k)", "remove it")
    every = [secret, secret._replace(line=9), secret._replace(file=str(folder / "c.prompty"))]
    run = lint_sarif(every)["runs"][0]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in run["results"]]
    assert [place["uri"] for place in places] == [
        *["apps/bot/a%20b%5D%28x%29.prompty"] * 2,
        "apps/bot/c.prompty",
    ]
    assert {place["uriBaseId"] for place in places} == set(run["originalUriBaseIds"])
    assert len({str(one["partialFingerprints"]) for one in run["results"]}) == 3
    assert run["automationDetails"] == {"id": "ferrata/prompts/apps/bot/"}
    assert run["results"][0]["message"]["text"] == "a [key] (k). remove it"
    [rule] = run["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] and rule["fullDescription"]["text"] and rule["help"]["text"]
    moved = lint_sarif([secret._replace(line=30)])["runs"][0]["results"][0]
    assert moved["partialFingerprints"] == run["results"][0]["partialFingerprints"]


@pytest.mark.parametrize(
    ("template", "line"),
    [("system:\nYou.\n{{ 1/0 }}", 3), ("user:\n{{ x }} {{ [1][5] + 1 }}", 2), ("user:\n{{ 'a' | round }}", 2)],
)
def test_a_template_that_renders_with_no_value_is_an_error(template: str, line: int) -> None:
    (found,) = lint_text(template)
    assert (found.rule, found.severity, found.line) == ("structure.unreadable", "error", line)
    assert found.message.startswith("renders with no value: ")


@pytest.mark.parametrize(
    "template",
    ["user:\n{% if x %}{{ 1/0 }}{% endif %}", "user:\n{{ 1/x }}", "user:\n{{ 6/2 }}{{ 'a' ~ 'b' }}{{ [1][0] }}"],
)
def test_what_renders_with_some_value_is_none(template: str) -> None:
    assert "structure.unreadable" not in {found.rule for found in lint_text(template)}
