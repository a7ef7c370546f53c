"""Graphs: order, side by side, conditions, failures, streams, aggregation."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.flows import FlowError, LineResult, inside, open_flow
from ferrata.telemetry import MemorySink, emit_to

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.conftest import MakeFlow

ECHO = "from promptflow.core import tool\n\n@tool\ndef echo(x=None, y='default'):\n    print('got', x)\n    return x\n"


def run(folder: Path, inputs: dict[str, Any] | None = None, **options: Any) -> LineResult:
    loaded = open_flow(folder, strict=options.pop("strict", False))
    try:
        with inside(loaded):
            return asyncio.run(loaded.line(inputs or {}, **options))
    finally:
        loaded.close()


def node(name: str, **keys: Any) -> str:
    inputs = keys.pop("inputs", {})
    lines = [f"- name: {name}", "  type: python", f"  source: {{type: code, path: {keys.pop('path', 'echo.py')}}}"]
    lines += [f"  {key}: {value}" for key, value in keys.items()]
    lines.append("  inputs: {" + ", ".join(f"{key}: {value!r}" for key, value in inputs.items()) + "}")
    return "\n".join(lines) + "\n"


def dag(*nodes: str, inputs: str = "{x: {type: string}}", outputs: str) -> str:
    return f"inputs: {inputs}\noutputs: {outputs}\nnodes:\n{''.join(nodes)}"


def test_values_go_from_node_to_node_in_whatever_order_they_are_written(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(
            node("second", inputs={"x": "${first.output}"}),
            node("first", inputs={"x": "${inputs.x}"}),
            outputs="{answer: {type: string, reference: '${second.output}'}, same: {type: string, reference: '${inputs.x}'}}",
        ),
        echo_py=ECHO,
    )
    result = run(folder, {"x": "hello"})
    assert result.status == "Completed"
    assert result.output == {"answer": "hello", "same": "hello"}
    assert {name: str(one.status) for name, one in result.nodes.items()} == {
        "first": "Completed",
        "second": "Completed",
    }
    assert result.nodes["first"].logs == "got hello\n"


@pytest.mark.parametrize("word", ["async ", ""])
def test_nodes_that_do_not_need_each_other_run_side_by_side(make_flow: MakeFlow, word: str) -> None:
    sleep = "await asyncio.sleep" if word else "time.sleep"
    folder = make_flow(
        dag(
            *(node(f"n{i}", path="slow.py", inputs={"x": "${inputs.x}"}) for i in range(4)),
            outputs="{a: {type: string, reference: '${n3.output}'}}",
        ),
        slow_py=f"import asyncio, time\nfrom promptflow.core import tool\n@tool\n{word}def slow(x):\n    {sleep}(0.3)\n    return x\n",
    )
    started = time.perf_counter()
    assert run(folder, {"x": "a"}).output == {"a": "a"}
    assert time.perf_counter() - started < 0.9


def test_a_condition_that_is_not_met_passes_over_the_node_and_what_needs_only_it(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(
            node("yes", inputs={"x": "${inputs.x}"}, activate="{when: '${inputs.x}', is: a}"),
            node("no", inputs={"x": "${inputs.x}"}, activate="{when: '${inputs.x}', is: b}"),
            node("after_no", inputs={"x": "${no.output}"}),
            node("both", inputs={"x": "${no.output}", "y": "${yes.output}"}),
            node("when_no", activate="{when: '${no.output}', is: null}"),
            outputs="{a: {type: string, reference: '${no.output}'}, b: {type: string, reference: '${both.output}'}}",
        ),
        echo_py=ECHO,
    )
    result = run(folder, {"x": "a"})
    assert result.output == {"a": None, "b": None}
    assert {name for name, one in result.nodes.items() if one.status == "Bypassed"} == {"no", "after_no", "when_no"}
    # `x` has a default, so what was passed over is left out.
    assert result.nodes["both"].inputs == {"y": "a"}


def test_a_condition_on_another_type_warns_and_is_an_error_where_that_is_asked(
    make_flow: MakeFlow, caplog: pytest.LogCaptureFixture
) -> None:
    text = dag(
        node("n", inputs={"x": "${inputs.x}"}, activate="{when: '${inputs.x}', is: '3'}"),
        inputs="{x: {type: int}}",
        outputs="{a: {type: string, reference: '${n.output}'}}",
    )
    folder = make_flow(text, echo_py=ECHO)
    assert run(folder, {"x": 3}).output == {"a": None}
    assert "compares 3 (int) with '3' (str)" in caplog.text
    result = run(folder, {"x": 3}, strict=True)
    assert result.error is not None
    assert result.error["code"] == "ActivateTypeMismatch"


def test_an_exception_in_a_node_names_the_user_s_line(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(
            node("bad", path="bad.py", inputs={"x": "${inputs.x}"}),
            node("after", inputs={"x": "${bad.output}"}),
            outputs="{a: {type: string, reference: '${after.output}'}}",
        ),
        echo_py=ECHO,
        bad_py="from promptflow.core import tool\n\ndef deep(x):\n    return {}[x]\n\n@tool\ndef bad(x):\n    return deep(x)\n",
    )
    result = run(folder, {"x": "a"})
    assert result.status == "Failed"
    assert result.output == {}
    error = result.error
    assert error is not None
    assert error["code"] == "ToolExecutionError"
    assert error["message"] == "Execution failure in 'bad': (KeyError) 'a'"
    assert (error["details"]["lineno"], error["details"]["name"]) == (4, "deep")
    assert error["details"]["filename"].endswith("bad.py")
    assert error["details"]["traceback"].splitlines()[1].strip().startswith(f'File "{folder.resolve()}/bad.py", line 8')
    assert {name: str(one.status) for name, one in result.nodes.items()} == {"bad": "Failed"}


@pytest.mark.parametrize("statement", ["raise SystemExit(3)", "raise KeyboardInterrupt", "raise StopIteration"])
def test_code_that_ends_the_process_ends_only_its_row(make_flow: MakeFlow, statement: str) -> None:
    folder = make_flow(
        dag(node("bad", path="bad.py"), outputs="{a: {type: string, reference: '${bad.output}'}}"),
        bad_py=f"from promptflow.core import tool\n@tool\ndef bad():\n    {statement}\n",
    )
    result = run(folder, {"x": ""})
    assert result.error is not None
    assert result.error["code"] == "ToolExecutionError"


@pytest.mark.parametrize(
    "body", ["while True:\n        time.sleep(0.01)", "import threading\n    threading.Event().wait()"]
)
def test_a_node_that_never_ends_ends_with_its_row_s_time(make_flow: MakeFlow, body: str) -> None:
    folder = make_flow(
        dag(node("bad", path="bad.py"), outputs="{a: {type: string, reference: '${bad.output}'}}"),
        bad_py=f"import time\nfrom promptflow.core import tool\n@tool\ndef bad():\n    {body}\n",
    )
    started = time.perf_counter()
    result = run(folder, {"x": ""}, timeout=0.2)
    assert time.perf_counter() - started < 2
    assert result.error is not None
    assert result.error["code"] == "LineExecutionTimeoutError"
    assert result.nodes["bad"].status == "Canceled"


def test_pieces_are_joined_or_handed_on(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(node("say", path="say.py"), outputs="{a: {type: string, reference: '${say.output}'}}"),
        say_py="from promptflow.core import tool\n@tool\ndef say():\n    yield 'a'\n    yield 1\n",
    )
    result = run(folder, {"x": ""})
    assert result.output == {"a": "a1"}
    assert result.nodes["say"].output.items == ["a", 1]
    assert list(run(folder, {"x": ""}, stream=True).output["a"]) == ["a", 1]


def test_pieces_that_break_off_fail_the_row(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(node("say", path="say.py"), outputs="{a: {type: string, reference: '${say.output}'}}"),
        say_py="from promptflow.core import tool\n@tool\nasync def say():\n    yield 'a'\n    raise ValueError('broken')\n",
    )
    result = run(folder, {"x": ""})
    assert result.status == "Failed"
    assert result.error is not None
    assert "broken" in result.error["message"]


@pytest.mark.parametrize("timeout", [None, 60])
def test_a_time_out_of_the_user_s_own_is_not_the_row_s(make_flow: MakeFlow, timeout: float | None) -> None:
    folder = make_flow(
        dag(node("say", path="say.py"), outputs="{a: {type: string, reference: '${say.output}'}}"),
        say_py="from promptflow.core import tool\n@tool\nasync def say():\n    yield 'a'\n    raise TimeoutError('mine')\n",
    )
    result = run(folder, {"x": ""}, timeout=timeout)
    assert result.error is not None
    assert (result.error["code"], result.error["message"]) == ("TimeoutError", "mine")


def test_an_output_without_a_form_in_json_fails_the_row(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(node("n", path="n.py"), outputs="{a: {type: string, reference: '${n.output}'}}"),
        n_py="from promptflow.core import tool\n@tool\ndef n():\n    return object()\n",
    )
    result = run(folder, {"x": ""})
    assert result.error is not None
    assert result.error["code"] == "FlowOutputUnserializable"
    assert "Object of type object" in result.error["message"]


@pytest.mark.parametrize(
    ("given", "code"), [({}, "InputNotFound"), ({"x": "a"}, "InputTypeError"), ({"x": None}, "InputTypeError")]
)
def test_inputs_that_are_missing_or_of_another_type(make_flow: MakeFlow, given: dict[str, Any], code: str) -> None:
    folder = make_flow(
        dag(node("n"), inputs="{x: {type: int}}", outputs="{a: {type: int, reference: '${inputs.x}'}}"), echo_py=ECHO
    )
    result = run(folder, given)
    assert result.error is not None
    assert result.error["code"] == code


def test_aggregation_takes_lists_and_logs_metrics(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(
            node("grade", inputs={"x": "${inputs.x}"}),
            node("mean", path="mean.py", inputs={"grades": "${grade.output}", "xs": "${inputs.x}"}, aggregation="true"),
            node("twice", path="twice.py", inputs={"mean": "${mean.output}"}, aggregation="true"),
            inputs="{x: {type: int, default: 7}}",
            outputs="{grade: {type: int, reference: '${grade.output}'}, mean: {type: int, reference: '${mean.output}'}}",
        ),
        echo_py=ECHO,
        mean_py="from promptflow.core import tool, log_metric\n@tool\ndef mean(grades, xs):\n    assert grades == xs\n"
        "    log_metric('mean', sum(grades) / len(grades))\n    return sum(grades) / len(grades)\n",
        twice_py="from promptflow import log_metric, tool\n@tool\ndef twice(mean):\n    log_metric('twice', mean * 2)\n",
    )
    loaded = open_flow(folder)

    async def both() -> None:
        rows = [await loaded.line({"x": x}) for x in ("1", 3)]
        assert [row.output for row in rows] == [{"grade": 1}, {"grade": 3}]
        assert rows[0].aggregation == {"${grade.output}": 1}
        found = await loaded.aggregate({"x": [1, 3]}, {"${grade.output}": [1, 3]})
        assert found.metrics == {"mean": 2.0, "twice": 4.0}
        assert found.error is None
        failed = await loaded.aggregate({"x": [1, 4]}, {"${grade.output}": [1, 3]})
        assert failed.error is not None
        assert failed.nodes["mean"].status == "Failed"
        assert "twice" not in failed.nodes

    assert loaded.has_aggregation
    asyncio.run(both())
    loaded.close()


def test_each_node_is_a_span_within_its_row_s(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(node("n", inputs={"x": "${inputs.x}"}), outputs="{a: {type: string, reference: '${n.output}'}}"),
        echo_py=ECHO,
    )
    sink = MemorySink()
    with emit_to(sink):
        run(folder, {"x": "a"}, number=4)
    inner, outer = sink.spans
    assert (inner.name, inner.kind, inner.parent_id) == ("n", "node", outer.span_id)
    assert (outer.name, outer.kind) == ("flow", "flow")
    assert inner.attributes == {"ferrata.node": "n", "inputs": {"x": "a"}, "output": "a"}
    assert outer.attributes == {"ferrata.line": 4, "inputs": {"x": "a"}, "output": {"a": "a"}}


def test_rows_at_the_same_time_keep_apart(make_flow: MakeFlow) -> None:
    folder = make_flow(
        dag(
            node("a", path="slow.py", inputs={"x": "${inputs.x}"}),
            node("b", path="slow.py", inputs={"x": "${a.output}"}),
            outputs="{b: {type: string, reference: '${b.output}'}}",
        ),
        slow_py="import time\nfrom promptflow.core import tool\n@tool\ndef slow(x):\n    print(x)\n    time.sleep(0.02)\n"
        "    print(x)\n    return x\n",
    )
    loaded = open_flow(folder)

    async def many() -> list[LineResult]:
        return await asyncio.gather(*(loaded.line({"x": str(i)}) for i in range(50)))

    with inside(loaded):
        results = asyncio.run(many())
    for number, result in enumerate(results):
        assert result.output == {"b": str(number)}
        assert result.nodes["a"].logs == f"{number}\n{number}\n"
    loaded.close()


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"path": "none.py"}, ("ResolveToolError", "InvalidSource")),
        ({"path": "syntax.py"}, ("ResolveToolError", "PythonLoadError")),
        ({"path": "empty.py"}, ("ResolveToolError", "NoToolDefined")),
        ({"path": "two.py"}, ("ResolveToolError", "MultipleToolsDefined")),
        ({"module": "no_such_module"}, ("FailedToImportModule",)),
    ],
)
def test_what_does_not_load_has_prompt_flow_s_names(
    make_flow: MakeFlow, change: dict[str, str], codes: tuple[str]
) -> None:
    folder = make_flow(
        dag(node("n", **change), outputs="{a: {type: string, reference: '${n.output}'}}"),
        echo_py=ECHO,
        syntax_py="def (",
        empty_py="",
        two_py="from promptflow.core import tool\n@tool\ndef a(): ...\n@tool\ndef b(): ...\n",
    )
    with pytest.raises(FlowError) as caught:
        open_flow(folder)
    assert caught.value.codes == codes
    assert "'n'" in caught.value.message or "no_such_module" in caught.value.message


def test_a_number_too_long_to_be_written_is_no_output(make_flow: MakeFlow) -> None:
    code = "from promptflow.core import tool\n\n@tool\ndef echo(x):\n    return {'n': [10 ** 5000]}\n"
    outputs = "{answer: {type: object, reference: '${first.output}'}}"
    result = run(make_flow(dag(node("first", inputs={"x": "1"}), outputs=outputs), echo_py=code), {"x": "1"})
    assert result.error is not None
    assert result.error["code"] == "FlowOutputUnserializable"


def test_a_traceback_shows_nothing_of_the_machinery(make_flow: MakeFlow) -> None:
    code = "from promptflow.core import tool\n\n@tool\ndef echo(a, /):\n    return a\n"
    outputs = "{answer: {type: object, reference: '${first.output}'}}"
    result = run(make_flow(dag(node("first", inputs={"a": "1"}), outputs=outputs), echo_py=code), {"x": "1"})
    assert result.error is not None
    assert "positional-only" in result.error["message"]
    assert "  File " not in result.error["details"]["traceback"]
