"""Audits of small projects: what they say of each file, and what they leave alone."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from ferrata.errors import NotFound
from ferrata.flows import audit_project

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.flows.audit import ProjectAudit, Statement

DAY = date(2026, 11, 23)
DAG = "nodes:\n- name: f\n  type: python\n  source: {type: code, path: f.py}\n  inputs: {}\n"
TOOL = "from promptflow.core import tool\n\n\n@tool\ndef f():\n    return 1\n"


def audit(root: Path, **files: str) -> ProjectAudit:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return audit_project(root, on=DAY)


def only(found: ProjectAudit) -> tuple[str, str, list[tuple[str, int]]]:
    (item,) = found.items
    return item.kind, str(item.verdict), [(str(one.verdict), one.line) for one in item.statements]


def said(found: ProjectAudit) -> list[Statement]:
    return [statement for item in found.items for statement in item.statements]


def test_a_flow_that_runs_is_said_to(tmp_path: Path) -> None:
    found = audit(tmp_path, **{"a/flow.dag.yaml": DAG, "a/f.py": TOOL})
    assert [(item.kind, item.path, str(item.verdict)) for item in found.items] == [
        ("flow", "a/flow.dag.yaml", "runs"),
        ("code", "a/f.py", "runs"),
    ]
    assert found.counts() == {"runs": 2, "needs-change": 0, "gone": 0}
    assert found.days_left == 148


def test_after_the_end_no_days_are_left() -> None:
    from ferrata.flows.audit import ProjectAudit

    found = ProjectAudit("/", date(2027, 4, 21), date(2026, 4, 20), date(2027, 4, 20), (), 0)
    assert found.days_left == -1


@pytest.mark.parametrize("name", ["flow.dag.template.yaml", "flow.dag.yml", "other.yaml"])
def test_flows_of_other_names_are_found(tmp_path: Path, name: str) -> None:
    found = audit(tmp_path, **{name: "inputs: {}\n" + DAG, "f.py": TOOL})
    assert [(item.kind, item.path) for item in found.items] == [("flow", name), ("code", "f.py")]


def test_the_code_of_a_flow_counts_for_the_flow(tmp_path: Path) -> None:
    found = audit(tmp_path, **{"flow.dag.yaml": DAG, "f.py": "from promptflow.azure import PFClient\n" + TOOL})
    assert only(found) == ("flow", "gone", [("gone", 1)])
    assert said(found)[0].file == "f.py"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from promptflow.core import tool, log_metric\n", []),
        ("from promptflow.tracing import trace\nimport promptflow\n", []),
        ("from promptflow.client import PFClient\npf = PFClient()\npf.test('f')\npf.runs.get('x')\n", []),
        ("from promptflow.client import PFClient\npf = PFClient()\npf.fly('f')\n", [("needs-change", 3)]),
        ("from promptflow.client import PFClient\nPFClient().flows.nothing()\n", [("needs-change", 2)]),
        ("import x\nfrom promptflow.azure import PFClient\n", [("gone", 2)]),
        ("import promptflow.azure\n", [("gone", 1)]),
        ("from promptflow.evals.evaluators import GroundednessEvaluator\n", [("gone", 1)]),
        ("from promptflow._sdk._telemetry.telemetry import log\n", [("needs-change", 1)]),
        ("from promptflow.core import not_there\n", [("needs-change", 1)]),
        ("from promptflow.executor._assistant_tool_invoker import AssistantToolInvoker\n", [("gone", 1)]),
        ("from promptflow.core import tool\nos.system('pf run create -f run.yaml')\n", [("needs-change", 2)]),
    ],
)
def test_imports_are_looked_up_in_what_is_offered(tmp_path: Path, code: str, expected: list[tuple[str, int]]) -> None:
    kind, verdict, statements = only(audit(tmp_path, **{"x.py": code}))
    assert kind == "code"
    assert statements == expected
    assert verdict == (expected[0][0] if expected else "runs")


@pytest.mark.parametrize(
    "code",
    [
        "import flow\n",
        "# from promptflow.azure import PFClient\n",
        "text = 'we moved away from promptflow'\n",
        "from .promptflow import tool\n",
        "import promptflow_like\n",
        "pf = 1\n",
    ],
)
def test_other_code_is_left_alone(tmp_path: Path, code: str) -> None:
    assert audit(tmp_path, **{"x.py": code}).items == ()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("run.sh", "set -e\npf flow test --flow a\npfazure run create -f r.yml\n", [("needs-change", 2), ("gone", 3)]),
        ("run.sh", "pf run visualize -n a\n", [("needs-change", 1)]),
        ("run.sh", "pf upgrade --yes\n", [("gone", 1)]),
        (
            ".github/workflows/ci.yml",
            "on: push\n# pf flow test\nrun: pf connection create -f c\n",
            [("needs-change", 3)],
        ),
        (
            "requirements.txt",
            "promptflow==1.18.5\npromptflow-tools\nopenai\n",
            [("needs-change", 1), ("needs-change", 2)],
        ),
        ("requirements.txt", "promptflow[azure]>=1.7\n", [("gone", 1)]),
        ("requirements.txt", "promptflow-evals\n", [("gone", 1)]),
        ("pyproject.toml", 'promptflow = {extras = ["azure"], version = "1"}\n', [("needs-change", 1), ("gone", 1)]),
        ("pyproject.toml", '[project]\ndependencies = [\n  "promptflow>=1",\n]\n', [("needs-change", 3)]),
        ("Dockerfile", "FROM mcr.microsoft.com/azureml/promptflow/promptflow-runtime:latest\n", [("gone", 1)]),
        ("Dockerfile", "FROM python:3.11\nRUN pip install --quiet \\\n  promptflow \\\n  x\n", [("needs-change", 3)]),
        (".vscode/extensions.json", '{"recommendations": [\n"prompt-flow.prompt-flow"]}\n', [("gone", 2)]),
        ("deploy.yaml", "env:\n  PROMPTFLOW_RUN_MODE: serving\n  x: promptflow\n", [("gone", 2)]),
    ],
)
def test_lines_are_judged(tmp_path: Path, name: str, text: str, expected: list[tuple[str, int]]) -> None:
    assert only(audit(tmp_path, **{name: text}))[2] == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.sh", "echo flow; pdf flow test; xpf run list\n"),
        (".github/workflows/ci.yml", "steps:\n- name: install promptflow later\n  run: make\n"),
        ("requirements.txt", "prompt-toolkit\nmypromptflow\n# promptflow\n"),
        ("poetry.lock", 'name = "promptflow"\n'),
        ("README.md", "pip install promptflow\npf flow test\n"),
        ("Dockerfile", "FROM python:3.11\nCOPY promptflow /app\n"),
        ("a.yaml", "name: x\ntype: openai\n"),
        ("a.yaml", "nodes:\n- name: n1\n  host: a\ninputs: {}\n"),
    ],
)
def test_other_lines_are_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert audit(tmp_path, **{name: text}).items == ()


def test_a_notebook_is_read_cell_by_cell_with_lines_of_the_file(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["from promptflow.azure import PFClient\n"]},
        {"cell_type": "code", "source": ["%pip install promptflow\n"], "outputs": [], "metadata": {}},
        {
            "cell_type": "code",
            "source": "import os\nfrom promptflow.azure import PFClient",
            "outputs": [],
            "metadata": {},
        },
        {"cell_type": "code", "source": ["!pf flow test --flow x\n", "print(1)"], "outputs": [], "metadata": {}},
    ]
    text = json.dumps({"cells": cells, "nbformat": 4}, indent=1)
    found = audit(tmp_path, **{"a.ipynb": text})
    lines = text.splitlines()
    assert [(str(one.verdict), lines[one.line - 1].strip()[:22]) for one in said(found)] == [
        ("needs-change", '"%pip install promptfl'),
        ("gone", '"source": "import os\\n'),
        ("needs-change", '"!pf flow test --flow '),
    ]


def test_a_notebook_that_is_none_is_passed_over(tmp_path: Path) -> None:
    assert said(audit(tmp_path, **{"a.ipynb": "{promptflow"})) == []


def test_a_placeholder_of_a_connection_is_to_be_changed(tmp_path: Path) -> None:
    text = "name: chat\ntype: azure_open_ai\napi_key: <user-input>\napi_base: https://a.example\n"
    found = audit(tmp_path, **{"c.yml": text})
    assert only(found) == ("connection", "needs-change", [("needs-change", 3)])
    assert "${env:CHAT_API_KEY}" in said(found)[0].change


def test_a_run_file_says_what_it_lacks(tmp_path: Path) -> None:
    schema = "$schema: https://azuremlschemas.azureedge.net/promptflow/latest/Run.schema.json\n"
    found = audit(
        tmp_path, **{"r.yml": schema + "flow: nowhere\ndata: d.jsonl\nruntime: automatic\n", "d.jsonl": "{}\n"}
    )
    assert only(found) == ("run file", "needs-change", [("runs", 4), ("needs-change", 2)])


def test_tools_of_packages_are_looked_up(tmp_path: Path) -> None:
    def dag(tool: str) -> str:
        return f"nodes:\n- name: t\n  type: python\n  source:\n    type: package\n    tool: {tool}\n  inputs: {{}}\n"

    tools = {
        "promptflow.tools.embedding.embedding": [],
        "promptflow_vectordb.tool.faiss_index_lookup.search": [("needs-change", 6)],
        "my_package.tools.mine.f": [("needs-change", 6)],
    }
    for number, (tool, expected) in enumerate(tools.items()):
        assert only(audit(tmp_path / str(number), **{"flow.dag.yaml": dag(tool)}))[2] == expected


@pytest.mark.parametrize(
    ("dag", "verdict"),
    [
        ("language: csharp\nnodes: []\n", "gone"),
        ("inputs:\n  a: {type: assistant_definition}\nnodes: []\n", "gone"),
        ("environment:\n  image: mcr.microsoft.com/azureml/promptflow/promptflow-runtime\nnodes: []\n", "runs"),
        ('outputs:\n  a: {type: string, reference: "${b.output}"}\nnodes: []\n', "needs-change"),
    ],
)
def test_a_flow_s_file_is_judged(tmp_path: Path, dag: str, verdict: str) -> None:
    kind, found, statements = only(audit(tmp_path, **{"flow.dag.yaml": dag}))
    assert (kind, found, len(statements)) == ("flow", verdict, 1)


def test_other_kinds_are_known(tmp_path: Path) -> None:
    found = audit(
        tmp_path,
        **{
            "e.yaml": "$schema: https://a.example/promptflow/latest/Experiment.schema.json\nnodes: []\n",
            "p.prompty": "---\nname: p\n---\nuser:\nHi\n",
            "t/tool.yaml": "mine.f:\n  name: f\n  type: python\n  module: mine\n  function: f\n  inputs: {}\n",
            "flow.flex.yaml": "entry: f:f\n",
            "f.py": "def f():\n    return 1\n",
        },
    )
    assert {item.kind: str(item.verdict) for item in found.items} == {
        "flex flow": "runs",
        "prompty": "runs",
        "experiment": "gone",
        "tool package": "runs",
    }


def test_as_data_it_is_json(tmp_path: Path) -> None:
    found = audit(tmp_path, **{"x.py": "import promptflow.azure\n"})
    data = json.loads(json.dumps(found.as_json()))
    assert data["retired"] == "2027-04-20"
    assert data["items"][0]["statements"][0] | {"what": "", "change": ""} == {
        "verdict": "gone",
        "file": "x.py",
        "line": 1,
        "what": "",
        "change": "",
    }


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        audit_project(tmp_path / "nothing", on=DAY)
