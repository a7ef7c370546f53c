"""A flow as the folder of a container that serves it."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.containers.container import Built, build_container
else:
    __getattr__ = door(__name__, container=["Built", "build_container"])

__all__ = ["Built", "build_container"]
