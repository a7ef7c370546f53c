"""Flows that are called like functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.flows.background import wait_for
from ferrata.flows.contracts.connections import Connection
from ferrata.flows.promptflow.core._prompty import AsyncPrompty, Prompty
from ferrata.flows.promptflow.entities import FlowContext
from ferrata.flows.promptflow.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.types import LineResult

__all__ = ["AsyncFlow", "AsyncPrompty", "Flow", "FlowBase", "Prompty", "load_flow"]


class FlowBase:
    """A flow in a file. It is opened when it is first called.

    Attributes:
        context: connections, variant and streaming of the calls; a change of it opens the flow anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.context = FlowContext()
        self._loaded: LoadedFlow | None = None
        self._opened_with: str = ""

    @property
    def path(self) -> Path:
        """The flow's file."""
        return self._path

    @property
    def code(self) -> Path:
        """The flow's folder."""
        return self._path if self._path.is_dir() else self._path.parent

    @classmethod
    def load(cls, source: str | PathLike[str], **kwargs: Any) -> Any:
        """The flow in a folder or file; of a `.prompty` file, the prompt.

        Raises:
            UserErrorException: there is no such file.
        """
        path = Path(source).absolute()
        if not path.exists():
            raise UserErrorException(f"Flow path {path.as_posix()} does not exist")
        if path.suffix == ".prompty":
            return (AsyncPrompty if issubclass(cls, AsyncFlow) else Prompty).load(path, **kwargs)
        return cls(path)

    def _open(self, connections: Mapping[str, Any] | None, kwargs: Mapping[str, Any]) -> LoadedFlow:
        from ferrata.flows.open import open_flow

        about = repr((self.context, connections, kwargs))
        if self._loaded is None or about != self._opened_with:
            if self._loaded is not None:
                self._loaded.close()
            named, others = _by_name(self.context.connections)
            self._loaded = open_flow(
                self._path,
                connections={**named, **connections} if connections else named or None,
                variants=_variants(self.context.variant),
                **({"node_connections": others} if others else {}),
                **kwargs,
            )
            self._opened_with = about
        return self._loaded

    async def _line(
        self, inputs: Mapping[str, Any], connections: Mapping[str, Any] | None, init: Any = None
    ) -> LineResult:
        loaded = self._open(connections, {"init": init} if init else {})
        result = await loaded.line(inputs, stream=bool(self.context.streaming))
        if result.error is not None:
            raise UserErrorException(str(result.error.get("message", "")), error=result.error)
        return result


class Flow(FlowBase):
    """A flow: `Flow.load(path)(question="...")` is its output."""

    def __call__(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Run one line; the inputs are given by name.

        Raises:
            UserErrorException: positional arguments, an input is wrong, or a node failed.
        """
        if args:
            raise UserErrorException("Flow can only be called with keyword arguments.")
        return self.invoke(kwargs).output

    def invoke(
        self, inputs: Mapping[str, Any], connections: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> LineResult:
        """Run one line; the whole result of it. Raises as a call does."""
        return wait_for(self._line(inputs, connections, **kwargs), on="flows")


class AsyncFlow(FlowBase):
    """A flow whose calls are awaited."""

    async def __call__(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Run one line, as `Flow` does."""
        if args:
            raise UserErrorException("Flow can only be called with keyword arguments.")
        return (await self.invoke(kwargs)).output

    async def invoke(
        self, inputs: Mapping[str, Any], *, connections: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> LineResult:
        """Run one line; the whole result of it."""
        return await self._line(inputs, connections, **kwargs)


def load_flow(source: str | PathLike[str], *, is_async_call: bool = False, **kwargs: Any) -> Any:
    """The flow in a folder or file; raises as `Flow.load`."""
    return (AsyncFlow if is_async_call else Flow).load(source, **kwargs)


def _variants(variant: str | None) -> dict[str, str]:
    if not variant:
        return {}
    node, _, name = variant.removeprefix("${").removesuffix("}").partition(".")
    return {node: name}


def _by_name(given: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The connections in what is given for nodes, by names of their own, and what is given, with these names."""
    named: dict[str, Any] = {}
    others: dict[str, dict[str, Any]] = {}
    for node, values in given.items():
        others[node] = dict(values)
        for key, value in values.items():
            if isinstance(value, Connection):
                others[node][key] = f"{node}.{key}"
                named[f"{node}.{key}"] = value
    return named, others
