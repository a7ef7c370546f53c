"""What is versioned and what was done: the registry of assets, and the ledger of every operational act."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.assets.actions import Action, Field, catalogue
    from ferrata.assets.content import digest_of_content, name_for, read_content
    from ferrata.assets.journal import Journal
    from ferrata.assets.ledger import Ledger
    from ferrata.assets.migrate import migrate_registry
    from ferrata.assets.record import GENESIS, Head, Record, canonical_json
    from ferrata.assets.registry import Registry
    from ferrata.assets.schema import SCHEMA
    from ferrata.assets.types import AssetRow, Draft, Move, Parent, Registered, Version
    from ferrata.assets.verify import Break, Verification
else:
    __getattr__ = door(
        __name__,
        actions=["Action", "Field", "catalogue"],
        content=["digest_of_content", "name_for", "read_content"],
        journal=["Journal"],
        ledger=["Ledger"],
        migrate=["migrate_registry"],
        record=["GENESIS", "Head", "Record", "canonical_json"],
        registry=["Registry"],
        schema=["SCHEMA"],
        types=["AssetRow", "Draft", "Move", "Parent", "Registered", "Version"],
        verify=["Break", "Verification"],
    )

__all__ = [
    "GENESIS",
    "SCHEMA",
    "Action",
    "AssetRow",
    "Break",
    "Draft",
    "Field",
    "Head",
    "Journal",
    "Ledger",
    "Move",
    "Parent",
    "Record",
    "Registered",
    "Registry",
    "Verification",
    "Version",
    "canonical_json",
    "catalogue",
    "digest_of_content",
    "migrate_registry",
    "name_for",
    "read_content",
]
