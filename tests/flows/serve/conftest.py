"""Flows served by real processes on free ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served_flows import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SAY = """
    inputs:
      text: {type: string, is_chat_input: true, description: What is said}
      n: {type: int, default: 3}
      history: {type: list, default: [], is_chat_history: true}
    outputs:
      answer: {type: string, reference: "${say.output}", is_chat_output: true}
      count: {type: int, reference: "${inputs.n}"}
      grade: {type: double, reference: "${inputs.n}", evaluation_only: true}
    nodes:
    - name: say
      type: python
      source: {type: code, path: say.py}
      inputs: {text: "${inputs.text}", n: "${inputs.n}"}
"""
SAY_PY = """
    import asyncio
    from pathlib import Path

    from promptflow.core import tool
    from promptflow.exceptions import SystemErrorException


    @tool
    async def say(text: str, n: int):
        print("saying", text)
        if text == "boom":
            raise ValueError("boom!")
        if text == "system":
            raise SystemErrorException("lost")
        if text == "wait":
            Path("begun").touch()
            try:
                await asyncio.sleep(n)
            except asyncio.CancelledError:
                Path("cancelled").touch()
                raise
            return "waited"
        if text.startswith("stream"):
            return pieces(text, n)
        return text * n


    async def pieces(text, n):
        try:
            for i in range(n):
                if text == "stream break" and i == 1:
                    raise ValueError("midway")
                yield f"{i} "
                if text == "stream slow":
                    await asyncio.sleep(0.2)
        finally:
            Path("closed").touch()
"""


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serves folders; all processes end with the test."""
    begun: list[Served] = []

    def start(folder: Path, *words: str, environment: dict[str, str] | None = None) -> Served:
        begun.append(Served(folder, *words, environment=environment))
        return begun[-1]

    yield start
    for one in begun:
        one.end()


@pytest.fixture
def say(make_flow: Callable[..., Path]) -> Path:
    """A flow that says a text, or does as the text says."""
    return make_flow(SAY, name="say", say_py=SAY_PY)


@pytest.fixture
def said(say: Path, serve: Callable[..., Served]) -> Served:
    return serve(say)
