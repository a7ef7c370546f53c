import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.refs import Ref, check_kind


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("prompt/support@3", Ref("prompt", "support", version=3)),
        ("prompt/support@production", Ref("prompt", "support", alias="production")),
        ("prompt/team/support", Ref("prompt", "team/support")),
        ("model/gpt-4o.1@v1.2", Ref("model", "gpt-4o.1", alias="v1.2")),
    ],
)
def test_a_reference_is_read_and_written(text, ref):
    assert Ref.parse(text) == ref
    assert str(ref) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "prompt",
        "prompt/",
        "/a",
        "Prompt/a",
        "prompt/a@",
        "prompt/a@0",
        "prompt/a@00",
        "prompt/a@b@c",
        "prompt/a b",
    ],
)
def test_what_is_none_is_refused(text):
    with pytest.raises(UsageError, match="not a reference") as refused:
        Ref.parse(text)
    assert "KIND/NAME@VERSION" in refused.value.hint


@given(
    st.from_regex(
        r"[a-z][a-z0-9_-]{0,8}/[A-Za-z0-9][A-Za-z0-9._/-]{0,8}(@([1-9][0-9]{0,3}|[A-Za-z][A-Za-z0-9._-]{0,8}))?",
        fullmatch=True,
    )
)
def test_text_to_reference_and_back(text):
    assert str(Ref.parse(text)) == text


def test_a_kind_is_what_stands_before_the_slash():
    check_kind("eval-set_2")
    for text in ("", "Prompt", "a/b", "\udcff", "a\n"):
        with pytest.raises(UsageError, match="no kind of an asset"):
            check_kind(text)
