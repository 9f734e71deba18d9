"""The encoder on a CPU: the sentence-transformers network, converted once, run by OpenVINO."""

from __future__ import annotations

import json
import mmap
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
from tokenizers import Encoding

from kb.search.engine.agreement import LEAST_COSINE, Comparison, ProbeVectors
from kb.search.engine.encoder import Vectors
from kb.search.engine.errors import EncoderDisagreesError
from kb.search.engine.length_batches import LengthBatches
from kb.search.engine.probe_texts import PASSAGES, QUESTIONS
from kb.search.engine.tokens import Tokens, padded

_BATCH = 4  # as fast as larger ones of texts of one length, and with less padding where they differ
_AT_START = 3  # texts that are compared each time; measuring all of them takes a second
_NAMES = {"bf16": "OpenVINO bfloat16", "f32": "OpenVINO float32"}


def precisions() -> tuple[str, ...]:
    """What this processor computes in, the fastest first."""
    return ("bf16", "f32") if "BF16" in _capabilities() else ("f32",)


def backend_name(precision: str) -> str:
    return _NAMES[precision]


def bound_to(identity: str) -> dict[str, str]:
    """What a measurement holds for: these weights, this OpenVINO and a processor that can do this."""
    return {
        "weights": identity.rpartition("@")[2],
        "backend": f"OpenVINO {ov.__version__}",
        "processor": " ".join(sorted(_capabilities())),
    }


def _capabilities() -> list[str]:
    found: list[str] = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return found


def load_reference(folder: Path) -> ProbeVectors:
    """What sentence-transformers made of the probe texts when the model was converted."""
    with np.load(folder / "reference.npz") as saved:
        return ProbeVectors(saved["passages"], saved["questions"])


class OpenVINOEncoder:
    """Implements `kb.search.engine.encoder.Encoder`. Safe to use from many threads.

    Args:
        folder: the converted network.
        precision: one of `precisions`.
        comparison: what was measured of it; None while that is being done.

    Raises:
        EncoderDisagreesError: it does not compute what was measured; also by `embed_passages`, at first use.
    """

    device = "cpu"

    def __init__(
        self,
        folder: Path,
        identity: str,
        tokens: Tokens,
        precision: str,
        comparison: Comparison | None = None,
    ) -> None:
        facts = json.loads((folder / "model.json").read_text())
        self._folder = folder
        self.model_id = identity
        self.tokens = tokens
        self.backend = backend_name(precision)
        self.comparison = comparison or Comparison()
        self._is_checked = comparison is not None
        self._query_prompt: str = facts["query_prompt"]
        self._passage_prompt: str = facts["passage_prompt"]
        self._reference = load_reference(folder)
        self.dimension = int(self._reference.passages.shape[1])
        self._core = ov.Core()
        self._settings = {"INFERENCE_PRECISION_HINT": precision}
        with (folder / "model.bin").open("rb") as file:
            self._weights = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        weights = ov.Tensor(np.frombuffer(self._weights, np.uint8), shared_memory=True)
        self._graph = self._core.read_model((folder / "model.xml").read_text(), weights)
        self._streams = max(1, len(os.sched_getaffinity(0)))
        self._waiting = LengthBatches[Encoding](lambda encoding: len(encoding.ids), _BATCH, self._streams)
        self._bulk = ThreadPoolExecutor(self._streams, thread_name_prefix="embed")
        self._own = threading.local()
        self._compiling = threading.Lock()
        self._for_passages: ov.CompiledModel | None = None
        self._for_queries = self._compiled(PERFORMANCE_HINT="LATENCY")
        self._check(self._for_queries, self._query_prompt, QUESTIONS, self._reference.questions)
        # Compiling read every weight. Few are wanted again as they are in the file; those are read again.
        self._weights.madvise(mmap.MADV_DONTNEED)

    @property
    def has_passage_network(self) -> bool:
        """Whether it was wanted yet."""
        return self._for_passages is not None

    def _compiled(self, **hints: str | int) -> ov.CompiledModel:
        """Two networks share the weights: all cores on one query, or a batch on each core."""
        return self._core.compile_model(self._graph, "CPU", {**self._settings, **hints})

    def _passage_network(self) -> ov.CompiledModel:
        """Compiled when it is first wanted: it takes 50 MB, and a search server never wants it."""
        with self._compiling:
            if self._for_passages is None:
                network = self._compiled(PERFORMANCE_HINT="THROUGHPUT", NUM_STREAMS=self._streams)
                self._check(network, self._passage_prompt, PASSAGES, self._reference.passages)
                self._for_passages = network
                self._weights.madvise(mmap.MADV_DONTNEED)
            return self._for_passages

    def _check(
        self, network: ov.CompiledModel, prompt: str, texts: Sequence[str], reference: Vectors
    ) -> None:
        """Compare a few texts, to notice files that changed since all were compared.

        It is done by one thread, measured or not. The first conversion between numpy and OpenVINO must not
        happen in two at once: each then waits for the other's lock for good.
        """
        encodings = self.tokens.encode([prompt + text for text in texts[:_AT_START]])
        vectors = _normalised(_inferred(network.create_infer_request(), encodings))
        least = float((vectors * reference[:_AT_START]).sum(axis=1).min())
        if self._is_checked and not least >= LEAST_COSINE:
            raise EncoderDisagreesError(
                f"The converted files in {self._folder} are not what was measured: "
                f"the cosine to the reference is {least:.5f}. Remove them, and they are made again."
            )

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; rows are L2-normalised. In batches with what others embed."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        rows = self._waiting.add(self.tokens.encode([self._passage_prompt + text for text in texts]))
        # A thread per stream, shared by all callers.
        for _ in range(self._streams):
            self._bulk.submit(self._waiting.compute_all, self._embed_batch)
        return _normalised(np.stack([row.result() for row in rows]))

    def _embed_batch(self, encodings: Sequence[Encoding]) -> Vectors:
        request = getattr(self._own, "for_passages", None)
        if request is None:
            request = self._own.for_passages = self._passage_network().create_infer_request()
        return _inferred(request, encodings)

    def split_share(self, text: str) -> float:
        return self.tokens.split_share(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; never waits behind bulk work."""
        request = getattr(self._own, "for_queries", None)
        if request is None:
            request = self._own.for_queries = self._for_queries.create_infer_request()
        encodings = self.tokens.encode([self._query_prompt + text for text in texts])
        return _normalised(_inferred(request, encodings))


def _inferred(request: ov.InferRequest, encodings: Sequence[Encoding]) -> Vectors:
    ids, mask = padded(encodings)
    request.infer({0: ids, 1: mask})
    return np.array(request.get_output_tensor(0).data)


def _normalised(vectors: Vectors) -> Vectors:
    """bfloat16 arithmetic leaves norms a thousandth off one."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32)
    normalised: Vectors = vectors / np.maximum(norms, np.float32(1e-12))
    return normalised
