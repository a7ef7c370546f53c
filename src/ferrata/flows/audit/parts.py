"""What is to be said of Prompt Flow's own files: flows, promptys, run files, connections, tool packages. Runs no code of theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import FerrataError, InvalidDocument
from ferrata.flows.audit.code import statements_of_code
from ferrata.flows.audit.rules import audit_rules, fitting
from ferrata.flows.audit.types import Statement, Verdict
from ferrata.flows.audit.validation import validate_flow
from ferrata.flows.formats.yaml12 import line_in, load_yaml12
from ferrata.flows.reading import read_unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ferrata.flows.types import Flow

__all__ = ["kind_of_yaml", "statements_of_part"]

_CONNECTION_TYPES = re.compile(
    r"azure_open_ai|open_ai|azure_content_safety|azure_ai_services|cognitive_search|serp|serverless|form_recognizer|"
    r"qdrant|weaviate|custom|azureopenai|openai"
)
_PLACEHOLDER = re.compile(r"<[\w .-]+>|\*{3,}")


def kind_of_yaml(document: Any, text: str) -> str:
    """What a YAML file is to Prompt Flow; empty where it is nothing to it.

    Args:
        document: its value.
        text: the file's.
    """
    about = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    schema = str(about.get("$schema") or "").lower()
    if "experiment.schema" in schema:
        return "experiment"
    if "entry" in about and "promptflow" in schema:
        return "flex flow"
    if _is_graph(about.get("nodes")) and ("flow.schema" in schema or {"inputs", "outputs"} & about.keys()):
        return "flow"
    if "managedonlinedeployment" in schema or "kubernetesonlinedeployment" in schema:
        return "deployment" if "promptflow" in text.lower() else ""
    if "promptflow" in schema and "run.schema" in schema:
        return "run file"
    if "connection.schema" in schema or _is_connection(about):
        return "connection"
    if "flow" in about and ("data" in about or "run" in about) and isinstance(about["flow"], str):
        return "run file" if not {"jobs", "on", "steps", "name_space"} & about.keys() else ""
    if about and all(_is_tool(value) for value in about.values()):
        return "tool package"
    return ""


def _is_graph(nodes: Any) -> bool:
    """Whether these are nodes of a flow: each has a source, or variants."""
    if not isinstance(nodes, list) or not nodes:
        return False
    return all(
        isinstance(node, dict) and "name" in node and {"source", "use_variants"} & cast("dict[str, Any]", node).keys()
        for node in cast("list[Any]", nodes)
    )


def _is_connection(about: dict[str, Any]) -> bool:
    kind = about.get("type")
    return (
        isinstance(kind, str)
        and isinstance(about.get("name"), str)
        and _CONNECTION_TYPES.fullmatch(kind.lower()) is not None
        and bool({"api_key", "api_base", "configs", "secrets", "endpoint", "base_url", "auth_mode"} & about.keys())
    )


def _is_tool(value: Any) -> bool:
    return isinstance(value, dict) and {"module", "function", "type"} <= cast("dict[str, Any]", value).keys()


def statements_of_part(kind: str, path: Path, name: str, relative: Callable[[Path], str]) -> list[Statement]:
    """What is to be said of a file of Prompt Flow's.

    Args:
        kind: as `AuditItem.kind`.
        path: of the file.
        name: of it in the statements.
        relative: makes the name of another file.
    """
    if kind in ("flow", "flex flow", "prompty"):
        return list(_of_flow(path, name, relative))
    if kind == "run file":
        return list(_of_run_file(path, name))
    if kind == "connection":
        return list(_of_connection(path, name))
    if kind == "experiment":
        change = "run its flows one after the other: ferrata flow run, then ferrata flow run --run NAME"
        return [Statement(Verdict.GONE, name, 1, "experiments were never finished in Prompt Flow", change)]
    return []


def _of_flow(path: Path, name: str, relative: Callable[[Path], str]) -> Iterator[Statement]:
    if path.suffix != ".prompty":
        document, text = load_yaml12(path)
        if isinstance(document, dict) and cast("dict[str, Any]", document).get("language") == "csharp":
            line = line_in(text, ("language",))
            yield Statement(
                Verdict.GONE, name, line, "a flow in C#", "write it in Python, or serve it as an own program"
            )
            return
    for finding in validate_flow(path, code=False):
        if finding.level == "error":
            file = name if finding.file == str(path) else relative(_as_path(finding.file, path))
            both = "" if finding.code == "InvalidDocument" else " (it does not load in Prompt Flow either)"
            code = "" if finding.code == "InvalidDocument" else f"{finding.code}: "
            yield Statement(Verdict.NEEDS_CHANGE, file, finding.line, f"{code}{finding.problem}{both}", finding.hint)
    try:
        flow = read_unchecked(path)
    except FerrataError:
        return
    yield from _of_document(flow, name)
    for file in _code_of(flow):
        text = _text_of(file)
        yield from statements_of_code(text, relative(file))


def _as_path(file: str, like: Path) -> Path:
    return type(like)(file)


def _code_of(flow: Flow) -> Sequence[Path]:
    """The files of code that the flow itself names."""
    if flow.kind == "flex":
        names = [flow.entry.split(":")[0].replace(".", "/") + ".py"]
    else:
        nodes = [*flow.nodes, *(variant.node for group in flow.variants.values() for variant in group.values())]
        names = [node.source.path for node in nodes if node.type == "python" and node.source and node.source.path]
    files = [flow.folder / name for name in dict.fromkeys(names)]
    return [file for file in files if file.is_file()]


def _of_document(flow: Flow, name: str) -> Iterator[Statement]:
    text = _text_of(flow.file)
    for key, spec in flow.inputs.items():
        if spec.type == "assistant_definition":
            yield _assistant(name, line_in(text, ("inputs", key)))
    for number, node in enumerate(flow.nodes):
        tool = node.source.tool if node.source and node.source.type != "code" else None
        if tool is not None:
            yield from _of_tool(tool, name, line_in(text, ("nodes", number, "source", "tool")))
        if any("assistant_definition" in str(key) for key in node.inputs):
            yield _assistant(name, line_in(text, ("nodes", number, "inputs")))
    environment = flow.document.get("environment")
    image = cast("dict[str, Any]", environment).get("image") if isinstance(environment, dict) else None
    if image and "promptflow" in str(image):
        yield Statement(
            Verdict.RUNS,
            name,
            line_in(text, ("environment", "image")),
            f"the image {str(image)!r} gets no updates any more; nothing here uses it",
            "take the key out; for an own image: ferrata flow build",
        )


def _assistant(name: str, line: int) -> Statement:
    return Statement(
        Verdict.GONE, name, line, "OpenAI's Assistants API has ended", "use a chat model with tools in a python node"
    )


def _of_tool(tool: str, name: str, line: int) -> Iterator[Statement]:
    from ferrata.flows.packages import package_tools

    if tool in package_tools():
        return
    fate = fitting(audit_rules().tools, tool, separator="")
    if fate is not None:
        yield Statement(fate.verdict, name, line, f"{tool}: {fate.what}", fate.change)
        return
    package = tool.partition(".")[0]
    yield Statement(
        Verdict.NEEDS_CHANGE,
        name,
        line,
        f"the tool {tool!r} is of a package that is not installed here",
        f"install the package that has {package!r} beside Ferrata",
    )


def _of_run_file(path: Path, name: str) -> Iterator[Statement]:
    from ferrata.flows.formats.runs import read_run_file

    try:
        found = read_run_file(path)
    except InvalidDocument as error:
        for mistake in error.mistakes:
            yield Statement(Verdict.NEEDS_CHANGE, name, mistake.line, f"{mistake.key}: {mistake.problem}", "correct it")
        return
    except FerrataError as error:
        yield Statement(Verdict.NEEDS_CHANGE, name, 1, error.message, error.hint)
        return
    document, text = load_yaml12(path)
    for key in ("runtime", "resources", "identity"):
        if key in document:
            what = f"{key}: of Azure ML, without effect here"
            yield Statement(Verdict.RUNS, name, line_in(text, (key,)), what, "take the key out")
    for key in ("flow", "data"):
        value = str(document.get(key) or "")
        if value.startswith(("azureml:", "azureml://")):
            what = f"{key}: {value!r} lies in Azure ML"
            yield Statement(Verdict.NEEDS_CHANGE, name, line_in(text, (key,)), what, "bring it into the repository")
    if found.flow is not None and not found.flow.exists() and "://" not in str(document.get("flow")):
        what = f"flow: there is no {str(document.get('flow'))!r}"
        yield Statement(Verdict.NEEDS_CHANGE, name, line_in(text, ("flow",)), what, "a path relative to this file")


def _of_connection(path: Path, name: str) -> Iterator[Statement]:
    document, text = load_yaml12(path)
    about = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    parts: list[tuple[tuple[str, ...], Any]] = [((key,), value) for key, value in about.items()]
    for group in ("configs", "secrets"):
        held = about.get(group)
        parts += (
            [((group, str(key)), value) for key, value in cast("dict[Any, Any]", held).items()]
            if isinstance(held, dict)
            else []
        )
    for where, value in parts:
        if isinstance(value, str) and _PLACEHOLDER.fullmatch(value.strip()):
            variable = re.sub(r"\W", "_", f"{about.get('name') or path.stem}_{where[-1]}").upper()
            yield Statement(
                Verdict.NEEDS_CHANGE,
                name,
                line_in(text, where),
                f"{'.'.join(where)} is a placeholder, which `pf connection create --set` filled",
                f"{where[-1]}: ${{env:{variable}}}, and give the file by --connections",
            )


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""
