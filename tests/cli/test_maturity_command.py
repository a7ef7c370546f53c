from __future__ import annotations

import json

import pytest

GOOD = """
rules:
  - id: own-pinned
    shows: {models.pinned: 0.9}
    message: "pinned by {NAME}"
    literals: [pin_model]
    match: {code: {python: ["pin_model($NAME)"]}}
    examples: {positive: [{path: a.py, text: "pin_model(x)"}], negative: [{path: a.py, text: "pin(x)"}]}
"""


PACK = """
rules:
  - id: uses-openai
    llm: true
    message: imports openai
    literals: [openai]
    match: {code: {python: ["import openai", "from openai import $$$NAMES"]}}
    examples: {positive: [{path: a.py, text: "import openai"}], negative: [{path: a.py, text: "import os"}]}
  - id: has-dockerfile
    shows: {deployment.reproducible: 0.7}
    message: a Dockerfile
    match: {paths: ["**/Dockerfile"]}
    examples: {positive: [{path: Dockerfile}], negative: [{path: a.py}]}
"""


@pytest.fixture(autouse=True)
def two_built_in_rules(tmp_path, monkeypatch):
    """In place of the five hundred, which take seconds to read together with others."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "pack.yaml").write_text(PACK)
    monkeypatch.setattr("ferrata.maturity.assessor.built_in_rules", lambda: folder)


@pytest.fixture
def rules(fresh):
    """The file of the project's own rules."""
    (fresh / "ferrata.yaml").write_text("maturity:\n  rules: [checks]\n")
    (fresh / "checks").mkdir()
    (fresh / "checks/own.yaml").write_text(GOOD)
    return fresh / "checks/own.yaml"


def test_list(ferrata, tmp_path):
    ran = ferrata("maturity", "list", "--project", tmp_path, "--dimension", "models", "--level", "1")
    assert all(line.startswith("1 ") and " models." in line for line in ran.out.splitlines())
    assert f"{len(ran.out.splitlines())} practices of ferrata 1.0;" in ran.err
    found = json.loads(ferrata("maturity", "list", "--project", tmp_path, "--level", "4", "--json").out)
    assert {p["level"] for p in found} == {4}
    ran = ferrata("maturity", "list", "--project", tmp_path, "--dimension", "model")
    assert (ran.status, ran.err.splitlines()[0]) == (2, "ferrata: no dimension 'model' in ferrata 1.0")


def test_show(ferrata, tmp_path, rules, fresh):
    ran = ferrata("maturity", "show", "models.pinned", "--project", fresh)
    assert ran.out.startswith("models.pinned  level 2, operational, ")
    assert "  for 0.81  own-pinned: pinned by {NAME}\n" in ran.out
    found = json.loads(ferrata("maturity", "show", "models.pinned", "--project", fresh, "--json").out)
    assert found["rules"]["own-pinned"] == 0.9
    ran = ferrata("maturity", "show", "models.pinnd", "--project", tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert "hint: did you mean models.pinned" in ran.err


def test_an_own_rule_makes_findings(fresh, rules, ferrata):
    (fresh / "more.py").write_text("import openai\npin_model(main)\n")
    ran = ferrata("maturity", "validate", "--project", fresh)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith("; 3 rules, 1 of the project's own\n")
    found = json.loads(ferrata("assess", fresh, "--json").out)
    assert [(f["file"], f["line"], f["message"]) for f in found["findings"] if f["rule"] == "own-pinned"] == [
        ("more.py", 2, "pinned by main")
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["pin_model($NAME)"]', "[{kind: nosuch}]", ":7: rules.0.match.code.python.0: own-pinned: "),
        ("literals: [pin_model]", "literals: [pin_model]\n    unless: '('", ":7: rules.0.unless: "),
        ("models.pinned: 0.9", "models.pinned: 9", ":4: rules.0.shows.models.pinned: "),
        ("    message:", "    mesage:", ":5: rules.0.mesage: "),
        ("id: own-pinned", "id: Own Pinned", ":3: rules.0.id: "),
        ("rules:", "rules: [", ":3: not valid YAML: "),
        (GOOD, GOOD + GOOD.replace("\nrules:", ""), ":10: rules.1.id: rule 'own-pinned' is declared twice"),
    ],
)
def test_a_broken_rule_names_file_line_and_key(fresh, rules, ferrata, old, new, said):
    assert old in GOOD
    rules.write_text(GOOD.replace(old, new))
    for words in (["maturity", "validate", "--project"], ["assess"], ["roadmap"]):
        ran = ferrata(*words, fresh)
        assert (ran.status, ran.out) == (2, "")
        assert f"{rules}{said}" in ran.err
    assert not (fresh / ".ferrata/ferrata.db").exists()


