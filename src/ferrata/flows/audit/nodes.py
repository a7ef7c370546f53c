"""All nodes of a graph that do not load, not only the first. Knows nothing of what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.flows.code import CodeSpace
from ferrata.flows.known import connection_of
from ferrata.flows.layout import close_all, lay_out
from ferrata.flows.process import set_variables, variables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ferrata.flows.types import Flow

__all__ = ["node_problems"]


def node_problems(flow: Flow, connections: Mapping[str, Any]) -> Iterator[FerrataError]:
    """What goes wrong in loading the code, templates and connections of a graph: all of it, not only the first.

    Args:
        flow: a graph.
        connections: name -> connection.

    Yields:
        Why something does not load, with its place.
    """
    from ferrata.flows.compat import install
    from ferrata.flows.nodes import Around, build_step, import_module_of

    def connection(name: str) -> Any:
        return connection_of(name, connections)

    closing: list[Callable[[], None]] = []
    install()
    try:
        try:
            folder = lay_out(flow, closing)
        except FerrataError as error:
            yield error
            return
        try:
            set_variables(variables_of(flow, connections, strict=True), closing)
        except FerrataError as error:
            yield error
        space = CodeSpace(folder)
        closing.append(space.close)
        around = Around(flow, folder, space, connection)
        for node in flow.nodes:
            try:
                import_module_of(node, around)
                build_step(node, around)
            except FerrataError as error:
                yield error
    finally:
        close_all(closing)
