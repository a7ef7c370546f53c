"""What is wrong with a flow, and what of a Prompt Flow project runs here."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.audit.project import audit_project
    from ferrata.flows.audit.types import AuditItem, ProjectAudit, Statement, Verdict
    from ferrata.flows.audit.validation import FlowFinding, validate_flow
else:
    __getattr__ = door(
        __name__,
        project=["audit_project"],
        types=["AuditItem", "ProjectAudit", "Statement", "Verdict"],
        validation=["FlowFinding", "validate_flow"],
    )

__all__ = ["AuditItem", "FlowFinding", "ProjectAudit", "Statement", "Verdict", "audit_project", "validate_flow"]
