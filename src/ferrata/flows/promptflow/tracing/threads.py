"""A pool of threads whose work runs in the context of where the pool was made, so that spans nest."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ThreadPoolExecutorWithContext"]


class ThreadPoolExecutorWithContext(ThreadPoolExecutor):
    """The standard library's pool; each thread begins with the variables of the context in which the pool was made."""

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        context = contextvars.copy_context()

        def begin() -> None:
            for variable, value in context.items():
                variable.set(value)
            if initializer is not None:
                initializer(*initargs)

        super().__init__(max_workers, thread_name_prefix, begin)
