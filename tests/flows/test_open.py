"""From a path to a flow: files of every kind, includes, variables, connections, code in its own folder."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import NotFound, UsageError
from ferrata.flows import FlowError, LineResult, find_flow, open_flow, read_flow
from ferrata.flows.contracts.custom_connections import CustomConnection

if TYPE_CHECKING:
    from tests.flows.conftest import MakeFlow

ONE = """
inputs: {x: {type: string, default: a}}
outputs: {out: {type: string, reference: '${n.output}'}}
nodes:
- {name: n, type: python, source: {type: code, path: n.py}, inputs: {x: '${inputs.x}'}}
"""


def run(path: Path, inputs: dict[str, Any] | None = None, **options: Any) -> LineResult:
    loaded = open_flow(path, **options)
    try:
        return asyncio.run(loaded.line(inputs or {}))
    finally:
        loaded.close()


def test_a_folder_with_one_flow_is_enough_and_with_two_is_not(make_flow: MakeFlow, tmp_path: Path) -> None:
    folder = make_flow(ONE)
    assert find_flow(folder) == folder / "flow.dag.yaml"
    (folder / "flow.flex.yaml").write_text("entry: a:b\n")
    with pytest.raises(UsageError, match=r"flow\.flex\.yaml and flow\.dag\.yaml"):
        find_flow(folder)
    with pytest.raises(NotFound, match="no flow in"):
        find_flow(tmp_path)
    with pytest.raises(NotFound, match="no such flow"):
        find_flow(tmp_path / "nothing")


def test_includes_lie_beside_the_flow_and_go_when_it_is_closed(make_flow: MakeFlow, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/words.py").write_text("WORD = 'shared'\n")
    (tmp_path / "n.py").write_text(
        "from pathlib import Path\nfrom promptflow.core import tool\nfrom shared.words import WORD\nHERE = Path('flow.dag.yaml').resolve()\n"
        "@tool\ndef n(x):\n    return f'{WORD} {HERE}'\n"
    )
    folder = make_flow(ONE + "additional_includes: [../shared, ../n.py]\n")
    output = run(folder).output["out"]
    word, _, place = output.partition(" ")
    assert word == "shared"
    assert Path(place).parent.name == "flow"
    assert not Path(place).exists()
    assert not (folder / "n.py").exists()
    (tmp_path / "n.py").unlink()
    with pytest.raises(FlowError, match="which there is not") as caught:
        open_flow(folder)
    assert caught.value.codes == ("UserErrorException",)


def test_variables_are_set_while_the_flow_is_open(
    make_flow: MakeFlow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MINE", "before")
    monkeypatch.delenv("LISTED", raising=False)
    text = ONE + (
        "environment_variables: {MINE: theirs, LISTED: [1, a], KEY: '${store.key}', NONE: '${nobody.key}', NUMBER: 3}\n"
    )
    folder = make_flow(
        text,
        n_py="import os\nfrom promptflow.core import tool\n@tool\ndef n(x):\n"
        "    return [os.environ[name] for name in ('MINE', 'LISTED', 'KEY', 'NONE', 'NUMBER')]\n",
    )
    connections = {"store": CustomConnection({"key": "secret"}, {})}
    assert run(folder, connections=connections).output == {
        "out": ["theirs", '[1, "a"]', "secret", "${nobody.key}", "3"]
    }
    assert "there is no connection 'nobody'" in caplog.text
    assert os.environ["MINE"] == "before"
    assert "LISTED" not in os.environ
    given = run(folder, connections=connections, environment={"MINE": "given"})
    assert given.output["out"][0] == "given"
    with pytest.raises(FlowError, match="nobody"):
        open_flow(folder, connections=connections, strict=True)


def test_code_is_loaded_in_its_own_folder_and_the_working_directory_stays(make_flow: MakeFlow) -> None:
    folder = make_flow(
        ONE,
        words_txt="beside",
        n_py="from pathlib import Path\nfrom promptflow.core import tool\nWORDS = Path('words.txt').read_text()\n@tool\ndef n(x):\n    return WORDS\n",
    )
    before = Path.cwd()
    assert run(folder).output == {"out": "beside"}
    assert Path.cwd() == before


@pytest.mark.parametrize("word", ["", "async "])
def test_a_function_is_a_flow(make_flow: MakeFlow, word: str) -> None:
    folder = make_flow(entry_py=f"{word}def answer(question: str, times: int = 2):\n    return question * times\n")
    (folder / "flow.flex.yaml").write_text("entry: entry:answer\ninputs: {times: {type: int}}\n")
    assert run(folder, {"question": "a"}).output == {"output": "aa"}
    assert run(folder, {"question": "a", "times": "3", "more": 1}).output == {"output": "aaa"}
    result = run(folder, {})
    assert result.error is not None
    assert result.error["code"] == "InputNotFound"


def test_a_class_is_a_flow_with_arguments_connections_and_aggregation(make_flow: MakeFlow) -> None:
    folder = make_flow(
        entry_py="""
        from promptflow.connections import CustomConnection

        class Bot:
            def __init__(self, store: CustomConnection, greeting: str = 'Hi'):
                self.words = f'{greeting} {store.shop}'

            def __call__(self, who: str) -> dict:
                return {'text': f'{self.words} {who}', 'length': len(who)}

            def __aggregate__(self, results: list):
                return {'mean': sum(one['length'] for one in results) / len(results)}
        """
    )
    (folder / "flow.flex.yaml").write_text("entry: entry:Bot\nsample: {init: {store: s}, inputs: {who: Ann}}\n")
    connection = CustomConnection({}, {"shop": "shop"})
    loaded = open_flow(folder, connections={"s": connection})

    async def both() -> None:
        assert (await loaded.line({})).output == {"text": "Hi shop Ann", "length": 3}
        rows = [await loaded.line({"who": who}) for who in ("Al", "Beth")]
        found = await loaded.aggregate({}, {"output": [row.aggregation["output"] for row in rows]})
        assert found.metrics == {"mean": 3.0}

    asyncio.run(both())
    loaded.close()
    assert (
        run(folder, init={"store": "s", "greeting": "Bye"}, connections={"s": connection}).output["text"]
        == "Bye shop Ann"
    )
    with pytest.raises(FlowError) as caught:
        open_flow(folder)
    assert caught.value.codes == ("FlowEntryInitializationError", "ConnectionNotFoundError")


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("entry", "InvalidFlexFlowEntry", "entry: module:function"),
        ("nothing:answer", "PythonLoadError", "'nothing'"),
        ("entry:nothing", "PythonLoadError", "'nothing'"),
        ("entry:NotCallable", "PythonLoadError", "__call__"),
        ("entry:TwoArguments", "InvalidAggregationFunction", "one argument"),
        ("entry:Raising", "FlowEntryInitializationError", "at line 8"),
        ("wrong:answer", "PythonLoadError", "at line 1 of wrong.py"),
    ],
)
def test_entries_that_do_not_load(make_flow: MakeFlow, entry: str, code: str, words: str) -> None:
    folder = make_flow(
        entry_py="class NotCallable: ...\nclass TwoArguments:\n    def __call__(self): ...\n    def __aggregate__(self, a, b): ...\n"
        "class Raising:\n    def __call__(self): ...\n    def __init__(self):\n        raise ValueError('no')\n",
        wrong_py="def (",
    )
    (folder / "flow.flex.yaml").write_text(f"entry: {entry}\n")
    with pytest.raises(FlowError) as caught:
        open_flow(folder)
    assert caught.value.codes[0] == code
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_decorated_function_is_a_flow_and_its_steps_are_spans(make_flow: MakeFlow) -> None:
    from ferrata.telemetry import MemorySink, emit_to

    folder = make_flow(
        answer_py="""
        import ferrata as fr

        @fr.step
        async def find(question: str) -> list[str]:
            return [question, question]

        @fr.step
        def join(found):
            return '; '.join(found)

        @fr.flow
        async def answer(question: str = 'Why?') -> str:
            return join(await find(question))
        """
    )
    sink = MemorySink()
    with emit_to(sink):
        assert run(folder / "answer.py:answer").output == {"output": "Why?; Why?"}
    assert [(span.name, span.kind) for span in sink.spans] == [
        ("find", "function"),
        ("join", "function"),
        ("answer", "flow"),
    ]
    assert {span.trace_id for span in sink.spans} == {sink.spans[-1].trace_id}
    with pytest.raises(FlowError, match="no function or class 'nobody'"):
        open_flow(folder / "answer.py:nobody")
    with pytest.raises(NotFound, match=r"none\.py"):
        read_flow(folder / "none.py:answer")


def test_a_flow_in_c_sharp_is_said_to_be_one(make_flow: MakeFlow) -> None:
    with pytest.raises(FlowError, match="C#") as caught:
        open_flow(make_flow(ONE + "language: csharp\n"))
    assert caught.value.codes == ("ResolveToolError", "NotSupported")


def test_a_prompt_is_a_flow(make_flow: MakeFlow) -> None:
    folder = make_flow()
    (folder / "hello.prompty").write_text(
        "---\nname: hello\nmodel:\n  api: chat\n  configuration: {type: openai, connection: none}\n"
        "inputs: {who: {type: string}}\nsample: {who: Ann}\n---\nsystem:\nBe kind.\nuser:\nI am {{who}}.\n"
    )
    flow = read_flow(folder)
    assert (flow.kind, flow.name, flow.inputs["who"].type) == ("prompty", "hello", "string")
    result = run(folder)
    assert result.error is not None
    assert "none" in result.error["message"]


def test_what_is_printed_while_code_is_loaded_is_no_result(
    make_flow: MakeFlow, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_flow(ONE, n_py="from promptflow.core import tool\nprint('loading')\n@tool\ndef n(x):\n    return x\n")
    open_flow(folder).close()
    assert capsys.readouterr() == ("", "loading\n")


def test_flows_are_opened_in_several_threads_at_once(make_flow: MakeFlow) -> None:
    code = """
    import time
    from pathlib import Path
    from promptflow.core import tool
    import prices
    time.sleep(0.01)
    mine = Path("mine.txt").read_text()

    @tool
    def answer():
        return [prices.NUMBER, mine]
    """
    dag = """
    outputs: {answer: {type: string, reference: '${answer.output}'}}
    nodes:
    - {name: answer, type: python, source: {type: code, path: answer.py}}
    """
    folders = [make_flow(dag, name=f"flow{i}", answer_py=code, prices_py=f"NUMBER = {i}\n") for i in range(6)]
    for i, folder in enumerate(folders):
        (folder / "mine.txt").write_text(str(i))

    def answer(folder: Path) -> object:
        loaded = open_flow(folder)
        try:
            return asyncio.run(loaded.line({})).output["answer"]
        finally:
            loaded.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(answer, folders)) == [[i, str(i)] for i in range(6)]


def test_arguments_of_a_class_that_are_texts_get_the_types_of_the_signature(make_flow: MakeFlow) -> None:
    code = (
        "class F:\n    def __init__(self, n: int, f: float = 1.0, b: bool = False, s: str = '', free=None, d=2):\n"
        "        self.given = [n, f, b, s, free, d]\n    def __call__(self):\n        return {'given': self.given}\n"
    )
    folder = make_flow(**{"flow.flex_yaml": "entry: e:F\n", "e_py": code})
    given = {"n": "4", "f": "0.5", "b": "true", "s": "5", "free": "6", "d": "7"}
    assert run(folder, init=given).output == {"given": [4, 0.5, True, "5", "6", 7]}
    for name, value in (("n", "four"), ("b", "yes"), ("f", "x")):
        with pytest.raises(FlowError, match=f"the argument {name!r} is {value!r}, which is no") as refused:
            open_flow(folder, init={"n": "1", name: value})
        assert refused.value.codes == ("FlowEntryInitializationError", "InvalidInitValue")
