"""HTTP as far as models need it: a client that keeps connections open, on asyncio's transports and httptools' parser."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.providers.http.addresses import address_of, shown_url
    from ferrata.providers.http.client import HttpClient, StreamedAnswer
    from ferrata.providers.http.types import Answer, Timeouts
else:
    __getattr__ = door(
        __name__,
        addresses=("address_of", "shown_url"),
        client=("HttpClient", "StreamedAnswer"),
        types=("Answer", "Timeouts"),
    )

__all__ = ["Answer", "HttpClient", "StreamedAnswer", "Timeouts", "address_of", "shown_url"]
