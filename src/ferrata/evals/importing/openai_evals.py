"""OpenAI's Evals, which end on 2026-11-30: definitions, runs and items as files of a project. Asks no server and runs no grader.

A check of texts becomes an assertion of the row (`equals`, `contains`, ...), since it is exactly that; a measure of similarity an
evaluator; a grader that is a model a prompt with its messages; a grader in Python is written down for its owner to read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.evals.importing.openai_graders import read_graders, row_assertions
from ferrata.evals.importing.prompt_files import Turn, make_prompt, message_text
from ferrata.evals.importing.types import DataFile, Imported, unique_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.evals.importing.openai_objects import OpenAIObjects

__all__ = ["import_openai_evals"]


def import_openai_evals(objects: OpenAIObjects, *, name: str = "") -> Imported:
    """What the objects say.

    Args:
        objects: fetched, or read from a folder.
        name: of the files, where there is one eval; its own where it is empty.
    """
    found = Imported("openai-evals")
    for what, why in objects.problems:
        found.leave(what, why)
    taken: set[str] = set()
    for key, value in objects.evals.items():
        chosen = name if name and len(objects.evals) == 1 else str(value.get("name") or key)
        runs = [run for run in objects.runs.values() if run.get("eval_id") == key]
        _Eval(found, objects, value, unique_name(chosen, taken, key)).take(runs)
    for run in objects.runs.values():
        if run.get("eval_id") not in objects.evals:
            found.leave(f"run {run.get('id')!r}", f"its eval {run.get('eval_id')!r} is not there")
    return found


class _Row(NamedTuple):
    """A row, its number, and the answer that was given with it."""

    number: int
    item: dict[str, Any]


class _Eval:
    """One eval, with its runs."""

    def __init__(self, found: Imported, objects: OpenAIObjects, value: Mapping[str, Any], name: str) -> None:
        self._found, self._objects, self._value, self._name = found, objects, value, name
        self._rows: dict[str, _Row] = {}
        self._prompts: dict[str, str] = {}
        self._taken: set[str] = {name}

    def take(self, runs: list[dict[str, Any]]) -> None:
        """Note everything of it in the import."""
        found, name = self._found, self._name
        graders = read_graders(found, self._value, name)
        for run in runs:
            for item in self._given(run):
                self._row(item)
        for run in runs:
            self._prompt(run)
            self._scores(run)
        rows = [self._written(row, graders.assertions) for row in self._rows.values()]
        config = self._value.get("data_source_config")
        kind = str(cast("dict[str, Any]", config).get("type")) if isinstance(config, dict) else "?"
        if not rows:
            found.leave(f"data of {name!r}", f"no run has rows (its data are of kind {kind!r})")
        else:
            source = {"kind": "openai-evals", "id": str(self._value.get("id")), "data": kind}
            tags = {str(k): str(v) for k, v in cast("dict[str, Any]", self._value.get("metadata") or {}).items()}
            found.data.append(DataFile(name, rows, [source], tags))
        evaluators = list(graders.evaluators)
        if graders.assertions:
            takes = {"response": "${target.response}", "assertions": "${data.assert}"}
            evaluators.insert(0, {"use": "assertions", "map": takes})
        for i, prompt in enumerate(self._prompts.values() or [""]):
            entry: dict[str, Any] = {"target": f"prompts/{prompt}.prompty"} if prompt else {}
            entry |= {"data": f"data/{name}.jsonl", "evaluators": evaluators}
            if not prompt:
                found.change(f"evaluation {name!r}", "no run says what was asked, so it has no target; add one")
            found.evals[name if i == 0 else f"{name}-{i + 1}"] = entry
        found.taken.append(f"eval {name!r}: {len(rows)} rows, {len(evaluators)} evaluators, {len(runs)} runs")

    def _given(self, run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The items of a run: those that its source has, and those that its results name."""
        source = _mapping(_mapping(run.get("data_source")).get("source"))
        content: Any = source.get("content") or self._objects.files.get(str(source.get("id") or ""))
        for item in cast("list[Any]", content if isinstance(content, list) else []):
            if isinstance(item, dict):
                yield _whole(cast("dict[str, Any]", item))
        for result in self._objects.items.get(str(run.get("id")), []):
            yield _whole(_mapping(result.get("datasource_item")))

    def _row(self, item: dict[str, Any]) -> _Row:
        """The row of an item; items that say the same are one."""
        key = json.dumps({k: v for k, v in item.items() if k != "sample"}, sort_keys=True, default=str)
        return self._rows.setdefault(key, _Row(len(self._rows) + 1, item))

    def _written(self, row: _Row, assertions: list[dict[str, Any]]) -> dict[str, Any]:
        written: dict[str, Any] = {"id": str(row.number)}
        for key, value in row.item.items():
            name = f"item_{key}" if key in ("id", "assert") else key
            if name != key:
                self._found.change(f"column {key!r}", f"it is called {name!r}; the name has a meaning of its own")
            written[name] = value
        return {**written, "assert": row_assertions(self._found, assertions, row.item)} if assertions else written

    def _prompt(self, run: Mapping[str, Any]) -> None:
        source = _mapping(run.get("data_source"))
        messages = _mapping(source.get("input_messages"))
        if not messages:
            return
        settings = _mapping(source.get("sampling_params"))
        key = json.dumps([messages, source.get("model"), settings], sort_keys=True)
        if key in self._prompts:
            return
        where = f"prompt of run {run.get('id')!r}"
        if messages.get("type") == "item_reference":
            turns = [Turn("user", str(messages.get("item_reference", "")), history=True)]
        else:
            turns = [
                Turn(str(one.get("role", "user")), message_text(self._found, where, one.get("content", "")))
                for one in cast("list[dict[str, Any]]", messages.get("template") or [])
            ]
        name = unique_name(self._name if not self._prompts else f"{self._name}-{len(self._prompts) + 1}", set())
        model = str(source.get("model") or run.get("model") or "")
        prompt = make_prompt(
            self._found, name, turns, syntax="variables", model=f"openai:{model}" if model else "", options=settings
        )
        self._prompts[key] = name
        self._found.prompts.append(prompt)

    def _scores(self, run: Mapping[str, Any]) -> None:
        items = self._objects.items.get(str(run.get("id")), [])
        if not items:
            self._found.leave(f"scores of run {run.get('id')!r}", f"it has no items (status {run.get('status')!r})")
            return
        names = [
            str(one.get("name")) for one in cast("list[dict[str, Any]]", self._value.get("testing_criteria") or [])
        ]
        rows: list[dict[str, Any]] = []
        for item in items:
            whole = _whole(_mapping(item.get("datasource_item")))
            row = self._row(whole)
            sample = _mapping(item.get("sample"))
            answers = [
                str(one.get("content") or "") for one in cast("list[dict[str, Any]]", sample.get("output") or [])
            ]
            given = _mapping(whole.get("sample"))
            outputs: dict[str, Any] = {"response": "\n".join(answers) if answers else given.get("output_text", "")}
            outputs |= {key: sample[key] for key in ("model", "finish_reason", "usage", "error") if sample.get(key)}
            scores = {
                _named(str(one.get("name")), names): {"value": one.get("score"), "passed": one.get("passed")}
                for one in cast("list[dict[str, Any]]", item.get("results") or [])
            }
            inputs = {key: value for key, value in row.item.items() if key != "sample"}
            rows.append({"id": str(row.number), "inputs": inputs, "outputs": outputs, "scores": scores})
        label = str(run.get("name") or run.get("id"))
        source = {"kind": "openai-evals", "id": str(run.get("id"))}
        self._found.scores.append(DataFile(unique_name(f"{self._name}.{label}", self._taken), rows, [source]))


def _whole(item: dict[str, Any]) -> dict[str, Any]:
    """The columns of an item, which may be wrapped as `{item, sample}`."""
    if not isinstance(item.get("item"), dict) or item.keys() - {"item", "sample"}:
        return item
    sample = {"sample": item["sample"]} if isinstance(item.get("sample"), dict) else {}
    return {**cast("dict[str, Any]", item["item"]), **sample}


def _named(result: str, names: list[str]) -> str:
    """The criterion's name of a result, whose name has an id behind it."""
    return next((name for name in names if result == name or result.startswith(f"{name}-")), result)


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
