from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest
from api_server import Asked, Reply, serving

from ferrata.errors import ModelDenied
from ferrata.evals.importing import (
    Imported,
    JsonApi,
    LangfuseObjects,
    fetch_langfuse,
    import_langfuse,
    langfuse_headers,
    read_langfuse_items,
)
from ferrata.prompts import parse_prompt, render_prompt

if TYPE_CHECKING:
    from pathlib import Path

KEYS = "Basic " + base64.b64encode(b"pk:sk").decode()
DATASETS = [{"id": "d1", "name": "faq/short"}, {"id": "d2", "name": "plain"}]
ITEMS = {
    "faq/short": [
        {"id": "i1", "status": "ACTIVE", "input": {"q": "Why?"}, "expectedOutput": "So.", "metadata": {"k": 1}},
        {"id": "i2", "status": "ACTIVE", "input": {"q": "How?"}, "expectedOutput": {"a": 1}, "metadata": None},
        {"id": "i3", "status": "ARCHIVED", "input": {"q": "Old?"}, "expectedOutput": None},
    ],
    "plain": [{"id": "p1", "status": "ACTIVE", "input": "text", "expectedOutput": None}],
}
TRACES = {
    "t1": {
        "id": "t1",
        "output": "So.",
        "scores": [
            {"id": "s1", "name": "exact", "value": 1, "dataType": "BOOLEAN", "stringValue": "True", "comment": "same"},
            {"id": "s2", "name": "tone", "value": 0, "dataType": "CATEGORICAL", "stringValue": "dry"},
        ],
    }
}
RUN = [
    {"id": "ri1", "datasetItemId": "i1", "traceId": "t1"},
    {"id": "ri2", "datasetItemId": "i2", "traceId": "gone"},
]
CHAT = [
    {"type": "chatmessage", "role": "system", "content": "Serve {{ company }}. {% raw %}"},
    {"type": "placeholder", "name": "history"},
    {"role": "user", "content": "{{question}}"},
]
PROMPTS = {
    1: {"name": "a/greet", "version": 1, "prompt": "Hi {{who}}", "type": "text", "labels": ["stable"], "config": {}},
    2: {"name": "a/greet", "version": 2, "prompt": "Hi", "type": "text", "labels": [], "config": {}},
    3: {
        "name": "a/greet",
        "version": 3,
        "prompt": CHAT,
        "type": "chat",
        "labels": ["production", "latest"],
        "config": {"model": "gpt-5", "temperature": 0.2, "flags": {"x": 1}},
        "commitMessage": "Ask better",
    },
}
SCORES = [
    {"id": "s1", "name": "exact", "value": True, "dataType": "BOOLEAN", "subject": {"kind": "trace", "id": "t1"}},
    {"id": "s9", "name": "thumbs", "value": 0.5, "dataType": "NUMERIC", "subject": {"kind": "trace", "id": "t9"}},
]


