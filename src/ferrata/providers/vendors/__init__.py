"""Vendors as data, a file each."""

from ferrata.providers.vendors.read import read_vendor, vendor_names
from ferrata.providers.vendors.types import Vendor, WireName

__all__ = ["Vendor", "WireName", "read_vendor", "vendor_names"]
