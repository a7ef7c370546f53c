"""Whether Ferrata did what promptflow did, flow by flow, and the table of it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

ROOTS = {"UserError", "SystemError"}
LACKING = re.compile(r"No module named '(?!promptflow)\w+")


def normal(value: Any, folders: Sequence[Path] = ()) -> Any:
    """A value with images as what they show, whichever way they are written down.

    Args:
        value: JSON.
        folders: where paths of images may lead from.
    """
    if isinstance(value, list):
        return [normal(one, folders) for one in value]
    if not isinstance(value, dict):
        return value
    shown = _image(value, folders)
    return {"image": shown} if shown else {key: normal(one, folders) for key, one in value.items()}


def _image(value: dict[str, Any], folders: Sequence[Path]) -> str | None:
    kind, text = value.get("type"), None
    if kind == "image_url" and isinstance(value.get("image_url"), dict):
        text = str(value["image_url"].get("url"))
    elif kind == "image" and isinstance(value.get("url"), str):
        text = value["url"]
    elif kind == "image_file" and isinstance(value.get("image_file"), dict):
        text = str(value["image_file"].get("path"))
    elif len(value) == 1 and (key := next(iter(value))).startswith("data:image/") and ";" in key:
        text = f"data:,base64,{value[key]}" if key.endswith(";base64") else str(value[key])
    if text is None:
        return None
    if text.startswith("data:"):
        return hashlib.sha256(base64.b64decode(text.rpartition("base64,")[2])).hexdigest()[:16]
    for folder in folders:
        if (folder / text).is_file():
            return hashlib.sha256((folder / text).read_bytes()).hexdigest()[:16]
    return text


def same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are the same, not-a-number and the last bits of a float aside; 1 is not 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def alike(one: Any, other: Any) -> bool:
    """Whether two values have the same shape: keys and types."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    return type(one) is type(other)


def judge(expected: Mapping[str, Any], observed: Mapping[str, Any]) -> tuple[str, str]:
    """What became of a flow here, in one of the table's columns, and in what it differs."""
    theirs, ours = expected["outcome"], observed["outcome"]
    if theirs in ("timeout", "crash"):
        return "not compared", f"promptflow: {theirs}"
    if "outcome" in expected["unsteady"]:
        return "not compared", "promptflow's outcome changes from run to run"
    if theirs == "completed":
        if ours != "completed":
            return "lacks a package" if LACKING.search(str(observed.get("message"))) else "fails here", _told(observed)
        differences = list(_differences(expected, observed))
        return ("different", "; ".join(differences)) if differences else ("same", "")
    if ours == "completed":
        return "completes here", f"promptflow: {_told(expected)}"
    if observed.get("rendered") and ours == "load error":
        return "refused by both", ""  # a prompt that is not rendered has no codes
    if ours != theirs:
        return f"{ours} here", f"{_told(observed)}; promptflow: {_told(expected)}"
    return (
        ("same code", "")
        if _same_code(expected, observed)
        else ("other code", f"{_told(observed)}; promptflow: {_told(expected)}")
    )


def _differences(expected: Mapping[str, Any], observed: Mapping[str, Any]) -> Iterable[str]:
    unsteady = expected["unsteady"]
    fits = alike if "output" in unsteady else same
    theirs, ours = expected.get("output"), observed.get("output")
    if isinstance(theirs, str) and isinstance(ours, list) and len(ours) == 1 and isinstance(ours[0], dict):
        ours = ours[0].get("content")  # a prompt for completion is no list of messages in promptflow
    if not fits(theirs, ours):
        yield f"output {_apart(ours, theirs)}"
    aggregation = expected.get("aggregation") or {}
    nodes, own = expected.get("nodes") or {}, observed.get("nodes") or {}
    known = nodes | (aggregation.get("nodes") or {})
    statuses = {name: status for name, status in own.items() if name in nodes or name not in known}
    if "nodes" not in unsteady and nodes != statuses:
        changed = {name for name in {*nodes, *statuses} if nodes.get(name) != statuses.get(name)}
        yield f"nodes {_short({name: [statuses.get(name), nodes.get(name)] for name in sorted(changed)})} (here, promptflow)"
    metrics, found = aggregation.get("metrics") or {}, observed.get("metrics") or {}
    if "aggregation" not in unsteady and not same(metrics, found):
        yield f"metrics {_short(found)}, promptflow {_short(metrics)}"


def _same_code(expected: Mapping[str, Any], observed: Mapping[str, Any]) -> bool:
    if "codes" in expected["unsteady"]:
        return True
    theirs = [code for code in expected.get("codes") or [] if code not in ROOTS]
    ours = observed.get("codes") or []
    if expected.get("exception") and observed.get("exception") not in (None, expected["exception"]):
        return False
    if expected["outcome"] == "load error":
        return bool(theirs) and theirs == ours[: len(theirs)]
    return (theirs or ["SystemError"])[-1] in ours


def _told(found: Mapping[str, Any]) -> str:
    codes = "/".join(str(code) for code in found.get("codes") or [])
    if found.get("exception"):
        codes += f" ({found['exception']})"
    return f"{found['outcome']} {codes}: {_short(found.get('message'))}"


def _short(value: Any, most: int = 300) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join((text if len(text) <= most else f"{text[:most]}...").split())


def _apart(ours: Any, theirs: Any, place: str = "") -> str:
    """Where two values differ first, and what stands there."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        for key in theirs:
            if not same(ours[key], theirs[key]):
                return _apart(ours[key], theirs[key], f"{place}.{key}")
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if not same(one, other):
                return _apart(one, other, f"{place}[{number}]")
    here, there = (_short(json.dumps(value, ensure_ascii=False)) for value in (ours, theirs))
    return f"{place} {here}, promptflow {there}"


GROUPS = {
    "completed": ("same", "different", "fails here", "lacks a package", "not compared"),
    "load error": ("same code", "other code", "failed here", "completes here", "not compared"),
    "failed": ("same code", "refused by both", "other code", "load error here", "completes here", "not compared"),
}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Agreement by pass and kind of flow, as a Markdown table.

    Args:
        rows: each with `pass`, `kind`, `expected`, `verdict`.
    """
    lines = ["| pass | flows | promptflow | of them | here |", "| --- | --- | --- | ---: | --- |"]
    for name, kind in sorted({(row["pass"], row["kind"]) for row in rows}, reverse=True):
        these = [row for row in rows if (row["pass"], row["kind"]) == (name, kind)]
        for outcome in ("completed", "load error", "failed", "timeout", "crash"):
            verdicts = Counter(row["verdict"] for row in these if row["expected"]["outcome"] == outcome)
            if verdicts:
                order = [*GROUPS.get(outcome, ()), *sorted(verdicts)]
                told = [f"{verdicts[verdict]} {verdict}" for verdict in dict.fromkeys(order) if verdicts[verdict]]
                lines.append(
                    f"| {name} | {kind} | {outcome} | {sum(verdicts.values())} of {len(these)} | {', '.join(told)} |"
                )
    return "\n".join(lines)
