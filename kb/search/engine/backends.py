"""Which vector index this machine gets."""

from __future__ import annotations

import faiss

from kb.exceptions import ConfigurationError
from kb.search.engine.dense import DenseIndex
from kb.search.engine.protocols import VectorIndex
from kb.search.engine.types import MilvusAddress


def make_vector_index(dimension: int, device: str, milvus: MilvusAddress | None = None) -> VectorIndex:
    """An empty index.

    Args:
        device: ``auto`` (a GPU when FAISS can use one), ``cpu`` or ``cuda``.
        milvus: where vectors are kept and searched instead, whatever the device.

    Raises:
        ConfigurationError: ``cuda`` was asked for and FAISS cannot use a GPU here.
        VectorStoreError: Milvus cannot be used.
    """
    if milvus is not None:
        from kb.search.engine.dense_milvus import MilvusIndex
        from kb.search.engine.milvus_store import MilvusStore

        return MilvusIndex(dimension, MilvusStore(milvus, dimension))
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
