from __future__ import annotations

import math

import pytest

from ferrata.catalog import EndpointSettings
from ferrata.gateway import Breaker, Route, build_routes


def settings(**given: object) -> EndpointSettings:
    return EndpointSettings.model_validate({"routes": ["a/one", "a/two"], "fallbacks": ["a/three"], **given})


def test_latency_is_a_moving_average_that_gives_up_late_ones() -> None:
    route = build_routes(settings()).routes[0]
    assert (route.latency, route.score) == (None, math.inf)
    route.left(route.begin(0.0), 9.0, 9.0)
    assert route.latency is None
    route.answered(route.begin(1.0), 1.0)
    assert route.latency == 1.0
    route.answered(route.begin(2.0), 2.0)
    assert route.latency == pytest.approx(1.2)
    # Given up early it says nothing; given up late, that it takes longer than that.
    route.left(route.begin(3.0), 3.5, 0.5)
    assert route.latency == pytest.approx(1.2)
    route.failed(route.begin(4.0), 10.2, 6.2)
    assert route.latency == pytest.approx(2.2)
    assert (route.calls, route.failures, route.inflight, route.begun) == (5, 1, 0, 4.0)
    assert route.health == pytest.approx(0.8)
    assert route.score == pytest.approx(2.2 / 0.8)


def test_a_refused_attempt_is_none() -> None:
    route = build_routes(settings(breaker={"failures": 1})).routes[0]
    route.failed(route.begin(0.0), 0.0, 0.0)
    assert route.begin(1.0) == 0
    assert (route.calls, route.inflight, route.begun) == (1, 0, 0.0)


def test_prices_go_before_what_calls_cost() -> None:
    routes = build_routes(settings(), prices={"a-one": 0.5}).routes
    for route in routes:
        route.spent(0.1)
    assert [route.cost for route in routes] == [0.5, 0.1]


def test_a_table_that_is_read_anew_forgets_nothing_of_routes_that_stay() -> None:
    before = build_routes(settings(breaker={"failures": 1}))
    one, two = before.routes
    one.failed(one.begin(0.0), 0.0, 0.0)
    given = {
        "routes": [{"name": "a-one", "model": "a/one", "weight": 3}, {"name": "a-two", "model": "b/another"}],
        "breaker": {"failures": 2, "seconds": 99},
    }
    after = build_routes(settings(**given), prices={"a-one": 0.5}, before=before)
    assert after.routes[0] is one
    assert (one.weight, one.price, one.breaker.state) == (3, 0.5, "open")
    assert after.routes[1] is not two
    assert after.fallbacks == before.fallbacks
    trial = one.begin(10.0)
    one.failed(trial, 10.0, 0.0)
    assert one.breaker.wait(10.0) == 99.0


def test_the_wait_of_an_endpoint_is_that_of_its_soonest_route() -> None:
    routes = build_routes(
        EndpointSettings.model_validate(
            {"routes": ["a/one", {"model": "a/two", "weight": 0}], "fallbacks": ["a/three"], "breaker": {"failures": 1}}
        )
    )
    one, _, three = routes.all()
    assert routes.wait(0.0) == 0.0
    one.failed(one.begin(0.0), 0.0, 0.0)
    assert routes.wait(0.0) == 0.0
    three.failed(three.begin(4.0), 4.0, 0.0)
    # The one with weight 0 is asked only by its name.
    assert routes.wait(4.0) == 6.0


def test_routes_have_no_dictionary() -> None:
    route = build_routes(settings()).routes[0]
    assert isinstance(route, Route)
    assert isinstance(route.breaker, Breaker)
    assert not hasattr(route, "__dict__")
    assert not hasattr(route.breaker, "__dict__")
