"""HTTP as far as models need it: a client that keeps connections open, on asyncio's transports and httptools' parser."""

from ferrata.providers.http.client import HttpClient, StreamedAnswer
from ferrata.providers.http.types import Answer, Timeouts

__all__ = ["Answer", "HttpClient", "StreamedAnswer", "Timeouts"]
