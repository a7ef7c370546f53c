"""A configuration of promptfoo: prompts, tests with their assertions, models. Nothing of it is run and no model is asked.

The format is that of promptfoo's documentation (site/docs/configuration), read in 2026; assertions stay as they are, a column
of each row, for the evaluator `assertions`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import InvalidDocument, Mistake, NotFound, UsageError
from ferrata.evals.importing.local_files import LocalFiles
from ferrata.evals.importing.promptfoo_prompts import read_prompts
from ferrata.evals.importing.promptfoo_tests import read_tests
from ferrata.evals.importing.types import DataFile, Imported, as_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["import_promptfoo"]

_NAMES = tuple(f"promptfooconfig.{end}" for end in ("yaml", "yml", "json"))
_READ = frozenset(
    (
        "prompts",
        "providers",
        "targets",
        "tests",
        "defaultTest",
        "scenarios",
        "description",
        "tags",
        "$schema",
        "assertionTemplates",
    )
)
_WHY = {
    "evaluateOptions": "how many run at a time and how often is set where the evaluation runs",
    "commandLineOptions": "options of promptfoo's own command",
    "outputPath": "results are kept as runs",
    "sharing": "nothing is uploaded",
    "env": "keys and settings come from the environment",
    "redteam": "attacks are not imported",
    "derivedMetrics": "metrics of metrics are not computed",
    "nunjucksFilters": "they are code, which is not run",
    "extensions": "they are code, which is not run",
    "tracing": "spans are kept anyway",
    "evaluateTests": "it is not known here",
}


def import_promptfoo(path: Path, *, name: str = "", root: Path | None = None) -> Imported:
    """What a configuration declares.

    Args:
        path: the file, or the folder of a `promptfooconfig.yaml`.
        name: of the data and the evaluation; that of the folder where it is empty.
        root: files outside of it are not read; None: the repository around the configuration, or its folder.

    Raises:
        NotFound: there is no such file.
        UsageError: it is a program.
        InvalidDocument: it is no configuration.
    """
    file = _file_of(path)
    files = LocalFiles(file.parent, root)
    config: Any = files.value(file)
    if not isinstance(config, dict):
        raise InvalidDocument([Mistake(str(file), 1, "", "must be a mapping with `prompts` and `tests`")])
    about = cast("dict[str, Any]", config)
    if not about.keys() & {"prompts", "tests", "scenarios", "providers", "targets"}:
        raise InvalidDocument(
            [Mistake(str(file), 1, "", "is no configuration of promptfoo: it has neither `prompts` nor `tests`")]
        )
    name = as_name(name or file.parent.resolve().name)
    found = Imported("promptfoo")
    for key in (key for key in about if key not in _READ):
        found.leave(f"`{key}`", _WHY.get(key, "it is not known here"))
    rows = read_tests(found, about, files, name=name)
    model, options = _model(found, about)
    optional = {key for row in rows for key in row} - set[str].intersection(*(set(row) for row in rows or [{}]))
    listed = about.get("prompts", "{{prompt}}")
    prompts = read_prompts(found, listed, files, name=name, model=model, options=options, optional=optional)
    if rows:
        digest = sha256(file.read_bytes()).hexdigest()
        source = {"kind": "promptfoo", "file": files.shown(file.resolve()), "digest": f"sha256:{digest}"}
        tags = {"description": str(about["description"])} if about.get("description") else {}
        found.data.append(DataFile(name, rows, [source], tags))
        found.taken.append(f"{len(rows)} test{'s' if len(rows) > 1 else ''}")
    else:
        found.leave("tests", "there are none")
    found.prompts += prompts
    for prompt in prompts if rows else []:
        key = name if len(prompts) == 1 else prompt.name if prompt.name.startswith(name) else f"{name}-{prompt.name}"
        found.evals[key] = _entry(prompt.name, name, rows)
    return found


def _file_of(path: Path) -> Path:
    if path.is_dir():
        file = next((path / one for one in _NAMES if (path / one).is_file()), None)
        if file is None:
            raise NotFound(f"no configuration of promptfoo in {str(path)!r}", hint=f"known are {', '.join(_NAMES)}")
        return file
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise UsageError(
            f"{str(path)!r} is a program, and programs are not run",
            hint="write what it gives as YAML: promptfoo export",
        )
    if not path.is_file():
        raise NotFound(f"no such file: {str(path)!r}")
    return path


def _entry(prompt: str, data: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    takes = {"response": "${target.response}", "assertions": "${data.assert}"}
    if any("assert_threshold" in row for row in rows):
        takes["assertions_threshold"] = "${data.assert_threshold}"
    kinds = {str(one.get("type", "")).removeprefix("not-") for row in rows for one in _flat(row["assert"])}
    takes |= {"latency_ms": "${target.latency_ms}"} if "latency" in kinds else {}
    takes |= {"cost": "${target.cost}"} if "cost" in kinds else {}
    takes |= {"finish_reason": "${target.finish_reason}"} if "finish-reason" in kinds else {}
    return {
        "target": f"prompts/{prompt}.prompty",
        "data": f"data/{data}.jsonl",
        "evaluators": [{"use": "assertions", "map": takes}],
    }


def _flat(assertions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [inner for one in assertions for inner in (one.get("assert") or [one])]


def _model(found: Imported, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first model and its settings; the prompts name it, and the others are noted."""
    listed: Any = config.get("providers", config.get("targets"))
    if listed is None:
        return "", {}
    items = cast("list[Any]", listed if isinstance(listed, list) else [listed])
    models: list[tuple[str, dict[str, Any]]] = []
    for item in items:
        name, settings = _provider(item)
        if not name or name.split(":")[0] in (
            "file",
            "exec",
            "python",
            "http",
            "https",
            "webhook",
            "package",
            "golang",
        ):
            found.leave(
                f"provider {name or str(type(cast('object', item)).__name__)!r}",
                "it is a program or an address, not a model; make it a target",
            )
        else:
            models.append((name, settings))
    if not models:
        return "", {}
    for name, _ in models[1:]:
        found.change(
            f"provider {name!r}",
            f"prompts name one model, {models[0][0]!r}; run the evaluation with another to compare",
        )
    return models[0]


def _provider(item: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(item, str):
        return item, {}
    if not isinstance(item, dict):
        return "", {}
    about = cast("dict[str, Any]", item)
    if "id" not in about and len(about) == 1:  # {"openai:gpt-5": {config: ...}}
        name, inner = next(iter(about.items()))
        about = {"id": name, **(cast("dict[str, Any]", inner) if isinstance(inner, dict) else {})}
    settings = about.get("config")
    return str(about.get("id") or ""), cast("dict[str, Any]", settings) if isinstance(settings, dict) else {}
