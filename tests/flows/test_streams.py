"""What comes piece by piece: its code finds the flow's connections while it is read, outside of the flow too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ferrata.flows import open_flow
from ferrata.flows.contracts.custom_connections import CustomConnection
from ferrata.flows.known import known_connections

if TYPE_CHECKING:
    from tests.flows.conftest import MakeFlow

CODE = """
from promptflow.client import PFClient
from promptflow.tracing import trace

def look():
    return PFClient().connections.get("mine").where

def plain():
    for i in range(2): yield f"{i}{look()} "

async def awaited():
    for i in range(2): yield f"{i}{look()} "

@trace
def traced():
    for i in range(2): yield f"{i}{look()} "

@trace
async def traced_awaited():
    for i in range(2): yield f"{i}{look()} "
"""


@pytest.mark.parametrize("name", ["plain", "awaited", "traced", "traced_awaited"])
def test_a_generator_finds_connections_when_it_is_read_later(make_flow: MakeFlow, name: str) -> None:
    folder = make_flow(**{"flow.flex_yaml": f"entry: e:{name}\n", "e_py": CODE})
    loaded = open_flow(folder, connections={"mine": CustomConnection({}, {"where": "here"})})

    async def read() -> str:
        result = await loaded.line({}, stream=True)
        assert result.error is None, result.error
        pieces = result.output["output"]
        assert known_connections() == {}
        if hasattr(pieces, "__anext__"):
            return "".join([piece async for piece in pieces])
        return await asyncio.to_thread("".join, pieces)

    try:
        assert asyncio.run(read()) == "0here 1here "
    finally:
        loaded.close()
