"""Targets by kind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ferrata.errors import UsageError
from ferrata.messages import Image, Text, ToolCall
from ferrata.providers import FakeModel
from ferrata.targets import ModelTarget
from ferrata.targets.kinds import Asking


def said(messages: Any) -> Any:
    model = FakeModel(["ok"])
    asyncio.run(ModelTarget(Asking(model), "model:x", "d")({"messages": messages}))  # pyright: ignore[reportArgumentType]
    return model.requests[0].messages


def test_a_model_sees_the_images_and_tool_calls_of_a_row() -> None:
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://host/a.png"}}]
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = said(
        [
            {"role": "user", "content": parts},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "7"},
        ]
    )
    assert messages[0].content == (Text("What is it?"), Image("https://host/a.png"))
    assert messages[1].tool_calls == (ToolCall("c1", "look", "{}"),)
    assert (messages[2].role, messages[2].tool_call_id, messages[2].text) == ("tool", "c1", "7")


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([{"role": "nobody", "content": "x"}], r"messages\[0\].role"),
        ([{"role": "user", "content": [{"type": "nonsense"}]}], r"messages\[0\].content\[0\].type"),
        ([], "messages: is empty"),
        ("[]", "messages: must be"),
    ],
)
def test_what_are_no_messages_is_not_asked(messages: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        said(messages)
