"""Tests of a configuration of promptfoo as rows: variables a column each, and the row's own assertions in the column `assert`."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import FerrataError
from ferrata.evals.assertions import why_not
from ferrata.evals.importing.promptfoo_files import PROGRAMS, filled, load_tests, loaded_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.evals.importing.local_files import LocalFiles
    from ferrata.evals.importing.types import Imported

__all__ = ["read_tests"]

_READ = frozenset(("vars", "assert", "description", "threshold", "metadata", "options"))
_OWN = frozenset(("assert", "assert_threshold", "description", "metadata"))
_MOST_ROWS = 1_000_000
_PROGRAM = re.compile(rf"file://.*(?:{'|'.join(map(re.escape, PROGRAMS))})(?::\w+)?\Z")
_WHY = {
    "provider": "which model answers is set where the evaluation runs",
    "providers": "which model answers is set where the evaluation runs",
    "prompts": "each prompt is evaluated over all rows",
    "assertScoringFunction": "it is code, which is not run; the score is the mean by weight",
    "providerOutput": "answers that were given beforehand are not used",
}


def read_tests(found: Imported, config: Mapping[str, Any], files: LocalFiles, *, name: str) -> list[dict[str, Any]]:
    """The rows; what is changed or left is noted in `found`, and code of assertions is put there."""
    default = _default(found, config.get("defaultTest"), files)
    templates = config.get("assertionTemplates")
    reader = _Reader(found, files, default, cast("dict[str, Any]", templates) if isinstance(templates, dict) else {})
    rows: list[dict[str, Any]] = []
    for test in itertools.chain(load_tests(found, config.get("tests"), files), _of_scenarios(found, config, files)):
        rows += reader.rows(test, len(rows))
        if len(rows) > _MOST_ROWS:
            found.leave("tests", f"combining the lists of variables gives more than {_MOST_ROWS:,} rows")
            break
    for (kind, why), count in sorted(reader.gaps.items()):
        found.leave(
            f"assertion {kind!r} in {count} row{'s' if count > 1 else ''}",
            f"{why}; it stays in the data without a score",
        )
    for language, code in reader.code.items():
        end = {"javascript": "js", "python": "py", "ruby": "rb"}.get(language, "txt")
        found.code[f"{name}.{end}.txt"] = "\n\n".join(dict.fromkeys(code)) + "\n"
    return rows


def _default(found: Imported, value: Any, files: LocalFiles) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = next(item for _, item in files.values(value))
        except FerrataError as error:
            found.leave("`defaultTest`", error.message)
            return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _of_scenarios(found: Imported, config: Mapping[str, Any], files: LocalFiles) -> Iterator[dict[str, Any]]:
    """Each scenario's tests with each of its sets of variables."""
    listed: Any = config.get("scenarios")
    if isinstance(listed, str):
        listed = [listed]
    for item in cast("list[Any]", listed if isinstance(listed, list) else []):
        scenarios: list[Any] = [item]
        if isinstance(item, str):
            try:
                scenarios = [one for _, v in files.values(item) for one in (_list(v) or [v])]
            except FerrataError as error:
                found.leave(f"scenario {item!r}", error.message)
                continue
        for scenario in scenarios:
            about = cast("dict[str, Any]", scenario) if isinstance(scenario, dict) else {}
            sets = list(load_tests(found, about.get("config"), files)) or [{}]
            tests = list(load_tests(found, about.get("tests"), files)) or [{}]
            for first, second in itertools.product(sets, tests):
                yield _merged(first, second)


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two tests as one: what the second says goes before, assertions of both count."""
    merged = {**first, **second}
    for key in ("vars", "metadata", "options"):
        both = [part[key] for part in (first, second) if isinstance(part.get(key), dict)]
        if both:
            merged[key] = {name: value for part in both for name, value in part.items()}
    asserts = [*_list(first.get("assert")), *_list(second.get("assert"))]
    return {**merged, "assert": asserts}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


class _Reader:
    """Tests into rows, counting what has no score here."""

    def __init__(
        self, found: Imported, files: LocalFiles, default: dict[str, Any], templates: Mapping[str, Any]
    ) -> None:
        self._found, self._files, self._default, self._templates = found, files, default, templates
        self.gaps: Counter[tuple[str, str]] = Counter()
        self.code: dict[str, list[str]] = {}

    def rows(self, test: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
        """The rows of a test: one for each combination of the variables that are lists."""
        options = test.get("options")
        settings = cast("dict[str, Any]", options) if isinstance(options, dict) else {}
        default: dict[str, Any] = (
            {**self._default, "assert": []} if settings.get("disableDefaultAsserts") else self._default
        )
        whole = _merged(default, test)
        for key in (key for key in whole if key not in _READ):
            self._found.leave(f"`{key}` of tests", _WHY.get(key, "it is not known here"))
        for key in cast("dict[str, Any]", whole.get("options") or {}):
            if key not in ("disableVarExpansion", "disableDefaultAsserts"):
                self._found.leave(f"`options.{key}` of tests", _option_reason(key))
        for values in self._combined(whole, settings):
            number += 1
            yield self._row(whole, values, number)

    def _combined(self, test: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        given: Any = test.get("vars")
        if isinstance(given, str):
            given = loaded_value(self._found, given, self._files)
        values = {
            str(key): loaded_value(self._found, value, self._files)
            for key, value in cast("dict[str, Any]", given if isinstance(given, dict) else {}).items()
        }
        lists = {key: cast("list[Any]", value) for key, value in values.items() if isinstance(value, list) and value}
        if not lists or settings.get("disableVarExpansion"):
            yield values
            return
        for chosen in itertools.islice(itertools.product(*lists.values()), _MOST_ROWS + 1):
            yield {**values, **dict(zip(lists, chosen, strict=True))}

    def _row(self, test: Mapping[str, Any], values: Mapping[str, Any], number: int) -> dict[str, Any]:
        row: dict[str, Any] = {"id": str(number)}
        for key, value in values.items():
            name = f"var_{key}" if key in _OWN or key == "id" else key
            if name != key:
                self._found.change(f"variable {key!r}", f"its column is {name!r}; the name has a meaning of its own")
            row[name] = filled(value, values) if isinstance(value, str) else value
        if test.get("description"):
            row["description"] = filled(str(test["description"]), values)
        if isinstance(test.get("metadata"), dict):
            row["metadata"] = test["metadata"]
        row["assert"] = self._assertions(_list(test.get("assert")), values)
        threshold = test.get("threshold")
        if isinstance(threshold, int | float) and not isinstance(threshold, bool):
            row["assert_threshold"] = threshold
        return row

    def _assertions(self, listed: list[Any], values: Mapping[str, Any]) -> list[Any]:
        return [one for item in listed if (one := self._assertion(item, values)) is not None]

    def _assertion(self, item: Any, values: Mapping[str, Any]) -> dict[str, Any] | None:
        if not isinstance(item, dict):
            self._found.leave(f"assertion {str(item)[:60]!r}", "it is no mapping with a `type`")
            return None
        about = cast("dict[str, Any]", item)
        if "$ref" in about:
            name = str(about["$ref"]).rpartition("/")[2]
            template = self._templates.get(name)
            if not isinstance(template, dict):
                self._found.leave(f"assertion {about['$ref']!r}", "there is no template of that name")
                return None
            about = {
                **cast("dict[str, Any]", template),
                **{key: value for key, value in about.items() if key != "$ref"},
            }
        if about.get("type") == "assert-set":
            return {**about, "assert": self._assertions(_list(about.get("assert")), values)}
        kind = str(about.get("type", ""))
        found = dict(about)
        for key in ("provider", "rubricPrompt", "contextTransform"):
            if found.pop(key, None) is not None:
                self._found.leave(
                    f"`{key}` of assertions", "whom to ask, and how, is set where the evaluation is declared"
                )
        value: Any = about.get("value")
        base = kind.removeprefix("not-")
        if isinstance(value, str) and _PROGRAM.match(value):
            base = "python" if ".py" in value else "javascript"
            found["type"] = f"not-{base}" if kind.startswith("not-") else base
        elif base not in ("javascript", "python", "ruby"):
            found["value"] = self._filled(loaded_value(self._found, value, self._files), values)
        if value is None:
            found.pop("value", None)
        why = why_not(base) or ("its `transform` is code, which is not run" if about.get("transform") else "")
        if why:
            self.gaps[base, why] += 1
        if base in ("javascript", "python", "ruby") or about.get("transform"):
            language = base if base in ("javascript", "python", "ruby") else "javascript"
            self.code.setdefault(language, []).append(str(about.get("transform") or value))
        return found

    def _filled(self, value: Any, values: Mapping[str, Any]) -> Any:
        if isinstance(value, str):
            text = filled(value, values)
            if "{{" in text or "{%" in text:
                self._found.change(
                    f"value {text[:60]!r} of an assertion", "what is not a plain variable in it is not filled in"
                )
            return text
        if isinstance(value, list):
            return [self._filled(item, values) for item in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {key: self._filled(item, values) for key, item in cast("dict[str, Any]", value).items()}
        return value


def _option_reason(key: str) -> str:
    if key in ("transform", "postprocess", "transformVars"):
        return "it is code, which is not run: answers and variables stay as they are"
    if key in ("prefix", "suffix"):
        return "a row does not change the prompt; put the words into a variable"
    return "it is set where the evaluation is declared"
