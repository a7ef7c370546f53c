"""Models on this machine: pulled once, run without key or network."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.providers.local.embeddings import LocalEmbeddings
    from ferrata.providers.local.model import LocalModel
    from ferrata.providers.local.pull import pull
    from ferrata.providers.local.weights import WEIGHTS, Weights, data_folder, find_weights
else:
    __getattr__ = door(
        __name__,
        embeddings=("LocalEmbeddings",),
        model=("LocalModel",),
        pull=("pull",),
        weights=("WEIGHTS", "Weights", "data_folder", "find_weights"),
    )

__all__ = ["WEIGHTS", "LocalEmbeddings", "LocalModel", "Weights", "data_folder", "find_weights", "pull"]
