"""Statistics: intervals, comparisons, power. Pure mathematics on arrays; knows no run, no file and no gate."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.stats.agreement import Agreement, Alpha, Share, cohen_kappa, confusion, krippendorff_alpha
    from ferrata.stats.bias import Bias, PositionBias, length_bias, position_bias, self_preference
    from ferrata.stats.comparing import compare
    from ferrata.stats.corrected import CorrectedRate, rogan_gladen
    from ferrata.stats.intervals import estimate, infer_rate, infer_scores
    from ferrata.stats.means import infer_mean
    from ferrata.stats.multiple import holm, shaffer
    from ferrata.stats.paired import infer_paired_rates
    from ferrata.stats.planning import Pilot, pilot_from, power_of, rows_needed, rows_to_decide, smallest_effect
    from ferrata.stats.powered import (
        CorrectedDifference,
        CorrectedMean,
        prediction_powered,
        prediction_powered_difference,
    )
    from ferrata.stats.sequential import BettingTest, ConfidenceSequence, TwoStreams
    from ferrata.stats.summaries import mean_interval, rate_interval
    from ferrata.stats.types import Comparison, Estimate, Inference, Interval, Scale, Scores
    from ferrata.stats.unpaired import infer_unpaired_rates
else:
    __getattr__ = door(
        __name__,
        agreement=["Agreement", "Alpha", "Share", "cohen_kappa", "confusion", "krippendorff_alpha"],
        bias=["Bias", "PositionBias", "length_bias", "position_bias", "self_preference"],
        comparing=["compare"],
        corrected=["CorrectedRate", "rogan_gladen"],
        intervals=["estimate", "infer_rate", "infer_scores"],
        means=["infer_mean"],
        multiple=["holm", "shaffer"],
        paired=["infer_paired_rates"],
        planning=["Pilot", "pilot_from", "power_of", "rows_needed", "rows_to_decide", "smallest_effect"],
        powered=["CorrectedDifference", "CorrectedMean", "prediction_powered", "prediction_powered_difference"],
        sequential=["BettingTest", "ConfidenceSequence", "TwoStreams"],
        summaries=["mean_interval", "rate_interval"],
        types=["Comparison", "Estimate", "Inference", "Interval", "Scale", "Scores"],
        unpaired=["infer_unpaired_rates"],
    )

__all__ = [
    "Agreement",
    "Alpha",
    "BettingTest",
    "Bias",
    "Comparison",
    "ConfidenceSequence",
    "CorrectedDifference",
    "CorrectedMean",
    "CorrectedRate",
    "Estimate",
    "Inference",
    "Interval",
    "Pilot",
    "PositionBias",
    "Scale",
    "Scores",
    "Share",
    "TwoStreams",
    "cohen_kappa",
    "compare",
    "confusion",
    "estimate",
    "holm",
    "infer_mean",
    "infer_paired_rates",
    "infer_rate",
    "infer_scores",
    "infer_unpaired_rates",
    "krippendorff_alpha",
    "length_bias",
    "mean_interval",
    "pilot_from",
    "position_bias",
    "power_of",
    "prediction_powered",
    "prediction_powered_difference",
    "rate_interval",
    "rogan_gladen",
    "rows_needed",
    "rows_to_decide",
    "self_preference",
    "shaffer",
    "smallest_effect",
]
