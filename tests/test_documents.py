from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, HttpUrl

from ferrata import documents
from ferrata.documents import Document, read_document
from ferrata.errors import InvalidDocument, NotFound
from ferrata.yamls import line_of, read_yaml


class Inner(Document):
    size: int


class Outer(Document):
    name: str
    parts: list[Inner] = []


def no_x(text: str) -> str:
    if text == "x":
        raise ValueError("must be something else")
    return text


class Wide(Document):
    model: Annotated[str, Field(min_length=1, max_length=9), AfterValidator(no_x)] = "a"
    code: Annotated[str, Field(pattern="^a+$", min_length=2)] = "aa"
    count: Annotated[int, Field(ge=1, lt=9)] = 1
    share: Annotated[float, Field(gt=0, le=0.5)] = 0.5
    sure: bool = True
    names: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    kinds: dict[Literal["a", "b"], list[str | dict[str, Any]]] = {}
    by_name: dict[str, Inner | None] = {}
    inner: Annotated[Inner | None, Field()] = None
    day: date | None = None
    page: HttpUrl | None = None
    pair: tuple[int, int] = (1, 2)


def read(tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(path, Outer)


def mistakes(tmp_path, text):
    with pytest.raises(InvalidDocument) as caught:
        read(tmp_path, text)
    return [(m.line, m.key, m.problem) for m in caught.value.mistakes]


def test_a_good_document(tmp_path):
    assert read(tmp_path, "name: a\nparts:\n  - size: 3\n") == Outer(name="a", parts=[Inner(size=3)])


def test_a_key_that_stands_twice(tmp_path):
    assert mistakes(tmp_path, "name: a\nparts:\n  - size: 3\n    size: 4\nname: b\n") == [
        (4, "parts.0.size", "the key 'size' stands here twice"),
        (5, "name", "the key 'name' stands here twice"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {x: 1}\nb: {<<: *a, x: 2}\n",
        "a: &a {x: 1}\nb: {c: &c {<<: *a, x: 2}}\nd: {<<: *c, x: 3}\n",
        "1: a\n'1': b\n",
    ],
)
def test_keys_that_stand_once(text):
    assert isinstance(read_yaml(text, file="x"), dict)


def test_twice_where_it_is_merged_is_twice():
    with pytest.raises(InvalidDocument) as caught:
        read_yaml("a: &a {x: 1, x: 2}\nb: {c: 1, <<: *a}\n", file="x.yaml")
    assert [(m.file, m.line, m.key) for m in caught.value.mistakes] == [("x.yaml", 1, "a.x")]


def test_all_mistakes_at_once_with_line_and_key(tmp_path):
    found = mistakes(tmp_path, "nam: a\nparts:\n  - size: 3\n  - size: many\n    color: red\n")
    assert [(line, key) for line, key, _ in found] == [
        (1, "nam"),
        (1, "name"),
        (4, "parts.1.size"),
        (5, "parts.1.color"),
    ]


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("modle: a", "modle", "unknown key 'modle'; did you mean 'model'?"),
        ("inner: {sise: 1, size: 1}", "inner.sise", "unknown key 'sise'; did you mean 'size'?"),
        ("by_name: {x: {size: 1, colour: 1}}", "by_name.x.colour", "unknown key 'colour'; the keys here are size"),
        ("inner: {}", "inner.size", "missing"),
        ("by_name: {x: {}}", "by_name.x.size", "missing"),
        ("by_name: {x: 3}", "by_name.x", "must be a mapping, not 3"),
        ("by_name: [x]", "by_name", "must be a mapping, not a list"),
        ("model: 3", "model", "must be text, not 3"),
        ("model:", "model", "must be text, not nothing"),
        ("model: ''", "model", "must not be empty"),
        ("model: 0123456789", "model", "must have a length of at most 9, not 10"),
        ("model: x", "model", "must be something else"),
        ("code: a", "code", "must have a length of at least 2"),
        ("code: abc", "code", "must match ^a+$, not 'abc'"),
        ("count: x", "count", "must be a whole number, not 'x'"),
        ("count: 1.5", "count", "must be a whole number, not 1.5"),
        ("count: 0", "count", "must be at least 1, not 0"),
        ("count: 9", "count", "must be less than 9, not 9"),
        ("share: [1]", "share", "must be a number, not a list"),
        ("share: 0", "share", "must be more than 0, not 0"),
        ("share: 0.6", "share", "must be at most 0.5, not 0.6"),
        ("sure: maybe", "sure", "must be true or false, not 'maybe'"),
        ("names: {a: b}", "names", "must be a list, not a mapping"),
        ("names: []", "names", "must not be empty"),
        ("names: [a, b, c]", "names", "must have a length of at most 2, not 3"),
        ("names: [a, yes]", "names.1", "must be text, not true"),
        ("kinds: {c: []}", "kinds.c", "must be 'a' or 'b', not 'c'"),
        ("kinds: {a: [x, 5]}", "kinds.a.1", "must be text or a mapping, not 5"),
        ("day: soon", "day", "must be a date, as 2026-03-01, not 'soon'"),
        ("page: 'javascript:alert(1)'", "page", "must be a web address (http:// or https://), not 'javascript:alert(1)'"),
        ("page: a", "page", "must be a web address (http:// or https://), not 'a'"),
        ("pair: [1]", "pair.1", "missing"),
        (f"count: {'x' * 99}", "count", f"must be a whole number, not '{'x' * 60}...'"),
        ("just text", "", "must be a mapping, not 'just text'"),
        ("", "", "must be a mapping, not nothing"),
    ],
)  # fmt: skip
def test_mistakes_in_plain_words(tmp_path, text, key, problem):
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(InvalidDocument) as caught:
        read_document(path, Wide)
    assert caught.value.mistakes == [(str(path), 1, key, problem)]
    assert caught.value.message == f"{path}:1:{f' {key}:' if key else ''} {problem}"


