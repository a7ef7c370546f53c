"""Langfuse: datasets, prompts with their labels, and scores, from its public API or from files of dataset items.

After its API definition (fern/apis/server, read in 2026). Runs of datasets and /v2/scores are there no more on newer servers, which
have /v3/scores; what a server does not have is named.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ferrata.datasets import read_rows
from ferrata.errors import NotFound
from ferrata.evals.importing.api import quoted
from ferrata.evals.importing.records import Record, spread_rows
from ferrata.evals.importing.types import DataFile, Imported, as_name, unique_name
from ferrata.evals.importing.versions import PromptVersion, chat_turns, take_versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ferrata.evals.importing.api import JsonApi

__all__ = ["LangfuseObjects", "fetch_langfuse", "import_langfuse", "langfuse_headers", "read_langfuse_items"]


@dataclass
class LangfuseObjects:
    """What was found.

    Attributes:
        items: dataset's name -> its items.
        runs: (dataset's name, run's name) -> pairs of an item's id and its trace; None where the trace is not there.
        prompts: versions by name.
        scores: all scores.
        problems: what could not be had, and why.
    """

    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, "list[dict[str, Any]]"])
    runs: dict[tuple[str, str], list[tuple[str, dict[str, Any] | None]]] = field(
        default_factory=dict[tuple[str, str], "list[tuple[str, dict[str, Any] | None]]"]
    )
    prompts: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, "list[dict[str, Any]]"])
    scores: list[dict[str, Any]] = field(default_factory=list["dict[str, Any]"])
    problems: list[tuple[str, str]] = field(default_factory=list["tuple[str, str]"])


def langfuse_headers(public: str, secret: str) -> dict[str, str]:
    """The header of basic authentication with a project's two keys."""
    return {"authorization": "Basic " + base64.b64encode(f"{public}:{secret}".encode()).decode()}


async def fetch_langfuse(api: JsonApi, datasets: Sequence[str] = (), *, all_versions: bool = False) -> LangfuseObjects:
    """What a project holds.

    Args:
        api: with the headers of `langfuse_headers`.
        datasets: names of those to read; none: all.
        all_versions: of prompts; else those with a label, which the newest has too.

    Raises:
        ModelError: the server cannot be used; as `JsonApi.get`.
    """
    found = LangfuseObjects()
    names = list(datasets) or [str(one.get("name")) async for one in api.numbered("api/public/v2/datasets")]
    for name in names:
        about = await api.get(f"api/public/v2/datasets/{quoted(name)}")
        found.items[name] = [one async for one in api.numbered("api/public/dataset-items", datasetName=name)]
        await _runs(api, found, name, str(about.get("id")))
    async for meta in api.numbered("api/public/v2/prompts"):
        await _prompt(api, found, meta, all_versions=all_versions)
    try:
        found.scores = [one async for one in api.cursors("api/public/v3/scores", fields="details,subject")]
    except NotFound:
        try:
            found.scores = [one async for one in api.numbered("api/public/v2/scores")]
        except NotFound:
            found.problems.append(("scores", "the server has neither /v3/scores nor /v2/scores"))
    return found


async def _runs(api: JsonApi, found: LangfuseObjects, name: str, key: str) -> None:
    try:
        runs = [str(one.get("name")) async for one in api.numbered(f"api/public/datasets/{quoted(name)}/runs")]
        for run in runs:
            pairs = found.runs.setdefault((name, run), [])
            async for one in api.numbered("api/public/dataset-run-items", datasetId=key, runName=run):
                try:
                    trace = await api.get(f"api/public/traces/{quoted(str(one.get('traceId')))}")
                except NotFound:
                    trace = None
                pairs.append((str(one.get("datasetItemId")), trace))
    except NotFound:
        found.problems.append((f"runs of {name!r}", "the server does not hand them out (newer ones do not)"))


async def _prompt(api: JsonApi, found: LangfuseObjects, meta: dict[str, Any], *, all_versions: bool) -> None:
    name = str(meta.get("name"))
    path = f"api/public/v2/prompts/{quoted(name)}"
    versions: dict[int, dict[str, Any]] = {}
    if all_versions:
        for number in cast("list[Any]", meta.get("versions") or []):
            versions[int(number)] = await api.get(path, version=number)
    else:
        for label in dict.fromkeys([*cast("list[Any]", meta.get("labels") or []), "latest"]):
            version = await api.get(path, label=label)
            versions[int(version.get("version") or 0)] = version
        missing = sorted(set(map(int, cast("list[Any]", meta.get("versions") or []))) - versions.keys())
        if missing:
            numbers = ", ".join(map(str, missing))
            found.problems.append(
                (f"prompt {name!r}, versions {numbers}", "they have no label; --all-versions takes them")
            )
    found.prompts[name] = list(versions.values())


