from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from api_server import Asked, Reply, paged, serving

from ferrata.errors import ModelDenied, NotFound
from ferrata.evals import Asked as Used
from ferrata.evals import Imported, Judged, Makers, definitions_of, files_of, make_evaluator, values_for, write_imported
from ferrata.evals.importing import (
    JsonApi,
    OpenAIObjects,
    fetch_openai_evals,
    import_openai_evals,
    import_openai_prompts,
    read_openai_folder,
)
from ferrata.prompts import parse_prompt, render_prompt
from ferrata.providers import FakeModel
from ferrata.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

EVAL = {
    "object": "eval",
    "id": "eval_1",
    "name": "Support tickets",
    "metadata": {"team": "care"},
    "data_source_config": {"type": "custom", "schema": {"type": "object"}},
    "testing_criteria": [
        {"type": "string_check", "name": "Right", "operation": "eq", "input": "{{sample.output_text}}", "reference": "{{item.label}}"},
        {"type": "string_check", "name": "Odd", "operation": "eq", "input": "{{sample.output_json.a}}", "reference": "x"},
        {"type": "text_similarity", "name": "Close", "evaluation_metric": "bleu", "input": "{{ sample.output_text }}", "reference": "{{ item.label }}", "pass_threshold": 0.5},
        {"type": "text_similarity", "name": "Near", "evaluation_metric": "cosine", "input": "{{sample.output_text}}", "reference": "{{item.label}}"},
        {"type": "label_model", "name": "Tone", "model": "gpt-4o", "labels": ["good", "bad"], "passing_labels": ["good"],
         "input": [{"role": "developer", "content": "Judge {{item.ticket}}"}, {"role": "user", "content": {"type": "input_text", "text": "{{sample.output_text}}"}}]},
        {"type": "score_model", "name": "Depth", "model": "gpt-4o", "range": [0, 10], "pass_threshold": 6, "sampling_params": {"temperature": 0},
         "input": [{"role": "user", "content": "Rate {{sample.output_text}}"}]},
        {"type": "python", "name": "Own", "source": "def grade(sample, item):\n    return 1.0"},
    ],
}  # fmt: skip
MESSAGES = {
    "type": "template",
    "template": [
        {"type": "message", "role": "developer", "content": {"type": "input_text", "text": "Label it. {% keep %}"}},
        {"role": "user", "content": "{{item.ticket}}"},
    ],
}


def run(name: str, source: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"type": "completions", "model": "gpt-4o-mini", "input_messages": MESSAGES, "source": source, **more}
    return {"object": "eval.run", "id": name, "eval_id": "eval_1", "name": f"Run {name}", "status": "completed", "data_source": data}  # fmt: skip


def item(number: int, run_id: str, ticket: str, label: str, answer: str) -> dict[str, Any]:
    return {
        "object": "eval.run.output_item",
        "id": f"outputitem_{run_id}_{number}",
        "run_id": run_id,
        "eval_id": "eval_1",
        "datasource_item_id": number,
        "datasource_item": {"ticket": ticket, "label": label},
        "results": [{"name": "Right-0a1b", "score": float(answer == label), "passed": answer == label}],
        "sample": {
            "output": [{"role": "assistant", "content": answer}],
            "model": "gpt-4o-mini",
            "finish_reason": "stop",
        },
    }


RUNS = [
    run("r1", {"type": "file_content", "content": [{"item": {"ticket": "broken", "label": "bug"}}]}),
    run("r2", {"type": "file_id", "id": "file-9"}, sampling_params={"temperature": 0.2, "tools": []}),
]
ITEMS = {
    "r1": [item(0, "r1", "broken", "bug", "bug")],
    "r2": [item(0, "r2", "broken", "bug", "other"), item(1, "r2", "thanks", "praise", "praise")],
}
FILE = '{"item": {"ticket": "broken", "label": "bug"}}\n{"item": {"ticket": "thanks", "label": "praise"}}\n'


def answer(one: Asked) -> Any:
    if one.headers.get("authorization") != "Bearer k":
        return None
    match one.path.removeprefix("/v1/").split("/"):
        case ["evals"]:
            return paged([EVAL], one, 1)
        case ["evals", "eval_1"]:
            return EVAL
        case ["evals", "eval_1", "runs"]:
            return paged(RUNS, one, 1)
        case ["evals", "eval_1", "runs", name, "output_items"]:
            return paged(ITEMS[name], one, 1)
        case ["files", "file-9", "content"]:
            return FILE
        case _:
            return None


