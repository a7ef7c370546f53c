"""Pictures of flows: what is in them, in each form, and that no text of a flow can do anything in them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.flows import draw_flow, read_flow
from ferrata.flows.drawing import Box, Edge, Picture, picture_of
from ferrata.flows.drawing.layout import GAP_X, lay_out
from ferrata.flows.drawing.mermaid import as_mermaid
from ferrata.flows.drawing.svg import as_svg

DAG = """\
inputs:
  text: {type: string, default: hello}
outputs:
  out: {type: string, reference: "${join.output}"}
nodes:
- name: check
  type: python
  source: {type: code, path: check.py}
  inputs: {x: "${inputs.text}"}
- name: ask
  type: llm
  connection: chat
  source: {type: code, path: ask.jinja2}
  inputs: {x: "${inputs.text}"}
  activate: {when: "${check.output.kind}", is: question}
- name: join
  type: python
  source: {type: code, path: join.py}
  inputs: {a: "${ask.output}", b: "${inputs.text}"}
- name: count
  type: python
  aggregation: true
  source: {type: code, path: count.py}
  inputs: {a: "${join.output}"}
"""
SVG = "{http://www.w3.org/2000/svg}"


def test_a_graph_becomes_boxes_and_edges(make_flow) -> None:
    picture = picture_of(read_flow(make_flow(DAG)))
    assert [(box.id, box.kind, box.about, box.more) for box in picture.boxes] == [
        ("input text", "input", "string = hello", ""),
        ("node check", "python", "python · check.py", ""),
        ("node ask", "llm", "llm · ask.jinja2", "chat"),
        ("node join", "python", "python · join.py", ""),
        ("node count", "python", "python · count.py", ""),
        ("output out", "output", "string", ""),
    ]
    assert picture.boxes[2].condition == "only if check.kind is question"
    assert Edge("node check", "node ask", "is question") in picture.edges
    assert Edge("node join", "output out") in picture.edges
    assert [box.title for box in picture.boxes if box.aggregation] == ["count"]


def test_as_text(make_flow) -> None:
    assert draw_flow(read_flow(make_flow(DAG)), "text") == (
        "flow\n\ninputs:\n  text  string = hello\n\nnodes:\n"
        "  check  python · check.py        <- inputs.text\n"
        "  ask    llm · ask.jinja2 · chat  <- inputs.text  [only if check.kind is question]\n"
        "  join   python · join.py         <- ask, inputs.text\n\n"
        "once, over all lines:\n  count  python · count.py  <- join\n\n"
        "outputs:\n  out  string  <- join\n"
    )


def test_as_mermaid(make_flow) -> None:
    text = draw_flow(read_flow(make_flow(DAG)), "mermaid")
    assert text.startswith("flowchart TD\n")
    assert 'b2[/"ask<br/>llm · ask.jinja2<br/>chat<br/>only if check.kind is question"/]:::llm' in text
    assert 'b1 -. "is question" .-> b2' in text
    assert 'subgraph once["once, over all lines"]\n        b4[' in text


def test_as_svg_it_stands_alone(make_flow) -> None:
    text = draw_flow(read_flow(make_flow(DAG)), "svg")
    root = ET.fromstring(text)
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert {"check", "ask", "join", "count", "text", "out", "is question", "once, over all lines"} <= set(words)
    assert len(list(root.iter(f"{SVG}path"))) == 8  # the marker's and an edge for each pair of boxes
    assert not re.search(r"(?:href|src|url\((?!#tip))", text)
    assert not list(root.iter(f"{SVG}script"))


def test_a_class_or_prompt_is_one_box(make_flow) -> None:
    folder = make_flow("", f_py="def f(): ...\n")
    (folder / "flow.flex.yaml").write_text("entry: f:f\ninputs: {x: {type: string}}\noutputs: {y: {type: string}}\n")
    picture = picture_of(read_flow(folder))
    assert [box.kind for box in picture.boxes] == ["input", "flow", "output"]
    assert picture.edges == (Edge("input x", "flow"), Edge("flow", "output y"))


def test_an_empty_flow_is_drawn(make_flow) -> None:
    flow = read_flow(make_flow("nodes: []\n"))
    assert draw_flow(flow, "text") == "flow\n"
    assert ET.fromstring(draw_flow(flow, "svg")).tag == f"{SVG}svg"


def test_the_form_must_be_known(make_flow) -> None:
    with pytest.raises(UsageError, match="'png'"):
        draw_flow(read_flow(make_flow(DAG)), "png")


@given(st.text())
def test_no_text_leaves_its_place(text: str) -> None:
    boxes = (Box("a", "python", text, text, text), Box("b", "llm", text, condition=text))
    picture = Picture(text, boxes, (Edge("a", "b", text),))
    root = ET.fromstring(as_svg(picture))
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= {"svg", "defs", "marker", "path", "rect", "text", "g", "title"}
    lines = as_mermaid(picture).splitlines()
    assert len(lines) == 6
    assert all('"' not in part[1:-1] for line in lines for part in re.findall(r'"[^"]*"', line))
    assert all("<" not in line.replace("<br/>", "") for line in lines)


@given(st.data())
def test_no_box_lies_on_another_and_edges_go_down(data: st.DataObject) -> None:
    names = [f"n{i}" for i in range(data.draw(st.integers(1, 9)))]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    sizes = {name: (data.draw(st.floats(20, 300)), data.draw(st.floats(20, 60))) for name in names}
    floors = {name: 1 for name in names[len(names) // 2 :] if data.draw(st.booleans())}
    edges = [(a, b) for a, b in edges if floors.get(a, 0) <= floors.get(b, 0)]
    layout = lay_out(sizes, edges, floors=floors)
    for a, b in edges:
        assert layout.places[a].y < layout.places[b].y
    places = list(layout.places.values())
    for i, one in enumerate(places):
        assert one.x - one.width / 2 >= 0
        assert one.x + one.width / 2 <= layout.width
        for other in places[i + 1 :]:
            if one.y == other.y:
                assert abs(one.x - other.x) >= (one.width + other.width) / 2 + GAP_X - 1e-6
    assert all(len(layout.routes[pair]) >= 0 for pair in edges)
    below = [layout.places[name].y for name in floors]
    above = [layout.places[name].y for name in names if name not in floors]
    assert not below or not above or max(above) < min(below)
