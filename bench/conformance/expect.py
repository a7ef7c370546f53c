"""What promptflow itself makes of flows: run by an interpreter that has promptflow, and that need not have Ferrata.

`python expect.py JOB.json`, where the job has `root`, `flows` (each with `path`, `kind`, `inputs`, `init`), `connections` (as promptflow's
executor takes them), `timeout`, `workers` and `out`. The package is imported once, which takes seconds; each flow runs in a fork of
that process, so that no flow sees the modules of another. Knows nothing of how the outcome is judged.
"""

# ruff: noqa: BLE001 - whatever a flow raises is its outcome
from __future__ import annotations

import ast
import json
import os
import signal
import sys
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

LINE_NUMBER = "line_number"


def main() -> None:
    """Run every flow of the job and write the outcomes."""
    job = json.loads(Path(sys.argv[1]).read_text())
    sys.dont_write_bytecode = True
    out = Path(job["out"])
    for stale in out.parent.glob(f"{out.name}.*"):
        stale.unlink()
    _import_promptflow()
    waiting, running, found = list(reversed(job["flows"])), {}, {}
    start = time.monotonic()
    while waiting or running:
        while waiting and len(running) < job["workers"]:
            flow = waiting.pop()
            running[_fork(flow, job)] = (flow, time.monotonic())
        time.sleep(0.01)
        for pid, (flow, since) in list(running.items()):
            ended, _status = os.waitpid(pid, os.WNOHANG)
            late = time.monotonic() - since > job["timeout"]
            if ended or late:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                if not ended:
                    os.waitpid(pid, 0)
                del running[pid]
                found[flow["path"]] = _outcome(pid, job, late=late and not ended) | {
                    "seconds": round(time.monotonic() - since, 2)
                }
    print(f"{len(found)} flows in {time.monotonic() - start:.0f} s", file=sys.stderr)
    Path(job["out"]).write_text(json.dumps(found, indent=1, default=str))


def _import_promptflow() -> None:
    import openai  # noqa: F401
    import promptflow.core
    import promptflow.executor
    import promptflow.executor._prompty_executor
    import promptflow.executor._script_executor
    import promptflow.tools  # noqa: F401


def _outcome(pid: int, job: dict[str, Any], *, late: bool) -> dict[str, Any]:
    file = Path(f"{job['out']}.{pid}")
    if late:
        file.unlink(missing_ok=True)
        return {"outcome": "timeout"}
    if not file.exists():
        return {"outcome": "crash"}
    found = json.loads(file.read_text())
    file.unlink()
    return found


