"""Logs of Inspect (UK AI Security Institute), `.eval` and `.json`: samples, answers and scores. Runs no solver and no scorer.

The format is that of logs that inspect-ai 0.3 writes (`version` 2); version 1 had one score a sample. `.eval` is a ZIP file of
header.json, samples/ID_epoch_N.json and a journal; without header.json the run was broken off.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.errors import FerrataError, InvalidDocument, Mistake, NotFound
from ferrata.evals.importing.local_files import read_json_file
from ferrata.evals.importing.prompt_files import Turn, make_prompt
from ferrata.evals.importing.types import DataFile, Imported, unique_name
from ferrata.evals.importing.zip_entries import ZipEntries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["import_inspect"]

_VERSIONS: Final = (1, 2)
# What Inspect's own metrics take these values for.
_VALUES: Final = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_SCORERS: Final[Mapping[str, dict[str, Any]]] = {"exact": {"use": "exact_match"}, "f1": {"use": "f1_score"}}


def import_inspect(path: Path, *, name: str = "") -> Imported:
    """The logs of a file or folder.

    Raises:
        NotFound: there is none.
        InvalidDocument: the one file is no log, or of a version that is not known.
    """
    files = sorted(file for end in ("eval", "json") for file in path.rglob(f"*.{end}")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise NotFound(f"no log of Inspect: {str(path)!r}", hint="give a file .eval or .json, or the folder of logs")
    found = Imported("inspect")
    taken: set[str] = set()
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for file in files:
        try:
            log = _read(found, file)
        except FerrataError as error:
            if len(files) == 1:
                raise
            found.leave(f"log {file.name!r}", error.message)
            continue
        _Log(found, log, file, taken, rows, name).take()
    return found


def _read(found: Imported, file: Path) -> dict[str, Any]:
    if file.suffix.lower() == ".eval":
        with ZipEntries(file) as entries:
            if "header.json" in entries.names:
                log = _parsed(file, entries, "header.json")
            elif "_journal/start.json" in entries.names:
                log = {**_parsed(file, entries, "_journal/start.json"), "status": "broken off"}
                found.change(f"log {file.name!r}", "the run was broken off; what it had done is taken over")
            else:
                raise InvalidDocument([Mistake(str(file), 1, "", "is no log of Inspect: it has no header.json")])
            samples = [one for one in entries.names if one.startswith("samples/") and one.endswith(".json")]
            log["samples"] = [_parsed(file, entries, one) for one in samples]
    else:
        value: Any = read_json_file(file, _text(file))
        log = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    version: Any = log.get("version")
    if not isinstance(log.get("eval"), dict) or version is None:
        raise InvalidDocument([Mistake(str(file), 1, "", "is no log of Inspect: it has no `version` and `eval`")])
    if version not in _VERSIONS:
        raise InvalidDocument([Mistake(str(file), 1, "version", f"{version!r} is not known; known are 1 and 2")])
    return log


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDocument([Mistake(str(file), 1, "", f"cannot be read: {error}")]) from None


def _parsed(file: Path, entries: ZipEntries, name: str) -> dict[str, Any]:
    value: Any = read_json_file(file, entries.read(name).decode("utf-8", errors="replace"))
    if not isinstance(value, dict):
        raise InvalidDocument([Mistake(str(file), 1, name, "is no JSON object")])
    return cast("dict[str, Any]", value)


class _Log:
    """One log. Logs of one task share their rows, so that two models on it can be compared."""

    def __init__(
        self,
        found: Imported,
        log: Mapping[str, Any],
        file: Path,
        taken: set[str],
        rows: dict[str, dict[str, dict[str, Any]]],
        name: str,
    ) -> None:
        self._found, self._log, self._file, self._taken = found, log, file, taken
        self._about: dict[str, Any] = log["eval"]
        task = name or str(self._about.get("task") or file.stem).rpartition("/")[2]
        self._is_new = task not in rows
        if self._is_new:
            rows[task] = {}
        self._rows = rows[task]
        self._name = (
            unique_name(task, taken)
            if self._is_new
            else next(data.name for data in found.data if data.tags.get("task") == task)
        )
        self._task = task

    def take(self) -> None:
        """Note everything of it in the import."""
        listed = cast("list[Any]", self._log.get("samples") or [])
        samples = sorted((cast("dict[str, Any]", s) for s in listed if isinstance(s, dict)), key=self._place)
        where = f"log {self._file.name!r}"
        if not samples:
            self._found.leave(where, "it has no samples")
        scorers = _scorers(self._log)
        scored = [self._sample(sample, scorers) for sample in samples]
        if self._is_new:
            digest = sha256(self._file.read_bytes()).hexdigest()
            source = {"kind": "inspect", "file": self._file.name, "digest": f"sha256:{digest}"}
            dataset = self._about.get("dataset")
            of = str(cast("dict[str, Any]", dataset).get("name") or "") if isinstance(dataset, dict) else ""
            tags = {"task": self._task} | ({"dataset": of} if of else {})
            self._found.data.append(DataFile(self._name, [], [source], tags))
            self._entry(scorers)
        data = next(data for data in self._found.data if data.name == self._name)
        data.rows[:] = list(self._rows.values())
        model = str(self._about.get("model") or "")
        if scored:
            source = {"kind": "inspect", "file": self._file.name, "model": model}
            self._found.scores.append(DataFile(unique_name(f"{self._name}.{model}", self._taken), scored, [source]))
        status = str(self._log.get("status"))
        if status != "success":
            self._found.change(where, f"its status is {status!r}; what it had done is taken over")
        self._found.taken.append(f"{where}: {len(scored)} answers of {model!r} to {len(self._rows)} rows")

    def _place(self, sample: Mapping[str, Any]) -> tuple[int, int]:
        """Where a sample belongs: epoch by epoch, in the order of the dataset."""
        dataset = self._about.get("dataset")
        ids = cast("dict[str, Any]", dataset).get("sample_ids") if isinstance(dataset, dict) else None
        order = {str(key): i for i, key in enumerate(cast("list[Any]", ids or []))}
        epoch = sample.get("epoch")
        return (epoch if isinstance(epoch, int) else 1, order.get(str(sample.get("id")), len(order)))

    def _sample(self, sample: dict[str, Any], scorers: list[str]) -> dict[str, Any]:
        attachments = cast("dict[str, Any]", sample.get("attachments") or {})
        key = str(sample.get("id"))
        row = {"id": key, "input": _plain(sample.get("input"), attachments), "target": sample.get("target")}
        if sample.get("choices"):
            row["choices"] = sample["choices"]
        if sample.get("metadata"):
            row["metadata"] = sample["metadata"]
        if "includes" in scorers:
            target = row["target"]
            wanted = [text for text in (cast("list[Any]", target) if isinstance(target, list) else [target]) if text]
            row["assert"] = [{"type": "icontains-any", "value": wanted, "metric": "includes"}] if wanted else []
        if key in self._rows and self._rows[key] != row:
            self._found.change(f"sample {key!r}", "it differs between logs; the first one is the row")
        self._rows.setdefault(key, row)
        output = cast("dict[str, Any]", sample.get("output") or {})
        outputs: dict[str, Any] = {"response": _plain(_completion(output), attachments)}
        outputs |= {name: output[name] for name in ("model", "usage") if output.get(name)}
        if sample.get("error"):
            outputs["error"] = str(cast("dict[str, Any]", sample["error"]).get("message", ""))[:500]
        given: Any = sample.get("scores") or ({"score": sample["score"]} if sample.get("score") else {})
        scores = {
            name: score for name, value in cast("dict[str, Any]", given).items() for name, score in _scores(name, value)
        }
        inputs = {name: value for name, value in row.items() if name not in ("id", "assert")}
        return {"id": key, "epoch": sample.get("epoch", 1), "inputs": inputs, "outputs": outputs, "scores": scores}

    def _entry(self, scorers: list[str]) -> None:
        evaluators: list[dict[str, Any]] = []
        takes = {"response": "${target.response}", "ground_truth": "${data.target}"}
        for scorer in scorers:
            if scorer == "includes":
                evaluators.append(
                    {"use": "assertions", "map": {"response": takes["response"], "assertions": "${data.assert}"}}
                )
            elif scorer in _SCORERS:
                evaluators.append({**_SCORERS[scorer], "map": takes})
            else:
                self._found.leave(
                    f"scorer {scorer!r} of {self._task!r}",
                    "it is code or a judge of Inspect's; its scores are taken over",
                )
        entry: dict[str, Any] = {"data": f"data/{self._name}.jsonl", "evaluators": evaluators}
        if self._prompt():
            entry = {"target": f"prompts/{self._name}.prompty", **entry}
        self._found.evals[self._name] = entry

    def _prompt(self) -> bool:
        """The prompt, where the plan is a system message and the sample's input."""
        plan = self._log.get("plan")
        steps = (
            cast("list[dict[str, Any]]", cast("dict[str, Any]", plan).get("steps") or [])
            if isinstance(plan, dict)
            else []
        )
        turns: list[Turn] = []
        for step in steps:
            solver, params = str(step.get("solver")), cast("dict[str, Any]", step.get("params") or {})
            if solver == "system_message" and isinstance(params.get("template"), str) and "{" not in params["template"]:
                turns.append(Turn("system", params["template"]))
            elif solver != "generate":
                self._found.leave(
                    f"solver {solver!r} of {self._task!r}", "it is code of Inspect's; the evaluation has no target"
                )
                return False
        is_chat = any(isinstance(row["input"], list) for row in self._rows.values())
        turns.append(Turn("user", "input", history=True) if is_chat else Turn("user", "{{input}}"))
        if is_chat and any(isinstance(row["input"], str) for row in self._rows.values()):
            for row in self._rows.values():
                if isinstance(row["input"], str):
                    row["input"] = [{"role": "user", "content": row["input"]}]
            self._found.change(f"inputs of {self._task!r}", "some are texts and some messages; all are messages now")
        model = str(self._about.get("model") or "")
        config = self._about.get("model_generate_config")
        options = cast("dict[str, Any]", config) if isinstance(config, dict) else {}
        self._found.prompts.append(
            make_prompt(self._found, self._name, turns, syntax="variables", model=model, options=options)
        )
        return True


