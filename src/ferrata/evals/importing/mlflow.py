"""MLflow 3: evaluation datasets, prompts with their aliases, and assessments of traces, from a tracking server's REST API.

After the protocol of mlflow 3.17. Its SQLite files and `mlruns` folders are not read: start a server over them.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import NotFound
from ferrata.evals.importing.api import quoted
from ferrata.evals.importing.records import Record, spread_rows
from ferrata.evals.importing.types import DataFile, Imported, as_name, unique_name
from ferrata.evals.importing.versions import PromptVersion, chat_turns, take_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.evals.importing.api import JsonApi

__all__ = ["MlflowObjects", "fetch_mlflow", "import_mlflow", "mlflow_headers"]

_TEXT, _KIND, _CONFIG = "mlflow.prompt.text", "_mlflow_prompt_type", "_mlflow_prompt_model_config"


@dataclass
class MlflowObjects:
    """What was found.

    Attributes:
        datasets: each with its records under `records`.
        prompts: registered models that are prompts, each with its versions under `versions`.
        traces: infos of traces by the experiment's id.
        problems: what could not be had, and why.
    """

    datasets: list[dict[str, Any]] = field(default_factory=list["dict[str, Any]"])
    prompts: list[dict[str, Any]] = field(default_factory=list["dict[str, Any]"])
    traces: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, "list[dict[str, Any]]"])
    problems: list[tuple[str, str]] = field(default_factory=list["tuple[str, str]"])


def mlflow_headers(token: str = "", user: str = "", password: str = "") -> dict[str, str]:
    """The header with a token, or with a user and password; none where none is given."""
    if token:
        return {"authorization": f"Bearer {token}"}
    if user:
        return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
    return {}


async def fetch_mlflow(api: JsonApi, experiments: Sequence[str] = ()) -> MlflowObjects:
    """What a server holds: all prompts, and of these experiments (none: all) the datasets; traces of the named ones only.

    Raises:
        ModelError: the server cannot be used; as `JsonApi.get`.
    """
    found = MlflowObjects()
    try:
        given: dict[str, Any] = {"experiment_ids": list(experiments)} if experiments else {}
        path = "api/3.0/mlflow/datasets"
        found.datasets = [one async for one in api.tokens(f"{path}/search", "datasets", **given)]
        for one in found.datasets:
            key = quoted(str(one.get("dataset_id")))
            one["records"] = [record async for record in api.tokens(f"{path}/{key}/records", "records")]
    except NotFound:
        found.problems.append(
            ("evaluation datasets", "the server does not have them (MLflow 3.4 or newer with a database does)")
        )
    is_prompt = "tags.`mlflow.prompt.is_prompt` = 'true'"
    path = "api/2.0/mlflow/registered-models/search"
    found.prompts = [one async for one in api.tokens(path, "registered_models", filter=is_prompt, max_results=100)]
    for one in found.prompts:
        name = str(one.get("name")).replace("'", "''")
        path = "api/2.0/mlflow/model-versions/search"
        one["versions"] = [
            version async for version in api.tokens(path, "model_versions", filter=f"name = '{name}' AND {is_prompt}")
        ]
    for key in experiments:
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": key}}
        body = {"locations": [place], "max_results": 100}
        found.traces[key] = [one async for one in api.tokens("api/3.0/mlflow/traces/search", "traces", body=body)]
    return found


def import_mlflow(objects: MlflowObjects, *, name: str = "") -> Imported:
    """What the objects say; `name` is for a single dataset."""
    found = Imported("mlflow")
    for what, why in objects.problems:
        found.leave(what, why)
    taken: set[str] = set()
    for one in objects.datasets:
        label = str(one.get("name") or one.get("dataset_id"))
        file = unique_name(name if name and len(objects.datasets) == 1 else label, taken)
        records = [_record(record, number) for number, record in enumerate(one.get("records") or [], 1)]
        rows = spread_rows(found, label, records)
        source = {"kind": "mlflow", "id": str(one.get("dataset_id")), "digest": str(one.get("digest") or "")}
        found.data.append(DataFile(file, rows, [source], _tags(one.get("tags"))))
        found.taken.append(f"dataset {label!r}: {len(rows)} rows")
    for one in objects.prompts:
        _prompt(found, one, taken)
    for key, traces in objects.traces.items():
        rows = [row for trace in traces if (row := _scored(trace))["scores"]]
        if rows:
            found.scores.append(
                DataFile(unique_name(f"mlflow-{key}", taken), rows, [{"kind": "mlflow", "experiment": key}])
            )
            found.change(
                f"traces of experiment {key!r}",
                "the search gives beginnings of requests and answers; long ones are cut",
            )
        found.taken.append(f"experiment {key!r}: {len(rows)} of {len(traces)} traces have assessments")
    return found


def _record(one: dict[str, Any], number: int) -> Record:
    expected = _parsed(one.get("expectations"))
    further = {key: value for key in ("tags", "outputs") if (value := _parsed(one.get(key)))}
    return Record(
        str(one.get("dataset_record_id") or number),
        _parsed(one.get("inputs")),
        cast("dict[str, Any]", expected) if isinstance(expected, dict) else {},
        further,
    )


def _parsed(value: Any) -> Any:
    """A value, where it lies in a text of JSON."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _tags(value: Any) -> dict[str, str]:
    """Tags, a mapping or a list of `{key, value}`, as the server has them in different places."""
    value = _parsed(value)
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in cast("dict[str, Any]", value).items()}
    listed = cast("list[dict[str, Any]]", value if isinstance(value, list) else [])
    return {str(one.get("key")): str(one.get("value")) for one in listed}


