"""What `validate_flow` finds, with places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.errors import NotFound
from ferrata.flows import validate_flow

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.flows.audit import FlowFinding

TOOL = "from promptflow.core import tool\n@tool\ndef f(x: str = ''):\n    return x\n"
DAG = """\
inputs:
  text: {type: string}
  times: {type: int}
outputs:
  out: {type: string, reference: "${last.output}"}
nodes:
- name: first
  type: python
  source: {type: code, path: f.py}
  inputs: {x: "${inputs.text}"}
- name: last
  type: python
  source: {type: code, path: f.py}
  inputs: {x: "${first.output}"}
"""


def told(found: list[FlowFinding]) -> list[tuple[str, str, int, str]]:
    return [(one.level, one.code, one.line, one.key) for one in found]


def test_a_sound_flow_has_no_findings(make_flow) -> None:
    folder = make_flow(DAG, f_py=TOOL)
    assert validate_flow(folder) == []
    assert validate_flow(folder, code=False) == []


def test_all_mistakes_of_a_graph_are_told_with_their_lines(make_flow) -> None:
    dag = DAG.replace("${inputs.text}", "${inputs.txt}").replace("${first.output}", "${frst.output}")
    found = validate_flow(make_flow(dag.replace("${last.output}", "${lst.output}"), f_py=TOOL))
    assert told(found) == [
        ("error", "OutputReferenceNotFound", 5, "outputs.out.reference"),
        ("error", "InputReferenceNotFound", 10, "nodes.0.inputs.x"),
        ("error", "NodeReferenceNotFound", 14, "nodes.1.inputs.x"),
    ]
    assert found[1].hint == "the flow's inputs are text, times"


def test_every_node_that_does_not_load_is_told(make_flow) -> None:
    folder = make_flow(DAG.replace("path: f.py", "path: g.py", 1), f_py="import not_there_at_all\n")
    found = validate_flow(folder)
    assert told(found) == [
        ("error", "InvalidSource", 9, "nodes.0.source.path"),
        ("error", "PythonLoadError", 13, "nodes.1.source.path"),
    ]
    assert "not_there_at_all" in found[1].problem


def test_without_code_nothing_of_it_runs(make_flow, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    folder = make_flow(DAG, f_py=f"open({str(ran)!r}, 'w').close()\n{TOOL}")
    assert validate_flow(folder, code=False) == []
    assert not ran.exists()
    validate_flow(folder)
    assert ran.exists()


@pytest.mark.parametrize(
    ("files", "code", "line"),
    [
        ({"f_py": "def f(:\n"}, "PythonLoadError", 1),
        ({}, "InvalidSource", 9),
    ],
)
def test_without_code_files_are_looked_at(make_flow, files: dict[str, str], code: str, line: int) -> None:
    found = validate_flow(make_flow(DAG, **files), code=False)
    assert (found[0].code, found[0].line) == (code, line)


def test_a_template_that_is_none_is_told_without_code(make_flow) -> None:
    dag = DAG.replace(
        "type: python\n  source: {type: code, path: f.py}", "type: prompt\n  source: {type: code, path: t.jinja2}"
    )
    found = validate_flow(make_flow(dag, t_jinja2="{% if %}"), code=False)
    assert {one.code for one in found} == {"JinjaParsingError"}


def test_a_connection_that_is_not_declared_is_a_notice(make_flow) -> None:
    dag = """\
    nodes:
    - name: ask
      type: llm
      connection: chat
      api: chat
      source: {type: code, path: ask.jinja2}
      inputs: {}
    """
    folder = make_flow(dag, ask_jinja2="# user:\nHi")
    assert told(validate_flow(folder)) == [("notice", "GetConnectionError", 4, "nodes.0.connection")]


def test_a_condition_that_can_never_hold_is_a_notice(make_flow) -> None:
    dag = DAG + '  activate: {when: "${inputs.times}", is: "3"}\n'
    (found,) = validate_flow(make_flow(dag, f_py=TOOL))
    assert (found.level, found.key, found.line) == ("notice", "nodes.1.activate.is", 15)
    assert validate_flow(make_flow(dag.replace('"3"', "3"), f_py=TOOL, name="sound")) == []


def test_an_output_of_an_aggregation_node_is_a_notice(make_flow) -> None:
    (found,) = validate_flow(make_flow(DAG + "  aggregation: true\n", f_py=TOOL))
    assert (found.level, found.key) == ("notice", "outputs.out.reference")


@pytest.mark.parametrize(
    ("dag", "code", "line"),
    [
        ("inputs:\n  a: {type: string}\n  b: {}\n", "KeyError", 3),
        ("inputs:\n  a: {type: text}\n", "ValueError", 2),
        ("nodes:\n- name: a\n  type: python\n- name: b\n  type: perl\n", "FlowDefinitionError", 5),
        ("nodes: 3\n", "FlowDefinitionError", 1),
        ("node_variants:\n  a:\n    variants: {v: {}}\n", "FlowDefinitionError", 3),
        ("a: [\n", "InvalidDocument", 2),
    ],
)
def test_a_file_that_is_no_flow_has_its_place(make_flow, dag: str, code: str, line: int) -> None:
    found = validate_flow(make_flow(dag))
    assert [(one.level, one.code) for one in found] == [("error", code)]
    assert found[0].line == line


@pytest.mark.parametrize(
    ("entry", "code", "problem"),
    [
        ("f:f", True, ""),
        ("f:g", True, "no function or class 'g'"),
        ("g:f", True, "cannot be loaded"),
        ("f:f", False, ""),
        ("f:g", False, "'f.py' has no 'g'"),
        ("g:f", False, "there is no module 'g'"),
    ],
)
def test_the_entry_of_a_flex_flow_is_looked_up(make_flow, entry: str, *, code: bool, problem: str) -> None:
    folder = make_flow("", f_py="def f(x: str = ''):\n    return x\n")
    (folder / "flow.flex.yaml").write_text(f"entry: {entry}\n")
    found = validate_flow(folder, code=code)
    assert len(found) == bool(problem)
    assert not problem or problem in found[0].problem


def test_a_flow_in_c_sharp_is_not_run(make_flow) -> None:
    (found,) = validate_flow(make_flow("language: csharp\nnodes: []\n"))
    assert found.code == "NotSupported"


def test_no_flow_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        validate_flow(tmp_path)


def test_arguments_of_a_class_come_with_the_run(make_flow) -> None:
    code = "class F:\n    def __init__(self, n: int):\n        self.n = n\n    def __call__(self, x: str = ''):\n        return x\n"
    folder = make_flow("", f_py=code)
    (folder / "flow.flex.yaml").write_text("entry: f:F\n")
    (found,) = validate_flow(folder)
    assert (found.level, found.code, found.line) == ("notice", "FlowEntryInitializationError", 1)
    assert validate_flow(folder, init={"n": 3}) == []
    assert [one.level for one in validate_flow(folder, init={"m": 3})] == ["error"]


def test_a_node_without_a_type_and_files_that_are_not_there_are_told_without_code(make_flow) -> None:
    dag = DAG.replace("  type: python\n", "", 1) + "additional_includes:\n- ../nothing\n"
    found = validate_flow(make_flow(dag, f_py=TOOL), code=False)
    assert told(found) == [
        ("error", "NotImplementedError", 7, "nodes.0"),
        ("error", "UserErrorException", 15, "additional_includes.0"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "findings"),
    [
        ("p.prompty", "user:\nhi\n", [("error", "UserErrorException")]),
        ("flow.flex.yaml", "entry: f:f\nlanguage: ruby\n", [("error", "ValidationError")]),
        ("flow.dag.yaml", DAG + "language: ruby\n", [("notice", "")]),
        ("flow.dag.yaml", DAG + "message_format: odd\n", [("error", "InvalidMessageFormatType")]),
        ("flow.dag.yaml", DAG + "message_format: ''\nlanguage: ''\n", []),
    ],
)
def test_what_promptflow_refuses_or_passes_over(
    tmp_path: Path, name: str, text: str, findings: list[tuple[str, str]]
) -> None:
    (tmp_path / "f.py").write_text(TOOL)
    (tmp_path / name).write_text(text)
    found = validate_flow(tmp_path, connections={})
    assert [(one.level, one.code if one.level == "error" else "") for one in found] == findings
    last = text.count("\n") if name.endswith("yaml") else 1
    assert all(f"{name}:{last}" in str(one) for one in found)
