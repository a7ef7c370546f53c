"""Judges held against people: labels, agreement and biases, kept as files; whether a judge may decide, and its corrected means."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.calibration.answers import answers_by_key, answers_by_number, map_without_target
    from ferrata.calibration.keeping import calibration_file, read_calibration, write_calibration
    from ferrata.calibration.labels import LabelColumns, LabelledRow, Labels, read_labels
    from ferrata.calibration.measuring import Answer, Subject, measure_judge
    from ferrata.calibration.standing import Corrected, JudgeStanding
    from ferrata.calibration.types import Calibration, Pair
else:
    __getattr__ = door(
        __name__,
        answers=["answers_by_key", "answers_by_number", "map_without_target"],
        keeping=["calibration_file", "read_calibration", "write_calibration"],
        labels=["LabelColumns", "LabelledRow", "Labels", "read_labels"],
        measuring=["Answer", "Subject", "measure_judge"],
        standing=["Corrected", "JudgeStanding"],
        types=["Calibration", "Pair"],
    )

__all__ = [
    "Answer",
    "Calibration",
    "Corrected",
    "JudgeStanding",
    "LabelColumns",
    "LabelledRow",
    "Labels",
    "Pair",
    "Subject",
    "answers_by_key",
    "answers_by_number",
    "calibration_file",
    "map_without_target",
    "measure_judge",
    "read_calibration",
    "read_labels",
    "write_calibration",
]
