import pytest

from ferrata.documents import Document, line_of, read_document, read_yaml
from ferrata.errors import InvalidDocument, NotFound


class Inner(Document):
    size: int


class Outer(Document):
    name: str
    parts: list[Inner] = []


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


def test_all_mistakes_at_once_with_line_and_key(tmp_path):
    found = mistakes(tmp_path, "nam: a\nparts:\n  - size: 3\n  - size: many\n    color: red\n")
    assert [(line, key) for line, key, _ in found] == [
        (1, "nam"),
        (1, "name"),
        (4, "parts.1.size"),
        (5, "parts.1.color"),
    ]


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
