from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ferrata.datasets import read_description
from ferrata.errors import Conflict, InvalidDocument, NotFound, UsageError
from ferrata.evals import Assertions, Imported, files_of, import_promptfoo, write_imported
from ferrata.prompts import parse_prompt, read_prompt, render_prompt

if TYPE_CHECKING:
    from pathlib import Path

NOT_RUN = "it is code of the configuration, which is not run; it stays in the data without a score"


def imported(folder: Path, **config: Any) -> Imported:
    folder.mkdir(exist_ok=True)
    (folder / "promptfooconfig.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return import_promptfoo(folder, name="demo")


def said(messages: Any) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in messages]


def test_a_chat_says_the_same_here(tmp_path: Path) -> None:
    chat = [
        {"role": "system", "content": "You help {{who}}.\nuser:\nis no role"},
        {"role": "user", "content": "{{question}}"},
    ]
    found = imported(tmp_path, prompts=[json.dumps(chat)], tests=[{"vars": {"who": "Ann", "question": "Why?"}}])
    prompt = parse_prompt(found.prompts[0].text)
    assert prompt.dialect == "prompty-v2"
    assert said(render_prompt(prompt, {"who": "Ann", "question": "Why?"})) == [
        ("system", "You help Ann.\nuser:\nis no role"),
        ("user", "Why?"),
    ]


