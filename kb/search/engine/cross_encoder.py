"""Finding a cross-encoder that a setting names, and refusing what is none.

Nothing is fetched, and nothing here imports torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.exceptions import ConfigurationError
from kb.search.engine.encoder import refuse_code

_KIND = "ForSequenceClassification"


@dataclass(frozen=True)
class Named:
    """A setting and the model that it names.

    Attributes:
        setting: such as ``KB_RERANKER_MODEL``.
        kind: what the model is for, as in "the reranker model".
        model: a folder, or the name of a hub model that is in this machine's cache already.
    """

    setting: str
    kind: str
    model: str

    @property
    def remedy(self) -> str:
        return f"Name a folder with a sentence-transformers cross-encoder, or leave {self.setting} unset."

    def refused(self, folder: Path, why: str) -> ConfigurationError:
        return ConfigurationError(f"The {self.kind} model in {folder} {why}. {self.remedy}")


def cross_encoder_folder(named: Named) -> Path:
    """The folder that holds the model's files.

    Raises:
        ConfigurationError: there is none, or it holds Python files.
    """
    folder = Path(named.model).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or named.model.startswith((".", "~")):
            raise ConfigurationError(
                f"{named.setting} names the folder {named.model}, which does not exist. {named.remedy}"
            )
        folder = _cached(named)
    refuse_code(folder)
    return folder


def _cached(named: Named) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(named.model, local_files_only=True))
    except Exception as error:
        raise ConfigurationError(
            f"{named.setting} names {named.model}, which is neither a folder nor in this machine's cache of "
            f"hub models. Fetch it first with `hf download {named.model}`, name a folder, or leave it unset."
        ) from error


def description(named: Named, folder: Path) -> dict[str, Any]:
    """The model's config.json.

    Raises:
        ConfigurationError: it is no cross-encoder's. Another kind of model would be loaded with a head of
            random numbers, and judge by them.
    """
    try:
        described: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kinds = [str(kind) for kind in described.get("architectures") or []]
    except (OSError, ValueError, AttributeError) as error:
        raise named.refused(folder, "has no config.json that can be read") from error
    if not any(kind.endswith(_KIND) for kind in kinds):
        named_kinds = ", ".join(kinds) or "its config.json names no kind"
        raise named.refused(folder, f"is no cross-encoder ({named_kinds})")
    return described


@contextmanager
def refusing_what_cannot_be_loaded(named: Named, folder: Path) -> Iterator[None]:
    """Around loading the model: whatever goes wrong there is a ConfigurationError that says what to do."""
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:
        raise named.refused(folder, f"cannot be loaded: {error}") from error