def _scorers(log: Mapping[str, Any]) -> list[str]:
    results = log.get("results")
    listed = cast("dict[str, Any]", results).get("scores") if isinstance(results, dict) else None
    names = [str(one.get("scorer") or one.get("name")) for one in cast("list[dict[str, Any]]", listed or [])]
    return list(dict.fromkeys(names))


def _completion(output: Mapping[str, Any]) -> Any:
    if output.get("completion") is not None:
        return output["completion"]
    choices = cast("list[dict[str, Any]]", output.get("choices") or [])
    return cast("dict[str, Any]", choices[0].get("message") or {}).get("content", "") if choices else ""


def _plain(value: Any, attachments: Mapping[str, Any]) -> Any:
    """Texts with attachments put in; messages with role and content alone."""
    if isinstance(value, str):
        if value.startswith("attachment://"):
            return attachments.get(value.removeprefix("attachment://"), value)
        return value
    if isinstance(value, list):
        return [_plain(item, attachments) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        about = cast("dict[str, Any]", value)
        keys = ("role", "content") if "role" in about and "content" in about else tuple(about)
        return {key: _plain(about[key], attachments) for key in keys}
    return value


def _scores(name: str, score: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The scores in one of Inspect's, which may hold several; letters as numbers, other words as labels."""
    about = cast("dict[str, Any]", score) if isinstance(score, dict) else {"value": score}
    value: Any = about.get("value")
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _scores(f"{name}.{key}", {**about, "value": inner})
        return
    made: dict[str, Any] = {"value": None, "passed": None}
    if isinstance(value, bool):
        made = {"value": float(value), "passed": value}
    elif isinstance(value, int | float):
        made["value"] = float(value)
    elif isinstance(value, str) and value in _VALUES:
        made = {"value": _VALUES[value], "passed": {"C": True, "I": False}.get(value), "label": value}
    elif value is not None:
        made["label"] = value if isinstance(value, str) else json.dumps(value)
    if about.get("explanation"):
        made["reason"] = str(about["explanation"])
    yield name, made
