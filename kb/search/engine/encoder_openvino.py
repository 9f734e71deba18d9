"""The encoder on a CPU: the sentence-transformers network, converted once, run by OpenVINO."""

from __future__ import annotations

import json
import logging
import mmap
import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
from tokenizers import Encoding

from kb.search.engine.encoder import Vectors
from kb.search.engine.tokens import Tokens, padded

logger = logging.getLogger(__name__)

_FORMAT = 1  # of the converted files; a change converts anew
_BATCH = 8
_LEAST_AGREEMENT = 0.999
_DISAGREES = "The converted model does not agree with sentence-transformers."
_PROBES = (
    "How many days of leave do I have?",
    "Expenses above 500 EUR need the written approval of the head of the department before the order.",
    "E-4012: the gateway refused the certificate. Renew it with `kbctl renew --all` and restart the agent.",
)


def converted(folder: Path, identity: str, cache_dir: Path) -> Path:
    """The folder with the converted network, made on first use and renamed into place when it is whole."""
    target = cache_dir / f"{identity}-ov{_FORMAT}"
    if not (target / "model.json").exists():
        draft = cache_dir / f".{identity}-{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _convert(folder, draft)
        try:
            draft.rename(target)
        except OSError:
            if not (target / "model.json").exists():
                raise
            shutil.rmtree(draft)  # another process finished first
    return target


def _convert(folder: Path, target: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    class Network(torch.nn.Module):
        """All modules of the model (transformer, pooling, normalisation) as one graph."""

        def __init__(self, model: SentenceTransformer) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            output: torch.Tensor = self.model({"input_ids": input_ids, "attention_mask": attention_mask})[
                "sentence_embedding"
            ]
            return output

    logger.info("Converting the embedding model for this processor (once)")
    model = SentenceTransformer(str(folder), device="cpu", trust_remote_code=False, local_files_only=True)
    ids = torch.ones((2, 16), dtype=torch.long)
    graph = ov.convert_model(
        Network(model).eval(), example_input={"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    )
    ov.save_model(graph, target / "model.xml", compress_to_fp16=False)
    prompts = getattr(model, "prompts", None) or {}
    reference = model.encode(list(_PROBES), normalize_embeddings=True, show_progress_bar=False)
    np.save(target / "reference.npy", reference.astype(np.float32))
    facts = {
        "query_prompt": prompts.get("query") or "",
        "passage_prompt": prompts.get("document") or prompts.get("passage") or "",
    }
    (target / "model.json").write_text(json.dumps(facts))


class OpenVINOEncoder:
    """Implements `kb.search.engine.encoder.Encoder`. Safe to use from many threads."""

    device = "cpu"

    def __init__(self, folder: Path, identity: str, tokens: Tokens) -> None:
        facts = json.loads((folder / "model.json").read_text())
        self.model_id = identity
        self.tokens = tokens
        self._query_prompt: str = facts["query_prompt"]
        self._passage_prompt: str = facts["passage_prompt"]
        self._reference: Vectors = np.load(folder / "reference.npy")
        self.dimension = int(self._reference.shape[1])
        self._core = ov.Core()
        with (folder / "model.bin").open("rb") as file:
            self._weights = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        weights = ov.Tensor(np.frombuffer(self._weights, np.uint8), shared_memory=True)
        self._graph = self._core.read_model((folder / "model.xml").read_text(), weights)
        self._streams = max(1, len(os.sched_getaffinity(0)))
        self._bulk = ThreadPoolExecutor(self._streams, thread_name_prefix="embed")
        self._own = threading.local()
        self._compiling = threading.Lock()
        self._for_passages: ov.CompiledModel | None = None
        capabilities = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        for precision in ("bf16", "f32") if "BF16" in capabilities else ("f32",):
            self.backend = f"OpenVINO {'bfloat16' if precision == 'bf16' else 'float32'}"
            self._settings = {"INFERENCE_PRECISION_HINT": precision}
            self._for_queries = self._compiled(PERFORMANCE_HINT="LATENCY")
            self.agreement = self._agreement(self._for_queries)
            if self.agreement >= _LEAST_AGREEMENT:
                break
            logger.warning("%s agrees only %.4f with the reference", self.backend, self.agreement)
        else:
            raise RuntimeError(_DISAGREES)
        # Compiling read every weight. Few are wanted again as they are in the file; those are read again.
        self._weights.madvise(mmap.MADV_DONTNEED)

    def _compiled(self, **hints: str | int) -> ov.CompiledModel:
        """Two networks share the weights: all cores on one query, or a batch on each core."""
        return self._core.compile_model(self._graph, "CPU", {**self._settings, **hints})

    def _passage_network(self) -> ov.CompiledModel:
        """Compiled when it is first wanted: it takes 50 MB, and a search server never wants it."""
        with self._compiling:
            if self._for_passages is None:
                network = self._compiled(PERFORMANCE_HINT="THROUGHPUT", NUM_STREAMS=self._streams)
                if self._agreement(network) < _LEAST_AGREEMENT:
                    raise RuntimeError(_DISAGREES)
                self._for_passages = network
            return self._for_passages

    def _agreement(self, network: ov.CompiledModel) -> float:
        """Least cosine to the reference vectors over a few texts.

        It is asked for by one thread. The first conversion between numpy and OpenVINO must not happen in two
        at once: each then waits for the other's lock for good.
        """
        encodings = self.tokens.encode([self._passage_prompt + text for text in _PROBES])
        vectors = _normalised(_inferred(network.create_infer_request(), encodings))
        return float((vectors * self._reference).sum(axis=1).min())

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; rows are L2-normalised. Batches are sorted by length."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        encodings = self.tokens.encode([self._passage_prompt + text for text in texts])
        order = sorted(range(len(texts)), key=lambda row: -len(encodings[row].ids))
        # Small documents are spread over all streams rather than given to one.
        size = max(1, min(_BATCH, -(-len(texts) // self._streams)))
        batches = [order[at : at + size] for at in range(0, len(order), size)]
        vectors = np.empty((len(texts), self.dimension), np.float32)
        # A thread per stream, shared by all callers: the end of one document fills up with the next one.
        embedded = self._bulk.map(self._embed_batch, [[encodings[row] for row in rows] for rows in batches])
        for rows, batch in zip(batches, embedded, strict=True):
            vectors[rows] = batch
        return _normalised(vectors)

    def _embed_batch(self, encodings: Sequence[Encoding]) -> Vectors:
        request = getattr(self._own, "for_passages", None)
        if request is None:
            request = self._own.for_passages = self._passage_network().create_infer_request()
        return _inferred(request, encodings)

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