def read_langfuse_items(path: Path) -> LangfuseObjects:
    """Dataset items of a file of JSON, JSON lines or CSV; the file's name is the dataset's.

    Raises:
        NotFound: there is no such file.
    """
    found = LangfuseObjects()
    items: list[dict[str, Any]] = []
    for row in read_rows(path):
        if row.problem:
            found.problems.append((f"row {row.place}", row.problem))
        else:
            items.append(row.values)
    found.items[path.stem] = items
    return found


def import_langfuse(objects: LangfuseObjects, *, name: str = "") -> Imported:
    """What the objects say; `name` is for a single dataset."""
    found = Imported("langfuse")
    for what, why in objects.problems:
        found.leave(what, why)
    taken: set[str] = set()
    files: dict[str, str] = {}
    inputs: dict[str, Any] = {}
    for dataset, items in objects.items.items():
        file = unique_name(name if name and len(objects.items) == 1 else dataset, taken)
        files[dataset] = file
        records = [_record(item, number) for number, item in enumerate(items, 1) if item.get("status") != "ARCHIVED"]
        if len(records) < len(items):
            found.leave(f"dataset {dataset!r}, {len(items) - len(records)} items", "they are archived there")
        rows = spread_rows(found, dataset, records)
        inputs |= {str(record.id): record.inputs for record in records}
        found.data.append(DataFile(file, rows, [{"kind": "langfuse", "dataset": dataset}]))
        found.taken.append(f"dataset {dataset!r}: {len(rows)} rows")
    used: set[str] = set()
    for (dataset, run), pairs in objects.runs.items():
        rows: list[dict[str, Any]] = []
        for key, trace in pairs:
            if trace is None:
                found.leave(f"run {run!r}, item {key!r}", "its trace is not there any more")
                continue
            scores = cast("list[dict[str, Any]]", trace.get("scores") or [])
            used |= {str(score.get("id")) for score in scores}
            outputs = {"response": trace.get("output")}
            rows.append({"id": key, "inputs": inputs.get(key), "outputs": outputs, "scores": _scores(scores)})
        found.scores.append(
            DataFile(unique_name(f"{files[dataset]}.{run}", taken), rows, [{"kind": "langfuse", "run": run}])
        )
    _other_scores(found, [one for one in objects.scores if str(one.get("id")) not in used], taken)
    for prompt, versions in objects.prompts.items():
        take_versions(found, prompt, [_version(found, prompt, one) for one in versions], taken)
    return found


def _record(item: dict[str, Any], number: int) -> Record:
    expected = item.get("expectedOutput", item.get("expected_output"))
    further = {"metadata": item["metadata"]} if item.get("metadata") else {}
    return Record(str(item.get("id") or number), item.get("input"), {"expected_output": expected}, further)


def _scores(listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {str(one.get("name")): _score(one) for one in listed}


def _score(one: dict[str, Any]) -> dict[str, Any]:
    """A score: numbers as value, true and false as both, words as label."""
    value, kind = one.get("value"), one.get("dataType")
    words = one.get("stringValue") if one.get("stringValue") is not None else value if isinstance(value, str) else None
    if kind == "BOOLEAN" or isinstance(value, bool):
        holds = bool(value) if not isinstance(value, str) else value.lower() == "true"
        found: dict[str, Any] = {"value": float(holds), "passed": holds}
    elif isinstance(value, int | float):
        found = {"value": float(value), "passed": None}
    else:
        found = {"value": None, "passed": None}
    if words and kind != "BOOLEAN":
        found["label"] = words
    return {**found, "reason": one["comment"]} if one.get("comment") else found


def _other_scores(found: Imported, scores: list[dict[str, Any]], taken: set[str]) -> None:
    """Scores of traces that belong to no run: by what they are a score of."""
    of: dict[str, list[dict[str, Any]]] = {}
    for one in scores:
        subject = cast("dict[str, Any]", one.get("subject") or {})
        key = subject.get("traceId") or subject.get("id") or one.get("traceId") or one.get("sessionId") or one.get("id")
        of.setdefault(str(key), []).append(one)
    if of:
        rows = [{"id": key, "inputs": {}, "outputs": {}, "scores": _scores(listed)} for key, listed in of.items()]
        found.scores.append(DataFile(unique_name("langfuse-traces", taken), rows, [{"kind": "langfuse"}]))
        found.taken.append(f"{len(scores)} scores of {len(rows)} traces")


def _version(found: Imported, name: str, one: dict[str, Any]) -> PromptVersion:
    config = one.get("config")
    options = dict(cast("dict[str, Any]", config)) if isinstance(config, dict) else {}
    model = str(options.pop("model", None) or "")
    labels = [as_name(str(label), "label") for label in cast("list[Any]", one.get("labels") or [])]
    message = str(one.get("commitMessage") or "")
    turns = chat_turns(found, f"prompt {name!r}", one.get("prompt"))
    return PromptVersion(int(one.get("version") or 0), turns, labels, model, options, message)
