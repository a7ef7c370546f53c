"""Vendors as data, a file each."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.providers.vendors.read import read_vendor, vendor_names
    from ferrata.providers.vendors.types import Vendor, WireName
else:
    __getattr__ = door(
        __name__,
        read=("read_vendor", "vendor_names"),
        types=("Vendor", "WireName"),
    )

__all__ = ["Vendor", "WireName", "read_vendor", "vendor_names"]