def _prompt(found: Imported, one: dict[str, Any], taken: set[str]) -> None:
    name = str(one.get("name"))
    aliases: dict[str, list[str]] = {}
    for alias in cast("list[dict[str, Any]]", one.get("aliases") or []):
        aliases.setdefault(str(alias.get("version")), []).append(as_name(str(alias.get("alias")), "alias"))
    versions: list[PromptVersion] = []
    for version in cast("list[dict[str, Any]]", one.get("versions") or []):
        tags = _tags(version.get("tags"))
        number = str(version.get("version"))
        what = f"prompt {name!r}, version {number}"
        text = tags.get(_TEXT)
        if text is None:
            found.leave(what, "the server does not say its text")
            continue
        turns = chat_turns(found, f"prompt {name!r}", _parsed(text) if tags.get(_KIND) == "chat" else text)
        config = _parsed(tags.get(_CONFIG, "{}"))
        options = dict(cast("dict[str, Any]", config)) if isinstance(config, dict) else {}
        model = str(options.pop("model_name", None) or "")
        provider = str(options.pop("provider", None) or "")
        versions.append(
            PromptVersion(
                int(number) if number.isdigit() else 0,
                turns,
                aliases.get(number, ()),
                f"{provider}:{model}" if provider and model else model,
                options,
                str(version.get("description") or ""),
            )
        )
    if not versions:
        found.leave(f"prompt {name!r}", "it has no version")
    take_versions(found, name, versions, taken)


def _scored(trace: dict[str, Any]) -> dict[str, Any]:
    """A trace's assessments as scores: feedback, the newest of a name; expectations are said beside the inputs."""
    scores: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    for one in cast("list[dict[str, Any]]", trace.get("assessments") or []):
        name = str(one.get("assessment_name"))
        feedback, expectation = one.get("feedback"), one.get("expectation")
        if one.get("valid") is False:
            continue
        if isinstance(expectation, dict):
            expected[name] = cast("dict[str, Any]", expectation).get("value")
        if isinstance(feedback, dict):
            score = _score(cast("dict[str, Any]", feedback))
            scores[name] = {**score, "reason": one["rationale"]} if one.get("rationale") else score
    inputs = {"request": trace.get("request_preview") or trace.get("request"), **expected}
    outputs = {"response": trace.get("response_preview") or trace.get("response")}
    return {"id": str(trace.get("trace_id")), "inputs": inputs, "outputs": outputs, "scores": scores}


def _score(feedback: dict[str, Any]) -> dict[str, Any]:
    value = feedback.get("value")
    error = feedback.get("error")
    if isinstance(error, dict):
        return {"value": None, "passed": None, "reason": str(cast("dict[str, Any]", error).get("error_message", ""))}
    if isinstance(value, bool):
        return {"value": float(value), "passed": value}
    if isinstance(value, int | float):
        return {"value": float(value), "passed": None}
    if value in ("yes", "no"):
        return {"value": float(value == "yes"), "passed": value == "yes", "label": value}
    return {"value": None, "passed": None, "label": value if isinstance(value, str) else json.dumps(value)}
