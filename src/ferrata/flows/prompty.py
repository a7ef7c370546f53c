"""A `.prompty` file that is ready to run as a flow."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.flows.failures import FlowError
from ferrata.flows.flex import CallableFlow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.flows.types import Flow

__all__ = ["open_prompty"]


def open_prompty(flow: Flow, connections: Mapping[str, Any], *, closing: Callable[[], None]) -> CallableFlow:
    """The flow that a prompt is; the model is the one that the prompt names.

    Raises:
        FlowError: `UserErrorException`: the prompt is wrong.
    """
    # By its name: the compatibility package opens flows itself, and so lies above this.
    prompty: Any = import_module("ferrata.flows.promptflow.core").AsyncPrompty
    try:
        prompt = prompty.load(flow.file)
    except FerrataError as error:
        problem = error.message.removeprefix(f"{flow.file}: ")
        raise FlowError((type(error).__name__,), problem, hint=error.hint, file=flow.file) from error

    async def ask(**inputs: Any) -> Any:
        missing = [name for name, spec in flow.inputs.items() if name not in inputs and spec.default is None]
        if missing and inputs:
            raise FlowError(
                "InputNotFound", f"the input {missing[0]!r} is not given", hint=f"give it, as --inputs {missing[0]}=..."
            )
        return await prompt(**inputs)

    ask.__qualname__ = flow.name

    # The prompt coerces its own inputs, and says which are missing.
    bare = replace(flow, inputs={})
    return CallableFlow(bare, ask, flow.folder.resolve(), connections=connections, closing=closing)
