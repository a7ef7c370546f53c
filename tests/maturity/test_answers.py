import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import InvalidDocument, NotFound
from ferrata.maturity import Answer, built_in_model, merge_answers, read_answers, write_answers

MODEL = built_in_model()
lines = st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" "), max_size=20).map(
    lambda text: " ".join(text.split())
)
answers = st.lists(
    st.builds(
        Answer,
        practice=st.sampled_from([p.id for p in MODEL.practices]),
        respondent=lines.filter(bool),
        value=st.none() | st.floats(0, 1),
        note=lines,
        link=lines,
        at=st.sampled_from(["", "2026-03-01T12:00:00.000000Z"]),
    ),
    unique_by=lambda answer: (answer.practice, answer.respondent),
    max_size=8,
)


@given(answers)
def test_a_file_gives_back_what_was_written(tmp_path_factory, given_answers):
    path = tmp_path_factory.mktemp("a") / "answers.yaml"
    path.write_text(write_answers(given_answers), encoding="utf-8")
    assert sorted(read_answers(path, MODEL), key=str) == sorted(given_answers, key=str)


def test_the_file_is_for_people():
    text = write_answers(
        [Answer("models.pinned", "bob", None, "größe"), Answer("models.pinned", "ann", 0.4, link="https://x.example/")]
    )
    assert text == (
        "answers:\n  models.pinned:\n    ann:\n      value: 0.4\n      link: https://x.example/\n"
        "    bob:\n      value: null\n      note: größe\n"
    )


def read(tmp_path, text):
    path = tmp_path / "answers.yaml"
    path.write_text(text)
    return read_answers(path, MODEL)


def test_texts_are_brought_onto_a_line(tmp_path):
    text = "answers:\n  models.pinned:\n    ann:\n      value: 1\n      note: |\n        two\n        lines\n      at: 2026-03-01T13:00:00+01:00 \n"
    with pytest.raises(InvalidDocument, match="at: "):  # YAML makes a time of it, which is no text
        read(tmp_path, text)
    (answer,) = read(tmp_path, text.replace("at: 2026-03-01T13:00:00+01:00", "at: '2026-03-01T13:00:00+01:00'"))
    assert (answer.note, answer.at) == ("two lines", "2026-03-01T12:00:00.000000Z")


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("answers:\n  models.pinnd: {ann: {value: 1}}\n", 2, "answers.models.pinnd"),
        ("answers:\n  models.pinned:\n    ann: {value: 1.1}\n", 3, "answers.models.pinned.ann.value"),
        ("answers:\n  models.pinned:\n    ann: {value: .nan}\n", 3, "answers.models.pinned.ann.value"),
        ("answers:\n  models.pinned:\n    ann: {}\n", 3, "answers.models.pinned.ann.value"),
        ("answers:\n  models.pinned:\n    ann: {value: 1, at: yesterday}\n", 3, "answers.models.pinned.ann.at"),
        ('answers:\n  models.pinned:\n    ann: {value: 1, note: "\\0"}\n', 3, "answers.models.pinned.ann.note"),
        ("answers:\n  models.pinned:\n    ann: {value: 1, nota: x}\n", 3, "answers.models.pinned.ann.nota"),
        ("answer: {}\n", 1, "answer"),
        ("answers: []\n", 1, "answers"),
    ],
)
def test_mistakes_name_line_and_key(tmp_path, text, line, key):
    with pytest.raises(InvalidDocument) as refused:
        read(tmp_path, text)
    assert (line, key) in [(m.line, m.key) for m in refused.value.mistakes]


def test_no_such_file(tmp_path):
    with pytest.raises(NotFound, match="no such file"):
        read_answers(tmp_path / "none", MODEL)


def test_a_given_answer_replaces_the_stored_one_of_the_same_person():
    stored = [Answer("a.b", "ann", 0.1), Answer("a.b", "bob", 0.2), Answer("a.c", "ann", 0.3)]
    assert merge_answers(stored, [Answer("a.b", "ann", None), Answer("a.d", "ann", 1.0)]) == [
        Answer("a.b", "ann", None),
        Answer("a.b", "bob", 0.2),
        Answer("a.c", "ann", 0.3),
        Answer("a.d", "ann", 1.0),
    ]


@pytest.mark.parametrize("at", ["yesterday", "0001-01-01T00:00+23:00"])
def test_a_time_that_is_none(tmp_path, at):
    with pytest.raises(InvalidDocument, match=r"\.at: must be a time, as 2026-03-01T12:00:00Z, not '"):
        read(tmp_path, f"answers:\n  models.pinned:\n    ann: {{value: 1, at: '{at}'}}\n")
