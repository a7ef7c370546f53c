from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from ferrata.actor import current_actor

if TYPE_CHECKING:
    import pytest


def test_the_variable_goes_before_the_user_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRATA_ACTOR", "ann")
    assert current_actor() == "ann"
    monkeypatch.setenv("FERRATA_ACTOR", "")
    assert current_actor() == getpass.getuser()


def test_a_process_without_a_user_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError(1000)

    monkeypatch.delenv("FERRATA_ACTOR", raising=False)
    monkeypatch.setattr("getpass.getuser", nobody)
    assert current_actor() == "unknown"
