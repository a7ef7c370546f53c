"""What can be put around any chat model; each is a chat model itself."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.providers.wrappers.budget import Budget
    from ferrata.providers.wrappers.cache import AnswerFile, Cache
    from ferrata.providers.wrappers.capability import CapabilityCheck
    from ferrata.providers.wrappers.deadline import Deadline
    from ferrata.providers.wrappers.limit import Limit
    from ferrata.providers.wrappers.recording import Call, Recording
    from ferrata.providers.wrappers.retry import Retry
else:
    __getattr__ = door(
        __name__,
        budget=("Budget",),
        cache=("AnswerFile", "Cache"),
        capability=("CapabilityCheck",),
        deadline=("Deadline",),
        limit=("Limit",),
        recording=("Call", "Recording"),
        retry=("Retry",),
    )

__all__ = ["AnswerFile", "Budget", "Cache", "Call", "CapabilityCheck", "Deadline", "Limit", "Recording", "Retry"]
