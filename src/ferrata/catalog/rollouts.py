"""How a new release gets its calls: stages, what is compared, and when it is taken back. Knows no statistics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from ferrata.documents import Document

__all__ = ["BUILT_IN_METRICS", "LimitsSettings", "MetricSettings", "RolloutSettings", "StageSettings"]

BUILT_IN_METRICS = ("errors", "blocked", "latency", "cost")
"""What every call has: it failed (0 or 1), a guard stopped it (0 or 1), seconds, US dollars."""

_CUT = ("latency", "cost")
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Chance = Annotated[float, Field(gt=0, lt=0.5)]


class StageSettings(Document):
    """A share of the calls for a while.

    Attributes:
        share: percent of the calls.
        minutes: at least.
        requests: that the candidate answers at least.
    """

    share: Annotated[float, Field(gt=0, le=100)]
    minutes: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] = 5.0
    requests: Annotated[int, Field(ge=0)] = 100

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"share": value} if isinstance(value, int | float) else value


class MetricSettings(Document):
    """What is compared, and by how much the candidate may be worse.

    Attributes:
        margin: of the difference of the means, in the unit of the metric; of `errors`, `blocked` and those with `over` a share of the calls.
        over: of `latency` and `cost`: the share of the calls above it is compared, in seconds or US dollars; or
        most: the mean is compared, of values that are cut here.
        attribute: of any other metric: the number that a span in the call's trace has by this name, as a feedback or a score.
        low: the least that it can be.
        high: the greatest.
        better: whether more is better, or less.
    """

    margin: Positive
    over: Positive | None = None
    most: Positive | None = None
    attribute: str = ""
    low: float = 0.0
    high: float = 1.0
    better: Literal["higher", "lower"] = "higher"

    @property
    def bounds(self) -> tuple[float, float]:
        """What a value can be, so that more is worse."""
        if self.attribute:
            return (-self.high, -self.low) if self.better == "higher" else (self.low, self.high)
        return 0.0, self.most or 1.0


class LimitsSettings(Document):
    """What takes a candidate back at once, without any comparison.

    Attributes:
        errors: share of the last `of` calls that failed, this or more.
        of: calls that are looked at.
        seconds: that 99 of 100 of its last 100 calls or more must not exceed; None: any.
        cost: US dollars of a call, which none may exceed; None: any.
    """

    errors: Annotated[float, Field(gt=0, le=1)] | None = 0.5
    of: Annotated[int, Field(ge=5)] = 20
    seconds: Positive | None = None
    cost: Positive | None = None


def _metrics(value: object) -> object:
    if not isinstance(value, dict):
        return value
    found: dict[object, object] = {}
    for name, about in value.items():  # pyright: ignore[reportUnknownVariableType]
        found[name] = {"margin": about} if isinstance(about, int | float) else about
    return found


class RolloutSettings(Document):
    """The section `rollout` of an endpoint.

    Attributes:
        stages: one after the other; after the last one the candidate gets all calls.
        metrics: by name; `errors`, `blocked`, `latency`, `cost` or one with an `attribute`.
        risk: probability at most that a candidate that is not worse than the margin by any metric is taken back by the comparison, over all
            stages and however often one looks.
        confidence: that a candidate that is worse than the margin of a metric does not pass a stage on account of it.
        limits: what takes it back at once.
        automatic: what is done without a person; the rest waits for one.
        unit: what is dealt to the releases, and hence counts once in a stage: `caller`, where the endpoint is sticky, else each call; or
            `call` in any case, which is wrong where few callers make most calls.
        window: seconds after a caller's first call in a stage; their mean is what counts of the caller.
    """

    stages: Annotated[list[StageSettings], Field(min_length=1)] = [
        StageSettings(share=5.0),
        StageSettings(share=25.0),
        StageSettings(share=50.0),
    ]
    metrics: Annotated[dict[str, MetricSettings], BeforeValidator(_metrics), Field(min_length=1)] = {
        "errors": MetricSettings(margin=0.02),
        "blocked": MetricSettings(margin=0.05),
    }
    risk: Chance = 0.05
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    limits: LimitsSettings = LimitsSettings()
    automatic: list[Literal["advance", "rollback"]] = ["advance", "rollback"]
    unit: Literal["caller", "call"] = "caller"
    window: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 60.0

    @model_validator(mode="after")
    def _sound(self) -> RolloutSettings:
        shares = [stage.share for stage in self.stages]
        if sorted(set(shares)) != shares:
            raise ValueError("`stages` must have shares that grow")
        for name, metric in self.metrics.items():
            _check(name, metric)
        return self


def _check(name: str, metric: MetricSettings) -> None:
    cut = (metric.over is not None) + (metric.most is not None)
    if name in BUILT_IN_METRICS and metric.attribute:
        raise ValueError(f"`{name}` is measured by itself and has no `attribute`")
    if name not in BUILT_IN_METRICS and not metric.attribute:
        raise ValueError(f"`{name}` is none of {', '.join(BUILT_IN_METRICS)}: give it an `attribute`")
    if (name in _CUT) != (cut > 0) or cut > 1:
        raise ValueError(
            f"`{name}` must have either `over` or `most`" if name in _CUT else f"`{name}` takes no `over` and no `most`"
        )
    low, high = metric.bounds
    if not low < high:
        raise ValueError(f"`{name}` must have a `low` below its `high`")
    if metric.margin >= high - low:
        raise ValueError(f"`{name}` has a margin as wide as its values: any candidate would do")
