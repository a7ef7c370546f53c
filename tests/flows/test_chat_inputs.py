"""A conversation as a flow takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferrata.errors import ModelRequestInvalid, UsageError
from ferrata.flows import Flow, chat_names, inputs_of_chat
from ferrata.flows.types import InputSpec, OutputSpec
from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Text, Tool, ToolCall

PNG = "data:image/png;base64,iVBORw0KGgo="


def flow(kind: Any = "dag", vision: bool = False, **inputs: InputSpec) -> Flow:
    outputs = {"reply": OutputSpec("string", is_chat_output=True), "n": OutputSpec("int")}
    style = "openai-vision" if vision else "basic"
    return Flow(kind, Path(), Path("flow"), "f", inputs=inputs, outputs=outputs, message_format=style)


CHAT = flow(
    said=InputSpec("string", is_chat_input=True),
    past=InputSpec("list", default=[], is_chat_history=True),
    k=InputSpec("int"),
)


def inputs(of: Flow, *messages: Message | str, **options: Any) -> dict[str, Any]:
    said = [Message("user", one) if isinstance(one, str) else one for one in messages]
    return inputs_of_chat(of, chat_names(of), ChatRequest(said, **options))


def refused(of: Flow, *messages: Message | str, **options: Any) -> str:
    with pytest.raises(ModelRequestInvalid) as caught:
        inputs(of, *messages, **options)
    return caught.value.message


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (CHAT, "said"),
        (flow(text=InputSpec("string")), "text"),
        (flow(text=InputSpec("string"), n=InputSpec("int"), pic=InputSpec("image")), "text"),
        (flow(a=InputSpec("string"), b=InputSpec("string", default="x")), "a"),
        (flow(a=InputSpec("string"), question=InputSpec("string")), "question"),
        (flow(text=InputSpec("string"), system=InputSpec("string"), chat_history=InputSpec("list")), "text"),
        (flow(a=InputSpec("string"), b=InputSpec("string")), None),
        (flow(n=InputSpec("int")), None),
    ],
)
def test_which_input_is_what_the_user_says(found: Flow, said: str | None) -> None:
    assert chat_names(found).said == said


def test_the_other_parts_of_a_conversation() -> None:
    found = flow(text=InputSpec("string"), system_prompt=InputSpec("string"), chat_history=InputSpec("list"))
    assert chat_names(found) == ("text", "chat_history", "system_prompt", "reply")


def test_earlier_turns_have_prompt_flows_form() -> None:
    talk = [Message("user", "a"), Message("assistant", "b"), Message("user", "c"), Message("user", "d")]
    assert inputs(CHAT, *talk) == {
        "said": "d",
        "past": [
            {"inputs": {"said": "a"}, "outputs": {"reply": "b"}},
            {"inputs": {"said": "c"}, "outputs": {"reply": ""}},
        ],
    }
    greeted = inputs(CHAT, Message("assistant", "hello"), Message("user", "a"))
    assert greeted["past"] == [{"inputs": {"said": ""}, "outputs": {"reply": "hello"}}]
    assert inputs(CHAT, "a") == {"said": "a"}


def test_a_prompt_gets_its_history_as_messages() -> None:
    prompt = flow("prompty", question=InputSpec("string"), past=InputSpec("list", is_chat_history=True))
    found = inputs(prompt, Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert found == {
        "question": "c",
        "past": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
    }


def test_what_a_flow_has_no_place_for_is_refused() -> None:
    bare = flow(text=InputSpec("string"))
    system = Message("system", "be short")
    assert "no system message" in refused(bare, system, "a")
    assert "no history" in refused(bare, "a", "b")
    assert "last message" in refused(bare, Message("assistant", "a"))
    assert "last message" in refused(bare, system)
    assert "tools" in refused(bare, Message("tool", "1", tool_call_id="x"), "a")
    assert "tools" in refused(bare, Message("assistant", tool_calls=(ToolCall("1", "f", "{}"),)), "a")
    assert "temperature" in refused(bare, "a", temperature=0.0)
    assert "tools" in refused(bare, "a", tools=(Tool("f"),))
    assert "json_object" in refused(bare, "a", output=OutputSchema())
    assert "no images" in refused(bare, Message("user", (Text("a"), Image(PNG))))
    with pytest.raises(UsageError, match="no chat flow"):
        inputs(flow(n=InputSpec("int")), "a")


def test_what_it_has_an_input_for_goes_there() -> None:
    found = flow(text=InputSpec("string"), system=InputSpec("string"), temperature=InputSpec("double", default=1.0))
    said = inputs(found, Message("system", "x"), Message("system", "y"), "a", temperature=0.0, max_tokens=5, user="u")
    assert said == {"text": "a", "system": "x\n\ny", "temperature": 0.0}


def test_further_inputs_come_by_their_names() -> None:
    assert inputs(CHAT, "a", extra={"inputs": {"k": 3}, "metadata": {}}) == {"said": "a", "k": 3}
    assert "'x'" in refused(CHAT, "a", extra={"inputs": {"x": 3}})
    assert "'said'" in refused(CHAT, "a", extra={"inputs": {"said": "b"}})
    assert "object" in refused(CHAT, "a", extra={"inputs": [1]})


def test_images_go_where_the_flow_takes_them() -> None:
    shown = Message("user", (Text("what"), Image(PNG)))
    far = Message("user", (Text("what"), Image("https://pictures.example/a.png")))
    beside = flow(text=InputSpec("string"), pic=InputSpec("image"))
    assert inputs(beside, shown) == {"text": "what", "pic": {"data:image/png;base64": "iVBORw0KGgo="}}
    assert inputs(beside, far)["pic"] == {"data:image/*;url": "https://pictures.example/a.png"}
    parts = flow(said=InputSpec("list", is_chat_input=True))
    assert inputs(parts, shown) == {"said": ["what", {"data:image/png;base64": "iVBORw0KGgo="}]}
    vision = flow(vision=True, said=InputSpec("list", is_chat_input=True))
    assert inputs(vision, shown) == {
        "said": [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": PNG}}]
    }
    assert inputs(vision, "a") == {"said": [{"type": "text", "text": "a"}]}
    for url in ("file:///etc/passwd", "a.png", "data:text/html;base64,AAAA", "data:image/png;path,a.png"):
        assert "an image must be" in refused(beside, Message("user", (Image(url),)))
    assert "1 images" in refused(beside, Message("user", (Image(PNG), Image(PNG))))
