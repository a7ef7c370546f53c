"""A prompt written in another dialect, and what is lost by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import yaml

from ferrata.errors import UsageError
from ferrata.prompts.dialects.detect import detect_dialect
from ferrata.prompts.dialects.lists import properties_of
from ferrata.prompts.dialects.words import OPTIONS
from ferrata.prompts.types import DIALECTS, REQUIRED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.prompts.types import Dialect, Input, Prompt

__all__ = ["Converted", "convert_prompt"]

_ROLE_LINE = re.compile(
    r"^[ \t]*#?[ \t]*(?:system|developer|user|assistant|tool|function)[^\n:]*:[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_PROVIDERS = {"azure_openai": "foundry", "azure_open_ai": "foundry", "azure": "foundry", "openai": "openai"}
_TYPES = {"foundry": "azure_openai", "azure": "azure_openai", "openai": "openai"}
_LEGACY_TYPES = {"integer": "int", "number": "double", "boolean": "bool", "array": "list", "object": "object"}


class Converted(NamedTuple):
    """The text of the new file, and what of the old one it does not say."""

    text: str
    lost: tuple[str, ...]


def convert_prompt(prompt: Prompt, to: Dialect) -> Converted:
    """The prompt in another dialect.

    Raises:
        UsageError: there is no such dialect, or it has no such template language.
    """
    if to not in DIALECTS:
        raise UsageError(f"no such dialect: {to!r}", hint=f"known are {', '.join(DIALECTS)}")
    if prompt.engine == "mustache" and to == "promptflow":
        raise UsageError(
            "Prompt Flow's dialect has no Mustache", hint="write the template in Jinja2, or convert to prompty-v2"
        )
    lost: list[str] = []
    if to == prompt.dialect:
        return Converted(prompt.text, ())
    header = _newer(prompt, lost) if to == "prompty-v2" else _older(prompt, to, lost)
    body = prompt.body
    if to != "prompty-v2" and prompt.dialect == "prompty-v2":
        body = _placed(prompt, body)
    if "promptflow" in (to, prompt.dialect) and re.search(r"%\}[ \t]*\n", body):
        lost.append("blank lines after {% ... %}: Prompt Flow drops the end of such a line, Prompty keeps it")
    kept = _told({key: value for key, value in header.items() if value not in (None, "", {}, [])}, to)
    front = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=100)
    return Converted(f"---\n{front}---\n{body}", tuple(lost))


def _told(header: dict[str, Any], to: Dialect) -> dict[str, Any]:
    """The header with a key that tells its dialect, where nothing else does: one that says the default."""
    if detect_dialect(header)[0] == to:
        return header
    if to == "promptflow":
        return {**header, "model": {**_mapping(header.get("model")), "response": "first"}}
    return {**header, "template": header.get("template") or "jinja2"}


def _newer(prompt: Prompt, lost: list[str]) -> dict[str, Any]:
    raw = prompt.header
    model = _mapping(raw.get("model"))
    parameters = _mapping(model.get("parameters"))
    backwards = {old: new for new, old in OPTIONS.items()}
    options: dict[str, Any] = {backwards[key]: value for key, value in parameters.items() if key in backwards}
    apart = (*backwards, "tools", "functions", "function_call", "response_format")
    extra = {key: value for key, value in parameters.items() if key not in apart}
    if parameters.get("response_format") and not prompt.outputs:
        extra["response_format"] = parameters["response_format"]
    if extra:
        options["additionalProperties"] = extra
    metadata = {key: raw[key] for key in ("authors", "tags", "version") if key in raw}
    lost += [f"`{key}`" for key in ("environment_variables", "display_name", "language") if key in raw]
    if "response" in model:
        lost.append("`model.response`: Prompty v2 leaves it to the program")
    tools = [
        {
            "name": tool.name,
            "kind": "function",
            "description": tool.description,
            "parameters": properties_of(tool.parameters, lost, f"the tool {tool.name!r}"),
        }
        for tool in prompt.tools
    ]
    unused = [name for name in prompt.sample if prompt.input(name) is None]
    lost += [f"`sample.{name}`" for name in unused]
    return {
        "name": prompt.name,
        "description": prompt.description,
        "metadata": metadata,
        "model": _kept(
            id=prompt.model.name,
            provider=_PROVIDERS.get(prompt.model.provider, prompt.model.provider),
            apiType=prompt.model.api if model else None,
            connection=_connection(prompt.model.connection, lost),
            options=options,
        ),
        "inputs": [_property(prompt, one, lost) for one in prompt.inputs],
        "outputs": [
            _kept(name=one.name, kind=_kind(one.kind), description=one.description, required=one.required)
            for one in prompt.outputs
        ],
        "tools": tools,
        "template": {"format": {"kind": prompt.engine}, "parser": {"kind": "prompty"}},
    }


def _connection(value: Mapping[str, object] | str, lost: list[str]) -> dict[str, Any]:
    if isinstance(value, str):
        return {"kind": "reference", "name": value}
    if isinstance(value.get("connection"), str):
        return {"kind": "reference", "name": value["connection"]}
    endpoint = value.get("azure_endpoint") or value.get("base_url")
    known = ("type", "azure_deployment", "model", "name", "azure_endpoint", "base_url", "api_key")
    lost += [f"`model.configuration.{key}`" for key in value if key not in known]
    found = _kept(endpoint=endpoint, apiKey=value.get("api_key"))
    return {"kind": "key", **found} if found else {}


def _property(prompt: Prompt, one: Input, lost: list[str]) -> dict[str, Any]:
    kind = _kind(one.kind)
    if one.is_history:
        kind = "array"
        lost.append(f"`inputs.{one.name}.is_chat_history`: the template walks it, so it becomes an array")
    found: dict[str, Any] = _kept(name=one.name, kind=kind, description=one.description)
    if one.default is not REQUIRED:
        found["default"] = _raw_default(prompt, one)
    elif one.optional:
        found["required"] = False
    if one.name in prompt.sample:
        found["example"] = prompt.sample[one.name]
    if one.choices:
        found["enumValues"] = list(one.choices)
    return found


def _raw_default(prompt: Prompt, one: Input) -> object:
    """The default as it stands, references included."""
    raw = _mapping(prompt.header.get("inputs")).get(one.name)
    return cast("dict[str, object]", raw).get("default", one.default) if isinstance(raw, dict) else one.default


def _kind(kind: str) -> str:
    return {"number": "float", "any": "string"}.get(kind, kind)


def _older(prompt: Prompt, to: Dialect, lost: list[str]) -> dict[str, Any]:
    if prompt.dialect != "prompty-v2":
        return _sideways(prompt, to, lost)
    parameters: dict[str, Any] = dict(prompt.model.parameters)
    if prompt.tools:
        parameters["tools"] = [
            {
                "type": "function",
                "function": _kept(name=t.name, description=t.description, parameters=dict(t.parameters)),
            }
            for t in prompt.tools
        ]
    if prompt.outputs:
        parameters["response_format"] = {"type": "json_object"}
        lost.append("the schema of the outputs: the answer is any JSON object with these keys")
    lost += [f"{note.key}: {note.text}" for note in prompt.notes if "tool" in note.text]
    metadata = {
        key: value
        for key, value in prompt.metadata.items()
        if to == "prompty-v1" and key in ("authors", "tags", "version")
    }
    lost += [f"`metadata.{key}`" for key in prompt.metadata if key not in metadata]
    sample = {
        one.name: one.example if one.example is not REQUIRED else one.default
        for one in prompt.inputs
        if one.example is not REQUIRED or one.default is not REQUIRED
    }
    for one in prompt.inputs:
        lost += [f"`inputs.{one.name}.enumValues`"] if one.choices else []
        lost += [f"`inputs.{one.name}.required: false`"] if one.optional else []
    return {
        "name": prompt.name,
        "description": prompt.description,
        **metadata,
        "model": _kept(
            api="chat" if prompt.model.api == "responses" else prompt.model.api,
            configuration=_configuration(prompt, to, lost),
            parameters=parameters,
        ),
        "inputs": {one.name: _typed(one, to) for one in prompt.inputs},
        "outputs": {one.name: {"type": _LEGACY_TYPES.get(one.kind, "string")} for one in prompt.outputs},
        "sample": sample,
        "template": "mustache" if prompt.engine == "mustache" else None,
    }


def _configuration(prompt: Prompt, to: Dialect, lost: list[str]) -> dict[str, Any]:
    kind = _TYPES.get(prompt.model.provider, prompt.model.provider or "openai")
    if kind not in ("azure_openai", "openai"):
        lost.append(f"`model.provider: {kind}`: older dialects know openai and azure_openai")
        kind = "openai"
    azure = kind == "azure_openai"
    found: dict[str, Any] = {"type": kind, ("azure_deployment" if azure else "model"): prompt.model.name or None}
    connection = prompt.model.connection
    about: Mapping[str, object] = {"name": connection} if isinstance(connection, str) else connection
    if about.get("name") and to == "promptflow":
        found["connection"] = about["name"]
    elif about.get("name"):
        lost.append("`model.connection.name`: Prompty v1 has no named connections")
    found["azure_endpoint" if azure else "base_url"] = about.get("endpoint")
    found["api_key"] = about.get("apiKey")
    lost += [f"`model.connection.{key}`" for key in about if key not in ("kind", "name", "endpoint", "apiKey")]
    return _kept(**found)


def _typed(one: Input, to: Dialect) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _LEGACY_TYPES.get(one.kind, "string")}
    if one.is_history:
        found["type"] = "list"
        if to == "promptflow":
            found["is_chat_history"] = True
        found["default"] = []
    if one.kind == "image" and to == "promptflow":
        found["type"] = "image"
    if one.default is not REQUIRED:
        found["default"] = one.default
    elif one.optional:
        found["default"] = ""
    if one.description:
        found["description"] = one.description
    return found


def _sideways(prompt: Prompt, to: Dialect, lost: list[str]) -> dict[str, Any]:
    """Between Prompty v1 and Prompt Flow, which share most."""
    found: dict[str, Any] = dict(prompt.header)
    only = (
        ("environment_variables", "display_name", "language")
        if to == "prompty-v1"
        else ("authors", "tags", "version", "base")
    )
    for key in only:
        if found.pop(key, None) is not None:
            lost.append(f"`{key}`")
    model = dict(_mapping(found.get("model")))
    configuration = dict(_mapping(model.get("configuration")))
    if to == "prompty-v1" and configuration.pop("connection", None) is not None:
        lost.append("`model.configuration.connection`: Prompty v1 has no named connections")
    if to == "prompty-v1" and configuration.get("type") == "azure_open_ai":
        configuration["type"] = "azure_openai"
    if model:
        found["model"] = {**model, "configuration": configuration} if configuration else model
    inputs: dict[str, Any] = {}
    for one in prompt.inputs:
        if not one.declared:
            continue
        inputs[one.name] = _typed(one, to)
        if one.is_history and to == "prompty-v1":
            lost.append(f"`inputs.{one.name}.is_chat_history`")
    if to == "promptflow":
        inputs |= {one.name: _typed(one, to) for one in prompt.inputs if not one.declared}
        found.pop("template", None)
    found["inputs"] = inputs
    return found


def _placed(prompt: Prompt, body: str) -> str:
    """Conversations and images that Prompty v2 prints as they are, in the way that older dialects have."""
    for one in prompt.inputs:
        if one.is_history:
            body = _walked(one.name, body)
        elif one.kind == "image":
            body = re.sub(rf"(?<!\()\{{\{{\s*{one.name}\s*\}}\}}", f"![image]({{{{{one.name}}}}})", body)
    return body


def _walked(name: str, body: str) -> str:
    """A conversation that is printed as a whole, walked by a loop; what follows it is said by whoever spoke before."""
    match = re.search(rf"^[ \t]*\{{\{{\s*{name}\s*\}}\}}[ \t]*$", body, re.MULTILINE)
    if match is None:
        return body
    loop = f"{{% for item in {name} %}}\n{{{{item.role}}}}:\n{{{{item.content}}}}\n{{% endfor %}}"
    before, after = body[: match.start()], body[match.end() :]
    spoken = list(_ROLE_LINE.finditer(before))
    if spoken and not before[spoken[-1].end() :].strip():
        line = spoken[-1][0].strip()
        return f"{before[: spoken[-1].start()]}{loop}\n\n{line}{after}"
    following = _ROLE_LINE.search(after)
    rest = after[: following.start() if following else len(after)]
    again = f"\n\n{spoken[-1][0].strip()}" if spoken and rest.strip() else ""
    return f"{before}{loop}{again}{after}"


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _kept(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, "", {}, [])}
