"""`promptflow._utils`: the little that user code imports from it."""

from ferrata.flows.promptflow._utils.logger_utils import get_logger
from ferrata.flows.promptflow._utils.yaml_utils import dump_yaml, load_yaml

__all__ = ["dump_yaml", "get_logger", "load_yaml"]
