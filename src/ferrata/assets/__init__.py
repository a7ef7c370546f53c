"""What is versioned and what was done: the registry of assets, and the ledger of every operational act."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.assets.actions import Action, Field, catalogue
    from ferrata.assets.content import digest_of_content, name_for, read_content
    from ferrata.assets.diff import Change, Difference, Meaning, compare_versions
    from ferrata.assets.garbage import Garbage, GarbageCount
    from ferrata.assets.journal import Journal, RecordDraft, draft_record
    from ferrata.assets.ledger import Ledger
    from ferrata.assets.migrate import migrate_registry
    from ferrata.assets.pack_document import OpenedPack, open_pack
    from ferrata.assets.packs import Installed, MadePack, Packs
    from ferrata.assets.record import GENESIS, Head, Record, canonical_json
    from ferrata.assets.registry import Registry
    from ferrata.assets.schema import LEDGER_SCHEMA, SCHEMA
    from ferrata.assets.signing import make_key, parse_key, public_key
    from ferrata.assets.types import AssetRow, Draft, Move, Parent, Registered, Version
    from ferrata.assets.verify import Break, Verification
else:
    __getattr__ = door(
        __name__,
        actions=["Action", "Field", "catalogue"],
        content=["digest_of_content", "name_for", "read_content"],
        diff=["Change", "Difference", "Meaning", "compare_versions"],
        garbage=["Garbage", "GarbageCount"],
        journal=["Journal", "RecordDraft", "draft_record"],
        ledger=["Ledger"],
        migrate=["migrate_registry"],
        pack_document=["OpenedPack", "open_pack"],
        packs=["Installed", "MadePack", "Packs"],
        record=["GENESIS", "Head", "Record", "canonical_json"],
        registry=["Registry"],
        schema=["LEDGER_SCHEMA", "SCHEMA"],
        signing=["make_key", "parse_key", "public_key"],
        types=["AssetRow", "Draft", "Move", "Parent", "Registered", "Version"],
        verify=["Break", "Verification"],
    )

__all__ = [
    "GENESIS",
    "LEDGER_SCHEMA",
    "SCHEMA",
    "Action",
    "AssetRow",
    "Break",
    "Change",
    "Difference",
    "Draft",
    "Field",
    "Garbage",
    "GarbageCount",
    "Head",
    "Installed",
    "Journal",
    "Ledger",
    "MadePack",
    "Meaning",
    "Move",
    "OpenedPack",
    "Packs",
    "Parent",
    "Record",
    "RecordDraft",
    "Registered",
    "Registry",
    "Verification",
    "Version",
    "canonical_json",
    "catalogue",
    "compare_versions",
    "digest_of_content",
    "draft_record",
    "make_key",
    "migrate_registry",
    "name_for",
    "open_pack",
    "parse_key",
    "public_key",
    "read_content",
]
