"""CI workflows of any vendor as steps: what they run, on what, and whether a failure counts."""

from ferrata.maturity.scan.workflows.calls import inherit_triggers
from ferrata.maturity.scan.workflows.read import is_workflow, read_steps
from ferrata.maturity.scan.workflows.shell import resolve

__all__ = ["inherit_triggers", "is_workflow", "read_steps", "resolve"]
