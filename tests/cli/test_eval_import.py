from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CONFIG = """\
prompts: ['{{q}}']
providers: [openai:gpt-5-mini]
sharing: true
tests:
  - vars: {q: x}
    assert: [{type: contains, value: x}, {type: llm-rubric, value: kind}]
"""


def test_an_import_reports_what_came_and_what_did_not(ferrata, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    ran = ferrata("eval", "import", "promptfoo", tmp_path / "c.yaml", "--project", tmp_path, "--name", "shop")
    assert ran.status == 0
    assert ran.out.startswith("taken over from promptfoo: 1 prompt, 1 test\n")
    assert "  `sharing`: nothing is uploaded" in ran.out
    assert "assertion 'llm-rubric' in 1 row: a model has to be asked" in ran.out
    assert (tmp_path / "data/shop.jsonl").is_file()


def test_a_dry_run_writes_nothing(ferrata, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    project = tmp_path / "project"
    project.mkdir()
    ran = ferrata("eval", "import", "promptfoo", tmp_path / "c.yaml", "--project", project, "--dry-run", "--json")
    about = json.loads(ran.out)
    assert about["written"] == []
    assert len(about["would_write"]) == 4
    assert {"what": "`sharing`", "why": "nothing is uploaded"} in about["left"]
    assert list(project.iterdir()) == []


def test_a_mistake_is_said_without_a_traceback(ferrata, tmp_path: Path) -> None:
    ran = ferrata("eval", "import", "promptfoo", tmp_path / "none.yaml")
    assert ran.status == 2
    assert "no such file" in ran.err


def test_a_key_that_is_not_there_is_said(ferrata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ran = ferrata("eval", "import", "openai-evals", "--url", "http://127.0.0.1:9")
    assert ran.status == 2
    assert "the variable 'OPENAI_API_KEY' is not set" in ran.err


def test_a_server_that_is_not_there_is_said(ferrata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    ran = ferrata("eval", "import", "openai-evals", "--url", "http://127.0.0.1:9", "--key-env", "MY_KEY")
    assert ran.status == 3
    assert "hint: is the address right" in ran.err
    assert "sk-secret" not in ran.err + ran.out


def test_saved_evals_and_prompts_are_read(ferrata, tmp_path: Path) -> None:
    value = {"object": "eval", "id": "eval_1", "name": "Shop", "testing_criteria": []}
    (tmp_path / "a.json").write_text(json.dumps(value), encoding="utf-8")
    ran = ferrata("eval", "import", "openai-evals", tmp_path, "--project", tmp_path)
    assert "taken over from openai-evals: eval 'shop': 0 rows, 0 evaluators, 0 runs" in ran.out
    (tmp_path / "p.json").write_text('{"id": "pmpt_1", "messages": "Be kind"}', encoding="utf-8")
    ran = ferrata("eval", "import", "openai-prompts", tmp_path / "p.json", "--project", tmp_path, "--name", "kind")
    assert (tmp_path / "prompts/kind.prompty").read_text(encoding="utf-8").endswith("system:\nBe kind\n")
