"""Answers given again: to whom, for what, how long and how many."""

from __future__ import annotations

import itertools
import json
from collections import OrderedDict
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.gateway import AnswerCache, AnswerScope, CacheWish, Stored, answer_key, cache_wish, kept_headers, tenant_of

SCOPE = AnswerScope("team:a", "support", "v1", "/v1/chat/completions")
BODY: dict[str, object] = {"model": "support", "messages": [{"role": "user", "content": "Hi: you"}], "temperature": 0}
ANSWER = Stored(200, ((b"content-type", b"application/json"),), b'{"ok":1}', model="m")


def key_of(body: object, scope: AnswerScope = SCOPE) -> bytes | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer_key(scope, orjson.loads(raw), raw)


class Ticks:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_white_space_escapes_outer_order_and_who_asks_do_not_matter() -> None:
    key = key_of(BODY)
    assert key is not None and len(key) == 20
    same: list[object] = [
        json.dumps(BODY, indent=3).encode(),
        dict(reversed(BODY.items())),
        BODY | {"stream": False},
        BODY | {"stream": None, "stream_options": {"include_usage": True}},
        BODY | {"user": "bob:1", "safety_identifier": "x", "prompt_cache_key": "y", "metadata": {"user_id": "u:1"}},
        json.dumps(BODY).replace("Hi", "\\u0048i").encode(),
    ]
    assert [key_of(body) for body in same] == [key] * len(same)


def test_whatever_may_change_an_answer_makes_another_key() -> None:
    schema = {"properties": {"why": {"type": "string"}, "yes": {"type": "boolean"}}}
    turned = {"properties": dict(reversed(schema["properties"].items()))}
    other: list[object] = [
        BODY,
        BODY | {"temperature": 0.0},
        BODY | {"temperature": False},
        BODY | {"temperature": "0"},
        BODY | {"temperature": None},
        BODY | {"stream": True},
        BODY | {"stream": True, "stream_options": {"include_usage": True}},
        BODY | {"seed": 1},
        BODY | {"metadata": {"user_id": "u", "tier": "gold"}},
        BODY | {"messages": [{"role": "user", "content": "Hi: you "}]},
        BODY | {"messages": [{"role": "system", "content": "Hi: you"}]},
        BODY | {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": ": you"}]},
        BODY | {"response_format": schema},
        BODY | {"response_format": turned},
    ]
    keys = [key_of(body) for body in other]
    assert None not in keys
    assert len(set(keys)) == len(other)


def test_every_part_of_a_scope_makes_another_key() -> None:
    changed = [SCOPE._replace(**{name: "other"}) for name in SCOPE._fields]
    keys = {key_of(BODY, scope) for scope in [SCOPE, *changed]}
    assert len(keys) == len(changed) + 1


PIECES = st.sampled_from(["", "a", "ab", "b", '"', '","', '["', "\n", "\\", "]", "team:", "key:", "{}", "\x00", "é"])


@given(
    st.lists(st.lists(PIECES, max_size=3).map("".join), min_size=10, max_size=10),
    st.dictionaries(PIECES, PIECES, max_size=2),
    st.dictionaries(PIECES, PIECES, max_size=2),
)
def test_no_scope_and_body_run_into_each_other(parts: list[str], one: dict[str, str], other: dict[str, str]) -> None:
    """Fields are crafted to give the same text when they are written one after the other."""
    first, second = AnswerScope(*parts[:5]), AnswerScope(*parts[5:])
    keys = answer_key(first, one, orjson.dumps(one)), answer_key(second, other, orjson.dumps(other))
    if None not in keys:
        assert (keys[0] == keys[1]) == ((first, one) == (second, other))


def test_what_is_moved_from_one_field_to_the_next_is_told_apart() -> None:
    texts = ["ab", "a", "b", "", 'a","b', '"b']
    scopes = [AnswerScope(*parts) for parts in itertools.product(texts, repeat=3) for parts in [(*parts, "/p")]]
    assert len({key_of(BODY, scope) for scope in scopes}) == len(texts) ** 3


def test_teams_and_keys_of_one_name_are_two_tenants() -> None:
    assert tenant_of("key_1", "key_2") != tenant_of("", "key_1")
    assert tenant_of("all", None) != tenant_of(None, None) != tenant_of(None, "all")
    assert tenant_of("a", "key_1") == tenant_of("a", "key_2")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"model":"support","seed":1,"seed":2}',
        b'{"model":"support","messages":[{"role":"user","content":"a","content":"b"}]}',
        b'{"model":"a","model":"support","x":"\\u003a"}',  # the escaped colon stands in for the one that is lost
        b'{"model":"a","model":"support","user":"\\u003A"}',
        b'{"user":"a","user":"b","model":"support"}',
        b'{"model":"support","a":{"b":1,"b":1}}',
    ],
)
def test_a_body_that_says_a_thing_twice_is_not_kept(raw: bytes) -> None:
    assert key_of(raw) is None


