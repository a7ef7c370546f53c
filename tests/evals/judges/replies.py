"""Answers of judges as tests script them."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Any

from ferrata.messages import ChatResponse, Message, TokenLogprob, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals import Score
    from ferrata.evals.judges import Judge


def said(score: object, reason: str = "because") -> str:
    return json.dumps({"reason": reason, "score": score})


def reply(text: str, finish: str = "stop", **more: Any) -> ChatResponse:
    usage = Usage(100, 10)
    return ChatResponse("id", "judge-1", Message("assistant", text), finish, usage, **more)  # pyright: ignore[reportArgumentType]


def token(text: str, **top: float) -> TokenLogprob:
    """A token with probability 0.5 where `top` does not say otherwise; names of `top` stand for their digits: `d4=0.6`."""
    pairs = tuple((name[1:], math.log(p)) for name, p in top.items())
    return TokenLogprob(text, math.log(0.5), pairs)


def at_digit(text: str, probabilities: Mapping[str, float]) -> TokenLogprob:
    return TokenLogprob(text, math.log(probabilities[text]), tuple((t, math.log(p)) for t, p in probabilities.items()))


def judged(judge: Judge, **values: Any) -> Sequence[Score]:
    return asyncio.run(_judge(judge, values))


async def _judge(judge: Judge, values: Mapping[str, Any]) -> Sequence[Score]:
    return await judge.judge(values)
