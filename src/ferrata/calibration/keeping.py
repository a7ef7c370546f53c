"""Calibrations as files of the project, so that whoever checks it out has them. Knows no judge."""

from __future__ import annotations

import json
import math
import os
import re
from typing import TYPE_CHECKING

from ferrata.calibration.measuring import agreement_of
from ferrata.calibration.types import Calibration
from ferrata.documents import validate
from ferrata.errors import InvalidDocument, Mistake, StoreUnavailable
from ferrata.yamls import read_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["calibration_file", "read_calibration", "write_calibration"]

FOLDER = ("evals", "calibrations")
# How far the ends of an interval may lie apart where another version of numpy drew it.
_DRAWN = 0.01
_HINT = "write it anew with `ferrata judge calibrate`, or restore it from version control"


def calibration_file(root: Path, evaluation: str, evaluator: str) -> Path:
    """Where the calibration of an evaluation's judge lies: `evals/calibrations/EVAL.ALIAS.json`."""
    name = re.sub(r"[^\w.-]+", "-", f"{evaluation}.{evaluator}")
    return root.joinpath(*FOLDER, f"{name}.json")


def read_calibration(root: Path, evaluation: str, evaluator: str) -> Calibration | None:
    """The calibration of an evaluation's judge; None where there is none.

    Its kappa and its interval are computed anew from its rows, so that one which was edited by hand is none.

    Raises:
        InvalidDocument: the file is damaged, or another judge's.
    """
    path = calibration_file(root, evaluation, evaluator)
    if not path.is_file():
        return None
    text = read_text(path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument([Mistake(str(path), getattr(error, "lineno", 1), "", "is no JSON")], hint=_HINT) from None
    found = validate(value, Calibration, file=str(path), text=text)
    if (found.evaluation, found.evaluator) != (evaluation, evaluator):
        problem = f"is of {found.name!r}, not of {f'{evaluation}.{evaluator}'!r}"
        raise InvalidDocument([Mistake(str(path), 1, "evaluation", problem)], hint=_HINT)
    again = agreement_of(found)
    kappa = again.kappa
    if (kappa is None) != (found.kappa is None) or not math.isclose(kappa or 0.0, found.kappa or 0.0, abs_tol=1e-9):
        problem = f"says {found.kappa}, and its rows give {kappa}"
        raise InvalidDocument([Mistake(str(path), 1, "kappa", problem)], hint=_HINT)
    if not all(
        math.isclose(one, other, abs_tol=_DRAWN) for one, other in zip(found.interval, again.interval, strict=True)
    ):
        problem = "says {:.4f} to {:.4f}".format(*found.interval) + ", and its rows give {:.4f} to {:.4f}".format(
            *again.interval
        )
        raise InvalidDocument([Mistake(str(path), 1, "interval", problem)], hint=_HINT)
    return found


def write_calibration(root: Path, found: Calibration) -> Path:
    """Write it whole, or nothing; one line a row, so that differences can be read.

    Raises:
        StoreUnavailable: it cannot be written.
    """
    path = calibration_file(root, found.evaluation, found.evaluator)
    content = found.model_dump(mode="json", exclude={"pairs"})
    pairs = [json.dumps(one.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) for one in found.pairs]
    begun = json.dumps(content, ensure_ascii=False, indent=1).removesuffix("\n}")
    text = begun + ',\n "pairs": [\n  ' + ",\n  ".join(pairs) + "\n ]\n}\n"
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return path
