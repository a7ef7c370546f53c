"""Graphs that do not hold together, under Prompt Flow's names; and what it is silent about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.flows import FlowError, read_flow

if TYPE_CHECKING:
    from tests.flows.conftest import MakeFlow

NODE = "- {{name: {name}, type: python, source: {{path: a.py}}, inputs: {{x: '{x}'}}{more}}}\n"


def node(name: str, x: str = "1", more: str = "") -> str:
    return NODE.format(name=name, x=x, more=more)


@pytest.mark.parametrize(
    ("nodes", "outputs", "code", "words"),
    [
        (node("a") + node("a"), "{}", "DuplicateNodeName", "'a'"),
        (node("a", "${inputs.z}"), "{}", "InputReferenceNotFound", "'z'"),
        (node("a", "${b.output}"), "{}", "NodeReferenceNotFound", "'b'"),
        (node("a", "${b}") + node("b", "${a}"), "{}", "NodeCircularDependency", "a, b"),
        (node("a", "${a.output}"), "{}", "NodeCircularDependency", "a"),
        (node("a", "1", ", aggregation: true") + node("b", "${a.output}"), "{}", "InvalidNodeReference", "'a'"),
        (
            node("a") + node("b", "1", ", aggregation: true, activate: {when: '${a.output}', is: 1}"),
            "{}",
            "InvalidNodeReference",
            "'a'",
        ),
        (node("a"), "{o: {type: string}}", "EmptyOutputReference", "'o'"),
        (node("a"), "{o: {type: string, reference: '${b.output}'}}", "OutputReferenceNotFound", "'b'"),
        (node("a"), "{o: {type: string, reference: '${inputs.b}'}}", "OutputReferenceNotFound", "'b'"),
        (node("a"), "{o: {reference: '${a.output}'}}", "KeyError", "no type"),
        (node("a", "1", ", activate: {when: '${inputs.x}'}"), "{}", "FlowDefinitionError", "'when' and 'is'"),
        ("- 3\n", "{}", "FlowDefinitionError", "nodes[0]"),
    ],
)
def test_mistakes_have_prompt_flow_s_names(
    make_flow: MakeFlow, nodes: str, outputs: str, code: str, words: str
) -> None:
    folder = make_flow(f"inputs: {{x: {{type: string}}}}\noutputs: {outputs}\nnodes:\n{nodes}")
    with pytest.raises(FlowError) as caught:
        read_flow(folder)
    assert caught.value.codes == (code,)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("inptus: {}\n", "inptus", "did you mean 'inputs'?"),
        ("nodes:\n- {name: a, type: python, source: {path: a.py}, skip: {}}\n", "nodes.0.skip", "use `activate`"),
        ("nodes:\n- {name: a, type: python, inputs: {x: 'Dear ${inputs.n}'}}\n", "nodes.0.inputs.x", "the whole value"),
        (
            "nodes:\n- {name: a, type: python}\noutputs: {o: {type: string, reference: '${a.logs}'}}\n",
            "outputs.o.reference",
            "'logs'",
        ),
    ],
)
def test_what_prompt_flow_passes_over_is_noted_with_its_line(
    make_flow: MakeFlow, text: str, key: str, words: str
) -> None:
    (notice,) = read_flow(make_flow(text)).notices
    assert notice.key == key
    assert words in notice.problem
    assert notice.line == (
        2 if key.startswith(("nodes", "outputs")) and "nodes" in text and "outputs" not in key else notice.line
    )


def test_variants_stand_in_their_node_s_place(make_flow: MakeFlow) -> None:
    folder = make_flow(
        """
        nodes:
        - {name: ask, use_variants: true}
        node_variants:
          ask:
            default_variant_id: short
            variants:
              short: {node: {type: prompt, source: {path: short.jinja2}}}
              long: {node: {type: prompt, source: {path: long.jinja2}}}
        """
    )
    assert [node.source.path for node in read_flow(folder).nodes if node.source] == ["short.jinja2"]
    (node,) = read_flow(folder, variants={"ask": "long"}).nodes
    assert node.source is not None
    assert (node.name, node.source.path) == ("ask", "long.jinja2")
    with pytest.raises(Exception, match="no variant 'x'"):
        read_flow(folder, variants={"ask": "x"})
    with pytest.raises(Exception, match="'x' has no variants"):
        read_flow(folder, variants={"x": "x"})