def fetched(ids: tuple[str, ...] = (), key: str = "k") -> OpenAIObjects:
    async def work(url: str) -> OpenAIObjects:
        async with JsonApi(f"{url}/v1", {"authorization": f"Bearer {key}"}, who="OpenAI") as api:
            return await fetch_openai_evals(api, ids)

    with serving(answer) as (url, _):
        return asyncio.run(work(url))


@pytest.fixture(scope="module")
def found() -> Imported:
    return import_openai_evals(fetched())


def test_rows_are_those_of_files_and_items_each_once(found: Imported) -> None:
    (data,) = found.data
    assert (data.name, data.tags) == ("support-tickets", {"team": "care"})
    assert data.rows == [
        {"id": "1", "ticket": "broken", "label": "bug", "assert": [{"type": "equals", "value": "bug", "metric": "Right"}]},
        {"id": "2", "ticket": "thanks", "label": "praise", "assert": [{"type": "equals", "value": "praise", "metric": "Right"}]},
    ]  # fmt: skip


def test_scores_of_runs_name_the_rows(found: Imported) -> None:
    assert [data.name for data in found.scores] == ["support-tickets-run-r1", "support-tickets-run-r2"]
    first, second = found.scores[1].rows
    assert (first["id"], second["id"]) == ("1", "2")
    assert first["scores"] == {"Right": {"value": 0.0, "passed": False}}
    assert second["outputs"] == {"response": "praise", "model": "gpt-4o-mini", "finish_reason": "stop"}
    assert second["inputs"] == {"ticket": "thanks", "label": "praise"}


def test_what_was_asked_is_a_prompt_that_says_the_same(found: Imported) -> None:
    prompt = parse_prompt(next(one.text for one in found.prompts if one.name == "support-tickets"))
    said = [(one.role, one.content) for one in render_prompt(prompt, {"ticket": "It broke"})]
    assert said == [("system", "Label it. {% keep %}"), ("user", "It broke")]
    assert (prompt.model.provider, prompt.model.name) == ("openai", "gpt-4o-mini")


def test_criteria_become_evaluators_or_are_named(found: Imported) -> None:
    entry = found.evals["support-tickets"]
    assert entry["target"] == "prompts/support-tickets.prompty"
    assert [one["use"] for one in entry["evaluators"]] == [
        "assertions",
        "bleu_score",
        "label",
        "prompts/support-tickets-depth.prompty",
    ]
    assert entry["evaluators"][1] == {
        "use": "bleu_score",
        "name": "close",
        "threshold": 0.5,
        "map": {"response": "${target.response}", "ground_truth": "${data.label}"},
    }
    tone = entry["evaluators"][2]["options"]
    assert (tone["labels"], tone["passing"]) == (["good", "bad"], ["good"])
    assert tone["instructions"] == "Judge the ticket\nthe response"
    assert entry["evaluators"][3]["options"] == {"low": 0, "high": 10}
    assert [note.what.split("'")[1] for note in found.left if note.what.startswith("criterion")] == [
        "Odd",
        "Near",
        "Own",
    ]
    assert found.code["support-tickets-own.py.txt"].startswith("def grade")


def test_what_is_written_can_be_run(found: Imported, tmp_path: Path) -> None:
    write_imported(found, tmp_path)
    makers = Makers(tmp_path, lambda _: Judged(FakeModel(["{}"])), lambda _: pytest.fail("no embeddings are wanted"))
    for entry in definitions_of(load_settings(tmp_path)).values():
        for use in entry.evaluators:
            evaluator = make_evaluator(
                use.use, makers, alias=use.name, threshold=use.threshold, model=use.model, options=use.options
            )
            values_for(Used(use.name or use.use, evaluator, use.map))


