from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ferrata.errors import NotFound, UsageError
from ferrata.forges import FORGES, Plan, Secret, plan_of, write_pipeline
from ferrata.maturity.scan.workflows import read_steps
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = """\
models:
  default: openai/gpt-4o-mini-2024-07-18
  own: {vendor: openai, model: m, url: https://models.example.com/v1, key: "${env:FERRATA_OWN_KEY}"}
  local: fake/echo
connections:
  search: {type: cognitive_search, api_key: "${env:SEARCH_KEY}", secrets: {more: "${env:OPENAI_API_KEY}"}}
store: ${env:FERRATA_STORE}
gates:
  support: {}
  fast-1.0: {}
"""
PLANS = {
    "all": Plan(".", ["support", "fast"], True, True, [Secret("OPENAI_API_KEY", "model default")], "ferrata==0.1.0"),
    "nested": Plan("apps/bot", ["support"], True, False, [], "ferrata==0.1.0"),
    "bare": Plan(".", [], False, False, [], "ferrata==0.1.0"),
}
every = pytest.mark.parametrize(("forge", "plan"), [(f, p) for f in FORGES for p in PLANS])


class _Yaml12(yaml.SafeLoader):
    """`on` is a text, as the forges read it."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _pipeline(forge: str, plan: str) -> dict[str, Any]:
    return yaml.load(FORGES[forge].pipeline(PLANS[plan]), _Yaml12)


def scripts_of(value: Any) -> Iterator[str]:
    """All that a shell runs."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in ("run", "bash", "script", "before_script", "after_script"):
                yield from one if isinstance(one, list) else [one]
            else:
                yield from scripts_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from scripts_of(one)


@every
def test_commands_hold_no_expression_of_the_forge_and_no_template_mark(forge: str, plan: str) -> None:
    scripts = list(scripts_of(_pipeline(forge, plan)))
    assert len(scripts) >= 2
    for script in scripts:
        assert "${{" not in script and "$[" not in script and "[[" not in script
        assert not re.search(
            r"\$\((?!mktemp -d\))", script
        )  # Azure's macros are put into the text before bash reads it
    # Where an expression stands, it names nothing that a stranger writes.
    text = FORGES[forge].pipeline(PLANS[plan])
    assert not re.search(r"head_ref|base_ref|\.title|\.body|head\.ref|SourceBranch|COMMIT_MESSAGE", text)
    assert "[%" not in text and "None" not in text and all(line == line.rstrip() for line in text.splitlines())


def test_github_has_known_keys_least_rights_and_pinned_actions() -> None:
    found = _pipeline("github", "all")
    assert list(found) == ["name", "on", "permissions", "concurrency", "jobs"] and found["permissions"] == {}
    assert found["on"] == {"pull_request": None, "push": {"branches": ["main"]}}
    job = found["jobs"]["ferrata"]
    assert set(job) == {"runs-on", "timeout-minutes", "permissions", "steps"}
    assert job["permissions"] == {"contents": "read", "pull-requests": "write", "security-events": "write"}
    for step in job["steps"]:
        assert set(step) <= {"name", "id", "if", "uses", "with", "run", "env", "working-directory"}
        assert ("uses" in step) != ("run" in step)
        if step.get("uses", "").startswith("actions/"):
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
        assert step.get("if", "${{ }}").startswith("${{ ") and step.get("if", "${{ }}").endswith(" }}")
    with_secret = [step["name"] for step in job["steps"] if "OPENAI_API_KEY" in str(step.get("env"))]
    assert with_secret == ["Gate support", "Gate fast"]
    assert job["steps"][0]["with"] == {"fetch-depth": "0", "persist-credentials": "false"} or job["steps"][0][
        "with"
    ] == {
        "fetch-depth": 0,
        "persist-credentials": "false",
    }


def test_gates_ask_models_only_where_there_are_secrets() -> None:
    def conditions(plan: str) -> list[str]:
        steps = _pipeline("github", plan)["jobs"]["ferrata"]["steps"]
        return [step["if"] for step in steps if step.get("name", "").startswith("Gate")]

    assert all("head.repo.full_name == github.repository" in one for one in conditions("all"))
    assert all("head.repo" not in one for one in conditions("nested"))


def test_every_command_is_given_the_store() -> None:
    plan = PLANS["all"]._replace(store="FERRATA_STORE", secrets=[Secret("FERRATA_STORE", "store")])
    github = yaml.load(FORGES["github"].pipeline(plan), _Yaml12)["jobs"]["ferrata"]["steps"]
    azure = yaml.load(FORGES["azure"].pipeline(plan), _Yaml12)["jobs"][0]["steps"]
    given = [
        [step.get("name") or step.get("displayName") for step in steps if "FERRATA_STORE" in str(step.get("env"))]
        for steps in (github, azure)
    ]
    assert given == [["Maturity", "Prompts", "Gate support", "Gate fast"]] * 2


