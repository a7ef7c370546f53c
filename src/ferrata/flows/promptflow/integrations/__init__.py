"""`promptflow.integrations`: other frameworks."""

__all__ = []
