"""The composition root: settings into built rooms. The only place that wires them."""

from __future__ import annotations

import getpass
import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from ferrata.assets import Ledger
from ferrata.clock import SystemClock, format_time
from ferrata.errors import InvalidDocument, Mistake, NotFound, StoreUnavailable, UsageError
from ferrata.maturity import (
    Inputs,
    MaturityRepo,
    RuleSet,
    built_in_rules,
    evidence_of,
    formats,
    head_commit,
    line_links,
    load_model,
    load_rules,
    make_assessment,
    merge_answers,
    read_answers,
    roadmap_steps,
    scan_repository,
)
from ferrata.maturity.git import is_bare, tracks
from ferrata.plugins import plugin_manager
from ferrata.settings import load_settings
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from datetime import datetime

    from ferrata.clock import Clock
    from ferrata.maturity import (
        Answer,
        Assessment,
        AssessmentRow,
        HistoryPoint,
        LedgerRecord,
        MaturityModel,
        Practice,
        ReportWriter,
        RoadmapStep,
        ScanResult,
    )
    from ferrata.settings import Settings

__all__ = ["App", "open_app"]
