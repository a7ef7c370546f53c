from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from ferrata.app import open_app
from ferrata.cli.trials import Row, try_all
from ferrata.errors import ModelBusy
from ferrata.messages import ChatChunk, ChatRequest, ChatResponse, Message, Usage
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
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
    heads, first, second = ran.out.splitlines()
    assert heads.startswith("model\t")
    assert len(first.split("\t")) == len(second.split("\t")) == 7
    assert first.endswith("\t9\t4\t?\tTwo years.\\tYes\\x1b[0m")
    assert second.startswith("fake/x\t")


def test_one_that_does_not_answer_stops_no_other(ferrata, declared: Path, server: FakeServer) -> None:
    server.fail(ModelBusy("slow down"))
    ran = ferrata("models", "try", "Hi", "--project", declared, "--json")
    a, b = (json.loads(line) for line in ran.out.splitlines())
    assert (ran.status, a["error"]["code"], b["text"]) == (1, "model_busy", "Hi")
    assert "slow down" in a["error"]["message"]


def test_trying_is_noted_in_the_ledger(ferrata, declared: Path) -> None:
    assert ferrata("models", "try", "Hi", "--no-save", "--project", declared).status == 0
    with open_app(declared) as app:
        assert not app.has_store
    assert ferrata("models", "try", "Hi", "--project", declared).status == 0
    with open_app(declared) as app:
        (record,) = app.ledger.records(action="models.tried")
    assert (record.payload["models"], record.payload["rows"]) == (["vllm/small", "fake/echo"], 1)


def test_answers_are_shown_where_the_ledger_cannot_be_written(ferrata, declared: Path) -> None:
    (declared / ".ferrata").write_text("in the way")
    ran = ferrata("models", "try", "Hi", "-m", "b", "--project", declared, "--json")
    assert json.loads(ran.out)["text"] == "Hi"
    assert ran.err.startswith("not noted in the ledger: ")


PROMPT = """---
name: Support
model:
  api: chat
inputs:
  question: {type: string}
---
system:
Be brief.
user:
{{question}}
"""


