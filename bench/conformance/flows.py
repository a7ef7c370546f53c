"""The flows of a checkout, and what each is given: its own samples and rows where they fit, else values by the declared types.

Reads files only; imports no user code. What cannot be read is still listed, since how that fails is compared as well.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

PATTERNS = {
    "dag": ("flow.dag*.yaml", "flow.dag*.yml"),
    "flex": ("flow.flex.yaml", "flow.flex.yml"),
    "prompty": ("*.prompty",),
}
ROWS = (
    "inputs.json",
    "samples.json",
    "sample.json",
    "data.jsonl",
    "data.json",
    "inputs.jsonl",
    "samples.jsonl",
    "test_data.jsonl",
)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
VALUES: dict[str, Any] = {
    "string": "some_text",
    "str": "some_text",
    "int": 11,
    "double": 1.5,
    "float": 1.5,
    "bool": True,
    "list": [],
    "object": {},
    "dict": {},
}
# The value of a key that speaks of connections, or a value that does.
CONNECTION = re.compile(
    r"^\s*-?\s*(?:\w*connection\w*\s*:\s*['\"]?([A-Za-z_][\w-]*)|[\w-]+\s*:\s*['\"]?([a-z]\w*_connection\w*))['\"]?\s*$",
    re.MULTILINE | re.IGNORECASE,
)
NO_NAME = {"string", "object", "str", "null", "true", "false"}


@dataclass
class Given:
    """One flow and what it is given.

    Attributes:
        path: of its file, relative to the checkout.
        kind: `dag`, `flex` or `prompty`, by the file's name.
        inputs: of the line.
        init: of a class; empty for others.
        source: where the inputs are from: `defaults`, a file's name, or `synthetic` where any value is made up.
        connections: names that its file mentions.
        chancy: code beside it speaks of randomness.
    """

    path: str
    kind: str
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    init: dict[str, Any] = field(default_factory=dict[str, Any])
    source: str = "defaults"
    connections: list[str] = field(default_factory=list[str])
    chancy: bool = False

    def as_json(self) -> dict[str, Any]:
        """The flow as data."""
        return asdict(self)


def find_flows(checkout: Path, only: str = "") -> list[Given]:
    """Every flow whose path contains `only`, in the order of their paths."""
    found = [
        _given(checkout, path, kind)
        for kind, patterns in PATTERNS.items()
        for pattern in patterns
        for path in checkout.rglob(pattern)
        if path.is_file() and ".git" not in path.parts and only in path.relative_to(checkout).as_posix()
    ]
    return sorted(found, key=lambda flow: flow.path)


def _given(checkout: Path, path: Path, kind: str) -> Given:
    flow = Given(path.relative_to(checkout).as_posix(), kind)
    flow.chancy = any(re.search(r"\brandom\b", one.read_text(errors="replace")) for one in path.parent.glob("*.py"))
    text = path.read_text(errors="replace")
    document: Any = {}
    with suppress(yaml.YAMLError):
        head = re.match(r"-{3,}\n(.*?)\n-{3,}\n", text, re.DOTALL)
        document = yaml.safe_load(text if kind != "prompty" else head.group(1) if head else "")
    if not isinstance(document, dict):
        return flow
    named = {one or other for one, other in CONNECTION.findall(text)} - NO_NAME
    declared = _declared(document.get("inputs"))
    if kind == "flex" or (kind == "dag" and "entry" in document):
        line, made, names = _signature(path.parent, str(document.get("entry", "")))
        declared = declared or line
        flow.init = _init(path.parent, document, _declared(document.get("init")) or made)
        named |= names | {value for value in flow.init.values() if isinstance(value, str) and "connection" in value}
        named |= {
            value["connection"] for value in flow.init.values() if isinstance(value, dict) and "connection" in value
        }
    flow.connections = sorted(named)
    sample = document.get("sample")
    if (kind == "prompty" and sample) or (isinstance(sample, dict) and isinstance(sample.get("inputs"), dict)):
        flow.source = "sample"  # both sides are to find it themselves
        return flow
    vision = document.get("message_format") == "openai-vision"
    flow.inputs, flow.source = _inputs(path.parent, declared, vision=vision)
    return flow


def _declared(inputs: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(inputs, dict):
        return {}
    return {str(name): one if isinstance(one, dict) else {"type": one} for name, one in inputs.items()}


def _inputs(folder: Path, declared: dict[str, dict[str, Any]], *, vision: bool) -> tuple[dict[str, Any], str]:
    needed = [name for name, one in declared.items() if one.get("default") is None]
    row, source = _row(folder, declared, needed)
    for name in needed:
        if name not in row:
            source = "synthetic" if not row or source == "synthetic" else f"{source}, synthetic"
            row[name] = _value(declared[name].get("type"), vision=vision)
    return row, source


def _row(folder: Path, declared: dict[str, Any], needed: list[str]) -> tuple[dict[str, Any], str]:
    """The row that has the most of the needed inputs; of several, the one in the file that is named first."""
    best: tuple[dict[str, Any], str] = {}, "defaults"
    for name in ROWS:
        for file in (folder / name, folder / "data" / name):
            row = _first(file)
            fits = {key: _inline(value, file.parent) for key, value in row.items() if key in declared}
            if fits and sum(key in fits for key in needed) > sum(key in best[0] for key in needed) - (not best[0]):
                best = fits, name
    return best


def _first(file: Path) -> dict[str, Any]:
    document: Any = None
    with suppress(OSError, ValueError):
        text = file.read_text()
        document = json.loads(text.strip().splitlines()[0] if file.suffix == ".jsonl" and text.strip() else text)
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return {}
    inner = document.get("inputs")
    return inner if isinstance(inner, dict) else document


def _inline(value: Any, folder: Path) -> Any:
    """The value with images of files in it as data, because a path means something in one place only."""
    if isinstance(value, list):
        return [_inline(one, folder) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "image_file":
        path = folder / str((value.get("image_file") or {}).get("path"))
        if path.is_file():
            url = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
            return {"type": "image_url", "image_url": {"url": url}}
    found = {}
    for key, one in value.items():
        kind, _, how = str(key).partition(";")
        if kind.startswith("data:image/") and how == "path" and (folder / str(one)).is_file():
            found[f"{kind};base64"] = base64.b64encode((folder / str(one)).read_bytes()).decode()
        else:
            found[key] = _inline(one, folder)
    return found


def _value(kind: Any, *, vision: bool = False) -> Any:
    name = str(kind).strip()
    if name == "image":
        if vision:
            return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        return {"data:image/png;base64": PIXEL}
    if "ModelConfiguration" in name:
        key = "azure_deployment" if name.startswith("Azure") else "model"
        connection = "azure_open_ai_connection" if name.startswith("Azure") else "open_ai_connection"
        return {"connection": connection, key: "gpt-35-turbo"}
    if name.endswith("Connection"):
        known = {"AzureOpenAIConnection": "azure_open_ai_connection", "OpenAIConnection": "open_ai_connection"}
        return known.get(name, "custom_connection")
    return VALUES.get(name.partition("[")[0].lower(), "some_text")


def _init(folder: Path, document: dict[str, Any], declared: dict[str, dict[str, Any]]) -> dict[str, Any]:
    sample = document.get("sample")
    if isinstance(sample, dict) and isinstance(sample.get("init"), dict):
        adapted = _adapt(sample["init"])
        return {} if adapted == sample["init"] else adapted  # else both sides are to find it themselves
    if not declared:
        return {}
    own = _first(folder / "init.json")
    for name in ("run.yaml", "run.yml"):
        with suppress(OSError, yaml.YAMLError, AttributeError):
            run = yaml.safe_load((folder / name).read_text()).get("init")
            own = own or (run if isinstance(run, dict) else {})
    own = own or _nested(folder / "sample.json")
    own = {name: value for name, value in own.items() if name in declared}
    needed = [name for name, one in declared.items() if one.get("default") is None and name not in own]
    return _adapt(own | {name: _value(declared[name].get("type")) for name in needed})


def _adapt(init: dict[str, Any]) -> dict[str, Any]:
    """The arguments with a connection to Azure where a deployment there is named: in the examples any name may be Azure's."""
    return {
        name: value | {"connection": "azure_open_ai_connection"}
        if isinstance(value, dict) and "azure_deployment" in value and "connection" in value
        else value
        for name, value in init.items()
    }


