from __future__ import annotations

import pytest

from ferrata.flows.contracts.tool_errors import ChatAPIInvalidFunctions, ChatAPIInvalidTools, LLMError
from ferrata.flows.model_parameters import parameters_of

FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
CHAT = {"temperature": 1.0, "top_p": 1.0}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {}),
        ({"temperature": "0.5", "max_tokens": "20", "seed": "3"}, {"temperature": 0.5, "max_tokens": 20, "seed": 3}),
        ({"max_tokens": "inf", "stop": [], "presence_penalty": "", "user": "", "seed": None}, {}),
        ({"max_tokens": "INF", "stop": ["x"], "presence_penalty": "0.5"}, {"stop": ["x"], "presence_penalty": 0.5}),
        ({"response_format": {"type": "json_object"}, "n": 1}, {"response_format": {"type": "json_object"}, "n": 1}),
        ({"response_format": "", "logit_bias": {}}, {}),
        ({"tools": [TOOL]}, {"tools": [TOOL], "tool_choice": "auto"}),
        ({"tools": [TOOL], "functions": [FUNCTION]}, {"tools": [TOOL], "tool_choice": "auto"}),
        ({"tools": [], "functions": [FUNCTION]}, {"functions": [FUNCTION], "function_call": "auto"}),
        (
            {"functions": [FUNCTION], "function_call": {"name": "f"}},
            {"functions": [FUNCTION], "function_call": {"name": "f"}},
        ),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
    ],
)
def test_parameters_of_a_chat(given: dict, sent: dict) -> None:
    assert parameters_of("chat", given) == CHAT | sent


def test_parameters_of_a_completion() -> None:
    given = {"max_tokens": "20", "echo": "True", "suffix": "", "logprobs": 0, "response_format": {"type": "text"}}
    assert parameters_of("completion", given) == CHAT | {"max_tokens": 20, "n": 1, "best_of": 1, "echo": True}
    assert parameters_of("completion", {"logprobs": "2"})["logprobs"] == 2


def test_a_number_that_is_none() -> None:
    with pytest.raises(LLMError, match="ValueError: max_tokens is 'many', which is no int"):
        parameters_of("chat", {"max_tokens": "many"})


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"functions": ["f"]}, ChatAPIInvalidFunctions, "function 0 'f' is not a dict"),
        ({"functions": "f"}, ChatAPIInvalidFunctions, "functions must be a list"),
        ({"functions": [{"name": "f"}]}, ChatAPIInvalidFunctions, "does not have 'parameters' property"),
        ({"functions": [{"name": "f", "parameters": 1}]}, ChatAPIInvalidFunctions, "described as a JSON Schema object"),
        (
            {"functions": [{"name": "f", "parameters": {"type": "object"}}]},
            ChatAPIInvalidFunctions,
            "does not have 'properties' property",
        ),
        (
            {"functions": [{"name": "f", "parameters": {"type": "x", "properties": {}}}]},
            ChatAPIInvalidFunctions,
            "'type' should be 'object'",
        ),
        ({"functions": [FUNCTION], "function_call": "f"}, ChatAPIInvalidFunctions, "function_call .* must be a dict"),
        ({"functions": [FUNCTION], "function_call": {}}, ChatAPIInvalidFunctions, 'must contain "name" field'),
        ({"tools": [{"type": "function"}]}, ChatAPIInvalidTools, "does not have 'function' property"),
        ({"tools": [TOOL], "tool_choice": "f"}, ChatAPIInvalidTools, "must be a dict"),
        ({"tools": [TOOL], "tool_choice": {"type": "function"}}, ChatAPIInvalidTools, 'must contain "function"'),
    ],
)
def test_functions_and_tools_that_are_none(given: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        parameters_of("chat", given, azure=True)
