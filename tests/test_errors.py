import pickle

import pytest

from ferrata import errors
from ferrata.errors import FerrataError, InvalidDocument, Mistake

KINDS = [getattr(errors, name) for name in errors.__all__ if name not in ("Mistake", "InvalidDocument")]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_what_happened_and_what_to_do(kind):
    error = kind("it happened", hint="do this")
    assert (str(error), error.message, error.hint) == ("it happened", "it happened", "do this")
    assert isinstance(error, FerrataError)
    assert 400 <= error.status < 600
    assert kind("it happened").hint == ""


def test_codes_are_one_each():
    codes = [kind.code for kind in [*KINDS, InvalidDocument]]
    assert len(set(codes)) == len(codes)


def test_mistakes_are_in_order_of_files_and_lines():
    error = InvalidDocument([Mistake("b", 1, "k", "x"), Mistake("a", 10, "", "y"), Mistake("a", 9, "k.0", "z")])
    assert str(error) == "a:9: k.0: z\na:10: y\nb:1: k: x"


def test_an_invalid_document_survives_another_process():
    error = InvalidDocument([Mistake("a", 1, "k", "x")], hint="h")
    again = pickle.loads(pickle.dumps(error))
    assert (again.mistakes, again.hint, str(again)) == (error.mistakes, "h", "a:1: k: x")
