"""Calls that user code makes by the package `openai` are spans too, with model, tokens and finish.

The package's own methods are wrapped when a flow has imported it; outside of a flow's span they do what they did. Knows no connection.
"""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrata.messages import Usage
from ferrata.telemetry import add_usage, current_span, open_span

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.telemetry import Span

__all__ = ["watch_openai"]

# Module, classes, operation as OpenTelemetry calls it, the arguments that are noted.
_METHODS = (
    ("openai.resources.chat.completions", ("Completions", "AsyncCompletions"), "chat", ("messages", "tools")),
    ("openai.resources.completions", ("Completions", "AsyncCompletions"), "text_completion", ("prompt",)),
    ("openai.resources.responses", ("Responses", "AsyncResponses"), "chat", ("input", "instructions", "tools")),
    ("openai.resources.embeddings", ("Embeddings", "AsyncEmbeddings"), "embeddings", ("input",)),
)
_MARK = "__ferrata_watched__"
_watched: list[object] = []


def watch_openai() -> None:
    """Wrap the package's methods, if it is loaded and they are not wrapped yet. Cheap where there is nothing to do."""
    if "openai" not in sys.modules or sys.modules["openai"] in _watched:
        return
    _watched[:] = [sys.modules["openai"]]
    for module_name, classes, operation, noted in _METHODS:
        try:
            module = import_module(module_name)  # the package itself loads it when it is first used
        except ImportError:  # another version of it
            continue
        for name in classes:
            owner = getattr(module, name, None)
            create = getattr(owner, "create", None)
            if owner is not None and create is not None and not hasattr(create, _MARK):
                wrap = _awaited if name.startswith("Async") else _called
                wrapped = wrap(create, operation, noted)
                setattr(wrapped, _MARK, True)
                owner.create = wrapped


def _called(create: Callable[..., Any], operation: str, noted: tuple[str, ...]) -> Callable[..., Any]:
    @functools.wraps(create)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if current_span() is None:
            return create(self, *args, **kwargs)
        with open_span(*_about(operation, noted, kwargs)) as span:
            return _kept(span, create(self, *args, **kwargs))

    return run


def _awaited(create: Callable[..., Any], operation: str, noted: tuple[str, ...]) -> Callable[..., Any]:
    @functools.wraps(create)
    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if current_span() is None:
            return await create(self, *args, **kwargs)
        with open_span(*_about(operation, noted, kwargs)) as span:
            return _kept(span, await create(self, *args, **kwargs))

    return run


def _about(operation: str, noted: tuple[str, ...], given: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    model = str(given.get("model", ""))
    about: dict[str, Any] = {"gen_ai.operation.name": operation, "gen_ai.request.model": model}
    for name in ("temperature", "top_p", "max_tokens", "seed"):
        if isinstance(given.get(name), int | float):
            about[f"gen_ai.request.{name}"] = given[name]
    about["inputs"] = {name: given[name] for name in noted if name in given}
    return f"{operation} {model}", "embedding" if operation == "embeddings" else "llm", about


def _kept(span: Span, answer: Any) -> Any:
    """The answer, noted in the span: a stream has no tokens yet, and what has another shape none that are known."""
    span.attributes["gen_ai.response.model"] = getattr(answer, "model", None)
    first = next(iter(getattr(answer, "choices", None) or ()), None)
    if first is not None:
        said = getattr(getattr(first, "message", None), "content", None)
        span.attributes["output"] = getattr(first, "text", None) if said is None else said
        span.attributes["gen_ai.response.finish_reasons"] = [getattr(first, "finish_reason", None)]
    elif isinstance(text := getattr(answer, "output_text", None), str):
        span.attributes["output"] = text
    usage = _usage(getattr(answer, "usage", None))
    if usage is not None:
        span.attributes["gen_ai.usage.input_tokens"] = usage.input_tokens
        span.attributes["gen_ai.usage.output_tokens"] = usage.output_tokens
        add_usage(usage, None)
    return answer


def _usage(found: Any) -> Usage | None:
    """Tokens, by either of the names that the package has for them."""
    read = _count(found, "prompt_tokens", "input_tokens")
    written = _count(found, "completion_tokens", "output_tokens")
    if read is None:
        return None
    details = getattr(found, "prompt_tokens_details", None) or getattr(found, "input_tokens_details", None)
    return Usage(read, written or 0, cached_tokens=_count(details, "cached_tokens") or 0)


def _count(found: Any, *names: str) -> int | None:
    for name in names:
        value = getattr(found, name, None)
        if isinstance(value, int):
            return value
    return None
