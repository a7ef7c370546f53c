"""Front matter of three dialects into the same prompt; every mistake with its line and key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.messages import OutputSchema, Tool
from ferrata.prompts import REQUIRED, parse_prompt, read_prompt

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "description": "Where"}}, "required": ["city"]}

V1 = """---
name: Weather
description: Tells the weather
authors: [ann]
model:
  api: chat
  configuration: {type: azure_openai, azure_deployment: gpt-4o, api_key: "${env:AZURE_KEY}"}
  parameters: {temperature: 0.5, max_tokens: 100}
inputs:
  city: {type: string}
  days: {type: int, default: 3}
sample:
  city: Graz
---
system:
Tell it.
user:
{{city}} {{days}}
"""
FLOW = V1.replace("authors: [ann]\n", "").replace('api_key: "${env:AZURE_KEY}"', "connection: azure")
V2 = """---
name: Weather
description: Tells the weather
metadata: {authors: [ann]}
model:
  id: gpt-4o
  provider: foundry
  apiType: chat
  connection: {kind: key, apiKey: "${env:AZURE_KEY}"}
  options: {temperature: 0.5, maxOutputTokens: 100}
inputs:
  - {name: city, kind: string, example: Graz}
  - {name: days, kind: integer, default: 3}
---
system:
Tell it.
user:
{{city}} {{days}}
"""


@pytest.mark.parametrize(("text", "dialect"), [(V1, "prompty-v1"), (FLOW, "promptflow"), (V2, "prompty-v2")])
def test_three_dialects_say_the_same(text: str, dialect: str) -> None:
    prompt = parse_prompt(text)
    assert (prompt.dialect, prompt.name, prompt.description) == (dialect, "Weather", "Tells the weather")
    assert (prompt.model.name, prompt.model.api) == ("gpt-4o", "chat")
    assert prompt.model.parameters == {"temperature": 0.5, "max_tokens": 100}
    assert [(one.name, one.kind, one.default) for one in prompt.inputs] == [
        ("city", "string", REQUIRED),
        ("days", "integer", 3),
    ]
    assert prompt.sample == {"city": "Graz"}
    assert prompt.notes == ()


@pytest.mark.parametrize(
    ("header", "dialect", "why"),
    [
        ("model: gpt-4o", "prompty-v2", "`model` is a name"),
        ("model: {apiType: chat}", "prompty-v2", "`model.apiType`"),
        ("inputs: [{name: a}]", "prompty-v2", "`inputs` is a list"),
        ("metadata: {a: 1}", "prompty-v2", "`metadata`"),
        ("template: {format: {kind: mustache}}", "prompty-v2", "`template` is a mapping"),
        ("name: x", "prompty-v2", "nothing of an older dialect"),
        ("", "prompty-v2", "no front matter"),
        ("inputs: {a: {type: string}}", "promptflow", "`inputs.a.type`"),
        ("inputs: {a: {type: list, is_chat_history: true}}", "promptflow", "`inputs.a.is_chat_history`"),
        ("model: {configuration: {connection: c}}", "promptflow", "`model.configuration.connection`"),
        ("model: {response: all}", "promptflow", "`model.response`"),
        ("environment_variables: {A: b}", "promptflow", "`environment_variables`"),
        ("model: {configuration: {type: openai}}", "prompty-v1", "`model.configuration`"),
        ("tags: [a]\ninputs: {a: {type: string}}", "prompty-v1", "`tags`"),
        ("template: jinja2\ninputs: {a: {type: string}}", "prompty-v1", "`template` is a name"),
        ("sample: {a: 1}", "prompty-v1", "`sample`"),
    ],
)
def test_the_dialect_is_told_and_said(header: str, dialect: str, why: str) -> None:
    prompt = parse_prompt(f"---\n{header}\n---\nuser:\nhi")
    assert (prompt.dialect, prompt.why) == (dialect, why)


def test_a_dialect_can_be_asked_for() -> None:
    assert parse_prompt("---\nsample: {a: 1}\n---\nhi", dialect="promptflow").dialect == "promptflow"
    with pytest.raises(UsageError, match="no such dialect: 'promptyv3'"):
        parse_prompt("hi", dialect="promptyv3")  # pyright: ignore[reportArgumentType]


TOOL = {"type": "function", "function": {"name": "look_up", "description": "Looks up", "parameters": SCHEMA}}


def test_tools_of_each_dialect() -> None:
    older = parse_prompt(
        "---\nmodel:\n  parameters:\n    tools:\n    - type: function\n      function:\n        name: look_up\n"
        "        description: Looks up\n        parameters: {type: object, properties: {city: {type: string, description: Where}}, required: [city]}\n"
        "    tool_choice: {type: function, function: {name: look_up}}\n---\nuser:\nhi"
    )
    newer = parse_prompt(
        "---\nmodel: m\ntools:\n- {name: look_up, kind: function, description: Looks up, parameters: "
        "[{name: city, kind: string, description: Where, required: true}]}\n- {name: files, kind: mcp}\n---\nuser:\nhi"
    )
    assert older.tools == newer.tools == (Tool("look_up", "Looks up", SCHEMA),)
    assert older.tool_choice == "look_up"
    assert [note.text for note in newer.notes] == ["the mcp tool 'files' is not sent to the model"]


def test_outputs_of_each_dialect() -> None:
    answer = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    older = (
        "---\nmodel: {parameters: {response_format: {type: json_object}}}\noutputs: {n: {type: int}}\n---\nuser:\nhi"
    )
    newer = "---\nmodel: m\noutputs: [{name: n, kind: integer}]\n---\nuser:\nhi"
    assert parse_prompt(older).output == parse_prompt(newer).output == OutputSchema(answer)
    free = "---\nmodel: {parameters: {response_format: {type: json_object}}}\n---\nuser:\nhi"
    assert parse_prompt(free).output == OutputSchema()
    declared = "---\nmodel: {parameters: {response_format: {type: json_schema, json_schema: {name: x, strict: false, schema: {type: object}}}}}\n---\nhi"
    assert parse_prompt(declared).output == OutputSchema({"type": "object"}, "x", strict=False)
    assert parse_prompt("---\nmodel: {parameters: {response_format: {type: text}}}\n---\nhi").output is None


@pytest.mark.parametrize(
    ("header", "mistakes"),
    [
        ("inputs: 3", [":2: inputs: must be a list of properties, not 3"]),
        ("name: {a: 1}", [":2: name: must be text"]),
        (
            "model: {apiType: telepathy}\nname: [1]",
            [":2: model.apiType: 'telepathy' is no kind of API", ":3: name: must be text"],
        ),
        ("inputs:\n  a: {type: strin}", [":3: inputs.a.type: 'strin' is no type; did you mean 'string'?"]),
        ("inputs:\n  a-b: {type: string}", [":3: inputs.a-b: 'a-b' is no name of a variable"]),
        ("inputs:\n- {name: a}\n- {name: a}", [":2: inputs: 'a' is declared twice"]),
        ("inputs:\n- {kind: string}", [":3: inputs.0: must be a property with a name"]),
        ("model:\n  parameters:\n    tools: 3", [":4: model.parameters.tools: must be a list of tools, not 3"]),
        (
            "model:\n  parameters:\n    tool_choice: maybe",
            [":4: model.parameters.tool_choice: 'maybe' is no choice of a tool"],
        ),
        (
            "model:\n  parameters:\n    response_format: yaml",
            [":4: model.parameters.response_format: 'yaml' is no response format"],
        ),
        ("sample: 3", [":2: sample: must be a mapping"]),
        ("template: {format: {kind: erb}}", [":2: template.format.kind: 'erb' is no template language"]),
        ("template: {format: jinja2, parser: {kind: xml}}", [":2: template.parser: 'xml' is no parser"]),
        ("a: [", [":3: not valid YAML"]),
        ("- a", [":2: the front matter must be keys with values"]),
    ],
)
def test_mistakes_are_listed_with_line_and_key(header: str, mistakes: list[str]) -> None:
    with pytest.raises(InvalidDocument) as error:
        parse_prompt(f"---\n{header}\n---\nuser:\nhi")
    said = error.value.message.splitlines()
    assert len(said) == len(mistakes)
    assert all(mistake in line for mistake, line in zip(mistakes, said, strict=True)), said


def test_front_matter_that_is_not_closed() -> None:
    with pytest.raises(InvalidDocument, match="prompt.prompty:2: the front matter is not closed"):
        parse_prompt("\n---\nname: x\nuser:\nhi")


def test_keys_that_nobody_reads_are_noted() -> None:
    (note,) = parse_prompt("---\nname: x\nmodle: gpt-4o\n---\nuser:\nhi").notes
    assert (note.line, note.key, note.text) == (3, "modle", "nobody reads 'modle': did you mean 'model'?")


def prompt_in(folder: Path, header: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "p.prompty"
    path.write_text(f"---\n{header}\n---\nuser:\n{{{{a}}}}\n", encoding="utf-8")
    return path


def test_references_are_whole_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "row.json").write_text('{"a": "from json"}')
    (tmp_path / "shared.yaml").write_text("a: {type: string, default: from yaml}")
    (tmp_path / "words.txt").write_text("from text\n")
    monkeypatch.setenv("TONE", "plain")
    folder = tmp_path / "prompts"
    assert read_prompt(prompt_in(folder, "sample: ${file:../row.json}"), root=tmp_path).sample == {"a": "from json"}
    assert read_prompt(prompt_in(folder, "sample: ../row.json"), root=tmp_path).files == ("row.json",)
    defaults = {
        "${env:TONE}": "plain",
        "${env:TONE:formal}": "plain",
        "${env:NOT_SET:formal}": "formal",
        '"${env:NOT_SET:}"': "",
        '"${env:NOT_SET:https://example.com/a:b}"': "https://example.com/a:b",
        "${file:../words.txt}": "from text\n",
    }
    for reference, value in defaults.items():
        path = prompt_in(
            folder,
            f"inputs: {{a: {{type: string, default: {reference if reference[0] == chr(34) else chr(34) + reference + chr(34)}}}}}",
        )
        assert read_prompt(path, root=tmp_path).inputs[0].default == value


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("${env:NOT_SET}", "the variable 'NOT_SET' is not set"),
        ("${env:OPENAI_API_KEY}", "'OPENAI_API_KEY' is named like a secret"),
        ("${env:GITHUB_TOKEN:x}", "'GITHUB_TOKEN' is named like a secret"),
        ("a${env:TONE}", "a reference is a whole value"),
        ("${env:TONE}b", "a reference is a whole value"),
        ("${file:none.txt}", "there is no file 'none.txt'"),
        ("${file:../../outside.txt}", "leads out of the project's folder"),
        ("${file:/etc/passwd}", "leads out of the project's folder"),
        ("${file:link.txt}", "leads out of the project's folder"),
        ("${file:../.env}", "is hidden"),
        ("${file:broken.json}", "cannot be read"),
        ("${file:bytes.txt}", "cannot be read"),
        ("${file:large.txt}", "is too large"),
        ("${file:folder}", "there is no file 'folder'"),
    ],
)
def test_references_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, problem: str
) -> None:
    monkeypatch.setenv("TONE", "plain")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-shown")
    monkeypatch.delenv("NOT_SET", raising=False)
    project = tmp_path / "project"
    (project / "prompts/folder").mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("secret")
    (project / ".env").write_text("KEY=secret")
    (project / "prompts/link.txt").symlink_to(tmp_path / "outside.txt")
    (project / "prompts/broken.json").write_text("{")
    (project / "prompts/bytes.txt").write_bytes(b"\xff\xfe")
    (project / "prompts/large.txt").write_text("a" * 1_000_001)
    path = prompt_in(project / "prompts", f'name: x\ninputs:\n  a:\n    type: string\n    default: "{reference}"')
    with pytest.raises(InvalidDocument) as error:
        read_prompt(path, root=project)
    (mistake,) = error.value.mistakes
    assert (mistake.line, mistake.key) == (6, "inputs.a.default")
    assert problem in mistake.problem
    assert "secret" not in mistake.problem.replace("like a secret", "")


def test_a_prompt_in_a_hidden_folder_has_its_files_there(tmp_path: Path) -> None:
    folder = tmp_path / ".github/prompts"
    path = prompt_in(folder, "sample: ${file:row.json}")
    (folder / "row.json").write_text('{"a": 1}')
    assert read_prompt(path, root=tmp_path).sample == {"a": 1}


def test_how_a_model_is_reached_is_never_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_KEY", "sk-not-shown")
    for text in (V1, V2):
        assert "sk-not-shown" not in repr(parse_prompt(text))


def test_a_models_name_may_wait_for_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "---\nmodel: {id: '${env:MODEL}'}\n---\nuser:\nhi"
    assert parse_prompt(text).model.name == "${env:MODEL}"
    monkeypatch.setenv("MODEL", "gpt-4o")
    assert parse_prompt(text).model.name == "gpt-4o"


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"\xff\xfe", "is not UTF-8"), (b"a" * 1_000_001, "is too large")],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes, problem: str) -> None:
    (tmp_path / "p.prompty").write_bytes(data)
    with pytest.raises(InvalidDocument, match=problem):
        read_prompt(tmp_path / "p.prompty")
    with pytest.raises(NotFound):
        read_prompt(tmp_path / "none.prompty")


def test_line_ends_of_windows_and_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "p.prompty").write_bytes(b"\xef\xbb\xbf---\r\nname: x\r\n---\r\nuser:\r\nhi\r\n")
    prompt = read_prompt(tmp_path / "p.prompty")
    assert (prompt.name, prompt.body) == ("x", "user:\nhi\n")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.prompty")
    with pytest.raises(InvalidDocument, match="is no file but a pipe"):
        read_prompt(tmp_path / "a.prompty")
