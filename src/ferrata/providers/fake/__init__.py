"""Models and a server for tests, of ours and of those who use Ferrata."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.providers.fake.model import FakeEmbeddings, FakeModel
    from ferrata.providers.fake.server import Failing, FakeServer, Received
else:
    __getattr__ = door(
        __name__,
        model=("FakeEmbeddings", "FakeModel"),
        server=("Failing", "FakeServer", "Received"),
    )

__all__ = ["Failing", "FakeEmbeddings", "FakeModel", "FakeServer", "Received"]