def test_prompts_come_from_files_and_programs_are_left(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("One {{q}}\n---\nTwo {{q | upper}}\n", encoding="utf-8")
    (tmp_path / "list.csv").write_text('prompt,label\n"Three {{q}}",third\n', encoding="utf-8")
    found = imported(
        tmp_path,
        prompts=["file://many.txt", {"id": "file://list.csv"}, "file://make.py:run", "exec:./x.sh", "langfuse://a:1"],
        tests=[{"vars": {"q": "x"}}],
    )
    assert [prompt.name for prompt in found.prompts] == ["many-1", "many-2", "third"]
    assert said(render_prompt(parse_prompt(found.prompts[1].text), {"q": "x"})) == [("user", "Two X")]
    assert [note.what for note in found.left] == [
        "prompt 'file://make.py:run'",
        "prompt 'exec:./x.sh'",
        "prompt 'langfuse://a:1'",
    ]


def test_the_first_model_is_named_and_no_key_is_written(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        prompts=["{{q}}"],
        providers=[{"id": "openai:chat:gpt-5-mini", "config": {"temperature": 0, "apiKey": "sk-secret"}}, "ollama:x"],
        tests=[{"vars": {"q": "x"}}],
    )
    prompt = parse_prompt(found.prompts[0].text)
    assert (prompt.model.provider, prompt.model.name, prompt.model.parameters) == (
        "openai",
        "gpt-5-mini",
        {"temperature": 0},
    )
    assert "sk-secret" not in "".join(files_of(found).values())
    assert [note.what for note in found.left] == ["setting 'apiKey' of the model"]
    assert [note.what for note in found.changed] == ["provider 'ollama:x'"]


def test_lists_of_variables_are_combined_and_filled_into_assertions(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        prompts=["{{q}}"],
        tests=[
            {
                "vars": {"q": "capital of {{c.name}}?", "c": [{"name": "France"}, {"name": "Spain"}], "n": ["1", "2"]},
                "assert": [{"type": "contains", "value": "{{ c.name }} {{n}}"}],
            }
        ],
    )
    rows = found.data[0].rows
    assert [row["q"] for row in rows][::2] == ["capital of France?", "capital of Spain?"]
    assert [row["assert"][0]["value"] for row in rows] == ["France 1", "France 2", "Spain 1", "Spain 2"]


def test_defaults_templates_sets_and_scenarios_are_worked_out(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        prompts=["{{q}}"],
        defaultTest={"vars": {"lang": "en"}, "assert": [{"type": "latency", "threshold": 9}], "threshold": 0.5},
        assertionTemplates={"short": {"type": "word-count", "value": {"max": 3}}},
        tests=[
            {"vars": {"q": "a"}, "assert": [{"$ref": "#/assertionTemplates/short", "weight": 2}]},
            {"vars": {"q": "b"}, "options": {"disableDefaultAsserts": True}, "threshold": 1},
        ],
        scenarios=[{"config": [{"vars": {"lang": "fr"}}, {"vars": {"lang": "de"}}], "tests": [{"vars": {"q": "c"}}]}],
    )
    rows = found.data[0].rows
    latency = {"type": "latency", "threshold": 9}
    assert rows[0]["assert"] == [latency, {"type": "word-count", "value": {"max": 3}, "weight": 2}]
    assert (rows[1]["assert"], rows[1]["assert_threshold"]) == ([], 1)
    assert [(row["q"], row["lang"], row["assert_threshold"]) for row in rows] == [
        ("a", "en", 0.5),
        ("b", "en", 1),
        ("c", "fr", 0.5),
        ("c", "de", 0.5),
    ]
    takes = found.evals["demo"]["evaluators"][0]["map"]
    assert takes["latency_ms"] == "${target.latency_ms}"
    assert takes["assertions_threshold"] == "${data.assert_threshold}"


def test_lines_of_csv_are_tests(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "q,__expected1,__expected2,__threshold,__metadata:tags[],__config:__expected1:threshold,__odd\n"
        '2+2?,"levenshtein: 4",not-contains: five,0.5,"a, b",2,x\n',
        encoding="utf-8",
    )
    found = imported(tmp_path, prompts=["{{q}}"], tests="file://t.csv")
    assert found.data[0].rows == [
        {
            "id": "1",
            "q": "2+2?",
            "metadata": {"tags": ["a", "b"]},
            "assert": [
                {"type": "levenshtein", "value": "4", "threshold": 2.0},
                {"type": "not-contains", "value": "five"},
            ],
            "assert_threshold": 0.5,
        }
    ]
    assert [str(note) for note in found.left] == ["column '__odd': it is not known here"]


def test_code_is_kept_for_its_owner_and_named(tmp_path: Path) -> None:
    checks = [{"type": "javascript", "value": "output.length < 10"}, {"type": "contains", "value": "file://check.py"}]
    found = imported(tmp_path, prompts=["{{q}}"], tests=[{"vars": {"q": "x"}, "assert": checks}])
    assert found.code == {"demo.js.txt": "output.length < 10\n", "demo.py.txt": "file://check.py\n"}
    assert [str(note) for note in found.left] == [
        f"assertion 'javascript' in 1 row: {NOT_RUN}",
        f"assertion 'python' in 1 row: {NOT_RUN}",
    ]


def test_nothing_outside_of_the_project_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    found = imported(tmp_path / "in", prompts=["file://../secret.txt"], tests=[{"vars": {"q": "file://../secret.txt"}}])
    assert "secret\n" not in "".join(files_of(found).values())
    assert all("lies outside of" in note.why for note in found.left)
    assert len(found.left) == 2


def test_a_variable_that_some_rows_lack_may_be_missing(tmp_path: Path) -> None:
    found = imported(tmp_path, prompts=["{{a}}{{b}}"], tests=[{"vars": {"a": "1", "b": "2"}}, {"vars": {"a": "3"}}])
    assert said(render_prompt(parse_prompt(found.prompts[0].text), {"a": "3"})) == [("user", "3")]


def test_what_is_not_known_is_named(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        prompts=["{{q}}"],
        nunjucksFilters={},
        surprise=1,
        tests=[{"vars": {"q": "x"}, "options": {"transform": "x", "prefix": "y"}, "provider": "z"}, "https://a.b/c"],
    )
    assert [note.what for note in found.left] == [
        "`nunjucksFilters`",
        "`surprise`",
        "`provider` of tests",
        "`options.prefix` of tests",
        "`options.transform` of tests",
        "tests 'https://a.b/c'",
    ]


def test_what_is_no_configuration_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no configuration of promptfoo"):
        import_promptfoo(tmp_path)
    (tmp_path / "x.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(InvalidDocument, match="neither `prompts` nor `tests`"):
        import_promptfoo(tmp_path / "x.yaml")
    with pytest.raises(UsageError, match="is a program"):
        import_promptfoo(tmp_path / "x.js")


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    found = imported(
        tmp_path, prompts=["{{q}}"], tests=[{"vars": {"q": "x"}, "assert": [{"type": "equals", "value": "X"}]}]
    )
    paths = ["data/demo.jsonl", "data/demo.dataset.yaml", "prompts/demo.prompty", "evals/demo.yaml"]
    assert write_imported(found, project) == paths
    assert write_imported(found, project) == []
    origin = read_description(project / paths[1]).origin
    assert (origin.origin, [step["step"] for step in origin.steps], origin.steps[-1]["rows"]) == (
        "import",
        ["import", "write"],
        1,
    )
    (project / paths[2]).write_text("mine", encoding="utf-8")
    (project / paths[0]).unlink()
    with pytest.raises(Conflict, match=r"prompts/demo\.prompty"):
        write_imported(found, project)
    assert not (project / paths[0]).exists()
    assert write_imported(found, project, replace=True) == [paths[0], paths[2]]
    assert read_prompt(project / paths[2]).name == "demo"
    row = json.loads((project / paths[0]).read_text(encoding="utf-8"))
    assert Assertions()(response="X", assertions=row["assert"])["assertions_result"] == "pass"


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (project / "data").symlink_to(elsewhere)
    found = imported(tmp_path, prompts=["{{q}}"], tests=[{"vars": {"q": "x"}}])
    with pytest.raises(UsageError, match="behind a link"):
        write_imported(found, project)
    assert list(elsewhere.iterdir()) == []
