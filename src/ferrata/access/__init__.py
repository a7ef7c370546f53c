"""Who may call what, and how much of it: virtual keys, meters and leases. Knows no request and no model."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.access.claims import Claim
    from ferrata.access.remembered import REMEMBERED_MIGRATIONS, RememberedAnswers
else:
    __getattr__ = door(__name__, claims=["Claim"], remembered=["REMEMBERED_MIGRATIONS", "RememberedAnswers"])

__all__ = ["REMEMBERED_MIGRATIONS", "Claim", "RememberedAnswers"]
