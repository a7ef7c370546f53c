"""Folders of containers, started by the very command that their Dockerfile has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx2
import pytest
import yaml

import ferrata
from ferrata.errors import UsageError
from ferrata.flows import FlowError
from ferrata.flows.containers import build_container

DAG = """
    inputs: {question: {type: string}}
    outputs: {answer: {type: string, reference: "${say.output}"}}
    # what it shares with others
    additional_includes:
      - ../shared/words.py
      - ../shared/data
    nodes:
    - name: say
      type: python
      source: {type: code, path: say.py}
      inputs: {question: "${inputs.question}", chat: my chat}
      use_variants: false
"""
SAY_PY = """
    from pathlib import Path

    from promptflow.connections import AzureOpenAIConnection
    from promptflow.core import tool
    from words import polite


    @tool
    def say(question: str, chat: AzureOpenAIConnection) -> str:
        return f"{polite(question)} {Path('data/sign.txt').read_text()} {chat.api_base} {chat.api_key}"
"""


@pytest.fixture
def flow(make_flow) -> Path:
    folder = make_flow(
        DAG, name="polite", say_py=SAY_PY, requirements_txt="tabulate==0.9\npromptflow-tools>=1\n# end\n"
    )
    shared = make_flow(name="shared", words_py="def polite(text):\n    return f'please, {text}'\n")
    (shared / "data").mkdir()
    (shared / "data/sign.txt").write_text("signed")
    (folder / ".env").write_text("KEY=secret-1")
    return folder


def texts_of(folder: Path) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def test_the_folder_has_all_that_the_flow_needs_and_no_secret(flow: Path, tmp_path: Path) -> None:
    declared = tmp_path / "connections.yaml"
    declared.write_text(
        "my chat: {type: azure_open_ai, api_base: https://secret-2.example, api_key: secret-3, api_version: 2024-06-01}\n"
        "other: {type: open_ai, api_key: secret-4}\n"
    )
    built = build_container(flow, tmp_path / "out", connections=declared)
    assert [one.name for one in built.variables] == ["MY_CHAT_API_BASE", "MY_CHAT_API_KEY"]
    assert yaml.safe_load((built.folder / "connections.yaml").read_text()) == {
        "my chat": {
            "type": "azure_open_ai",
            "api_base": "${env:MY_CHAT_API_BASE}",
            "api_key": "${env:MY_CHAT_API_KEY}",
            "api_version": yaml.safe_load("2024-06-01"),
        }
    }
    assert json.loads((built.folder / "settings.json").read_text()) == {"MY_CHAT_API_BASE": "", "MY_CHAT_API_KEY": ""}
    assert "secret-" not in texts_of(built.folder)
    dag = (built.folder / "flow/polite/flow.dag.yaml").read_text()
    assert "additional_includes" not in dag and "# what it shares with others" in dag
    assert (built.folder / "flow/polite/data/sign.txt").read_text() == "signed"
    lines = (built.folder / "requirements.txt").read_text().splitlines()
    assert lines == [f"ferrata=={ferrata.__version__}", "tabulate==0.9", "# end"]
    assert built.dropped == ("promptflow-tools>=1",)
    docker = (built.folder / "Dockerfile").read_text()
    assert "USER 10001" in docker and "FROM python:3.11-slim" in docker and "COPY connections.yaml" in docker
    assert "- `promptflow-tools>=1`" in (built.folder / "README.md").read_text()


def test_the_containers_command_serves_the_flow(flow: Path, tmp_path: Path) -> None:
    built = build_container(flow, tmp_path / "out")
    (line,) = [line for line in (built.folder / "Dockerfile").read_text().splitlines() if line.startswith("CMD [")]
    program, *words = json.loads(line.removeprefix("CMD "))
    assert program == "ferrata"
    words[words.index("--port") + 1] = "0"
    words[words.index("--host") + 1] = "127.0.0.1"
    environment = {"MY_CHAT_API_BASE": "base", "MY_CHAT_API_KEY": "key"}
    environment["PYTHONPATH"] = str(Path(ferrata.__file__).parents[1])
    (tmp_path / "shared").rename(tmp_path / "elsewhere")  # the container has its own copy
    process = subprocess.Popen(
        [sys.executable, "-m", program, *words],
        cwd=built.folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        found = httpx2.post(f"{url}/score", json={"question": "who?"}, trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert found.json() == {"answer": "please, who? signed base key"}


def test_a_chosen_variant_is_in_the_command(make_flow, tmp_path: Path) -> None:
    dag = """
        outputs: {out: {type: string, reference: "${say.output}"}}
        nodes: [{name: say, use_variants: true}]
        node_variants:
          say:
            default_variant_id: one
            variants:
              one: {node: {type: llm, source: {type: code, path: a.jinja2}, connection: first, api: chat, provider: OpenAI}}
              two: {node: {type: llm, source: {type: code, path: a.jinja2}, connection: second, api: chat, provider: OpenAI}}
    """
    folder = make_flow(dag, name="variants", a_jinja2="user:\nHi\n")
    built = build_container(folder, tmp_path / "out", variants={"say": "two"})
    assert [one.name for one in built.variables] == ["SECOND_API_KEY"]
    assert '"--variant", "say.two"' in (built.folder / "Dockerfile").read_text()


def test_custom_connections_keep_their_parts(make_flow, tmp_path: Path) -> None:
    folder = make_flow(
        name="function", go_py="def go(text):\n    return text\n", **{"flow.flex_yaml": "entry: go:go\n"}
    )
    (folder / "flow.flex.yaml").write_text("entry: go:go\nenvironment_variables: {KEY: '${mine.key}'}\n")
    declared = tmp_path / "mine.yaml"
    declared.write_text("name: mine\ntype: custom\nconfigs: {url: here}\nsecrets: {key: '${env:KEPT}'}\n")
    built = build_container(folder, tmp_path / "out", connections=declared)
    assert yaml.safe_load((built.folder / "connections.yaml").read_text()) == {
        "mine": {"type": "custom", "configs": {"url": "${env:MINE_URL}"}, "secrets": {"key": "${env:KEPT}"}}
    }


def test_what_cannot_be_built_is_told(flow: Path, make_flow, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lies in the flow's own folder"):
        build_container(flow, flow / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a").touch()
    with pytest.raises(UsageError, match="not empty"):
        build_container(flow, tmp_path / "full")
    code = SAY_PY.replace("AzureOpenAIConnection", "CustomConnection")
    (flow / "say.py").write_text(textwrap.dedent(code))
    with pytest.raises(UsageError, match="names the connection 'my chat', and nothing says what it holds"):
        build_container(flow, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    missing = make_flow("additional_includes: [../nowhere.py]\ninputs: {}\nnodes: []\n", name="missing")
    with pytest.raises(FlowError, match="names '../nowhere.py', which there is not"):
        build_container(missing, tmp_path / "out2")
    assert not (tmp_path / "out2/flow").exists()


def test_a_function_is_served_by_its_name(make_flow, tmp_path: Path) -> None:
    folder = make_flow(name="plain", answer_py="def answer(text):\n    return text\n")
    built = build_container(folder / "answer.py:answer", tmp_path / "out")
    assert '"serve", "flow/plain/answer.py:answer"' in (built.folder / "Dockerfile").read_text()