def _fork(flow: dict[str, Any], job: dict[str, Any]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        signal.alarm(int(job["timeout"]) + 5)  # it ends even where nobody is left to end it
        with Path(f"{job['out']}.log").open("a") as log:
            for stream in (1, 2):
                os.dup2(log.fileno(), stream)
        file = Path(f"{job['out']}.{os.getpid()}")
        found = _run(flow, job)
        partial = file.with_name(f"{file.name}.part")
        partial.write_text(json.dumps(found, default=str))
        partial.rename(file)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        # User code may have left threads behind, for which an ordinary exit would wait.
        os._exit(0)


def _renew_locks() -> None:
    """Make the package's file locks anew, which refuse to be used in a fork."""
    from filelock import BaseFileLock, FileLock

    for name, module in list(sys.modules.items()):
        if name.startswith("promptflow."):
            for key, value in list(vars(module).items()):
                if isinstance(value, BaseFileLock):
                    setattr(module, key, FileLock(value.lock_file))


def _run(flow: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    file = Path(job["root"]) / flow["path"]
    connections = job["connections"]
    _renew_locks()
    _offer(connections)
    if flow["kind"] == "prompty" and flow["render"]:
        return _render(file, flow["inputs"])
    try:
        with _with_includes(file) as whole:
            return _execute(whole, flow, connections)
    except Exception as error:
        return _load_error(error)


def _offer(connections: dict[str, Any]) -> None:
    """Give the connections also to what asks the local store for them by name."""
    if not connections:
        return
    from promptflow.core import _prompty_utils
    from promptflow.core._connection_provider._connection_provider import ConnectionProvider
    from promptflow.core._connection_provider._dict_connection_provider import DictConnectionProvider

    ConnectionProvider._instance = DictConnectionProvider(json.loads(json.dumps(connections)))
    stored = _prompty_utils.get_connection_by_name

    def by_name(name: str) -> Any:
        if name not in connections:
            return stored(name)
        return dict(connections[name]["value"]), connections[name]["kind"]

    _prompty_utils.get_connection_by_name = by_name


@contextmanager
def _with_includes(file: Path) -> Any:
    """The flow's file in a folder that has its additional includes, as `pf flow test` makes it."""
    from promptflow._sdk._utilities.general_utils import (
        _get_additional_includes,
        _merge_local_code_and_additional_includes,
    )

    try:
        includes = file.suffix != ".prompty" and _get_additional_includes(file)
    except Exception:
        includes = None
    if not includes:
        yield file
        return
    with _merge_local_code_and_additional_includes(code_path=file.parent) as folder:
        yield Path(folder) / file.name


def _execute(file: Path, flow: dict[str, Any], connections: dict[str, Any]) -> dict[str, Any]:
    from promptflow.contracts.flow import Flow
    from promptflow.executor import FlowExecutor

    os.chdir(file.parent)
    # What cannot be read fails below, as it does for promptflow.
    with suppress(Exception):
        os.environ.update(Flow.load_env_variables(flow_file=file.name, working_dir=file.parent))
        FlowExecutor.update_environment_variables_with_connections(connections)
    if flow["kind"] != "dag":
        sys.path.insert(0, str(file.parent))
    executor = FlowExecutor.create(
        file, connections, file.parent, raise_ex=False, init_kwargs=flow["init"], env_exporter_setup=False
    )
    try:
        inputs = dict(flow["inputs"])
        if flow["kind"] == "prompty" and not inputs and executor.prompty._sample:
            from promptflow.core._utils import load_inputs_from_sample

            inputs = load_inputs_from_sample(executor.prompty._sample)
        result = executor.exec_line(inputs, index=0)
    except Exception as error:
        return {"outcome": "failed", "status": "Failed", **_raised(error)}
    status = result.run_info.status.value
    found: dict[str, Any] = {
        "outcome": "completed" if status == "Completed" else "failed",
        "status": status,
        "nodes": {name: run.status.value for name, run in result.node_run_infos.items()},
    }
    if status != "Completed":
        return found | _failure(result.run_info.error or {})
    try:
        found["output"] = _plain(result.output, executor)
    except Exception as error:
        return found | {"outcome": "failed", "after": "output", **_raised(error)}
    return found | _aggregate(executor, flow, result)


def _aggregate(executor: Any, flow: dict[str, Any], result: Any) -> dict[str, Any]:
    if not executor.has_aggregation_node:
        return {}
    from promptflow._utils.execution_utils import apply_default_value_for_input
    from promptflow._utils.utils import AttrDict
    from promptflow.executor._script_executor import ScriptExecutor
    from promptflow.executor.flow_validator import FlowValidator

    try:
        if isinstance(executor, ScriptExecutor):
            one = AttrDict(result.output) if isinstance(result.output, dict) else result.output
            ended = executor.exec_aggregation(None, [one])
        else:
            declared = executor._flow
            given = apply_default_value_for_input(declared.inputs, flow["inputs"])
            typed = FlowValidator.ensure_flow_inputs_type(flow=declared, inputs=given)
            parts = {name: [value] for name, value in result.aggregation_inputs.items()}
            ended = executor.exec_aggregation({name: [typed.get(name)] for name in declared.inputs}, parts)
    except Exception as error:
        return {"aggregation": {"error": _raised(error)}}
    nodes = {name: run.status.value for name, run in ended.node_run_infos.items()}
    found: dict[str, Any] = {"nodes": nodes, "metrics": json.loads(json.dumps(ended.metrics or {}, default=str))}
    errors = [_failure(run.error) for run in ended.node_run_infos.values() if run.error]
    if errors:
        found["error"] = errors[0]
    return {"aggregation": found}


def _plain(output: Any, executor: Any) -> Any:
    from promptflow._utils.dataclass_serializer import convert_eager_flow_output_to_dict
    from promptflow.tracing._utils import serialize

    processor = executor._multimedia_processor
    whole = convert_eager_flow_output_to_dict(output)
    whole = {name: value for name, value in whole.items() if name != LINE_NUMBER} if isinstance(whole, dict) else whole
    return json.loads(json.dumps(serialize(processor.convert_multimedia_data_to_base64_dict(whole)), default=str))


def _render(file: Path, inputs: dict[str, Any]) -> dict[str, Any]:
    from promptflow.core import Prompty

    os.chdir(file.parent)
    try:
        prompty = Prompty.load(source=file)
    except Exception as error:
        return _load_error(error)
    try:
        text = prompty.render(**inputs)
    except Exception as error:
        return {"outcome": "failed", "status": "Failed", **_raised(error)}
    output: Any = text
    with suppress(ValueError, SyntaxError):
        output = ast.literal_eval(text)
    return {"outcome": "completed", "status": "Completed", "output": output}


def _load_error(error: Exception) -> dict[str, Any]:
    return {"outcome": "load error", **_raised(error)}


def _raised(error: BaseException) -> dict[str, Any]:
    """The classes of an exception and of what promptflow says is inside it, the outermost first."""
    from promptflow.exceptions import PromptflowException

    codes, one = [type(error).__name__], getattr(error, "inner_exception", None)
    while isinstance(one, PromptflowException):
        codes.append(type(one).__name__)
        one = one.inner_exception
    found = {"codes": codes, "message": str(error)}
    return found | ({"exception": type(one).__name__} if isinstance(one, Exception) else {})


def _failure(error: dict[str, Any]) -> dict[str, Any]:
    codes, one = [], error
    while one:
        codes.append(one.get("code"))
        one = one.get("innerError")
    found = {"codes": [code for code in codes if code], "message": error.get("message")}
    for more in error.get("additionalInfo") or []:
        if (more.get("info") or {}).get("type"):
            found["exception"] = more["info"]["type"]
    return found


if __name__ == "__main__":
    main()
