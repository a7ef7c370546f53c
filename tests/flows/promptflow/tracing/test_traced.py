from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from ferrata.flows.contracts.connections import OpenAIConnection
from ferrata.flows.contracts.types import Secret
from ferrata.flows.promptflow.tracing import ThreadPoolExecutorWithContext, start_trace, trace
from ferrata.flows.promptflow.tracing._operation_context import OperationContext
from ferrata.telemetry import MemorySink, current_span, emit_to, open_span


def spans(work) -> list:
    sink = MemorySink()
    with emit_to(sink):
        work()
    return sink.spans


def test_a_call_is_a_span_with_inputs_and_output() -> None:
    @trace
    def add(a: int, *, b: int = 2, **more: Any) -> dict:
        return {"sum": a + b}

    (span,) = spans(lambda: add(1, b=3, c=[4]))
    assert (span.name, span.kind, span.error) == ("add", "function", "")
    assert span.attributes["inputs"] == {"a": 1, "b": 3, "c": [4]}
    assert span.attributes["output"] == {"sum": 4}
    assert span.attributes["function"].endswith("add")


def test_no_span_holds_a_secret() -> None:
    @trace
    def ask(connection: Any, key: str, nested: dict) -> Any:
        return connection

    connection = OpenAIConnection(api_key="sk-hidden")
    (span,) = spans(lambda: ask(connection, Secret("hidden"), {"of": [connection]}))
    assert "hidden" not in str(span.as_json())
    assert span.attributes["inputs"]["nested"] == {"of": ["<OpenAIConnection>"]}


def test_calls_nest_and_failures_are_told() -> None:
    @trace
    def inner() -> None:
        raise ValueError("no")

    @trace
    async def outer() -> None:
        await asyncio.to_thread(inner)

    def work() -> None:
        with pytest.raises(ValueError, match="no"):
            asyncio.run(outer())

    first, second = spans(work)
    assert (first.name, second.name) == ("inner", "outer")
    assert first.parent_id == second.span_id
    assert (first.error, second.error) == ("ValueError: no", "ValueError: no")


def test_a_generator_is_a_span_as_long_as_it_is_read() -> None:
    around: list[str] = []

    @trace
    def count(to: int):
        around.append(current_span().name)  # pyright: ignore[reportOptionalMemberAccess]
        yield from range(to)

    def work() -> None:
        found = count(3)
        assert next(found) == 0
        assert current_span() is None
        assert (list(found), list(found)) == ([1, 2], [])

    (span,) = spans(work)
    assert around == ["count"]
    assert span.attributes["inputs"] == {"to": 3}
    assert (span.attributes["output"], span.attributes["output_type"]) == ([0, 1, 2], "iterated")
    assert span.ended > 0


def test_a_generator_can_be_read_in_another_thread_and_given_up() -> None:
    @trace
    def forever():
        while True:
            yield "x"

    def work() -> None:
        found = forever()
        thread = threading.Thread(target=lambda: next(found))
        thread.start()
        thread.join()
        next(found)
        found.close()
        assert list(found) == []

    (span,) = spans(work)
    assert span.attributes["output"] == ["x", "x"]


def test_a_function_that_gives_an_iterator() -> None:
    @trace
    def words() -> Any:
        return iter(["a", "b"])

    def work() -> None:
        assert "".join(words()) == "ab"

    call, read = spans(work)
    assert call.attributes["output_type"] == "iterator"
    assert (read.parent_id, read.attributes["output"]) == (call.span_id, ["a", "b"])


def test_an_asynchronous_generator_and_its_failure() -> None:
    @trace
    async def letters():
        yield "a"
        raise KeyError("b")

    async def read() -> list[str]:
        found: list[str] = []
        with pytest.raises(KeyError):
            async for letter in letters():
                found.append(letter)
        return found

    def work() -> None:
        assert asyncio.run(read()) == ["a"]

    (span,) = spans(work)
    assert (span.attributes["output"], span.error) == (["a"], "KeyError: 'b'")


def test_a_pool_keeps_the_context() -> None:
    @trace
    def part(number: int) -> int:
        return number

    def work() -> None:
        with open_span("around", "flow"), ThreadPoolExecutorWithContext(2) as pool:
            assert list(pool.map(part, [1, 2])) == [1, 2]

    found = spans(work)
    assert {span.parent_id for span in found if span.name == "part"} == {found[-1].span_id}


def test_start_trace_does_nothing() -> None:
    assert start_trace(resource_attributes={"a": 1}, collection="c") is None


def test_the_operation_context_has_items_as_attributes() -> None:
    OperationContext.set_instance(None)
    context = OperationContext.get_instance()
    assert OperationContext.get_instance() is context
    context.batch = "b1"
    context._add_otel_attributes("line", 4)
    other = context.copy()
    other._add_otel_attributes("none", None)
    assert (context["batch"], other.batch, other._get_otel_attributes()) == ("b1", "b1", {"line": 4})
    del context.batch
    with pytest.raises(AttributeError, match="no attribute 'batch'"):
        _ = context.batch
    context.append_user_agent("mine/1")
    context.append_user_agent("mine/1")
    assert context.get_user_agent() == "mine/1 ferrata"
    OperationContext.set_instance(None)
