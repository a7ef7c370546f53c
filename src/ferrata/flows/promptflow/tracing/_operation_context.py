"""`OperationContext`: a dictionary of the current operation's facts, kept in a context variable."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, ClassVar

from ferrata.telemetry import current_span

__all__ = ["OperationContext"]

_current: ContextVar[OperationContext | None] = ContextVar("operation_context", default=None)


class OperationContext(dict[str, Any]):
    """Facts by name, as items and as attributes."""

    USER_AGENT_KEY: ClassVar[str] = "user_agent"
    REQUEST_ID_KEY: ClassVar[str] = "request_id"
    _OTEL_ATTRIBUTES: ClassVar[str] = "_otel_attributes"

    @classmethod
    def get_instance(cls) -> OperationContext:
        """The one of here; made if there is none."""
        found = _current.get()
        if found is None:
            found = cls()
            _current.set(found)
        span = current_span()
        if span is not None and "root_run_id" not in found:
            found.update(flow_id="default_flow_id", root_run_id=span.trace_id)
        return found

    @classmethod
    def set_instance(cls, instance: OperationContext | None) -> None:
        """Make it the one of here."""
        _current.set(instance)

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        del self[name]

    def copy(self) -> OperationContext:
        """Another with the same facts."""
        found = OperationContext(self)
        found[self._OTEL_ATTRIBUTES] = self._get_otel_attributes()
        return found

    def get_user_agent(self) -> str:
        """Who asks."""
        return " ".join([*([str(self[self.USER_AGENT_KEY])] if self.USER_AGENT_KEY in self else []), "ferrata"])

    def append_user_agent(self, user_agent: str) -> None:
        """Add a word to who asks."""
        before = str(self.get(self.USER_AGENT_KEY, ""))
        if user_agent not in before:
            self[self.USER_AGENT_KEY] = f"{before} {user_agent}".strip()

    def get_request_id(self) -> str:
        """The request's id, or `unknown`."""
        return str(self.get(self.REQUEST_ID_KEY, "unknown"))

    def get_context_dict(self) -> dict[str, Any]:
        """The facts as a plain dictionary."""
        return dict(self)

    def _add_otel_attributes(self, key: str, value: Any) -> None:
        self.setdefault(self._OTEL_ATTRIBUTES, {})[key] = value

    def _remove_otel_attributes(self, keys: list[str] | str) -> None:
        for key in [keys] if isinstance(keys, str) else keys:
            self.get(self._OTEL_ATTRIBUTES, {}).pop(key, None)

    def _get_otel_attributes(self) -> dict[str, Any]:
        return {key: value for key, value in self.get(self._OTEL_ATTRIBUTES, {}).items() if value is not None}