@settings(max_examples=40)
@given(
    st.recursive(
        st.text(':"\\au{}', max_size=4) | st.integers(0, 3), lambda x: st.dictionaries(st.text(":a", max_size=2), x)
    )
)
def test_colons_in_texts_are_no_keys(value: object) -> None:
    body = {"model": "m", "value": value, "user": "a:b"}
    raw = orjson.dumps(body)
    assert answer_key(SCOPE, body, raw) is not None


@pytest.mark.parametrize(
    "more",
    [{"conversation": "c"}, {"background": True}, {"container": "x"}, {"stream": "yes"}, {"stream": 1}],
)
def test_requests_with_a_state_at_the_vendor_are_not_kept(more: dict[str, object]) -> None:
    assert key_of(BODY | more) is None


def test_what_has_no_utf8_is_not_kept() -> None:
    body = {"model": "m", "messages": "\ud83d"}
    assert answer_key(SCOPE, body, json.dumps(body).encode()) is None
    assert answer_key(SCOPE._replace(endpoint="\ud83d"), BODY, json.dumps(BODY).encode()) is None
    body = {"model": "m", "seed": 2**70}
    assert answer_key(SCOPE, body, json.dumps(body).encode()) is None


def test_an_answer_is_given_until_its_time_is_over() -> None:
    clock = Ticks()
    cache = AnswerCache(10, 5.0, clock)
    assert cache.get(b"k") is None
    assert cache.put(b"k", ANSWER, complete=True)
    clock.now += 4.99
    assert cache.get(b"k") is ANSWER
    clock.now += 0.01
    assert cache.get(b"k") is None
    assert (len(cache), cache.size) == (0, 0)


def test_only_whole_good_answers_are_kept() -> None:
    cache = AnswerCache(10, 5.0)
    for status in (201, 204, 400, 429, 500, 503):
        assert not cache.put(b"k", replace(ANSWER, status=status), complete=True)
    assert not cache.put(b"k", ANSWER, complete=False)
    assert not cache.put(b"k", ANSWER, complete=True, guarded=True)
    assert not cache.put(b"k", replace(ANSWER, filtered=True), complete=True)
    assert not cache.put(b"k", replace(ANSWER, body=b"x" * 1_000_001), complete=True)
    assert not cache.put(b"k", replace(ANSWER, body=(b"x" * 500_000,) * 3), complete=True)
    assert cache.get(b"k") is None
    called = replace(ANSWER, tool_calls=True, body=(b"data: 1\n\n", b"data: [DONE]\n\n"))
    assert cache.put(b"k", called, complete=True)
    assert cache.get(b"k") is called


def test_an_answer_longer_than_all_may_be_pushes_nothing_out() -> None:
    cache = AnswerCache(10, 5.0, most_bytes=2_000)
    assert cache.put(b"a", ANSWER, complete=True)
    assert not cache.put(b"b", replace(ANSWER, body=b"x" * 1_501), complete=True)
    assert cache.get(b"a") is ANSWER


@given(st.lists(st.tuples(st.sampled_from("gp"), st.integers(0, 6), st.integers(0, 900)), max_size=40))
def test_the_cache_does_as_a_plain_model_of_it(steps: list[tuple[str, int, int]]) -> None:
    cache = AnswerCache(4, 5.0, most_bytes=4_000)
    model: OrderedDict[int, Stored] = OrderedDict()
    for what, number, size in steps:
        key = bytes([number])
        if what == "g":
            assert cache.get(key) is model.get(number)
            if number in model:
                model.move_to_end(number)
            continue
        stored = replace(ANSWER, body=b"x" * size)
        assert cache.put(key, stored, complete=True)
        model.pop(number, None)
        model[number] = stored
        while len(model) > 4 or sum(one.size + 500 for one in model.values()) > 4_000:
            model.popitem(last=False)
        assert cache.size == sum(one.size + 500 for one in model.values())
        assert len(cache) == len(model)


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        (None, (True, True)),
        ("", (True, True)),
        ("max-age=60", (True, True)),
        ("no-cache", (False, True)),
        ("Max-Age=0", (False, True)),
        ("private, No-Store", (False, False)),
        ("no-cache,no-store", (False, False)),
    ],
)
def test_clients_may_go_without_the_cache(header: str | None, wish: tuple[bool, bool]) -> None:
    assert cache_wish(header) == CacheWish(*wish)


def test_headers_of_a_call_do_not_go_with_its_answer() -> None:
    headers = [(b"Content-Type", b"text/plain"), (b"set-cookie", b"a=b"), (b"x-request-id", b"1"), (b"date", b"now")]
    assert kept_headers(headers) == ((b"content-type", b"text/plain"),)