def _nested(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, AttributeError):
        found = json.loads(file.read_text()).get("init")
        return found if isinstance(found, dict) else {}
    return {}


def _signature(folder: Path, entry: str) -> tuple[dict[str, Any], dict[str, Any], set[str]]:
    """Parameters of the line and of `__init__`, as a flow's file would declare them, and connections that strings in it name."""
    module, _, name = entry.partition(":")
    try:
        tree = ast.parse((folder / f"{module.replace('.', '/')}.py").read_text())
    except (OSError, SyntaxError, ValueError):
        return {}, {}, set()
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {text for text in texts if re.fullmatch(r"\w+_connection", text)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return _parameters(node), {}, names
        if isinstance(node, ast.ClassDef) and node.name == name:
            methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
            line, made = methods.get("__call__"), methods.get("__init__")
            return _parameters(line) if line else {}, _parameters(made) if made else {}, names
    return {}, {}, names


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    given = function.args
    places = [*given.posonlyargs, *given.args]
    bare = len(places) - len(given.defaults)
    optional = {one.arg for one in places[bare:]}
    optional |= {
        one.arg for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is not None
    }
    found = {}
    for one in [*places, *given.kwonlyargs]:
        if one.arg != "self":
            kind = ast.unparse(one.annotation) if one.annotation else "str"
            found[one.arg] = {"type": kind.split(".")[-1], "default": ... if one.arg in optional else None}
    return found
