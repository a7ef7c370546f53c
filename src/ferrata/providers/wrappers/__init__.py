"""What can be put around any chat model; each is a chat model itself."""

from ferrata.providers.wrappers.budget import Budget
from ferrata.providers.wrappers.cache import AnswerFile, Cache
from ferrata.providers.wrappers.capability import CapabilityCheck
from ferrata.providers.wrappers.deadline import Deadline
from ferrata.providers.wrappers.limit import Limit
from ferrata.providers.wrappers.recording import Call, Recording
from ferrata.providers.wrappers.retry import Retry

__all__ = ["AnswerFile", "Budget", "Cache", "Call", "CapabilityCheck", "Deadline", "Limit", "Recording", "Retry"]