def test_validate_finds_what_loading_does_not(fresh, rules, ferrata):
    rules.write_text(GOOD.replace("models.pinned", "models.pinnd").replace('"pin(x)"', '"pin_model(y)"'))
    assert ferrata("assess", fresh, "--no-save", "--format", "svg").status == 0
    ran = ferrata("maturity", "validate", "--project", fresh)
    assert ran == (
        2,
        "",
        f"ferrata: {rules}:4: rules.0.shows.models.pinnd: own-pinned: shows 'models.pinnd', which is no practice of ferrata 1.0\n"
        f"{rules}:8: rules.0.examples: own-pinned: negative example 1 matches\n",
    )


def test_an_own_rule_may_derive_from_a_built_in_one(fresh, rules, ferrata):
    rules.write_text(
        """
rules:
  - id: own-derived
    shows: {models.pinned: 0.5}
    message: seen
    match: {derived: {all: [has-dockerfile]}}
    examples: {positive: [{path: Dockerfile}], negative: [{path: a.py}]}
"""
    )
    ran = ferrata("maturity", "validate", "--project", fresh)
    assert (ran.status, ran.err) == (0, "")


def test_all_mistakes_of_all_files_at_once(fresh, rules, ferrata):
    rules.write_text(GOOD.replace("0.9", "9"))
    (fresh / "model.yaml").write_text('id: ours\nversion: "1"\nextends: ferrata\ndrop: [models.nope]\n')
    (fresh / "answers.yaml").write_text("answers: {models.pinned: {ann: {value: 2}}}\n")
    (fresh / "ferrata.yaml").write_text("maturity: {rules: [checks], answers: answers.yaml}\n")
    ran = ferrata("maturity", "validate", "--project", fresh, fresh / "model.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert [line.rpartition("/")[2].partition(": ")[0] for line in ran.err.splitlines()] == [
        "answers.yaml:1",
        "own.yaml:4",
        "model.yaml:4",
    ]


def test_validate_a_model_file(fresh, ferrata):
    (fresh / "model.yaml").write_text('id: ours\nversion: "1"\nextends: ferrata\n')
    ran = ferrata("maturity", "validate", "--project", fresh, fresh / "model.yaml")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"{fresh}/model.yaml: ours 1 (on ferrata 1.0), ")
    assert (
        ferrata("maturity", "validate", "--project", fresh, "none.yaml").err == "ferrata: no such file: 'none.yaml'\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("projct: x\nmaturity: {rulez: []}", ":1: projct: "),
        ("maturity: {rules: [checks, nowhere]}", ":1: maturity.rules.1: there is no folder 'nowhere'"),
        ("maturity: {rules: [bot.py]}", ":1: maturity.rules.0: there is no folder 'bot.py'"),
        ("maturity:\n  model: nope.yaml", ":2: maturity.model: there is no file 'nope.yaml'"),
        ("maturity:\n  answers: ../x", ":2: maturity.answers: '../x' leads out of the project's folder"),
        ("maturity:\n  answers: /etc/passwd", ":2: maturity.answers: '/etc/passwd' leads out"),
        ('maturity:\n  answers: "a\\0b"', ":2: maturity.answers: 'a\\x00b' is no path"),
        ("store: ${file:checks/own.yaml}", ":1: store: must name a variable of Ferrata's"),
        ("store: ${env:HOME}", ":1: store: must name a variable of Ferrata's"),
        ("store: postgresql://u:hidden@h/x", ":1: store: must name a variable of Ferrata's"),
        ('project: "\\e[31m"', ":1: project: "),
        ('"\\e[31m": 1', ":1: \\x1b[31m: "),
        ("a: " + "[" * 5000, ":1: nested deeper than 200"),
        ("# " + "x" * 1_000_000, ":1: is too large: 1,000,002 bytes"),
        ("maturity: {exclude: [!!python/object/apply:os.system [id]]}", ":1: not valid YAML: "),
    ],
)
def test_a_wrong_project_file_names_line_and_key(fresh, rules, ferrata, text, said):
    (fresh / "ferrata.yaml").write_text(text)
    ran = ferrata("assess", fresh)
    assert (ran.status, ran.out) == (2, "")
    assert f"{fresh}/ferrata.yaml{said}" in ran.err
    assert "hidden" not in ran.err
    assert "\x1b" not in ran.err
    assert not (fresh / ".ferrata/ferrata.db").exists()


def test_a_store_by_a_variable_that_is_not_set(fresh, ferrata, monkeypatch, tmp_path):
    (fresh / "ferrata.yaml").write_text("store: ${env:FERRATA_OURS}\n")
    ran = ferrata("assess", fresh)
    assert (ran.status, ran.err.splitlines()[0]) == (2, "ferrata: the environment variable 'FERRATA_OURS' is not set")
    monkeypatch.setenv("FERRATA_OURS", f"sqlite:///{tmp_path}/ours.db")
    assert ferrata("assess", fresh).status == 0
    assert (tmp_path / "ours.db").is_file()
