"""The version of Prompt Flow whose behaviour this package has."""

__all__ = ["VERSION", "__version__"]

VERSION = "1.18.5"
__version__ = VERSION
