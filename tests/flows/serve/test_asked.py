from __future__ import annotations

import pytest

from ferrata.flows.serve.asked import accepted, baggage_of, remote_of, request_id_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, {"*/*"}),
        ("", {"*/*"}),
        ("application/json;q=0", set()),
        ("Application/JSON; q=0.1, text/html;q=0.0", {"application/json"}),
        ("text/event-stream,*/*", {"text/event-stream", "*/*"}),
    ],
)
def test_accepted(header: str | None, found: set[str]) -> None:
    assert accepted({} if header is None else {"accept": header}) == found


@pytest.mark.parametrize(
    ("header", "is_good"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE.upper()}-{SPAN}-00", True),
        (f"cc-{TRACE}-{SPAN}-01-more", True),
        (f"00-{'0' * 32}-{SPAN}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE}-{SPAN}", False),
        ("", False),
    ],
)
def test_remote(header: str, *, is_good: bool) -> None:
    assert remote_of({"traceparent": header}) == ((TRACE, SPAN) if is_good else None)


def test_baggage() -> None:
    assert baggage_of({}) == {}
    assert baggage_of({"baggage": "a=1;p=2, b = x%2Cy ,c,=d"}) == {"a": "1", "b": "x,y"}


def test_ids_of_requests() -> None:
    both = {"x-request-id": "first", "x-ms-client-request-id": "second"}
    assert request_id_of(both) == "first"
    assert request_id_of({**both, "x-request-id": "a\nb"}) == "second"
    assert len({request_id_of({}), request_id_of({"x-request-id": "x" * 129})}) == 2
