"""Every error of loading names the flow's file and, where a key is wrong, its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.flows import FlowError, open_flow

if TYPE_CHECKING:
    from tests.flows.conftest import MakeFlow

TOOL = "from promptflow.core import tool\n@tool\ndef f(x: int): return x\n"
NODE = """inputs:
  x: {type: string}
nodes:
- name: first
  type: python
  source:
    type: code
    path: f.py
  inputs:
    x: ${inputs.x}
"""


@pytest.mark.parametrize(
    ("dag", "code", "line"),
    [
        ("- 1\n", "FlowDefinitionError", None),
        ("name: a\nnodes: 3\n", "FlowDefinitionError", 2),
        ("name: a\nmessage_format: odd\n", "InvalidMessageFormatType", 2),
        ("name: a\nlanguage: csharp\n", "NotSupported", 2),
        ("inputs:\n  a: {type: string}\n  b: 3\n", "FlowDefinitionError", 3),
        ("inputs:\n  a:\n    default: 1\n    type: text\n", "ValueError", 4),
        ("outputs:\n  a:\n    reference: 1\n", "KeyError", 2),
        ("node_variants:\n  a:\n    variants:\n      v:\n        node: 3\n", "FlowDefinitionError", 5),
        (NODE.replace("type: code", "type: elsewhere"), "NotImplemented" + "Error", 7),
        (NODE.replace("f.py", "g.py"), "InvalidSource", 8),
        (NODE.replace("${inputs.x}", "${inputs.y}"), "InputReferenceNotFound", 10),
        (NODE.replace("${inputs.x}", "${second.output}"), "NodeReferenceNotFound", 10),
        (NODE.replace("${inputs.x}", "many"), "NodeInputValidationError", 10),
        (NODE + "  activate:\n    when: ${inputs.x}\n", "FlowDefinitionError", 11),
        (NODE + "  module: not_there_at_all\n", "FailedToImportModule", 11),
        (NODE + "- name: first\n  type: python\n  source: {type: code, path: f.py}\n", "DuplicateNodeName", 11),
        (NODE + "additional_includes:\n- ../nothing\n", "UserErrorException", 12),
        (NODE + "outputs:\n  o:\n    type: string\n", "EmptyOutputReference", 12),
        (NODE.replace("path: f.py", "path: f.py\n  use_variants: true"), "NodeInputValidationError", None),
    ],
)
def test_a_graph_that_does_not_load_names_its_line(make_flow: MakeFlow, dag: str, code: str, line: int | None) -> None:
    if "use_variants" in dag:  # the node of the variant is the one that is wrong
        dag += "node_variants:\n  first:\n    default_variant_id: v\n    variants:\n      v:\n        node:\n"
        dag += "          name: first\n          type: python\n          source: {type: code, path: f.py}\n"
        dag, line = f"{dag}          inputs: {{x: many}}\n", 21
    folder = make_flow(dag, f_py=TOOL)
    with pytest.raises(FlowError) as caught:
        open_flow(folder)
    place = str(folder / "flow.dag.yaml") + ("" if line is None else f":{line}")
    assert caught.value.codes[-1] == code
    assert caught.value.message == f"{place}: {caught.value.problem}"


@pytest.mark.parametrize(
    ("flex", "code", "line"),
    [
        ("- 1\n", "FlowDefinitionError", None),
        ("name: a\nentry: f\n", "InvalidFlexFlowEntry", 2),
        ("entry: f:f\nlanguage: perl\n", "ValidationError", 2),
        ("entry: f:f\ninputs:\n  x: 3\n", "FlowDefinitionError", 3),
        ("entry: f:f\ninit: 3\n", "FlowDefinitionError", 2),
        ("name: a\nentry: f:nobody\n", "PythonLoadError", 2),
        ("name: a\nentry: nothing:nobody\n", "PythonLoadError", 2),
        ("name: a\nentry: f:Wants\n", "TypeError", 2),
        ("name: a\nentry: f:Sums\n", "InvalidAggregationFunction", 2),
        ("entry: f:f\nadditional_includes:\n- ../nothing\n", "UserErrorException", 3),
    ],
)
def test_a_flex_flow_that_does_not_load_names_its_line(
    make_flow: MakeFlow, flex: str, code: str, line: int | None
) -> None:
    code_of_it = (
        "def f(x): return x\nclass Wants:\n    def __init__(self, a): pass\n    def __call__(self, x): pass\n"
        "class Sums:\n    def __call__(self, x): pass\n    def __aggregate__(self): pass\n"
    )
    folder = make_flow(**{"flow.flex_yaml": flex, "f_py": code_of_it})
    file = folder / "flow.flex.yaml"
    with pytest.raises(FlowError) as caught:
        open_flow(file)
    place = str(file) + ("" if line is None else f":{line}")
    assert caught.value.codes[-1] == code
    assert caught.value.message == f"{place}: {caught.value.problem}"


def test_connections_for_nodes_that_there_are_not_name_the_flow(make_flow: MakeFlow) -> None:
    folder = make_flow(NODE, f_py=TOOL)
    with pytest.raises(FlowError) as caught:
        open_flow(folder, node_connections={"other": {"connection": "c"}})
    assert caught.value.message == f"{folder / 'flow.dag.yaml'}: Node other not found in flow"
