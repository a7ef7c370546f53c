"""Manifests of any ecosystem: the packages that they name, and the scripts that they declare."""

from ferrata.maturity.scan.manifests.read import is_manifest, read_dependencies
from ferrata.maturity.scan.manifests.scripts import read_scripts

__all__ = ["is_manifest", "read_dependencies", "read_scripts"]
