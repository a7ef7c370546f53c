"""Files with tests as promptfoo reads them, and values that are files. Programs, spreadsheets and addresses are not read."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, cast

from ferrata.errors import FerrataError
from ferrata.evals.assertions import read_short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ferrata.evals.importing.local_files import LocalFiles
    from ferrata.evals.importing.types import Imported

__all__ = ["PROGRAMS", "filled", "load_tests", "loaded_value"]

PROGRAMS: Final = (".js", ".cjs", ".mjs", ".ts", ".mts", ".py", ".rb")
_VALUES: Final = (".json", ".yaml", ".yml")
_PLAIN: Final = (".txt", ".md", ".html", ".xml", ".csv")
_VARIABLE: Final = re.compile(r"\{\{-?\s*([A-Za-z_]\w*(?:\.\w+)*)\s*-?\}\}")
_EXPECTED: Final = re.compile(r"^__expected(\d*)\Z")
_CONFIG: Final = re.compile(r"^__config:__expected(\d*):(\w+)\Z")


def load_tests(found: Imported, listed: Any, files: LocalFiles) -> Iterator[dict[str, Any]]:
    """The tests of a list, of a file, or of several; what cannot be read is noted as left."""
    if listed is None:
        return
    for item in cast("list[Any]", listed if isinstance(listed, list) else [listed]):
        if isinstance(item, str):
            yield from _named(found, item, files)
        elif isinstance(item, dict) and "path" in item and "vars" not in item:
            yield from _named(found, str(cast("dict[str, Any]", item)["path"]), files)
        elif isinstance(item, dict):
            yield cast("dict[str, Any]", item)
        else:
            found.leave(f"test {str(cast('object', item))[:60]!r}", "it is no mapping")


def _named(found: Imported, name: str, files: LocalFiles) -> Iterator[dict[str, Any]]:
    bare = name.removeprefix("file://")
    end = PurePosixPath(bare.split(":")[0]).suffix.lower()
    if re.match(r"(?!file:)\w+://", name):
        found.leave(f"tests {name!r}", "they lie on another server")
    elif end in PROGRAMS:
        found.leave(f"tests {name!r}", "they are made by a program, which is not run")
    elif end.startswith(".xls"):
        found.leave(f"tests {name!r}", "spreadsheets are not read; save it as CSV")
    else:
        try:
            for path in files.find(bare):
                yield from _of_file(found, path, files)
        except FerrataError as error:
            found.leave(f"tests {name!r}", error.message)


def _of_file(found: Imported, path: Path, files: LocalFiles) -> Iterator[dict[str, Any]]:
    end = path.suffix.lower()
    if end in (".csv", ".tsv"):
        reader = csv.DictReader(
            io.StringIO(files.text(path).removeprefix("\ufeff")), delimiter="\t" if end == ".tsv" else ","
        )
        for row in reader:
            yield _of_cells(found, {str(key): str(value or "") for key, value in row.items() if key is not None})
        return
    values: Any = None
    if end == ".jsonl":
        values = [
            json.loads(line) for line in files.text(path).splitlines() if _is_json(found, line, files.shown(path))
        ]
    elif end in _VALUES:
        values = files.value(path)
    else:
        found.leave(f"tests {files.shown(path)!r}", "files of that kind are not read")
        return
    for value in cast("list[Any]", values if isinstance(values, list) else [values]):
        if isinstance(value, str):  # a list of further files
            yield from _named(found, value, files)
        elif isinstance(value, dict):
            yield cast("dict[str, Any]", value)
        else:
            found.leave(f"tests {files.shown(path)!r}", "one of them is no mapping")


def _is_json(found: Imported, line: str, where: str) -> bool:
    if not line.strip():
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError) as error:
        found.leave(f"a test of {where!r}", f"not valid JSON: {error}")
        return False
    return True


def _of_cells(found: Imported, row: Mapping[str, str]) -> dict[str, Any]:
    """A test of a line of CSV: columns with `__` have a meaning, the others are variables."""
    test: dict[str, Any] = {"vars": {}, "assert": []}
    config = [(match[1], match[2], value) for key, value in row.items() if (match := _CONFIG.match(key)) and value]
    for key, value in row.items():
        match = _EXPECTED.match(key)
        if match and value.strip():
            test["assert"].append(_assertion(value, match[1], config))
        elif not key.startswith("__"):
            test["vars"][key] = value
        elif not match and not _CONFIG.match(key):
            _special(found, test, key, value)
    if row.get("__metric"):
        for one in test["assert"]:
            one["metric"] = row["__metric"]
    return test


def _special(found: Imported, test: dict[str, Any], key: str, value: str) -> None:
    if key == "__description":
        test["description"] = value
    elif key == "__threshold":
        test |= {"threshold": float(value)} if _is_number(value) else {}
    elif key.startswith("__metadata:"):
        name = key.removeprefix("__metadata:")
        items: Any = [item.strip() for item in value.split(",")] if name.endswith("[]") else value
        test.setdefault("metadata", {})[name.removesuffix("[]")] = items
    elif key in ("__prefix", "__suffix"):
        test.setdefault("options", {})[key.removeprefix("__")] = value
    elif key != "__metric":
        found.leave(f"column {key!r}", "it is not known here")


def _assertion(text: str, number: str, config: list[tuple[str, str, str]]) -> dict[str, Any]:
    one = read_short(text)
    about: dict[str, Any] = {"type": one.name, "value": one.value, "threshold": one.threshold}
    for wanted, key, value in config:
        if wanted in ("", number):
            about[key] = float(value) if _is_number(value) else value
    return {key: value for key, value in about.items() if value is not None}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def loaded_value(found: Imported, value: Any, files: LocalFiles) -> Any:
    """A value, or what lies in the file that it names; a file of another kind stays a name, which is noted."""
    if not isinstance(value, str) or not value.startswith("file://"):
        return value
    bare = value.removeprefix("file://")
    end = PurePosixPath(bare).suffix.lower()
    if end not in (*_VALUES, *_PLAIN):
        found.leave(f"file {bare!r}", "only texts, JSON and YAML are read; the row has the name of the file")
        return value
    try:
        path = files.find(bare)[0]
        return files.value(path) if end in _VALUES else files.text(path).rstrip("\n")
    except FerrataError as error:
        found.leave(f"file {bare!r}", error.message)
        return value


def filled(text: str, values: Mapping[str, Any]) -> str:
    """A text with the plain variables in it filled in, `{{x}}` and `{{x.y}}`; what is unknown stays."""

    def fill(match: re.Match[str]) -> str:
        value: Any = values
        for part in match[1].split("."):
            if not isinstance(value, dict) or part not in value:
                return match[0]
            value = cast("dict[str, Any]", value)[part]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return _VARIABLE.sub(fill, text) if "{{" in text else text
