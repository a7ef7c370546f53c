"""Rows of promptfoo's tests, OpenAI eval items and chats; the examples are our own, in the shapes that those projects document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.datasets import detect_format, read_any
from ferrata.errors import InvalidDocument, NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def rows_of(tmp_path: Path, name: str, text: str):
    path = tmp_path / name
    path.write_text(text)
    return [(row.values, row.place.removeprefix(f"{tmp_path}/"), row.problem) for row in read_any(path)]


TESTS = """\
description: support
defaultTest:
  vars: {tone: calm}
  assert:
    - {type: cost, threshold: 0.01}
tests:
  - description: returns
    vars:
      question: "May I return shoes?"
    assert:
      - type: contains
        value: 30 days
  - vars:
      question: [one, two]
      tone: [a, b]
  - vars: {question: "q"}
    options: {disableVarExpansion: true}
    metadata: {topic: sizes}
"""


def test_promptfoos_tests_are_rows(tmp_path: Path) -> None:
    cost = {"type": "cost", "threshold": 0.01}
    assert rows_of(tmp_path, "promptfooconfig.yaml", TESTS) == [
        (
            {
                "tone": "calm",
                "question": "May I return shoes?",
                "description": "returns",
                "assert": [cost, {"type": "contains", "value": "30 days"}],
            },
            "promptfooconfig.yaml:7",
            "",
        ),
        *(
            ({"tone": tone, "question": question, "assert": [cost]}, "promptfooconfig.yaml:13", "")
            for tone in "ab"
            for question in ("one", "two")
        ),
        (
            {
                "tone": "calm",
                "question": "q",
                "metadata": {"topic": "sizes"},
                "options": {"disableVarExpansion": True},
                "assert": [cost],
            },
            "promptfooconfig.yaml:16",
            "",
        ),
    ]


def test_a_bare_list_of_tests_with_wrong_ones_among_them(tmp_path: Path) -> None:
    text = "- vars: {q: 1}\n- no test\n- 7\n- assert: []\n- vars: {q: 1}\n  assert: {type: x}\n- vars: {assert: 1}\n"
    found = rows_of(tmp_path, "tests.yml", text)
    assert [place for _, place, _ in found] == [f"tests.yml:{line}" for line in (1, 2, 3, 4, 5, 7)]
    assert [problem for _, _, problem in found] == [
        "",
        "its tests are in another place, 'no test': give that file instead",
        "a test must be a mapping with `vars`",
        "the test has no `vars`",
        "`assert` must be a list",
        "the variable 'assert' has the name of one of promptfoo's own keys",
    ]


@pytest.mark.parametrize("text", ["", "a: 1\n", "7\n"])
def test_yaml_without_tests_is_one_broken_row(tmp_path: Path, text: str) -> None:
    ((values, _, problem),) = rows_of(tmp_path, "x.yaml", text)
    assert (values, problem) == ({}, "must be a list of tests, or a mapping with `tests`")


def test_wrong_yaml_says_where(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match=r"x.yaml:3: not valid YAML"):
        rows_of(tmp_path, "x.yaml", "a: 1\nb: [\n")


def test_promptfoos_table_has_its_expectations_as_assertions(tmp_path: Path) -> None:
    text = (
        "question,__expected1,__expected2,__description,__threshold,__metadata:topic\n"
        '"a, ""b""\nc",contains: 30 days,not-icontains: sorry,quoted,0.5,x\n'
        'd,"contains-any: a, b",similar(0.8): yes,,,\n'
        "e,just this,grade: is polite,,,\n"
        "f,is-json,Note: keep,,often,\n"
    )
    found = rows_of(tmp_path, "tests.csv", text)
    assert [values for values, _, _ in found] == [
        {
            "question": 'a, "b"\nc',
            "assert": [{"type": "contains", "value": "30 days"}, {"type": "not-icontains", "value": "sorry"}],
            "description": "quoted",
            "threshold": 0.5,
            "metadata": {"topic": "x"},
        },
        {
            "question": "d",
            "assert": [
                {"type": "contains-any", "value": ["a", "b"]},
                {"type": "similar", "value": "yes", "threshold": 0.8},
            ],
        },
        {
            "question": "e",
            "assert": [{"type": "equals", "value": "just this"}, {"type": "llm-rubric", "value": "is polite"}],
        },
        {
            "question": "f",
            "assert": [{"type": "is-json"}, {"type": "equals", "value": "Note: keep"}],
            "threshold": "often",
        },
    ]
    assert [place for _, place, _ in found] == ["tests.csv:2", "tests.csv:4", "tests.csv:5", "tests.csv:6"]


def test_items_of_openai_evals(tmp_path: Path) -> None:
    text = '{"item": {"q": "1+1", "a": 2}}\n{"item": {"q": "x"}, "sample": {"output_text": "y"}}\n{"item": 3}\nno\n'
    assert rows_of(tmp_path, "items.jsonl", text) == [
        ({"q": "1+1", "a": 2}, "items.jsonl:1", ""),
        ({"q": "x", "response": "y", "sample": {"output_text": "y"}}, "items.jsonl:2", ""),
        ({}, "items.jsonl:3", "`item` must be an object, as in every row of OpenAI eval items"),
        ({}, "items.jsonl:4", "not valid JSON: Expecting value at column 1"),
    ]


def test_chats_have_a_query_and_a_response(tmp_path: Path) -> None:
    text = (
        '{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "q"}]},'
        ' {"role": "assistant", "content": "a"}]}\n'
        '{"messages": [{"role": "user", "content": "open"}]}\n{"messages": "x"}\n{"messages": []}\n'
    )
    found = rows_of(tmp_path, "train.jsonl", text)
    assert [(v.get("query"), v.get("response"), len(v.get("messages", []))) for v, _, _ in found[:2]] == [
        ("q", "a", 3),
        ("open", None, 1),
    ]
    assert [problem for _, _, problem in found[2:]] == ["`messages` must be a list of objects, each with a `role`"] * 2


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("a.jsonl", '{"query": "q", "response": "r", "ground_truth": "g", "context": "c"}', "rows"),
        ("a.jsonl", '{"item": {"q": 1}, "query": "q"}', "rows"),
        ("a.jsonl", '{"messages": [{"role": "user", "content": "x"}], "ground_truth": "g"}', "rows"),
        ("a.jsonl", "broken\n" + '{"item": {"q": 1}}', "openai-evals"),
        ("a.jsonl", "", "rows"),
        ("a.csv", "q,__expected\n1,2\n", "promptfoo"),
        ("a.csv", "q,expected\n1,2\n", "rows"),
    ],
)
def test_the_format_is_told_by_the_content(tmp_path: Path, name: str, text: str, format: str) -> None:
    (tmp_path / name).write_text(text)
    assert detect_format(tmp_path / name) == format


def test_what_is_not_there_or_of_another_format(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such data"):
        list(read_any(tmp_path / "gone.jsonl"))
    (tmp_path / "x.yaml").write_text("- vars: {a: 1}\n")
    with pytest.raises(UsageError, match="is YAML, which only promptfoo's tests are"):
        list(read_any(tmp_path / "x.yaml", "rows"))
