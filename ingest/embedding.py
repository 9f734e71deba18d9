"""The worker's encoder: one per process, loaded once, shared by its threads."""

from __future__ import annotations

import threading

from kb.conf import config
from kb.search.engine.encoder import Encoder, load_encoder

_lock = threading.Lock()
_encoder: Encoder | None = None


def get_encoder() -> Encoder:
    """Load on first use; threads that come meanwhile wait for the same one."""
    global _encoder
    with _lock:
        if _encoder is None:
            _encoder = load_encoder(config.embedding_model, config.device, config.data_dir / "models")
        return _encoder
