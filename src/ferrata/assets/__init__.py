"""What is versioned and what was done: for now the ledger of every operational act."""

from ferrata.assets.actions import Action, Field, catalogue
from ferrata.assets.ledger import Ledger
from ferrata.assets.record import GENESIS, Head, Record, canonical_json
from ferrata.assets.verify import Break, Verification

__all__ = [
    "GENESIS",
    "Action",
    "Break",
    "Field",
    "Head",
    "Ledger",
    "Record",
    "Verification",
    "canonical_json",
    "catalogue",
]
