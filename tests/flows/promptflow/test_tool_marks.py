from __future__ import annotations

import asyncio

import pytest

from ferrata.flows.metrics import collect_metrics
from ferrata.flows.promptflow._core.metric_logger import add_metric_logger, log_metric, remove_metric_logger
from ferrata.flows.promptflow._core.tool import DynamicList, GeneratedBy, InputSetting, ToolProvider, tool
from ferrata.flows.promptflow.exceptions import UserErrorException


def choices(prefix: str = "", size: int = 10) -> list[dict]:
    return [{"value": f"{prefix}{place}"} for place in range(size)]


def test_a_tool_has_the_marks_of_prompt_flow() -> None:
    def plain(text: str) -> str:
        return text.upper()

    marked = tool(name="Up", type="python", input_settings={"text": InputSetting(enabled_by="x")}, icon="i")(plain)
    assert marked("a") == "A"
    marks = {mark: getattr(marked, mark) for mark in ("__tool", "__name", "__description", "__type", "__extra_info")}
    assert marks == {
        "__tool": None,
        "__name": "Up",
        "__description": None,
        "__type": "python",
        "__extra_info": {"icon": "i"},
    }
    assert getattr(marked, "__original_function") is plain
    assert getattr(marked, "__input_settings")["text"].enabled_by == "x"
    assert not hasattr(marked, "_streaming_option_parameter")
    assert tool(streaming_option_parameter="stream")(plain)._streaming_option_parameter == "stream"
    assert tool(plain)("b") == "B"


def test_an_asynchronous_tool_stays_one() -> None:
    @tool
    async def twice(number: int) -> int:
        return 2 * number

    assert asyncio.iscoroutinefunction(twice)
    assert asyncio.run(twice(4)) == 8


def test_a_type_that_is_none() -> None:
    with pytest.raises(UserErrorException, match="Tool type magic is not supported"):
        tool(type="magic")(lambda: None)


class Greeter(ToolProvider):
    def __init__(self, greeting: str, mark: str = "!") -> None:
        super().__init__()
        self.greeting = greeting

    @tool
    def greet(self, name: str) -> str:
        return f"{self.greeting} {name}"


def test_a_class_of_tools_knows_its_arguments() -> None:
    one, other = Greeter("Hello"), Greeter("Bye", mark="?")
    assert one.greet("Ann") == "Hello Ann"
    assert (one._init_params, other._init_params) == ({"greeting": "Hello"}, {"greeting": "Bye", "mark": "?"})
    assert list(Greeter.get_initialize_inputs()) == ["greeting", "mark"]
    assert list(Greeter.get_required_initialize_inputs()) == ["greeting"]


def test_a_dynamic_list_describes_its_function() -> None:
    found = DynamicList(function=choices, input_mapping={"prefix": "start"})
    assert found.func_path == f"{__name__}.choices"
    assert found.func_kwargs == [
        {"name": "prefix", "type": ["string"], "reference": "${inputs.start}", "optional": True, "default": ""},
        {"name": "size", "type": ["int"], "optional": True, "default": 10},
    ]
    with pytest.raises(UserErrorException, match="Failed to find the function 'no.where'"):
        DynamicList(function="no.where")
    assert GeneratedBy(choices, "json.loads").reverse_func_path == "json.loads"


def test_metrics_go_to_whoever_collects_them() -> None:
    log_metric("lost", 0)
    with collect_metrics() as outer:
        log_metric("accuracy", 0.5)
        with collect_metrics() as inner:
            log_metric("accuracy", 0.25)
        log_metric("recall", 1.0)
    assert (outer, inner) == ({"accuracy": 0.5, "recall": 1.0}, {"accuracy": 0.25})


def test_metrics_go_to_loggers_of_two_and_three_arguments() -> None:
    heard: list[tuple] = []

    def two(key, value) -> None:
        heard.append((key, value))

    def three(key, value, variant) -> None:
        heard.append((key, value, variant))

    for logger in (two, two, three, lambda: None):
        add_metric_logger(logger)
    log_metric("a", 1, "v0")
    remove_metric_logger(two)
    remove_metric_logger(three)
    log_metric("b", 2)
    assert heard == [("a", 1), ("a", 1, "v0")]