@pytest.fixture
def support(declared: Path) -> Path:
    """A prompt with three rows, in a project where the model on the server has a price."""
    with (declared / "ferrata.yaml").open("a") as file:
        file.write("prices:\n  vllm/small: {input: 1, output: 10}\n")
    (declared / "support.prompty").write_text(PROMPT)
    rows = [
        {"question": "How long?", "expected": ["TWO", "years"]},
        {"question": "Two weeks?", "expected": "weeks"},
        {"question": "Anything?"},
    ]
    (declared / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return declared


def test_rows_of_a_prompt_to_several_models(ferrata, support: Path, server: FakeServer) -> None:
    words = ("--prompt", support / "support.prompty", "--data", support / "rows.jsonl", "--project", support)
    ran = ferrata("models", "try", *words, "--json", "--max-tokens", 70)
    assert (ran.status, ran.err) == (0, "")
    a, b = (json.loads(line) for line in ran.out.splitlines())
    assert (a["model"], a["id"], a["answered"], a["failed"]) == ("a", "vllm/small", 3, 0)
    # "Two years." has both of the first row, not that of the second; the echo has only that of the second.
    assert (a["contains_expected"], b["contains_expected"]) == (0.5, 0.5)
    assert [row.get("contains_expected") for row in a["rows"]] == [True, False, None]
    assert (a["input_tokens"], a["output_tokens"]) == (27, 12)
    assert a["cost_usd"] == pytest.approx(3 * (9 * 1e-6 + 4 * 10e-6))
    assert 0 < a["seconds_median"] <= a["seconds_p95"]
    assert a["output_tokens_per_second"] > 0
    assert sorted(sent.body["messages"][1]["content"] for sent in server.received) == [
        "Anything?", "How long?", "Two weeks?",
    ]  # fmt: skip
    assert {sent.body["max_tokens"] for sent in server.received} == {70}


def test_what_was_measured_stands_in_a_comparison(ferrata, support: Path) -> None:
    words = ("--prompt", support / "support.prompty", "--data", support / "rows.jsonl", "--project", support)
    assert ferrata("models", "try", *words, "-m", "a").status == 0
    ran = ferrata("models", "compare", "vllm/small", "gpt-4o-mini", "--json", "--project", support)
    found = json.loads(ran.out)
    assert (found["workload"]["input_tokens"], found["workload"]["output_tokens"]) == (9, 4)
    measured = found["models"][0]["measured"]
    assert (measured["rows"], measured["quality"], measured["input_tokens"]) == (3, 0.5, 9)
    assert measured["cost"] == pytest.approx(49e-6)
    assert measured["latency"] > 0
    shown = ferrata("models", "compare", "vllm/small", "gpt-4o-mini", "--project", support).out
    assert [line.split() for line in shown.splitlines() if line.startswith("quality")] == [["quality", "0.50", "?"]]


def test_a_row_that_fails_is_counted(ferrata, support: Path, server: FakeServer) -> None:
    server.fail(ModelBusy("slow down"))
    words = ("--prompt", support / "support.prompty", "--data", support / "rows.jsonl", "--project", support)
    ran = ferrata("models", "try", *words, "-m", "a", "--concurrency", 1)
    assert ran.status == 1
    assert ran.out.splitlines()[1].split("\t")[:4] == ["a", "2", "1", "0.00"]
    assert "model_busy: " in ran.err
    assert "slow down" in ran.err


@pytest.mark.parametrize(("concurrency", "at_once"), [(1, 1), (2, 2)])
def test_so_many_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch, declared: Path, concurrency: int, at_once: int
) -> None:
    now, most = 0, 0

    async def stream(self: FakeModel, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        yield ChatChunk("ok", finish="stop")

    monkeypatch.setattr(FakeModel, "stream", stream)
    rows = [Row(number, ChatRequest([Message("user", "Hi")])) for number in range(1, 6)]
    with open_app(declared) as app:
        (tried,) = asyncio.run(try_all(app, ["b"], rows, concurrency=concurrency))
    assert (most, tried.answered) == (at_once, 5)


def test_an_answer_from_the_cache_counts_for_no_time_and_no_cost(ferrata, support: Path) -> None:
    settings = support / "ferrata.yaml"
    settings.write_text(settings.read_text().replace("retries: 0", "retries: 0, cache: always"))
    words = ("--prompt", support / "support.prompty", "--data", support / "rows.jsonl", "--project", support)
    words = ("models", "try", *words, "-m", "a", "--json")
    first, again = (json.loads(ferrata(*words).out) for _ in range(2))
    assert first["seconds_median"] > 0
    assert (again["seconds_median"], again["cost_usd"], again["answered"]) == (None, None, 3)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"query": "Hi"}, "row 2: "),
        ({"question": "Hi", "expected": [{}]}, "row 2: `expected` is a text or a list of texts"),
    ],
)
def test_a_wrong_row_is_said_before_anything_is_asked(
    ferrata, support: Path, server: FakeServer, row: dict[str, object], said: str
) -> None:
    (support / "rows.jsonl").write_text('{"question": "Hi"}\n' + json.dumps(row))
    words = ("--prompt", support / "support.prompty", "--data", support / "rows.jsonl", "--project", support)
    ran = ferrata("models", "try", *words)
    assert (ran.status, ran.out, server.received) == (2, "", [])
    assert said in ran.err


def test_the_budget_of_a_priced_vendor_ends_the_trial(
    ferrata, support: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With OpenAI's own price, on another address, to which a key goes only from a variable of Ferrata's."""
    monkeypatch.setenv("FERRATA_KEY", "sk-of-the-test-0123456789")
    (support / "ferrata.yaml").write_text(
        f"models:\n  a: {{vendor: openai, model: gpt-4o-mini-2024-07-18, url: '{server.url}', "
        "key: '${env:FERRATA_KEY}', retries: 0, budget: 0.000025}\n"
    )
    words = ("--prompt", support / "support.prompty", "--data", support / "rows.jsonl", "--project", support)
    ran = ferrata("models", "try", *words, "--concurrency", 1, "--max-tokens", 30, "--json")
    found = json.loads(ran.out)
    assert ran.status == 1
    # 0.15 and 0.60 USD a million tokens: 3.75 millionths a row, while up to 20 are set aside for each.
    assert found["rows"][0]["cost_usd"] == pytest.approx(9 * 0.15e-6 + 4 * 0.6e-6)
    assert found["rows"][0]["price_version"].startswith("genai-prices/")
    assert [row["error"]["code"] for row in found["rows"] if "error" in row] == ["model_over_quota"]
    assert len(server.received) == found["answered"] == 2
    assert "sk-of-the-test" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["", "-m", "a"], "the prompt is empty"),
        (["Hi", "-m", "c"], "no model 'c'"),
        (["Hi", "-m", "acme/x"], "no vendor 'acme'"),
        (["Hi", "--data", "rows.jsonl"], "--data gives the inputs of a prompt"),
        (["Hi", "--prompt", "a.prompty"], "either TEXT or --prompt"),
        (["--prompt", "none.prompty"], "none.prompty"),
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
