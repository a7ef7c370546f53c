"""The app brings prompts, versions and models together."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

from ferrata.app import open_app
from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.flows import FlowError
from ferrata.prompts import prompt_files, read_prompt, render_prompt
from ferrata.refs import Ref

if TYPE_CHECKING:
    from pathlib import Path

SUPPORT = Ref("prompt", "support")
TEXT = "---\nname: support\nmodel: {id: small}\nsample: ${file:rows/one.json}\n---\nuser:\n{{q}}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FERRATA_STORE", raising=False)
    (tmp_path / "ferrata.yaml").write_text(
        "models: {default: fake/echo, a: fake/small, b: fake/twice, c: fake/twice}\n"
    )
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows/one.json").write_text('{"q": "Where?"}')
    (tmp_path / "support.prompty").write_text(TEXT)
    return tmp_path


def test_a_prompt_is_a_file_or_a_version(project: Path) -> None:
    with open_app(project) as app:
        prompt = app.prompt("support.prompty")
        assert (prompt.version, prompt.path) == ("", project / "support.prompty")
        with pytest.raises(NotFound, match="no asset 'prompt/support'"):
            app.prompt("prompt/support")
        assert not (project / ".ferrata").exists()
        app.registry.register(SUPPORT, prompt_files(prompt))
        app.registry.register(SUPPORT, {"support.prompty": b"---\nname: [\n---\n"})
        app.registry.move(Ref.parse("prompt/support@production"), to=1)
        for name in ("prompt/support@1", "prompt/support@production"):
            found = app.prompt(name)
            assert found.version == "prompt/support@1"
            assert [message.text for message in render_prompt(found)] == ["Where?"]
        with pytest.raises(InvalidDocument, match="^prompt/support@2/support.prompty:3: "):
            app.prompt("prompt/support")
        with pytest.raises(NotFound, match="no alias 'staging'"):
            app.prompt("prompt/support@staging")
        with pytest.raises(UsageError, match="not a reference"):
            app.prompt("prompt/support@")


def test_a_file_may_be_named_like_an_asset(project: Path) -> None:
    (project / "prompt").mkdir()
    (project / "prompt/support").write_text("user:\nOf the file\n")
    (project / "prompt/other.prompty").write_text("user:\nOf the other\n")
    with open_app(project) as app:
        assert app.prompt("prompt/support").body == "user:\nOf the file\n"
        assert app.prompt("prompt/other.prompty").body == "user:\nOf the other\n"
        app.registry.register(SUPPORT, {"a.prompty": b"user:\nOf the version\n"})
        assert app.prompt("prompt/support@1").body == "user:\nOf the version\n"


def test_the_files_of_a_version_go_with_the_prompt(project: Path) -> None:
    with open_app(project) as app:
        app.registry.register(SUPPORT, prompt_files(app.prompt("support.prompty")))
        prompt = app.prompt("prompt/support")
        folder = prompt.root
        assert (folder / "rows/one.json").is_file()
        assert folder.stat().st_mode & 0o077 == 0
        del prompt
        gc.collect()
        assert not folder.exists()


@pytest.mark.parametrize(
    ("model", "asked"),
    [("small", "fake/small"), ("a", "fake/small"), ("twice", "fake/echo"), ("", "fake/echo"), ("none", "fake/echo")],
)
def test_the_model_of_a_prompt_is_the_one_that_it_names(project: Path, model: str, asked: str) -> None:
    (project / "support.prompty").write_text(TEXT.replace("small", model or "''"))
    with open_app(project) as app:
        prompt = app.prompt("support.prompty")
        assert app.chat_model(prompt=prompt).name == asked
        assert app.chat_model("fake/named", prompt=prompt).name == "fake/named"


def test_the_files_of_a_prompt_are_the_same_wherever_its_project_lies(project: Path) -> None:
    deep = project / "apps/bot"
    (deep / "prompts").mkdir(parents=True)
    (deep / "rows").mkdir()
    (deep / "rows/one.json").write_text('{"q": "Where?"}')
    (deep / "prompts/a.prompty").write_text(TEXT.replace("rows/", "../rows/"))
    files = {"prompts/a.prompty", "rows/one.json"}
    assert set(prompt_files(read_prompt(deep / "prompts/a.prompty", root=project))) == files
    assert set(prompt_files(read_prompt(deep / "prompts/a.prompty", root=deep))) == files
    (project / "plain.prompty").write_text("user:\n![image](https://example.com/x.png) ![image](none.png)\n")
    assert set(prompt_files(read_prompt(project / "plain.prompty", root=project))) == {"plain.prompty"}


def test_vendors_and_wire_formats_of_the_project_file_are_checked_at_their_place(tmp_path: Path) -> None:
    (tmp_path / "ferrata.yaml").write_text(
        "models:\n  good: local/smollm2\n  a: opnai/x\n  b:\n    vendor: anthropic\n    model: m\n    wire: smtp\n"
    )
    with open_app(tmp_path) as app, pytest.raises(InvalidDocument) as caught:
        app.chat_model("good")
    found = [(m.line, m.key, m.problem) for m in caught.value.mistakes]
    assert found == [
        (3, "models.a.vendor", "no vendor 'opnai'; did you mean openai or azure-openai?"),
        (
            7,
            "models.b.wire",
            "Anthropic does not speak the wire format 'smtp'; it speaks anthropic-messages",
        ),
    ]
    assert {m.file for m in caught.value.mistakes} == {str(tmp_path / "ferrata.yaml")}


def test_a_flow_is_a_folder_or_a_version_in_a_folder_of_its_own(project: Path) -> None:
    files = {"flow.flex.yaml": b"entry: e:f\n", "e.py": b"def f(x: str):\n    return x + x\n"}
    with open_app(project) as app:
        with pytest.raises(NotFound, match="no asset 'flow/support@1'"):
            app.flow("flow/support@1")
        app.registry.register(Ref("flow", "support"), files)
        loaded = app.flow("flow/support@1")
        try:
            assert asyncio.run(loaded.line({"x": "a"})).output == {"output": "aa"}
            folder = loaded.folder
            assert (folder.name, (folder / "e.py").is_file()) == ("support", True)
        finally:
            loaded.close()
        assert not folder.parent.exists()
        app.registry.register(Ref("flow", "broken"), {"flow.flex.yaml": b"entry: gone:f\n"})
        with pytest.raises(FlowError):
            app.flow("flow/broken@1")
