"""Statistics: intervals, comparisons, power. Pure mathematics on arrays; knows no run, no file and no gate."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.stats.summaries import mean_interval, rate_interval
    from ferrata.stats.types import Comparison, Estimate, Inference, Interval, Scale, Scores
else:
    __getattr__ = door(
        __name__,
        summaries=["mean_interval", "rate_interval"],
        types=["Comparison", "Estimate", "Inference", "Interval", "Scale", "Scores"],
    )

__all__ = ["Comparison", "Estimate", "Inference", "Interval", "Scale", "Scores", "mean_interval", "rate_interval"]
