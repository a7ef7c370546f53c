"""Models: which names are pinned and which float, what each can do and costs, and when it is switched off."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.catalog.capabilities import FEATURES, Capabilities
    from ferrata.catalog.cards import KINDS, ModelCard, ModelFilter
    from ferrata.catalog.catalog import Catalog
    from ferrata.catalog.check import CheckedModel, ModelUse, check_models, lifecycle_payload
    from ferrata.catalog.compare import ComparedModel, Measured, Workload, compare_models, measured_in, measured_of
    from ferrata.catalog.conditions import ConditionSettings
    from ferrata.catalog.families import MODEL_LITERALS, model_pattern
    from ferrata.catalog.hosts import canonical_provider
    from ferrata.catalog.lifecycle import STAGES, ModelFacts, classify_model, looks_like_model
    from ferrata.catalog.pricebook import PriceBook, load_book
    from ferrata.catalog.prices import Price, Rate
    from ferrata.catalog.project import declared_uses, open_catalog
    from ferrata.catalog.published import SHADOWED, Follower, Published, Routing, RoutingTable, Shadow
    from ferrata.catalog.refresh import Offer, OfferedModel, keep_offer, offered_models, read_offers, refresh_prices
    from ferrata.catalog.rollouts import (
        BUILT_IN_METRICS,
        LimitsSettings,
        MetricSettings,
        RolloutSettings,
        StageSettings,
    )
    from ferrata.catalog.routes import (
        BreakerSettings,
        BudgetSettings,
        CacheSettings,
        EndpointSettings,
        GatewaySettings,
        GuardSettings,
        LimitSettings,
        RouteSettings,
        RouteTable,
        ScopeSettings,
        TimeoutSettings,
        Unit,
        Window,
        read_routes,
    )
    from ferrata.catalog.spelling import ModelName
else:
    __getattr__ = door(
        __name__,
        capabilities=["FEATURES", "Capabilities"],
        cards=["KINDS", "ModelCard", "ModelFilter"],
        catalog=["Catalog"],
        check=["CheckedModel", "ModelUse", "check_models", "lifecycle_payload"],
        compare=["ComparedModel", "Measured", "Workload", "compare_models", "measured_in", "measured_of"],
        conditions=["ConditionSettings"],
        families=["MODEL_LITERALS", "model_pattern"],
        hosts=["canonical_provider"],
        lifecycle=["STAGES", "ModelFacts", "classify_model", "looks_like_model"],
        pricebook=["PriceBook", "load_book"],
        prices=["Price", "Rate"],
        project=["declared_uses", "open_catalog"],
        refresh=["Offer", "OfferedModel", "keep_offer", "offered_models", "read_offers", "refresh_prices"],
        published=["SHADOWED", "Follower", "Published", "Routing", "RoutingTable", "Shadow"],
        rollouts=["BUILT_IN_METRICS", "LimitsSettings", "MetricSettings", "RolloutSettings", "StageSettings"],
        routes=[
            "BreakerSettings",
            "BudgetSettings",
            "CacheSettings",
            "EndpointSettings",
            "GatewaySettings",
            "GuardSettings",
            "LimitSettings",
            "RouteSettings",
            "RouteTable",
            "ScopeSettings",
            "TimeoutSettings",
            "Unit",
            "Window",
            "read_routes",
        ],
        spelling=["ModelName"],
    )

__all__ = [
    "BUILT_IN_METRICS",
    "FEATURES",
    "KINDS",
    "MODEL_LITERALS",
    "SHADOWED",
    "STAGES",
    "BreakerSettings",
    "BudgetSettings",
    "CacheSettings",
    "Capabilities",
    "Catalog",
    "CheckedModel",
    "ComparedModel",
    "ConditionSettings",
    "EndpointSettings",
    "Follower",
    "GatewaySettings",
    "GuardSettings",
    "LimitSettings",
    "LimitsSettings",
    "Measured",
    "MetricSettings",
    "ModelCard",
    "ModelFacts",
    "ModelFilter",
    "ModelName",
    "ModelUse",
    "Offer",
    "OfferedModel",
    "Price",
    "PriceBook",
    "Published",
    "Rate",
    "RolloutSettings",
    "RouteSettings",
    "RouteTable",
    "Routing",
    "RoutingTable",
    "ScopeSettings",
    "Shadow",
    "StageSettings",
    "TimeoutSettings",
    "Unit",
    "Window",
    "Workload",
    "canonical_provider",
    "check_models",
    "classify_model",
    "compare_models",
    "declared_uses",
    "keep_offer",
    "lifecycle_payload",
    "load_book",
    "looks_like_model",
    "measured_in",
    "measured_of",
    "model_pattern",
    "offered_models",
    "open_catalog",
    "read_offers",
    "read_routes",
    "refresh_prices",
]
