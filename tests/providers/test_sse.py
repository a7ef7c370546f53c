from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import ModelBadResponse
from ferrata.providers import sse
from ferrata.providers.sse import Event, EventParser, write_event

STREAM = b": a comment\n\nevent: a\ndata: 1\ndata: 2\n\ndata:3\n\nid: 7\n\ndata: \xc3\xa4\n\n"
EVENTS = [
    Event("a", "1\n2", b"event: a\ndata: 1\ndata: 2\n\n"),
    Event("", "3", b"data:3\n\n"),
    Event("", "\u00e4", b"data: \xc3\xa4\n\n"),
]


@given(cuts=st.lists(st.integers(0, len(STREAM) * 2), max_size=8), ends=st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int], ends: bytes) -> None:
    data = STREAM.replace(b"\n", ends)
    places = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    parser = EventParser()
    found = [e for a, b in zip(places, places[1:], strict=False) for e in parser.feed(data[a:b])]
    assert found + parser.end() == EVENTS


def test_the_last_event_may_lack_its_end() -> None:
    parser = EventParser()
    assert parser.feed(b"data: 1\n\ndata: 2") == [Event("", "1", b"data: 1\n\n")]
    assert parser.end() == [Event("", "2", b"data: 2\n\n")]
    assert parser.end() == []


def test_an_event_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_MOST_BYTES", 100)
    with pytest.raises(ModelBadResponse, match="larger than 100 bytes"):
        EventParser().feed(b"data: " + b"x" * 200)


@given(data=st.text(st.characters(exclude_characters="\r", codec="utf-8")), kind=st.sampled_from(["", "message_start"]))
def test_what_is_written_is_read(data: str, kind: str) -> None:
    written = write_event(data, kind)
    assert EventParser().feed(written) == [Event(kind, data, written)]
