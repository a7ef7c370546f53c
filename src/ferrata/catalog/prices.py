"""What a model costs: rates per million tokens with the version they come from, and the cost of usage at them.

Knows nothing of where prices come from, and prices text only: audio, images made and searches are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from ferrata.messages import Usage

__all__ = ["Price", "Rate"]

_MILLION = 1_000_000


class Rate(NamedTuple):
    """US dollars per million tokens.

    Attributes:
        base: below the first tier.
        tiers: (input tokens, rate): a request with more input than that pays this rate for all its tokens; ascending.
    """

    base: float
    tiers: tuple[tuple[int, float], ...] = ()

    def at(self, input_tokens: int) -> float:
        """The rate for a request with so many input tokens."""
        rate = self.base
        if not self.tiers:
            return rate
        for start, higher in self.tiers:
            if input_tokens > start:
                rate = higher
        return rate


@dataclass(frozen=True, slots=True)
class Price:
    """What tokens of one model cost at one provider, from a day on.

    Attributes:
        provider: whose price it is, as `openai`.
        model: the name under which the price is listed.
        version: where the price comes from and which edition: `genai-prices/0.2.3`, `ferrata.yaml/1f00aa31`.
        input: of what the model reads; None where the list has no price for it.
        output: of what it writes, reasoning included; None likewise.
        cached_input: of input read from the provider's cache; as `input` where None.
        cache_write: of input written to it; as `input` where None.
        reasoning: of output that nobody sees; as `output` where None.
        request: US dollars for each request, beside the tokens.
        since: the day from which it holds; None where the list does not say.
    """

    provider: str
    model: str
    version: str
    input: Rate | None
    output: Rate | None
    cached_input: Rate | None = None
    cache_write: Rate | None = None
    reasoning: Rate | None = None
    request: float = 0.0
    since: date | None = None

    def cost(self, usage: Usage) -> float | None:
        """US dollars for the usage of one request; None where it has tokens that the list has no price for."""
        tokens = usage.input_tokens
        read, written = self.input, self.output
        if read and written and not (usage.cached_tokens or usage.cache_write_tokens or usage.reasoning_tokens):
            return (
                self.request + tokens * read.at(tokens) / _MILLION + usage.output_tokens * written.at(tokens) / _MILLION
            )
        plain = tokens - usage.cached_tokens - usage.cache_write_tokens
        parts = (
            (plain, self.input),
            (usage.cached_tokens, self.cached_input or self.input),
            (usage.cache_write_tokens, self.cache_write or self.input),
            (usage.output_tokens - usage.reasoning_tokens, self.output),
            (usage.reasoning_tokens, self.reasoning or self.output),
        )
        total = self.request
        for count, rate in parts:
            if count > 0 and rate is None:
                return None
            if rate is not None:
                total += max(count, 0) * rate.at(tokens) / _MILLION
        return total

    def as_json(self) -> dict[str, object]:
        """Plain data: rates in US dollars per million tokens."""
        rates = {
            "input": self.input,
            "output": self.output,
            "cached_input": self.cached_input,
            "cache_write": self.cache_write,
            "reasoning": self.reasoning,
        }
        return {
            "provider": self.provider,
            "model": self.model,
            "version": self.version,
            "currency": "USD",
            "per_tokens": _MILLION,
            **{name: _rate_json(rate) for name, rate in rates.items() if rate is not None},
            **({"request": self.request} if self.request else {}),
            **({"since": self.since.isoformat()} if self.since else {}),
        }


def _rate_json(rate: Rate) -> object:
    return {"base": rate.base, "above": [list(tier) for tier in rate.tiers]} if rate.tiers else rate.base
