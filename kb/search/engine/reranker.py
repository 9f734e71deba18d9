"""The cross-encoder that KB_RERANKER_MODEL names.

Without a model nothing of this is used, and torch is not imported.
"""

from __future__ import annotations

from kb.search.engine.cross_encoder import (
    Named,
    cross_encoder_folder,
    description,
    refusing_what_cannot_be_loaded,
)
from kb.search.engine.encoder import model_id, use_cuda
from kb.search.engine.protocols import Reranker


def load_reranker(model: str, device: str) -> Reranker:
    """Load the cross-encoder on the best device there is.

    Args:
        model: a folder, or the name of a hub model that is in this machine's cache already.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ConfigurationError: the model or the device is not there, the model is damaged or is no cross-encoder
            with one score, or it wants to run its own code. The message says what to do.
    """
    named = Named("KB_RERANKER_MODEL", "reranker", model)
    folder = cross_encoder_folder(named)
    description(named, folder)
    identity, device = model_id(model, folder), "cuda" if use_cuda(device) else "cpu"
    from kb.search.engine.reranker_torch import TorchReranker

    with refusing_what_cannot_be_loaded(named, folder):
        return TorchReranker(folder, identity, device)
