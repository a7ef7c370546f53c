"""How far a run, or a part of one, is. Knows nothing of what is run."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Status"]


class Status(StrEnum):
    """Of a node, a row or a run; the words are Prompt Flow's, with one of ours for runs."""

    PREPARING = "Preparing"
    RUNNING = "Running"
    COMPLETED = "Completed"
    COMPLETED_WITH_ERRORS = "CompletedWithErrors"
    FAILED = "Failed"
    BYPASSED = "Bypassed"
    CANCELED = "Canceled"
