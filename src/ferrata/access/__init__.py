"""Who may call what, and how much of it: virtual keys, meters and leases. Knows no request and no model."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.access.allowances import Allowance, Atoms, Scope, Unit, Window, atoms_of, window_at
    from ferrata.access.claims import Claim
    from ferrata.access.keys import Keys
    from ferrata.access.leases import Counter, Grant, Leases, Want
    from ferrata.access.leasing import Admission, Leasing, Lessor
    from ferrata.access.limits import BudgetExceeded, BudgetUnknown, OverLimit, RateLimited
    from ferrata.access.meters import NEEDS_LEASE, Meter, Meters, NeedsLease, rate_numbers
    from ferrata.access.remembered import REMEMBERED_MIGRATIONS, RememberedAnswers
    from ferrata.access.ring import KeyRing
    from ferrata.access.settling import Settling
    from ferrata.access.types import Draft, Key, Snapshot
else:
    __getattr__ = door(
        __name__,
        allowances=["Allowance", "Atoms", "Scope", "Unit", "Window", "atoms_of", "window_at"],
        claims=["Claim"],
        keys=["Keys"],
        leases=["Counter", "Grant", "Leases", "Want"],
        leasing=["Admission", "Leasing", "Lessor"],
        limits=["BudgetExceeded", "BudgetUnknown", "OverLimit", "RateLimited"],
        meters=["NEEDS_LEASE", "Meter", "Meters", "NeedsLease", "rate_numbers"],
        remembered=["REMEMBERED_MIGRATIONS", "RememberedAnswers"],
        ring=["KeyRing"],
        settling=["Settling"],
        types=["Draft", "Key", "Snapshot"],
    )

__all__ = [
    "NEEDS_LEASE",
    "REMEMBERED_MIGRATIONS",
    "Admission",
    "Allowance",
    "Atoms",
    "BudgetExceeded",
    "BudgetUnknown",
    "Claim",
    "Counter",
    "Draft",
    "Grant",
    "Key",
    "KeyRing",
    "Keys",
    "Leases",
    "Leasing",
    "Lessor",
    "Meter",
    "Meters",
    "NeedsLease",
    "OverLimit",
    "RateLimited",
    "RememberedAnswers",
    "Scope",
    "Settling",
    "Snapshot",
    "Unit",
    "Want",
    "Window",
    "atoms_of",
    "rate_numbers",
    "window_at",
]
