"""A conversation with a flow on the terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAG = """
    inputs:
      said: {type: string, is_chat_input: true}
      past: {type: list, default: [], is_chat_history: true}
      n: {type: int, default: 1}
    outputs:
      answer: {type: string, reference: "${talk.output}", is_chat_output: true}
      n: {type: int, reference: "${inputs.n}"}
    nodes:
    - name: talk
      type: python
      source: {type: code, path: talk.py}
      inputs: {said: "${inputs.said}", past: "${inputs.past}"}
"""
TALK = """
    from promptflow.core import tool


    @tool
    def talk(said: str, past: list):
        return f"{said} after {[turn['inputs']['said'] for turn in past]}"
"""


@pytest.fixture
def talking(tmp_path: Path) -> Path:
    (tmp_path / "flow.dag.yaml").write_text(textwrap.dedent(DAG))
    (tmp_path / "talk.py").write_text(textwrap.dedent(TALK))
    return tmp_path


def test_each_answer_knows_what_was_said_before(talking: Path, ferrata: Callable[..., Any]) -> None:
    ran = ferrata("flow", "test", talking, "--interactive", typed="a\nb\n\n")
    assert (ran.status, ran.out.splitlines()) == (0, ["a after []", "b after ['a']"])


def test_a_flow_that_takes_no_text_is_no_conversation(talking: Path, ferrata: Callable[..., Any]) -> None:
    dag = textwrap.dedent(DAG).replace("{type: string, is_chat_input: true}", "{type: int}")
    (talking / "flow.dag.yaml").write_text(dag)
    ran = ferrata("flow", "test", talking, "--interactive", typed="a\n")
    assert ran.status == 2
    assert "no input is marked by is_chat_input" in ran.err
