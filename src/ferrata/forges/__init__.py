"""Forges: GitHub, GitLab and Azure DevOps; the pipelines that run Ferrata there, and the comments that it leaves."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.forges.base import Forge, Plan, Secret, Thread
    from ferrata.forges.comments import comment
    from ferrata.forges.forges import FORGES, forge_of
    from ferrata.forges.pipelines import Written, plan_of, write_pipeline
else:
    __getattr__ = door(
        __name__,
        base=["Forge", "Plan", "Secret", "Thread"],
        comments=["comment"],
        forges=["FORGES", "forge_of"],
        pipelines=["Written", "plan_of", "write_pipeline"],
    )

__all__ = [
    "FORGES",
    "Forge",
    "Plan",
    "Secret",
    "Thread",
    "Written",
    "comment",
    "forge_of",
    "plan_of",
    "write_pipeline",
]
