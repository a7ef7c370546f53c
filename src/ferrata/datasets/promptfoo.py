"""Promptfoo's tests as rows: `vars` become columns, assertions stay under `assert`. Checks no assertion.

YAML: a list of tests, or a mapping with `tests` and `defaultTest`. CSV: variables as columns, and `__expected`, `__description`,
`__metadata:NAME`, `__threshold`.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any, cast

import yaml

from ferrata.datasets.rows import Row
from ferrata.yamls import read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["is_promptfoo_header", "read_promptfoo", "rows_of_cells"]

_KEPT = ("assert", "description", "metadata", "threshold", "options", "provider", "providers", "prompts")
_EXPECTED = re.compile(r"__expected\d*\Z")
_WORD = re.compile(
    r"(?P<type>(?:not-)?[a-z][a-z-]*)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?(?::\s*(?P<value>.*))?\Z", re.DOTALL
)
_TYPES = frozenset(
    "equals contains icontains contains-all contains-any icontains-all icontains-any starts-with regex is-json contains-json "
    "is-xml contains-xml is-sql contains-sql is-refusal javascript python similar levenshtein rouge-n bleu cost latency "
    "perplexity perplexity-score llm-rubric factuality model-graded-closedqa model-graded-factuality answer-relevance "
    "context-recall context-relevance context-faithfulness classifier moderation webhook g-eval select-best".split()
)
_SHORT = {"grade": "llm-rubric", "fn": "javascript", "eval": "javascript"}
_MOST_COMBINATIONS = 10_000


def read_promptfoo(path: Path) -> Iterator[Row]:
    """The tests of a YAML file, a row each; a variable with several values makes a row for each combination.

    Raises:
        NotFound, InvalidDocument: the file cannot be read as YAML.
    """
    text = read_text(path)
    found = read_yaml(text, file=str(path))
    default: Any = {}
    tests: Any = found
    if isinstance(found, dict):
        document = cast("dict[str, Any]", found)
        tests, default = document.get("tests"), document.get("defaultTest") or {}
    if isinstance(tests, dict) and "vars" in tests:
        tests = [cast("Any", tests)]
    if not isinstance(tests, list):
        problem = "must be a list of tests, or a mapping with `tests`"
        if isinstance(tests, str):
            problem = f"its tests are in another place, {tests!r}: give that file instead"
        yield Row({}, f"{path}:1", path.parent, problem)
        return
    lines = _lines(text)
    listed = cast("list[Any]", tests)
    for i, test in enumerate(listed):
        place = f"{path}:{lines[i] if i < len(lines) else 1}"
        yield from _rows_of_test(test, default, place, path.parent)


def _lines(text: str) -> list[int]:
    """The line of each test. The text has been read before, so its depth is known to be bounded."""
    root: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if isinstance(root, yaml.MappingNode):
        pairs = cast("list[tuple[yaml.ScalarNode, yaml.Node]]", root.value)
        root = next((value for key, value in pairs if key.value == "tests"), None)
    if not isinstance(root, yaml.SequenceNode):
        return []
    return [cast("yaml.Node", node).start_mark.line + 1 for node in root.value]


def _rows_of_test(test: Any, default: Any, place: str, folder: Path) -> Iterator[Row]:
    if isinstance(test, str):
        yield Row({}, place, folder, f"its tests are in another place, {test!r}: give that file instead")
        return
    if not isinstance(test, dict):
        yield Row({}, place, folder, "a test must be a mapping with `vars`")
        return
    own = cast("dict[str, Any]", test)
    common = cast("dict[str, Any]", default) if isinstance(default, dict) else {}
    given: Any = own.get("vars") or {}
    usual: dict[str, Any] = common.get("vars") or {}
    variables = {**usual, **cast("dict[str, Any]", given)} if isinstance(given, dict) else {}
    if not isinstance(given, dict) or not variables:
        yield Row({}, place, folder, "the test has no `vars`")
        return
    asserts: Any = own.get("assert") or []
    if not isinstance(asserts, list):
        yield Row({}, place, folder, "`assert` must be a list")
        return
    kept = {key: own[key] for key in _KEPT if key in own}
    expected: list[Any] = common.get("assert") or []
    together = [*expected, *cast("list[Any]", asserts)]
    kept |= {"assert": together} if together else {}
    if twice := sorted(variables.keys() & set(_KEPT)):
        yield Row({}, place, folder, f"the variable {twice[0]!r} has the name of one of promptfoo's own keys")
        return
    options: Any = own.get("options") or {}
    spread = not (isinstance(options, dict) and cast("dict[str, Any]", options).get("disableVarExpansion"))
    for combination in _combinations(variables, spread=spread):
        yield Row({**combination, **kept}, place, folder)


def _combinations(variables: Mapping[str, Any], *, spread: bool) -> Iterator[dict[str, Any]]:
    if not spread:
        yield dict(variables)
        return
    choices: list[list[Any]] = [v if isinstance(v, list) and v else [v] for v in variables.values()]
    for values in itertools.islice(itertools.product(*choices), _MOST_COMBINATIONS):
        yield dict(zip(variables, values, strict=True))


def is_promptfoo_header(names: Iterable[str]) -> bool:
    """Whether the columns of a table are those of promptfoo's tests."""
    return any(_EXPECTED.match(name) for name in names)


def rows_of_cells(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of a table of tests, with `assert` made of `__expected`."""
    for row in rows:
        yield row if row.problem else row._replace(values=_test_of(row.values))


def _test_of(cells: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: cell for name, cell in cells.items() if not name.startswith("__")}
    asserts = [_assertion(str(cell)) for name, cell in cells.items() if _EXPECTED.match(name) and str(cell).strip()]
    if asserts:
        values["assert"] = asserts
    if cells.get("__description"):
        values["description"] = cells["__description"]
    if cells.get("__threshold"):
        try:
            values["threshold"] = float(cells["__threshold"])
        except ValueError:
            values["threshold"] = cells["__threshold"]
    metadata = {name.partition(":")[2]: cell for name, cell in cells.items() if name.startswith("__metadata:") and cell}
    if metadata:
        values["metadata"] = metadata
    return values


def _assertion(text: str) -> dict[str, Any]:
    match = _WORD.match(text.strip())
    word = match["type"].removeprefix("not-") if match else ""
    if match is None or (word not in _TYPES and word not in _SHORT):
        return {"type": "equals", "value": text}
    negated = "not-" if match["type"].startswith("not-") else ""
    found: dict[str, Any] = {"type": negated + _SHORT.get(word, word)}
    if match["value"]:
        found["value"] = _listed(match["value"]) if word.endswith(("-all", "-any")) else match["value"]
    if match["threshold"]:
        found["threshold"] = float(match["threshold"])
    return found


def _listed(text: str) -> list[str]:
    if text.lstrip().startswith("["):
        try:
            return [str(item) for item in cast("list[Any]", json.loads(text))]
        except ValueError:
            pass
    return [part.strip() for part in text.split(",")]
