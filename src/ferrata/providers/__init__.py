"""Chat and embedding models: vendors, wire formats, wrappers, the local model and the fake."""

from ferrata.providers.assemble import Assembly, assemble
from ferrata.providers.base import ChatModel, EmbeddingModel, Price
from ferrata.providers.fake import FakeEmbeddings, FakeModel, FakeServer
from ferrata.providers.http import HttpClient, Timeouts
from ferrata.providers.remote import Access, RemoteEmbeddings, RemoteModel
from ferrata.providers.vendors import Vendor, read_vendor, vendor_names

__all__ = [
    "Access",
    "Assembly",
    "ChatModel",
    "EmbeddingModel",
    "FakeEmbeddings",
    "FakeModel",
    "FakeServer",
    "HttpClient",
    "Price",
    "RemoteEmbeddings",
    "RemoteModel",
    "Timeouts",
    "Vendor",
    "assemble",
    "read_vendor",
    "vendor_names",
]
