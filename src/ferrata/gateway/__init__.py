"""The data plane: a client's call to an endpoint, to the model or flow that answers it, and back. Knows no store."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.gateway.admission import (
        Doorway,
        Overloaded,
        Places,
        QueueFull,
        QueueTimeout,
        TurnedAway,
        give_back,
        take_all,
        take_now,
    )
    from ferrata.gateway.answering import Opened, Whole
    from ferrata.gateway.answers import (
        MOST_ANSWER_BYTES,
        AnswerCache,
        AnswerScope,
        CacheWish,
        Stored,
        answer_key,
        cache_wish,
        kept_headers,
        may_keep,
        scoped_digest,
        tenant_of,
    )
    from ferrata.gateway.application import Gateway
    from ferrata.gateway.asked_texts import texts_of
    from ferrata.gateway.attempts import Attempted, AttemptPolicy, Limits, Tried, run_attempts
    from ferrata.gateway.breaker import Breaker
    from ferrata.gateway.coalescing import Coalesced, Flights
    from ferrata.gateway.connections import Connections, HttpLimits
    from ferrata.gateway.deadlines import DeadlineWatch, Watched
    from ferrata.gateway.doorkeeper import Doorkeeper, Limiter
    from ferrata.gateway.endpoints import Backend, Endpoint, Endpoints
    from ferrata.gateway.guarded import GuardedOutput, GuardFailed, OutputWatch
    from ferrata.gateway.guarding import Blocked, BlocklistGuard, Finding, Guard, Guards, build_guards
    from ferrata.gateway.idempotency import (
        REPLAYED_HEADER,
        UNKEPT_HEADER,
        Idempotency,
        IdempotencyKeyInvalid,
        IdempotencyMismatch,
        IdempotencyRunning,
        Remembered,
        Ticket,
        check_idempotency_key,
        request_digest,
        stored_bytes,
        stored_from,
    )
    from ferrata.gateway.mcp import McpServer, Tool, ToolResult
    from ferrata.gateway.picking import Picker
    from ferrata.gateway.places import WorkerOrder
    from ferrata.gateway.probing import probe_routes
    from ferrata.gateway.protocol import GatewayProtocol
    from ferrata.gateway.retrying import RetryBudget
    from ferrata.gateway.routes import Route, Routes, build_routes
    from ferrata.gateway.semantic import LONGEST_QUESTION, Lookup, SemanticCache, bucket_of, question_of
    from ferrata.gateway.server import HttpServer, Served, WorkerContext
    from ferrata.gateway.shadowing import ShadowOf
    from ferrata.gateway.sockets import listen_for
    from ferrata.gateway.supervisor import GatewayPlan, supervise
    from ferrata.gateway.wording import Wording, may_ask_the_same, wording_of
else:
    __getattr__ = door(
        __name__,
        admission=[
            "Doorway",
            "Overloaded",
            "Places",
            "QueueFull",
            "QueueTimeout",
            "TurnedAway",
            "give_back",
            "take_all",
            "take_now",
        ],
        answering=["Opened", "Whole"],
        answers=[
            "MOST_ANSWER_BYTES",
            "AnswerCache",
            "AnswerScope",
            "CacheWish",
            "Stored",
            "answer_key",
            "cache_wish",
            "kept_headers",
            "may_keep",
            "scoped_digest",
            "tenant_of",
        ],
        application=["Gateway"],
        asked_texts=["texts_of"],
        attempts=["AttemptPolicy", "Attempted", "Limits", "Tried", "run_attempts"],
        breaker=["Breaker"],
        coalescing=["Coalesced", "Flights"],
        connections=["Connections", "HttpLimits"],
        deadlines=["DeadlineWatch", "Watched"],
        doorkeeper=["Doorkeeper", "Limiter"],
        endpoints=["Backend", "Endpoint", "Endpoints"],
        guarded=["GuardFailed", "GuardedOutput", "OutputWatch"],
        guarding=["Blocked", "BlocklistGuard", "Finding", "Guard", "Guards", "build_guards"],
        idempotency=[
            "REPLAYED_HEADER",
            "UNKEPT_HEADER",
            "Idempotency",
            "IdempotencyKeyInvalid",
            "IdempotencyMismatch",
            "IdempotencyRunning",
            "Remembered",
            "Ticket",
            "check_idempotency_key",
            "request_digest",
            "stored_bytes",
            "stored_from",
        ],
        mcp=["McpServer", "Tool", "ToolResult"],
        picking=["Picker"],
        places=["WorkerOrder"],
        probing=["probe_routes"],
        protocol=["GatewayProtocol"],
        retrying=["RetryBudget"],
        routes=["Route", "Routes", "build_routes"],
        semantic=["LONGEST_QUESTION", "Lookup", "SemanticCache", "bucket_of", "question_of"],
        server=["HttpServer", "Served", "WorkerContext"],
        shadowing=["ShadowOf"],
        sockets=["listen_for"],
        supervisor=["GatewayPlan", "supervise"],
        wording=["Wording", "may_ask_the_same", "wording_of"],
    )

__all__ = [
    "LONGEST_QUESTION",
    "MOST_ANSWER_BYTES",
    "REPLAYED_HEADER",
    "UNKEPT_HEADER",
    "AnswerCache",
    "AnswerScope",
    "AttemptPolicy",
    "Attempted",
    "Backend",
    "Blocked",
    "BlocklistGuard",
    "Breaker",
    "CacheWish",
    "Coalesced",
    "Connections",
    "DeadlineWatch",
    "Doorkeeper",
    "Doorway",
    "Endpoint",
    "Endpoints",
    "Finding",
    "Flights",
    "Gateway",
    "GatewayPlan",
    "GatewayProtocol",
    "Guard",
    "GuardFailed",
    "GuardedOutput",
    "Guards",
    "HttpLimits",
    "HttpServer",
    "Idempotency",
    "IdempotencyKeyInvalid",
    "IdempotencyMismatch",
    "IdempotencyRunning",
    "Limiter",
    "Limits",
    "Lookup",
    "McpServer",
    "Opened",
    "OutputWatch",
    "Overloaded",
    "Picker",
    "Places",
    "QueueFull",
    "QueueTimeout",
    "Remembered",
    "RetryBudget",
    "Route",
    "Routes",
    "SemanticCache",
    "Served",
    "ShadowOf",
    "Stored",
    "Ticket",
    "Tool",
    "ToolResult",
    "Tried",
    "TurnedAway",
    "Watched",
    "Whole",
    "Wording",
    "WorkerContext",
    "WorkerOrder",
    "answer_key",
    "bucket_of",
    "build_guards",
    "build_routes",
    "cache_wish",
    "check_idempotency_key",
    "give_back",
    "kept_headers",
    "listen_for",
    "may_ask_the_same",
    "may_keep",
    "probe_routes",
    "question_of",
    "request_digest",
    "run_attempts",
    "scoped_digest",
    "stored_bytes",
    "stored_from",
    "supervise",
    "take_all",
    "take_now",
    "tenant_of",
    "texts_of",
    "wording_of",
]
