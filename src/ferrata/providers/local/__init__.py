"""Models on this machine: pulled once, run without key or network."""

from ferrata.providers.local.embeddings import LocalEmbeddings
from ferrata.providers.local.model import LocalModel
from ferrata.providers.local.pull import pull
from ferrata.providers.local.weights import WEIGHTS, Weights, data_folder, find_weights

__all__ = ["WEIGHTS", "LocalEmbeddings", "LocalModel", "Weights", "data_folder", "find_weights", "pull"]
