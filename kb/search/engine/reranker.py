"""Finding the cross-encoder that KB_RERANKER_MODEL names, and refusing what is none.

Without a model nothing of this is used, and torch is not imported.
"""

from __future__ import annotations

import json
from pathlib import Path

from kb.exceptions import ConfigurationError
from kb.search.engine.encoder import model_id, refuse_code, use_cuda
from kb.search.engine.protocols import Reranker

_KIND = "ForSequenceClassification"
_REMEDY = "Name a folder with a sentence-transformers cross-encoder, or leave KB_RERANKER_MODEL unset."


def load_reranker(model: str, device: str) -> Reranker:
    """Load the cross-encoder on the best device there is.

    Args:
        model: a folder, or the name of a hub model that is in this machine's cache already.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ConfigurationError: the model or the device is not there, the model is damaged or is no cross-encoder
            with one score, or it wants to run its own code. The message says what to do.
    """
    folder = reranker_folder(model)
    _require_cross_encoder(folder)
    identity, device = model_id(model, folder), "cuda" if use_cuda(device) else "cpu"
    from kb.search.engine.reranker_torch import TorchReranker

    try:
        return TorchReranker(folder, identity, device)
    except ConfigurationError:
        raise
    except Exception as error:
        raise _refused(folder, f"cannot be loaded: {error}") from error


def reranker_folder(model: str) -> Path:
    """The folder that holds the model's files. Nothing is fetched.

    Raises:
        ConfigurationError: there is none, or it holds Python files.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or model.startswith((".", "~")):
            raise ConfigurationError(
                f"KB_RERANKER_MODEL names the folder {model}, which does not exist. {_REMEDY}"
            )
        folder = _cached(model)
    refuse_code(folder)
    return folder


def _cached(model: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except Exception as error:
        raise ConfigurationError(
            f"KB_RERANKER_MODEL names {model}, which is neither a folder nor in this machine's cache of hub "
            f"models. Fetch it first with `hf download {model}`, name a folder, or leave it unset."
        ) from error


def _require_cross_encoder(folder: Path) -> None:
    """Another kind of model would be loaded with a head of random numbers, and rank by them."""
    try:
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kinds = [str(kind) for kind in described.get("architectures") or []]
    except (OSError, ValueError, AttributeError) as error:
        raise _refused(folder, "has no config.json that can be read") from error
    if not any(kind.endswith(_KIND) for kind in kinds):
        raise _refused(folder, f"is no cross-encoder ({', '.join(kinds) or 'its config.json names no kind'})")


def _refused(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"The reranker model in {folder} {why}. {_REMEDY}")
