"""What is known of models: which names are pinned, which float, which are switched off and when."""

from ferrata.catalog.families import MODEL_LITERALS, model_pattern
from ferrata.catalog.lifecycle import ModelFacts, classify_model, looks_like_model
from ferrata.catalog.spelling import ModelName

__all__ = ["MODEL_LITERALS", "ModelFacts", "ModelName", "classify_model", "looks_like_model", "model_pattern"]
