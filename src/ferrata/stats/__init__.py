"""Statistics: intervals, comparisons, power. Pure mathematics on arrays; knows no run, no file and no gate."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.stats.agreement import Agreement, Alpha, Rate, cohen_kappa, confusion, krippendorff_alpha
    from ferrata.stats.bias import Bias, PositionBias, length_bias, position_bias, self_preference
    from ferrata.stats.corrected import CorrectedRate, rogan_gladen
    from ferrata.stats.powered import (
        CorrectedDifference,
        CorrectedMean,
        prediction_powered,
        prediction_powered_difference,
    )
    from ferrata.stats.sequential import BettingTest, ConfidenceSequence, TwoStreams
    from ferrata.stats.types import Comparison, Estimate, Inference, Interval, Scale, Scores
else:
    __getattr__ = door(
        __name__,
        agreement=["Agreement", "Alpha", "Rate", "cohen_kappa", "confusion", "krippendorff_alpha"],
        bias=["Bias", "PositionBias", "length_bias", "position_bias", "self_preference"],
        corrected=["CorrectedRate", "rogan_gladen"],
        powered=["CorrectedDifference", "CorrectedMean", "prediction_powered", "prediction_powered_difference"],
        sequential=["BettingTest", "ConfidenceSequence", "TwoStreams"],
        types=["Comparison", "Estimate", "Inference", "Interval", "Scale", "Scores"],
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
    "PositionBias",
    "Rate",
    "Scale",
    "Scores",
    "TwoStreams",
    "cohen_kappa",
    "confusion",
    "krippendorff_alpha",
    "length_bias",
    "position_bias",
    "prediction_powered",
    "prediction_powered_difference",
    "rogan_gladen",
    "self_preference",
]
