"""The reference: sentence-transformers itself, on a GPU, and where nothing faster agrees with it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from kb.search.engine.agreement import Comparison
from kb.search.engine.encoder import Vectors
from kb.search.engine.tokens import load_tokens


class TorchEncoder:
    """Implements `kb.search.engine.encoder.Encoder`."""

    def __init__(
        self, folder: Path, identity: str, device: str, comparison: Comparison | None = None
    ) -> None:
        self.model_id = identity
        self.comparison = comparison or Comparison()
        self.device = device
        self.tokens = load_tokens(folder)
        self._model = SentenceTransformer(
            str(folder), device=device, trust_remote_code=False, local_files_only=True
        )
        self._lock = threading.Lock()
        self.backend = "sentence-transformers float32"
        self.dimension = int(self._model.encode(["dimension"]).shape[1])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; rows are L2-normalised."""
        with self._lock:
            return self._float32(self._model.encode_document(list(texts), normalize_embeddings=True))

    def split_share(self, text: str) -> float:
        return self.tokens.split_share(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension], with the model's query prompt where it has one."""
        with self._lock:
            return self._float32(self._model.encode_query(list(texts), normalize_embeddings=True))

    def _float32(self, vectors: object) -> Vectors:
        return np.asarray(vectors, dtype=np.float32).reshape(-1, self.dimension)
