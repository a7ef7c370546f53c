"""A response as JSON and back, to keep it.

Knows nothing of where it is kept.
"""

from __future__ import annotations

import json
from typing import Any, cast

from ferrata.messages import ChatResponse, Message, TokenLogprob, ToolCall, Usage

__all__ = ["read_response", "write_response"]


def write_response(response: ChatResponse) -> str:
    """A response as JSON; the times are left out, since they are of the call and not of the answer."""
    usage = response.usage
    found: dict[str, Any] = {
        "id": response.id,
        "model": response.model,
        "text": response.text,
        "calls": [[call.id, call.name, call.arguments] for call in response.message.tool_calls],
        "finish": response.finish,
        "usage": usage
        and [
            usage.input_tokens,
            usage.output_tokens,
            usage.cached_tokens,
            usage.cache_write_tokens,
            usage.reasoning_tokens,
        ],
    }
    if response.logprobs is not None:
        found["logprobs"] = [[token.token, token.logprob, token.top] for token in response.logprobs]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def read_response(text: str) -> ChatResponse:
    """The response that `write_response` wrote.

    Raises:
        ValueError, KeyError, TypeError: the text is another.
    """
    found = cast("dict[str, Any]", json.loads(text))
    calls = tuple(ToolCall(*call) for call in found["calls"])
    logprobs = found.get("logprobs")
    return ChatResponse(
        id=found["id"],
        model=found["model"],
        message=Message("assistant", found["text"], tool_calls=calls),
        finish=found["finish"],
        usage=Usage(*found["usage"]) if found["usage"] else None,
        logprobs=None
        if logprobs is None
        else tuple(TokenLogprob(token, p, tuple((t, q) for t, q in top)) for token, p, top in logprobs),
    )
