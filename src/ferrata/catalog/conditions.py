"""Which calls a route is for: by team, user, header, size or time. Knows no call."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from ferrata.documents import Document

__all__ = ["ConditionSettings"]

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}\Z")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _hours(text: str) -> str:
    if not _HOURS.match(text):
        raise ValueError("must be as 22:00-06:00")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no time zone; write one as Europe/Berlin") from None
    return name


Texts = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]


class ConditionSettings(Document):
    """When a route is for a call; all that is given must hold.

    Attributes:
        team: of the key, one of these.
        user: of the key, one of these.
        header: value by name of a header, one of the values for each; so a region or a tag.
        over: bytes of the request's body, more than these.
        under: bytes of the request's body, less than these.
        hours: of the day, as `22:00-06:00`: from the first to before the second.
        days: of the week; after midnight `hours` belong to the day on which they began.
        since: not before this moment.
        until: before this moment only.
        zone: of `hours` and `days`.
    """

    team: Texts | None = None
    user: Texts | None = None
    header: dict[str, Texts] = {}
    over: int | None = Field(default=None, ge=0)
    under: int | None = Field(default=None, ge=1)
    hours: Annotated[str, AfterValidator(_hours)] | None = None
    days: list[Day] | None = Field(default=None, min_length=1)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"

    @model_validator(mode="after")
    def _sound(self) -> ConditionSettings:
        if not self.model_dump(exclude_defaults=True, exclude={"zone"}):
            raise ValueError(
                "says nothing; leave it out, or give team, user, header, over, under, hours, days, since or until"
            )
        for name in self.header:
            if not _HEADER.match(name):
                raise ValueError(f"{name!r} is no name of a header")
        return self

    @property
    def is_timed(self) -> bool:
        """Whether the time matters."""
        return any(one is not None for one in (self.hours, self.days, self.since, self.until))

    def holds_at(self, now: datetime) -> bool:
        """Whether its times hold at a moment, which has a zone."""
        if (self.since is not None and now < self.since) or (self.until is not None and now >= self.until):
            return False
        if self.hours is None and self.days is None:
            return True
        local = now.astimezone(ZoneInfo(self.zone))
        day = local.weekday()
        if self.hours is not None:
            begin, end = (time.fromisoformat(part) for part in self.hours.split("-"))
            at = local.time()
            if begin <= end:
                if not begin <= at < end:
                    return False
            elif at < end:
                day = (day - 1) % 7
            elif at < begin:
                return False
        return self.days is None or _DAYS[day] in self.days