def page(items: list[Any], one: Asked, size: int = 2) -> dict[str, Any]:
    number = int(one.query["page"])
    pages = -(-len(items) // size)
    return {"data": items[number * size - size : number * size], "meta": {"page": number, "totalPages": pages}}


def answer(one: Asked, *, old: bool = True, new: bool = True) -> Any:
    if one.headers.get("authorization") != KEYS:
        return Reply({"message": "no"}, 401)
    path = one.path.removeprefix("/api/public/")
    if path == "dataset-items":
        return page(ITEMS[one.query["datasetName"]], one)
    if path == "dataset-run-items":
        assert (one.query["datasetId"], one.query["runName"]) == ("d1", "first")
        return page(RUN, one, 1)
    if path == "v2/prompts/a%2Fgreet":
        label, version = one.query.get("label"), one.query.get("version")
        return PROMPTS[int(version)] if version else next(p for p in PROMPTS.values() if label in p["labels"])
    if path.startswith("traces/"):
        return TRACES.get(path.removeprefix("traces/"))
    if path.endswith("/runs"):
        runs = {"datasets/faq%2Fshort/runs": [{"name": "first"}], "datasets/plain/runs": []}
        return page(runs[path], one) if old else None
    lists = {
        "v2/datasets": DATASETS,
        "v2/prompts": [{"name": "a/greet", "versions": [1, 2, 3], "labels": ["stable", "production", "latest"]}],
        "v2/scores": [{**s, "traceId": s["subject"]["id"]} for s in SCORES] if old else None,
    }
    if path == "v3/scores" and new:
        at = int(one.query.get("cursor", 0))
        return {"data": SCORES[at : at + 1], "meta": {"limit": 1, **({"cursor": "1"} if at == 0 else {})}}
    known = {"v2/datasets/faq%2Fshort": DATASETS[0], "v2/datasets/plain": DATASETS[1]}
    return known.get(path) or (page(lists[path], one) if lists.get(path) else None)


def fetched(*datasets: str, all_versions: bool = False, **more: bool) -> LangfuseObjects:
    async def work(url: str) -> LangfuseObjects:
        async with JsonApi(url, langfuse_headers("pk", "sk"), who="Langfuse") as api:
            return await fetch_langfuse(api, datasets, all_versions=all_versions)

    with serving(lambda one: answer(one, **more)) as (url, _):
        return asyncio.run(work(url))


@pytest.fixture(scope="module")
def found() -> Imported:
    return import_langfuse(fetched())


def test_items_are_rows(found: Imported) -> None:
    assert {data.name: data.rows for data in found.data} == {
        "faq-short": [
            {"id": "i1", "q": "Why?", "expected_output": "So.", "metadata": {"k": 1}},
            {"id": "i2", "q": "How?", "expected_output": {"a": 1}},
        ],
        "plain": [{"id": "p1", "input": "text", "expected_output": None}],
    }
    assert ("dataset 'faq/short', 1 items", "they are archived there") in found.left


def test_runs_give_answers_with_scores(found: Imported) -> None:
    run = next(data for data in found.scores if data.name == "faq-short-first")
    assert run.rows == [
        {
            "id": "i1",
            "inputs": {"q": "Why?"},
            "outputs": {"response": "So."},
            "scores": {
                "exact": {"value": 1.0, "passed": True, "reason": "same"},
                "tone": {"value": 0.0, "passed": None, "label": "dry"},
            },
        }
    ]
    assert ("run 'first', item 'i2'", "its trace is not there any more") in found.left


def test_other_scores_are_by_their_traces(found: Imported) -> None:
    other = next(data for data in found.scores if data.name == "langfuse-traces")
    assert other.rows == [
        {"id": "t9", "inputs": {}, "outputs": {}, "scores": {"thumbs": {"value": 0.5, "passed": None}}}
    ]


def test_prompts_come_with_their_labels_as_commands(found: Imported) -> None:
    assert [prompt.name for prompt in found.prompts] == ["a-greet-v1", "a-greet"]
    assert found.commands == [
        "ferrata asset register prompt/a-greet prompts/a-greet-v1.prompty -m 'version 1 there'",
        "ferrata asset alias prompt/a-greet stable --to 1",
        "ferrata asset register prompt/a-greet prompts/a-greet.prompty -m 'version 3 there'",
        "ferrata asset alias prompt/a-greet production --to 2",
    ]
    assert ("prompt 'a/greet', versions 2", "they have no label; --all-versions takes them") in found.left
    prompt = parse_prompt(found.prompts[1].text)
    assert (prompt.description, prompt.model.name, prompt.model.parameters) == (
        "Ask better",
        "gpt-5",
        {"temperature": 0.2},
    )
    given = {"company": "Acme", "question": "Why?", "history": [{"role": "user", "content": "Hello"}]}
    assert [(m.role, m.content) for m in render_prompt(prompt, given)] == [
        ("system", "Serve Acme. {% raw %}"),
        ("user", "Hello"),
        ("user", "Why?"),
    ]
    assert "setting 'flags' of the model" in [note.what for note in found.left]


def test_all_versions_are_there_where_they_are_wanted() -> None:
    found = import_langfuse(fetched("plain", all_versions=True), name="mine")
    assert [prompt.name for prompt in found.prompts] == ["a-greet-v1", "a-greet-v2", "a-greet"]
    assert [data.name for data in found.data] == ["mine"]


def test_newer_and_older_servers_are_read_as_far_as_they_go() -> None:
    newer = import_langfuse(fetched(old=False))
    assert ("runs of 'plain'", "the server does not hand them out (newer ones do not)") in newer.left
    assert [data.name for data in newer.scores] == ["langfuse-traces"]
    older = fetched(new=False)
    assert [score["id"] for score in older.scores] == ["s1", "s9"]
    assert ("scores", "the server has neither /v3/scores nor /v2/scores") in fetched(old=False, new=False).problems


def test_wrong_keys_are_said() -> None:
    async def work(url: str) -> None:
        async with JsonApi(url, langfuse_headers("pk", "no"), who="Langfuse") as api:
            await fetch_langfuse(api)

    with serving(answer) as (url, _), pytest.raises(ModelDenied, match="Langfuse refuses the key"):
        asyncio.run(work(url))


def test_items_of_a_file_are_rows(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl"
    path.write_text('{"id": "x", "input": {"id": "7"}, "expectedOutput": "y"}\nbroken\n', encoding="utf-8")
    found = import_langfuse(read_langfuse_items(path))
    assert found.data[0].rows == [{"id": "x", "input_id": "7", "expected_output": "y"}]
    assert [note.why for note in found.changed] == ["it is called 'input_id'; the name was taken"]
    assert len(found.left) == 1
