"""Statistics: intervals, comparisons, power. Pure mathematics on arrays; knows no run, no file and no gate."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.stats.compare import compare
    from ferrata.stats.intervals import estimate, infer_rate, infer_scores
    from ferrata.stats.means import infer_mean
    from ferrata.stats.multiple import holm, shaffer
    from ferrata.stats.paired import infer_paired_rates
    from ferrata.stats.planning import Pilot, pilot_from, power_of, rows_needed, rows_to_decide, smallest_effect
    from ferrata.stats.types import Comparison, Estimate, Inference, Interval, Scale, Scores
    from ferrata.stats.unpaired import infer_unpaired_rates
else:
    __getattr__ = door(
        __name__,
        compare=["compare"],
        intervals=["estimate", "infer_rate", "infer_scores"],
        means=["infer_mean"],
        multiple=["holm", "shaffer"],
        paired=["infer_paired_rates"],
        planning=["Pilot", "pilot_from", "power_of", "rows_needed", "rows_to_decide", "smallest_effect"],
        types=["Comparison", "Estimate", "Inference", "Interval", "Scale", "Scores"],
        unpaired=["infer_unpaired_rates"],
    )

__all__ = [
    "Comparison",
    "Estimate",
    "Inference",
    "Interval",
    "Pilot",
    "Scale",
    "Scores",
    "compare",
    "estimate",
    "holm",
    "infer_mean",
    "infer_paired_rates",
    "infer_rate",
    "infer_scores",
    "infer_unpaired_rates",
    "pilot_from",
    "power_of",
    "rows_needed",
    "rows_to_decide",
    "shaffer",
    "smallest_effect",
]
