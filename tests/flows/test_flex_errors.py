"""The names of errors in functions and classes, as promptflow 1.18.5 gives them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ferrata.flows import open_flow

if TYPE_CHECKING:
    from tests.flows.conftest import MakeFlow

CODE = """
class Own(Exception): pass
def plain(): raise ValueError("why")
async def awaited(): raise Own("why")
async def pieces():
    yield "a"
    raise Own("why")
class Plain:
    def __call__(self): raise ValueError("why")
class Awaited:
    async def __call__(self): raise ValueError("why")
"""


@pytest.mark.parametrize(
    ("entry", "code", "message"),
    [
        ("plain", "ScriptExecutionError", "Execution failure in 'plain': (ValueError) why"),
        ("Plain", "ScriptExecutionError", "Execution failure in 'Plain': (ValueError) why"),
        ("awaited", "Own", "why"),
        ("Awaited", "ValueError", "why"),
        ("pieces", "Own", "why"),
    ],
)
def test_errors_go_by_promptflows_names(make_flow: MakeFlow, entry: str, code: str, message: str) -> None:
    folder = make_flow(**{"flow.flex_yaml": f"entry: e:{entry}\n", "e_py": CODE})
    loaded = open_flow(folder)
    try:
        error = asyncio.run(loaded.line({})).error
    finally:
        loaded.close()
    assert error is not None
    assert (error["code"], error["message"]) == (code, message)
    assert error["details"]["filename"] == str(folder / "e.py")
