"""Chat and embedding models: vendors, wire formats, wrappers, the local model and the fake."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.providers.assembly import Assembly, assemble
    from ferrata.providers.base import (
        ChatModel,
        ChatWire,
        Dialect,
        EmbeddingModel,
        Json,
        Price,
        Profile,
        StreamReader,
        features_of,
    )
    from ferrata.providers.build import (
        Surroundings,
        access_of,
        build_bare,
        build_chat,
        build_embeddings,
        check_vendors,
        key_variables,
    )
    from ferrata.providers.failures import retry_after_of
    from ferrata.providers.fake import FakeEmbeddings, FakeModel, FakeServer
    from ferrata.providers.http import Answer, HttpClient, Timeouts, address_of, shown_url
    from ferrata.providers.listing import list_models
    from ferrata.providers.local import WEIGHTS, LocalEmbeddings, LocalModel, Weights, data_folder, find_weights, pull
    from ferrata.providers.models import Models
    from ferrata.providers.parameters import Parameters
    from ferrata.providers.remote import Access, Passed, RemoteEmbeddings, RemoteModel
    from ferrata.providers.vendors import Vendor, read_vendor, vendor_names
    from ferrata.providers.wires import (
        Asked,
        ChatCompletions,
        ChatCompletionsServer,
        ServerWire,
        TextCompletions,
        client_wires,
        server_wires,
    )
    from ferrata.providers.wrappers import (
        AnswerFile,
        Budget,
        Cache,
        Call,
        CapabilityCheck,
        Deadline,
        Limit,
        Recording,
        Retry,
    )
else:
    __getattr__ = door(
        __name__,
        assembly=["Assembly", "assemble"],
        base=[
            "ChatModel",
            "ChatWire",
            "Dialect",
            "EmbeddingModel",
            "Json",
            "Price",
            "Profile",
            "StreamReader",
            "features_of",
        ],
        build=[
            "Surroundings",
            "access_of",
            "build_bare",
            "build_chat",
            "build_embeddings",
            "check_vendors",
            "key_variables",
        ],
        failures=["retry_after_of"],
        fake=["FakeEmbeddings", "FakeModel", "FakeServer"],
        http=["Answer", "HttpClient", "Timeouts", "address_of", "shown_url"],
        listing=["list_models"],
        local=["WEIGHTS", "LocalEmbeddings", "LocalModel", "Weights", "data_folder", "find_weights", "pull"],
        models=["Models"],
        parameters=["Parameters"],
        remote=["Access", "Passed", "RemoteEmbeddings", "RemoteModel"],
        vendors=["Vendor", "read_vendor", "vendor_names"],
        wires=[
            "Asked",
            "ChatCompletions",
            "ChatCompletionsServer",
            "ServerWire",
            "TextCompletions",
            "client_wires",
            "server_wires",
        ],
        wrappers=[
            "AnswerFile",
            "Budget",
            "Cache",
            "Call",
            "CapabilityCheck",
            "Deadline",
            "Limit",
            "Recording",
            "Retry",
        ],
    )

__all__ = [
    "WEIGHTS",
    "Access",
    "Answer",
    "AnswerFile",
    "Asked",
    "Assembly",
    "Budget",
    "Cache",
    "Call",
    "CapabilityCheck",
    "ChatCompletions",
    "ChatCompletionsServer",
    "ChatModel",
    "ChatWire",
    "Deadline",
    "Dialect",
    "EmbeddingModel",
    "FakeEmbeddings",
    "FakeModel",
    "FakeServer",
    "HttpClient",
    "Json",
    "Limit",
    "LocalEmbeddings",
    "LocalModel",
    "Models",
    "Parameters",
    "Passed",
    "Price",
    "Profile",
    "Recording",
    "RemoteEmbeddings",
    "RemoteModel",
    "Retry",
    "ServerWire",
    "StreamReader",
    "Surroundings",
    "TextCompletions",
    "Timeouts",
    "Vendor",
    "Weights",
    "access_of",
    "address_of",
    "assemble",
    "build_bare",
    "build_chat",
    "build_embeddings",
    "check_vendors",
    "client_wires",
    "data_folder",
    "features_of",
    "find_weights",
    "key_variables",
    "list_models",
    "pull",
    "read_vendor",
    "retry_after_of",
    "server_wires",
    "shown_url",
    "vendor_names",
]
