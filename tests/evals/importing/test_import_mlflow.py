from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from api_server import Asked, serving

from ferrata.evals.importing import Imported, JsonApi, MlflowObjects, fetch_mlflow, import_mlflow, mlflow_headers
from ferrata.prompts import parse_prompt, render_prompt

RECORDS = [
    {
        "dataset_record_id": "r1",
        "inputs": '{"question": "Why?"}',
        "expectations": '{"expected_response": "So."}',
        "tags": "{}",
    },
    {"dataset_record_id": "r2", "inputs": '{"question": "How?"}', "expectations": "{}", "tags": '{"team": "a"}'},
]
CHAT = [{"role": "system", "content": "Be {{tone}}"}, {"role": "user", "content": "{{ question }}"}]


def tags(**values: str) -> list[dict[str, str]]:
    return [{"key": key.replace("__", "."), "value": value} for key, value in values.items()]


VERSIONS = [
    {"name": "qa", "version": "2", "description": "Chat", "tags": tags(
        mlflow__prompt__text=json.dumps(CHAT), _mlflow_prompt_type="chat",
        _mlflow_prompt_model_config='{"provider": "openai", "model_name": "gpt-5", "temperature": 0.1}')},
    {"name": "qa", "version": "1", "tags": tags(mlflow__prompt__text="Answer {{question}}")},
    {"name": "qa", "version": "3", "tags": tags(other="x")},
]  # fmt: skip
ASSESSMENTS = [
    {"assessment_name": "relevance", "feedback": {"value": "yes"}, "rationale": "fits", "valid": True},
    {"assessment_name": "length", "feedback": {"value": 3}},
    {"assessment_name": "safe", "feedback": {"value": True}},
    {"assessment_name": "old", "feedback": {"value": 1}, "valid": False},
    {"assessment_name": "broken", "feedback": {"error": {"error_code": "X", "error_message": "no judge"}}},
    {"assessment_name": "expected_response", "expectation": {"value": "So."}},
]
TRACES = [
    {"trace_id": "tr-1", "request_preview": "Why?", "response_preview": "So.", "assessments": ASSESSMENTS},
    {"trace_id": "tr-2", "request_preview": "How?"},
]


def paged(items: list[Any], key: str, token: str | None, *, as_text: bool = False) -> dict[str, Any]:
    begin = int(token or 0)
    page: Any = items[begin : begin + 1]
    more = {"next_page_token": str(begin + 1)} if begin + 1 < len(items) else {}
    return {key: json.dumps(page) if as_text else page, **more}


def answer(one: Asked, *, datasets: bool = True) -> Any:
    token = one.query.get("page_token")
    match one.path.removeprefix("/api/"):
        case "3.0/mlflow/datasets/search" if datasets:
            about = {"dataset_id": "d-1", "name": "FAQ", "digest": "ab", "tags": '{"owner": "me"}'}
            return {"datasets": [about]}
        case "3.0/mlflow/datasets/d-1/records":
            return paged(RECORDS, "records", token, as_text=True)
        case "2.0/mlflow/registered-models/search":
            assert one.query["filter"] == "tags.`mlflow.prompt.is_prompt` = 'true'"
            return {"registered_models": [{"name": "qa", "aliases": [{"alias": "production", "version": "2"}]}]}
        case "2.0/mlflow/model-versions/search":
            assert one.query["filter"].startswith("name = 'qa' AND ")
            return paged(VERSIONS, "model_versions", token)
        case "3.0/mlflow/traces/search":
            assert one.body["locations"][0]["mlflow_experiment"] == {"experiment_id": "7"}
            return paged(TRACES, "traces", one.body.get("page_token"))
        case _:
            return None


def fetched(*experiments: str, **more: bool) -> MlflowObjects:
    async def work(url: str) -> MlflowObjects:
        async with JsonApi(url, mlflow_headers(user="u", password="p"), who="MLflow") as api:
            return await fetch_mlflow(api, experiments)

    with serving(lambda one: answer(one, **more)) as (url, asked):
        objects = asyncio.run(work(url))
        assert {one.headers.get("authorization") for one in asked} == {"Basic dTpw"}
        return objects


@pytest.fixture(scope="module")
def found() -> Imported:
    return import_mlflow(fetched("7"))


def test_records_are_rows(found: Imported) -> None:
    (data,) = found.data
    assert (data.name, data.tags) == ("faq", {"owner": "me"})
    assert data.rows == [
        {"id": "r1", "question": "Why?", "expected_response": "So."},
        {"id": "r2", "question": "How?", "tags": {"team": "a"}},
    ]


def test_prompts_come_with_their_aliases(found: Imported) -> None:
    assert [prompt.name for prompt in found.prompts] == ["qa-v1", "qa"]
    prompt = parse_prompt(found.prompts[1].text)
    assert (prompt.model.provider, prompt.model.name, prompt.model.parameters) == (
        "openai",
        "gpt-5",
        {"temperature": 0.1},
    )
    said = [(m.role, m.content) for m in render_prompt(prompt, {"tone": "kind", "question": "Why?"})]
    assert said == [("system", "Be kind"), ("user", "Why?")]
    assert found.commands[-1] == "ferrata asset alias prompt/qa production --to 2"
    assert ("prompt 'qa', version 3", "the server does not say its text") in found.left


def test_assessments_are_scores(found: Imported) -> None:
    (data,) = found.scores
    assert data.rows == [
        {
            "id": "tr-1",
            "inputs": {"request": "Why?", "expected_response": "So."},
            "outputs": {"response": "So."},
            "scores": {
                "relevance": {"value": 1.0, "passed": True, "label": "yes", "reason": "fits"},
                "length": {"value": 3.0, "passed": None},
                "safe": {"value": 1.0, "passed": True},
                "broken": {"value": None, "passed": None, "reason": "no judge"},
            },
        }
    ]
    assert found.taken[-1] == "experiment '7': 1 of 2 traces have assessments"


def test_a_server_without_datasets_gives_the_rest() -> None:
    found = import_mlflow(fetched(datasets=False))
    assert [note.what for note in found.left][0] == "evaluation datasets"
    assert [prompt.name for prompt in found.prompts] == ["qa-v1", "qa"]


def test_keys_are_headers() -> None:
    assert mlflow_headers("t", "u", "p") == {"authorization": "Bearer t"}
    assert mlflow_headers() == {}