def test_the_steps_of_a_project_in_a_folder_run_there() -> None:
    steps = {step.get("name"): step for step in _pipeline("github", "nested")["jobs"]["ferrata"]["steps"]}
    assert steps["Gate support"]["working-directory"] == steps["Prompts"]["working-directory"] == "./apps/bot"
    assert 'ferrata assess "./apps/bot"' in steps["Maturity"]["run"]
    assert steps["Findings in code scanning"]["with"] == {"sarif_file": "${{ runner.temp }}/ferrata"}
    gitlab = _pipeline("gitlab", "nested")
    assert "cd ./apps/bot" in gitlab["ferrata-gate-support"]["script"][0]
    assert gitlab[".ferrata"]["cache"]["paths"][0] == "apps/bot/.ferrata/"


def test_gitlab_and_azure_show_the_gate_as_tests() -> None:
    gate = _pipeline("gitlab", "all")["ferrata-gate-fast"]
    assert gate["artifacts"]["reports"] == {"junit": ".ferrata-reports/gate-fast.xml"}
    assert set(gate) == {"extends", "script", "after_script", "artifacts"}
    steps = _pipeline("azure", "all")["jobs"][0]["steps"]
    assert [step["task"] for step in steps if "task" in step] == [
        "UsePythonVersion@0",
        "Cache@2",
        "PublishTestResults@2",
        "PublishBuildArtifacts@1",
    ]
    keys = {
        "checkout",
        "fetchDepth",
        "persistCredentials",
        "task",
        "inputs",
        "bash",
        "displayName",
        "condition",
        "env",
        "workingDirectory",
    }
    assert all(set(step) <= keys for step in steps)


def test_the_gates_of_the_workflow_can_fail_the_build() -> None:
    steps = read_steps(".github/workflows/ferrata.yml", FORGES["github"].pipeline(PLANS["all"]))
    gates = [step for step in steps if "ferrata gate" in step.run or "--fail-on-drop" in step.run]
    assert len(gates) == 3 and all(step.can_fail for step in gates)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERRATA_STORE", "sqlite:///here.db")
    folder = tmp_path / "apps" / "bot"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (folder / "ferrata.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "prompts").mkdir()
    (folder / "prompts" / "a.prompty").write_text("")
    (folder / "requirements.txt").write_text("")
    return folder


def test_a_plan_has_gates_and_the_secrets_that_the_project_refers_to(project: Path) -> None:
    plan, root = plan_of(load_settings(project))
    assert root == project.parents[1] and plan.project == "apps/bot"
    assert (plan.gates, plan.prompts, plan.requirements) == (["support", "fast-1.0"], True, True)
    assert {one.name: one.why for one in plan.secrets} == {
        "OPENAI_API_KEY": "model default, connection search",
        "FERRATA_OWN_KEY": "model own",
        "SEARCH_KEY": "connection search",
        "FERRATA_STORE": "store",
    }
    assert plan_of(load_settings(project), gates=["fast-1.0"])[0].gates == ["fast-1.0"]


def test_a_gate_that_is_not_declared_and_names_for_a_shell_are_refused(project: Path) -> None:
    settings = load_settings(project)
    with pytest.raises(NotFound, match="no gate 'x'"):
        plan_of(settings, gates=["x"])
    for wrong in ({"branch": "main; rm"}, {"install": "ferrata $(id)"}, {"install": 'f" -r x'}, {"branch": "${{ x }}"}):
        with pytest.raises(UsageError, match="has characters that have a meaning"):
            plan_of(settings, **wrong)
    (project / "ferrata.yaml").write_text('gates: {"a b": {}}', encoding="utf-8")
    with pytest.raises(UsageError, match="the gate 'a b' has characters"):
        plan_of(load_settings(project))


@pytest.mark.parametrize("forge", FORGES)
def test_a_file_that_differs_is_written_over_only_by_force(project: Path, forge: str) -> None:
    plan, root = plan_of(load_settings(project))
    written = write_pipeline(FORGES[forge], plan, root)
    assert written == (root / FORGES[forge].file, True)
    assert write_pipeline(FORGES[forge], plan, root).changed is False
    written.path.write_text("mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match="is there already"):
        write_pipeline(FORGES[forge], plan, root)
    assert written.path.read_text(encoding="utf-8") == "mine\n"
    assert write_pipeline(FORGES[forge], plan, root, force=True).changed
    assert written.path.read_text(encoding="utf-8") == FORGES[forge].pipeline(plan)
    written.path.unlink()
    written.path.symlink_to(root / "elsewhere.yml")
    with pytest.raises(UsageError, match="is a link"):
        write_pipeline(FORGES[forge], plan, root, force=True)
