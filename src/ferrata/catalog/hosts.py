"""What providers are called here, and what they are called in the list of prices.

Knows nothing of addresses and keys.
"""

from __future__ import annotations

__all__ = ["canonical_provider", "listed_provider"]

_LISTED = {"xai": "x-ai", "bedrock": "aws", "vertex": "google"}
_OTHERS = {
    "aws": "bedrock",
    "amazon-bedrock": "bedrock",
    "azure-openai": "azure",
    "azure_openai": "azure",
    "azure-openai-deployments": "azure",
    "fireworks-ai": "fireworks",
    "gemini": "google",
    "google-gla": "google",
    "google-vertex": "vertex",
    "mistralai": "mistral",
    "together-ai": "together",
    "together_ai": "together",
    "togetherai": "together",
    "vertex_ai": "vertex",
    "vertexai": "vertex",
    "x-ai": "xai",
}


def canonical_provider(name: str) -> str:
    """The one name that a provider has here: `aws` and `amazon-bedrock` are `bedrock`; another name is itself."""
    lowered = name.lower()
    return _OTHERS.get(lowered, lowered)


def listed_provider(name: str) -> str:
    """The provider's id in the list of prices."""
    known = canonical_provider(name)
    return _LISTED.get(known, known)
