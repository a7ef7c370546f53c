"""Keys that a project names are in no file of a run and on no screen, whoever's exception repeats them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS = {
    "OPENAI_API_KEY": "of-the-vendor-31415",
    "FERRATA_OWN_KEY": "of-a-model-27182",
    "SHOP_TOKEN": "of/a\\connection-16180",
}
FILE = """
project: shop
models:
  main: openai/gpt-4o-mini-2024-07-18
  own: {vendor: openai, model: gpt-4o, key: "${env:FERRATA_OWN_KEY}"}
connections:
  shop: {type: custom, secrets: {token: "${env:SHOP_TOKEN}"}}
evals:
  target: {target: "bot.py:failing", data: rows.jsonl, evaluators: [exact_match]}
  evaluator: {target: "bot.py:answer", data: rows.jsonl, evaluators: ["bot.py:score"]}
"""
BOT = f"""
import os


def failing(question):
    raise RuntimeError("denied: " + " ".join(os.environ[name] for name in {list(KEYS)!r}))


def answer(question):
    return "yes"


def score(response):
    failing(response)
"""
NODE = BOT + "\n\ndef node(question: str):\n    print(os.environ['SHOP_TOKEN'])\n    failing(question)\n"
DAG = """
inputs: {question: {type: string}}
outputs: {answer: {type: string, reference: "${ask.output}"}}
nodes:
- name: ask
  type: python
  source: {type: code, path: ask.py}
  inputs: {question: "${inputs.question}"}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    rows = "".join(json.dumps({"question": f"q{n}", "expected": "yes"}) + "\n" for n in range(2))
    (tmp_path / "flow").mkdir()
    tool = "from promptflow.core import tool\n" + NODE.replace("def node", "@tool\ndef node")
    files = {"ferrata.yaml": FILE, "bot.py": BOT, "rows.jsonl": rows, "flow/flow.dag.yaml": DAG, "flow/ask.py": tool}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def kept(project: Path) -> str:
    files = [one for one in (project / ".ferrata").rglob("*") if one.is_file()]
    return "\n".join(one.read_bytes().decode("utf-8", "replace") for one in files)


@pytest.mark.parametrize(
    "words", [("eval", "run", "target"), ("eval", "run", "evaluator"), ("flow", "run", "flow", "--data", "rows.jsonl")]
)
def test_a_run_repeats_no_key(
    project: Path, words: tuple[str, ...], ferrata: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    ran = ferrata(*words)
    found = kept(project)
    assert "denied: *** *** ***" in found, ran.out + ran.err
    for value in KEYS.values():
        for text in (value, json.dumps(value)[1:-1], repr(value)[1:-1]):
            assert text not in found
            assert text not in ran.out + ran.err
