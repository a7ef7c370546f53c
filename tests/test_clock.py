from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.clock import FrozenClock, SystemClock, format_time, new_id, parse_time

MOMENTS = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - the strategy's bound


@given(MOMENTS, MOMENTS)
def test_the_order_of_texts_is_the_order_of_times(a, b):
    a, b = a.astimezone(UTC), b.astimezone(UTC)  # where clocks were set back, a local time is never equal to one of UTC
    assert parse_time(format_time(a)) == a
    assert (format_time(a) < format_time(b)) == (a < b)


def test_a_time_without_a_zone_is_utc():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert parse_time("2026-03-01T12:00:00") == noon
    assert parse_time("2026-03-01T13:00:00+01:00") == noon
    assert parse_time("2026-03-01") == noon - timedelta(hours=12)
    assert format_time(noon.astimezone(timezone(timedelta(hours=-9)))) == "2026-03-01T12:00:00.000000Z"
    with pytest.raises(ValueError, match="yesterday"):
        parse_time("yesterday")


def test_a_frozen_clock_moves_when_told():
    clock = FrozenClock(datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1))))
    assert clock.now() == clock.now() == datetime(2026, 3, 1, 12, tzinfo=UTC)
    clock.advance(timedelta(days=-1))
    assert format_time(clock.now()) == "2026-02-28T12:00:00.000000Z"


def test_the_machines_clock_is_aware():
    assert SystemClock().now().tzinfo is UTC


def test_ids_are_hexadecimal_and_fresh():
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in ids)
