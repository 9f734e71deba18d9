"""What is special to the index on a GPU, and which index a machine gets."""

from __future__ import annotations

import faiss
import numpy as np
import numpy.typing as npt
import pytest

from kb.exceptions import ConfigurationError
from kb.search.engine.backends import make_vector_index
from kb.search.engine.dense_gpu import FlatIndex, Floats, GpuIndex
from tests.search.engine_parts import DIMENSION, topics, vector_rows

HAS_GPU = faiss.get_num_gpus() > 0


class Kernels:
    """Makes flat indexes in main memory that refuse what the GPU's kernels refuse, and counts their work."""

    def __init__(self) -> None:
        self.searches = self.resets = 0

    def __call__(self, dimension: int) -> FlatIndex:
        return Flat(self, dimension)


class Flat:
    def __init__(self, kernels: Kernels, dimension: int) -> None:
        self._kernels = kernels
        self._flat = faiss.IndexFlatIP(dimension)

    def add(self, vectors: Floats, /) -> None:
        self._flat.add(vectors)

    def search(self, vectors: Floats, k: int, /) -> tuple[Floats, npt.NDArray[np.int64]]:
        assert 1 <= k <= 2048
        self._kernels.searches += 1
        return self._flat.search(vectors, k)

    def reset(self) -> None:
        self._kernels.resets += 1
        self._flat.reset()


@pytest.fixture
def kernels() -> Kernels:
    return Kernels()


@pytest.fixture
def index(kernels: Kernels) -> GpuIndex:
    """3,000 documents of one chunk each, in collection 1 but every tenth, which is in collection 2."""
    index = GpuIndex(DIMENSION, kernels)
    ids = [(number, number, 1 + (number % 10 == 0)) for number in range(3000)]
    index.add(vector_rows(ids, topics(np.random.default_rng(3), 3000)))
    return index


def question() -> Floats:
    vector: Floats = topics(np.random.default_rng(4), 1)[0].astype(np.float32)
    return vector


def test_only_the_allowed_collections_are_searched(index: GpuIndex, kernels: Kernels) -> None:
    index.search(question(), 10, frozenset({2, 3}))
    assert kernels.searches == 1


def test_removed_rows_leave_the_gpu_before_they_crowd_out_the_others(
    index: GpuIndex, kernels: Kernels
) -> None:
    nearest = [chunk for chunk, _ in index.search(question(), 1000, frozenset({1}))]
    index.remove_documents(nearest[:500])
    assert kernels.resets == 0
    assert [chunk for chunk, _ in index.search(question(), 500, frozenset({1}))] == nearest[500:]
    index.remove_documents(nearest[500:600])
    assert kernels.resets == 1
    assert [chunk for chunk, _ in index.search(question(), 400, frozenset({1}))] == nearest[600:]


def test_more_hits_than_the_gpu_can_select_come_from_the_host(index: GpuIndex, kernels: Kernels) -> None:
    hits = index.search(question(), 2500, frozenset({1}))
    assert kernels.searches == 0
    assert len(hits) == 2500


def test_a_collection_without_chunks_takes_no_room(index: GpuIndex, kernels: Kernels) -> None:
    index.remove_documents(range(0, 3000, 10))
    assert index.search(question(), 5, frozenset({2})) == []
    assert kernels.searches == 0


def test_the_cpu_can_always_be_asked_for() -> None:
    assert make_vector_index(DIMENSION, "cpu").device == "cpu"


@pytest.mark.skipif(HAS_GPU, reason="this machine has a GPU that FAISS can use")
def test_without_a_gpu_auto_takes_the_cpu_and_cuda_is_an_error() -> None:
    assert make_vector_index(DIMENSION, "auto").device == "cpu"
    with pytest.raises(ConfigurationError, match="KB_DEVICE"):
        make_vector_index(DIMENSION, "cuda")


@pytest.mark.skipif(not HAS_GPU, reason="no GPU that FAISS can use")
def test_on_a_gpu_the_hits_are_those_of_the_cpu() -> None:
    gpu, cpu = make_vector_index(DIMENSION, "auto"), make_vector_index(DIMENSION, "cpu")
    assert gpu.device == "cuda"
    ids = [(number, number // 5, number // 500) for number in range(5000)]
    vectors = topics(np.random.default_rng(3), 5000)
    for each in (gpu, cpu):
        each.add(vector_rows(ids, vectors))
        each.remove_documents(range(0, 300, 7))
    for collections in (None, frozenset({0, 4})):
        on_gpu = gpu.search(question(), 50, collections)
        on_cpu = cpu.search(question(), 50, collections)
        assert dict(on_gpu) == pytest.approx(dict(on_cpu), abs=2e-3)
