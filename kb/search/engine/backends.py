"""Which vector index this machine gets."""

from __future__ import annotations

import faiss

from kb.exceptions import ConfigurationError
from kb.search.engine.dense import DenseIndex
from kb.search.engine.protocols import VectorIndex


def make_vector_index(dimension: int, device: str) -> VectorIndex:
    """An empty index.

    Args:
        device: ``auto`` (a GPU when FAISS can use one), ``cpu`` or ``cuda``.

    Raises:
        ConfigurationError: ``cuda`` was asked for and FAISS cannot use a GPU here.
    """
    if device == "cpu":
        return DenseIndex(dimension)
    if faiss.get_num_gpus() > 0:
        from kb.search.engine.dense_gpu import GpuIndex

        return GpuIndex(dimension)
    if device == "cuda":
        raise ConfigurationError(
            "KB_DEVICE is cuda, but FAISS sees no GPU. Install the gpu extra instead of the cpu one, "
            "or set KB_DEVICE to auto."
        )
    return DenseIndex(dimension)
