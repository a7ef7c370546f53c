"""Models and a server for tests, of ours and of those who use Ferrata."""

from ferrata.providers.fake.model import FakeEmbeddings, FakeModel
from ferrata.providers.fake.server import Failing, FakeServer, Received

__all__ = ["Failing", "FakeEmbeddings", "FakeModel", "FakeServer", "Received"]
