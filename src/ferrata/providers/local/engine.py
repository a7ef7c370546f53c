"""Runs a model file in this process by xllamacpp, which answers over HTTP on a port of this machine.

The only module that knows xllamacpp.
"""

from __future__ import annotations

import os
import secrets
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelUnavailable, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Engine", "default_threads"]

_MOST_THREADS = 8
# Requests at once share the context; generating for several at once costs little more than for one.
_SLOTS = 4
_MOST_TOKENS = 1024


def default_threads() -> int:
    """One processor is left to the rest of the machine: threads that wait for a busy one slow all of them down many times."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(_MOST_THREADS, usable - 1))


class Engine:
    """A model file that is loaded and answers. Loading takes about a second; do it in a thread of its own.

    Args:
        path: the GGUF file.
        alias: what answers call the model.
        threads: to compute with; `default_threads()` if None.
        context: tokens that all requests at one time may have together.

    Attributes:
        url: where it answers, as a vendor's URL.
        key: lets requests in; random, so that no other program of this machine uses the model.

    Raises:
        UsageError: xllamacpp is not installed.
        ModelUnavailable: the file is not one that it can load.
    """

    def __init__(self, path: Path, alias: str, *, threads: int | None = None, context: int = 8192) -> None:
        try:
            xllamacpp: Any = import_module("xllamacpp")
        except ImportError:
            raise UsageError(
                "the local model needs xllamacpp, which is not installed", hint="pip install 'ferrata[local]'"
            ) from None
        self.key = secrets.token_hex(16)
        params: Any = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.model_alias = {alias}
        params.n_ctx, params.n_parallel, params.kv_unified = context, _SLOTS, True
        params.n_predict = _MOST_TOKENS
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads = threads or default_threads()
            cpu.poll = 0
        params.warmup, params.ui, params.endpoint_slots = False, False, False
        params.port, params.api_keys, params.verbosity = 0, [self.key], -1
        try:
            self._server: Any = xllamacpp.Server(params)
        except (RuntimeError, ValueError) as error:
            hint = "`ferrata models pull smollm2` fetches it anew"
            raise ModelUnavailable(f"{path.name!r} cannot be loaded: {error}", hint=hint) from None
        self.url = f"{self._server.listening_address}/v1"

    def close(self) -> None:
        """Unload the model."""
        self._server = None
