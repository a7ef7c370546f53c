"""Batch runs: a flow over the rows of data, recorded row by row, to be resumed at any moment."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.batch.digests import digest_of_flow
    from ferrata.flows.batch.flow_folder import RunFolder
    from ferrata.flows.batch.mapping import ColumnMapping, plan_mapping
    from ferrata.flows.batch.ray import RayRows
    from ferrata.flows.batch.runner import CONCURRENCY, LINE_TIMEOUT, run_flow
    from ferrata.flows.batch.start import ReadyRun, new_run, plan_of, resume_run, run_name, summary_of
    from ferrata.flows.batch.types import Given, Progress, RunPlan, RunSummary
    from ferrata.flows.batch.variants import all_variants, side_by_side, variant_id
else:
    __getattr__ = door(
        __name__,
        digests=["digest_of_flow"],
        flow_folder=["RunFolder"],
        mapping=["ColumnMapping", "plan_mapping"],
        ray=["RayRows"],
        runner=["CONCURRENCY", "LINE_TIMEOUT", "run_flow"],
        start=["ReadyRun", "new_run", "plan_of", "resume_run", "run_name", "summary_of"],
        types=["Given", "Progress", "RunPlan", "RunSummary"],
        variants=["all_variants", "side_by_side", "variant_id"],
    )

__all__ = [
    "CONCURRENCY",
    "LINE_TIMEOUT",
    "ColumnMapping",
    "Given",
    "Progress",
    "RayRows",
    "ReadyRun",
    "RunFolder",
    "RunPlan",
    "RunSummary",
    "all_variants",
    "digest_of_flow",
    "new_run",
    "plan_mapping",
    "plan_of",
    "resume_run",
    "run_flow",
    "run_name",
    "side_by_side",
    "summary_of",
    "variant_id",
]
