"""Calls of tools in an answer: which, and whether their arguments are as the tools declare. Knows no assertion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import UsageError
from ferrata.evals.assertions.markup import json_in, parse_json, schema_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["called_tools", "calls_problem", "tools_f1"]


def called_tools(answer: Any) -> list[tuple[str, Any]]:
    """Name and arguments of each call: as OpenAI's two APIs, Anthropic's and Google's have them, also as JSON in a text."""
    if isinstance(answer, str):
        try:
            return called_tools(parse_json(answer))
        except ValueError:
            return [call for value in json_in(answer) for call in called_tools(value)]
    return list(_calls(answer))


def _calls(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _calls(item)
        return
    if not isinstance(value, dict):
        return
    about = cast("dict[str, Any]", value)
    for key in ("tool_calls", "functionCalls"):
        if isinstance(about.get(key), list):
            yield from _calls(about[key])
            return
    for key in ("function", "functionCall", "toolCall", "function_call"):
        if isinstance(about.get(key), dict):
            yield from _calls(about[key])
            return
    if isinstance(about.get("name"), str):
        given = next((about[key] for key in ("arguments", "input", "args") if key in about), None)
        yield about["name"], given


def tools_f1(answer: Any, expected: set[str]) -> float:
    """F1 of the names of called tools against the expected ones; their order and number do not matter."""
    called = {name for name, _ in called_tools(answer)}
    both = len(called & expected)
    return 2 * both / (len(called) + len(expected)) if both else 0.0


def calls_problem(answer: Any, tools: Any) -> str:
    """What is wrong with the calls in an answer; empty where each is one of the tools with arguments of its schema.

    Args:
        answer: with calls.
        tools: what the model was offered, as OpenAI's API takes them.

    Raises:
        UsageError: the tools are not such a list, or a schema cannot be checked.
    """
    if not isinstance(tools, list):
        raise UsageError("the tools that the model was offered are not known")
    declared: dict[str, Any] = {}
    for tool in cast("list[Any]", tools):
        about: Any = (
            cast("dict[str, Any]", tool).get("function", cast("object", tool)) if isinstance(tool, dict) else None
        )
        if isinstance(about, dict) and isinstance(cast("dict[str, Any]", about).get("name"), str):
            declared[about["name"]] = cast("dict[str, Any]", about).get("parameters") or {}
    calls = called_tools(answer)
    if not calls:
        return "no tool is called"
    for name, given in calls:
        if name not in declared:
            return f"no such tool: {name!r}"
        try:
            values = parse_json(given) if isinstance(given, str) else given
        except ValueError:
            return f"{name}: the arguments are no JSON"
        problem = schema_problem({} if values is None else values, declared[name])
        if problem:
            return f"{name}: {problem}"
    return ""
