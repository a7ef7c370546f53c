"""Releases, route tables over time, rollouts that judge themselves."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.releases.acts import STRATEGIES, Acts, Strategy
    from ferrata.releases.bundle import KIND, Evidence, Kept, Release, Releases
    from ferrata.releases.controlling import Controller
    from ferrata.releases.judging import Compared, Judge, Row, Verdict
    from ferrata.releases.reaching import Reached, reached, wait_reached
else:
    __getattr__ = door(
        __name__,
        acts=["STRATEGIES", "Acts", "Strategy"],
        bundle=["KIND", "Evidence", "Kept", "Release", "Releases"],
        controlling=["Controller"],
        judging=["Compared", "Judge", "Row", "Verdict"],
        reaching=["Reached", "reached", "wait_reached"],
    )

__all__ = [
    "KIND",
    "STRATEGIES",
    "Acts",
    "Compared",
    "Controller",
    "Evidence",
    "Judge",
    "Kept",
    "Reached",
    "Release",
    "Releases",
    "Row",
    "Strategy",
    "Verdict",
    "reached",
    "wait_reached",
]
