"""Models: which names are pinned and which float, what each can do and costs, and when it is switched off."""

from ferrata.catalog.capabilities import FEATURES, Capabilities
from ferrata.catalog.cards import KINDS, ModelCard, ModelFilter
from ferrata.catalog.catalog import Catalog
from ferrata.catalog.families import MODEL_LITERALS, model_pattern
from ferrata.catalog.hosts import canonical_provider
from ferrata.catalog.lifecycle import STAGES, ModelFacts, classify_model, looks_like_model
from ferrata.catalog.pricebook import PriceBook, load_book
from ferrata.catalog.prices import Price, Rate
from ferrata.catalog.project import open_catalog
from ferrata.catalog.spelling import ModelName

__all__ = [
    "FEATURES",
    "KINDS",
    "MODEL_LITERALS",
    "STAGES",
    "Capabilities",
    "Catalog",
    "ModelCard",
    "ModelFacts",
    "ModelFilter",
    "ModelName",
    "Price",
    "PriceBook",
    "Rate",
    "canonical_provider",
    "classify_model",
    "load_book",
    "looks_like_model",
    "model_pattern",
    "open_catalog",
]
