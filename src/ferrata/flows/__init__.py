"""Flows: graphs, functions and classes over models, in Prompt Flow's formats and in plain Python."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.audit import (
        FlowFinding,
        ProjectAudit,
        audit_project,
        validate_flow,
    )
    from ferrata.flows.base import (
        LoadedFlow,
    )
    from ferrata.flows.batch import (
        CONCURRENCY,
        LINE_TIMEOUT,
        Given,
        Progress,
        RayRows,
        ReadyRun,
        RunFolder,
        RunPlan,
        RunSummary,
        all_variants,
        digest_of_flow,
        new_run,
        plan_of,
        resume_run,
        run_flow,
        run_name,
        side_by_side,
        summary_of,
        variant_id,
    )
    from ferrata.flows.blocked import (
        GRACE,
        watch_loop,
    )
    from ferrata.flows.containers import (
        build_container,
    )
    from ferrata.flows.contracts import (
        ModelConnection,
    )
    from ferrata.flows.data import (
        as_data,
        shown,
    )
    from ferrata.flows.declared import (
        DeclaredConnections,
    )
    from ferrata.flows.drawing import (
        draw_flow,
    )
    from ferrata.flows.failures import (
        FlowError,
        NodeError,
        error_of,
    )
    from ferrata.flows.formats.connections import (
        read_connections,
    )
    from ferrata.flows.formats.runs import (
        RunFile,
        read_run_file,
    )
    from ferrata.flows.images import (
        images_as_data,
        place_images,
    )
    from ferrata.flows.importing import (
        import_run,
        old_runs,
    )
    from ferrata.flows.layout import (
        laid_out,
        version_folder,
    )
    from ferrata.flows.open import (
        open_flow,
    )
    from ferrata.flows.prices import (
        use_prices,
    )
    from ferrata.flows.process import (
        inside,
    )
    from ferrata.flows.python import (
        as_flow,
        flow,
        step,
    )
    from ferrata.flows.reading import (
        find_flow,
        read_flow,
    )
    from ferrata.flows.scaffold import (
        FLOW_KINDS,
        write_flow,
    )
    from ferrata.flows.serve import (
        ServeLimits,
        listen,
        serve_flow,
    )
    from ferrata.flows.types import (
        Activate,
        Aggregation,
        Flow,
        InputSpec,
        LineResult,
        Node,
        NodeResult,
        Notice,
        OutputSpec,
        Reference,
        Source,
        Status,
        Variant,
    )
else:
    __getattr__ = door(
        __name__,
        audit=["FlowFinding", "ProjectAudit", "audit_project", "validate_flow"],
        base=["LoadedFlow"],
        batch=[
            "CONCURRENCY",
            "LINE_TIMEOUT",
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
            "plan_of",
            "resume_run",
            "run_flow",
            "run_name",
            "side_by_side",
            "summary_of",
            "variant_id",
        ],
        blocked=["GRACE", "watch_loop"],
        containers=["build_container"],
        contracts=["ModelConnection"],
        data=["as_data", "shown"],
        declared=["DeclaredConnections"],
        drawing=["draw_flow"],
        failures=["FlowError", "NodeError", "error_of"],
        formats__connections=["read_connections"],
        formats__runs=["RunFile", "read_run_file"],
        images=["images_as_data", "place_images"],
        importing=["import_run", "old_runs"],
        layout=["laid_out", "version_folder"],
        open=["open_flow"],
        prices=["use_prices"],
        process=["inside"],
        python=["as_flow", "flow", "step"],
        reading=["find_flow", "read_flow"],
        scaffold=["FLOW_KINDS", "write_flow"],
        serve=["ServeLimits", "listen", "serve_flow"],
        types=[
            "Activate",
            "Aggregation",
            "Flow",
            "InputSpec",
            "LineResult",
            "Node",
            "NodeResult",
            "Notice",
            "OutputSpec",
            "Reference",
            "Source",
            "Status",
            "Variant",
        ],
    )

__all__ = [
    "CONCURRENCY",
    "FLOW_KINDS",
    "GRACE",
    "LINE_TIMEOUT",
    "Activate",
    "Aggregation",
    "DeclaredConnections",
    "Flow",
    "FlowError",
    "FlowFinding",
    "Given",
    "InputSpec",
    "LineResult",
    "LoadedFlow",
    "ModelConnection",
    "Node",
    "NodeError",
    "NodeResult",
    "Notice",
    "OutputSpec",
    "Progress",
    "ProjectAudit",
    "RayRows",
    "ReadyRun",
    "Reference",
    "RunFile",
    "RunFolder",
    "RunPlan",
    "RunSummary",
    "ServeLimits",
    "Source",
    "Status",
    "Variant",
    "all_variants",
    "as_data",
    "as_flow",
    "audit_project",
    "build_container",
    "digest_of_flow",
    "draw_flow",
    "error_of",
    "find_flow",
    "flow",
    "images_as_data",
    "import_run",
    "inside",
    "laid_out",
    "listen",
    "new_run",
    "old_runs",
    "open_flow",
    "place_images",
    "plan_of",
    "read_connections",
    "read_flow",
    "read_run_file",
    "resume_run",
    "run_flow",
    "run_name",
    "serve_flow",
    "shown",
    "side_by_side",
    "step",
    "summary_of",
    "use_prices",
    "validate_flow",
    "variant_id",
    "version_folder",
    "watch_loop",
    "write_flow",
]