def test_a_judge_is_a_prompt_with_its_labels(found: Imported) -> None:
    judge = parse_prompt(next(one.text for one in found.prompts if one.name == "support-tickets-tone"))
    said = [(one.role, one.content) for one in render_prompt(judge, {"ticket": "t", "output_text": "{{item.x}}"})]
    assert said == [("system", "Judge t"), ("user", "{{item.x}}")]
    assert judge.output is not None
    assert judge.output.schema["properties"]["label"]["enum"] == ["good", "bad"]  # pyright: ignore[reportIndexIssue]


def test_two_runs_with_other_settings_are_two_prompts(found: Imported) -> None:
    assert [one.name for one in found.prompts][-2:] == ["support-tickets", "support-tickets-2"]
    assert found.evals["support-tickets-2"]["target"] == "prompts/support-tickets-2.prompty"


def test_a_folder_of_saved_objects_gives_the_same(found: Imported, tmp_path: Path) -> None:
    (tmp_path / "evals.json").write_text(json.dumps({"object": "list", "data": [EVAL]}), encoding="utf-8")
    (tmp_path / "runs.json").write_text(json.dumps(RUNS), encoding="utf-8")
    for name, items in ITEMS.items():
        text = "".join(json.dumps(one) + "\n" for one in items)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "file-9.jsonl").write_text(FILE, encoding="utf-8")
    assert files_of(import_openai_evals(read_openai_folder(tmp_path))) == files_of(found)


def test_what_a_folder_holds_besides_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(EVAL), encoding="utf-8")
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    (tmp_path / "c.json").write_text('{"object": "file"}', encoding="utf-8")
    (tmp_path / "d.json").write_text(json.dumps({**RUNS[0], "eval_id": "eval_2"}), encoding="utf-8")
    found = import_openai_evals(read_openai_folder(tmp_path), name="shop")
    assert [note.what for note in found.left if "criterion" not in note.what] == [
        "file 'b.json'",
        "file 'c.json'",
        "data of 'shop'",
        "run 'r1'",
    ]
    (tmp_path / "e").mkdir()
    with pytest.raises(NotFound, match="no eval in"):
        read_openai_folder(tmp_path / "e")


def test_one_eval_is_fetched_by_its_id_and_a_wrong_key_is_said() -> None:
    assert list(fetched(("eval_1",)).evals) == ["eval_1"]
    with pytest.raises(NotFound):
        fetched(("eval_2",))

    async def work(url: str) -> None:
        async with JsonApi(url, {}, who="OpenAI") as api:
            await fetch_openai_evals(api)

    with serving(lambda _: Reply({}, 401)) as (url, _), pytest.raises(ModelDenied, match="OpenAI refuses the key"):
        asyncio.run(work(url))


def test_a_response_gives_back_the_stored_prompt_that_it_used(tmp_path: Path) -> None:
    response = {
        "object": "response",
        "id": "resp_1",
        "model": "gpt-5",
        "temperature": 0.3,
        "prompt": {"id": "pmpt_abc", "version": "4", "variables": {"customer": "Acme Ltd", "n": "1"}},
        "instructions": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "You serve Acme Ltd."}]}
        ],
        "tools": [{"type": "web_search"}],
    }
    (tmp_path / "r.json").write_text(json.dumps(response), encoding="utf-8")
    found = import_openai_prompts(tmp_path / "r.json", name="greeter")
    prompt = parse_prompt(found.prompts[0].text)
    assert prompt.description == "OpenAI's pmpt_abc, version 4"
    assert render_prompt(prompt, {"customer": "Bell Inc"})[0].content == "You serve Bell Inc."
    assert [note.what for note in found.left] == ["prompt 'pmpt_abc', `tools`"]
    assert any("'n' stands cannot be told" in note.why for note in found.changed)


def test_a_copied_prompt_keeps_its_variables(tmp_path: Path) -> None:
    copied = {"id": "pmpt_x", "name": "Help", "messages": [{"role": "system", "content": "Help {{ customer_name }}"}]}
    (tmp_path / "p.json").write_text(json.dumps([copied, {"id": "pmpt_y"}]), encoding="utf-8")
    found = import_openai_prompts(tmp_path)
    assert [prompt.name for prompt in found.prompts] == ["help"]
    assert render_prompt(parse_prompt(found.prompts[0].text), {"customer_name": "Ann"})[0].content == "Help Ann"
    assert [str(note) for note in found.left] == [
        "prompt 'pmpt_y': the file does not say its messages; copy them from the dashboard"
    ]