def test_a_wrong_key_and_its_wrong_value_are_two_mistakes(tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text("kinds: {c: x}\n")
    with pytest.raises(InvalidDocument) as caught:
        read_document(path, Wide)
    assert [m.problem for m in caught.value.mistakes] == ["must be 'a' or 'b', not 'c'", "must be a list, not 'x'"]


@pytest.mark.parametrize("text", ["[}", "a: b: c", "\tx: 1", "a: !!python/object:os.system x"])
def test_broken_yaml_names_its_line(tmp_path, text):
    ((line, _, problem),) = mistakes(tmp_path, text)
    assert line == 1
    assert problem.startswith("not valid YAML")


@pytest.mark.parametrize("text", ["- " * 50_000, "[" * 50_000, "{a: " * 50_000, "? " * 50_000])
def test_deep_nesting_is_refused_and_survived(tmp_path, text):
    ((_, _, problem),) = mistakes(tmp_path, text)
    assert "nested deeper than 200" in problem


def test_merges_that_grow_without_end_are_refused(tmp_path):
    levels = "\n".join(f"k{i}: &k{i} {{<<: [{', '.join([f'*k{i - 1}'] * 9)}]}}" for i in range(1, 12))
    ((line, key, problem),) = mistakes(tmp_path, f"k0: &k0 {{x: 1}}\n{levels}\n")
    assert (line, key, problem) == (2, "<<", "merges a list of mappings; merge one")


def test_a_number_of_too_many_digits(tmp_path):
    ((_, _, problem),) = mistakes(tmp_path, f"name: {'9' * 5000}\n")
    assert problem.startswith("not valid YAML")


def test_not_utf8(tmp_path):
    ((_, _, problem),) = mistakes(tmp_path, b"name: caf\xe9\n")
    assert problem.startswith("cannot be read")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(NotFound):
        read_document(tmp_path / "none.yaml", Outer)
    with pytest.raises(InvalidDocument, match="cannot be read"):
        read_document(tmp_path, Outer)


def test_an_empty_file_is_told_what_it_lacks(tmp_path):
    assert mistakes(tmp_path, "") != []


def test_lines_of_keys():
    text = "a:\n  b:\n    - c: 1\n    - c: 2\n"
    assert line_of(text, ["a", "b", 1, "c"]) == 4
    assert line_of(text, ["a", "missing"]) == 1
    assert line_of("a: [", ["a"]) == 1
    assert read_yaml("a: 1", file="x") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{now}: &{now} [{', '.join([f'*{before}'] * 10)}]\n" for before, now in zip("abcdef", "bcdefg", strict=True)
        ), "stands for more than 500,000 values"),
        ("sample: &a {q: *a}\n", "the alias 'a' stands for what it stands in"),
    ],
)  # fmt: skip
def test_aliases_that_grow_without_end_are_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidDocument, match=problem):
        read_yaml(text, file="a.yaml")


def test_aliases_of_ordinary_size_are_read() -> None:
    assert read_yaml("a: &a [1, 2]\nb: [*a, *a]\nc: &c x\nd: *c\n", file="a.yaml") == {
        "a": [1, 2],
        "b": [[1, 2], [1, 2]],
        "c": "x",
        "d": "x",
    }


@pytest.mark.parametrize("name", ["catalog/lifecycle.yaml", "catalog/capabilities.yaml", "assets/actions.yaml"])
def test_what_comes_with_ferrata_would_pass_the_check_that_it_is_spared(name: str) -> None:
    text = (Path(documents.__file__).parent / name).read_text(encoding="utf-8")
    assert read_yaml(text, file=name, own=True) == read_yaml(text, file=name)


def test_a_file_of_ones_own_is_held_to_its_shape_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("name: a\nname: b\n")
    with pytest.raises(InvalidDocument, match="stands here twice"):
        read_document(file, Outer, own=True)
    file.write_text("name: a\nparts: [{size: none}]\n")
    with pytest.raises(InvalidDocument, match=r"parts\.0\.size"):
        read_document(file, Outer, own=True)
