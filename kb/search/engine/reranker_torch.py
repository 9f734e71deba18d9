"""The reranker, through sentence-transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kb.exceptions import ConfigurationError
from kb.search.engine.cross_encoder_torch import Numbers, TorchCrossEncoder

_PROBE = ("Is this model whole?", "A score that is not a number says that it is not.")


class TorchReranker:
    """Implements `kb.search.engine.protocols.Reranker`.

    Args:
        folder: holds `.safetensors` weights and no code.
        identity: name and weight hash.
        device: ``cpu`` or ``cuda``.

    Raises:
        ConfigurationError: the model gives no score, or more than one.
    """

    def __init__(self, folder: Path, identity: str, device: str) -> None:
        self.model_id = identity
        self.device = device
        self._encoder = TorchCrossEncoder(folder, device, _PROBE, _scores)
        if self._encoder.labels != 1 or not self._encoder.is_sound:
            raise ConfigurationError(
                f"The reranker model in {folder} does not give one score for a question and a passage. Name "
                "another cross-encoder, or leave KB_RERANKER_MODEL unset."
            )

    @property
    def backlog_s(self) -> float:
        """About how long one more question would wait, from how long the last pairs took."""
        return self._encoder.backlog_s

    def logits(self, query: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers, higher is better."""
        return self._encoder.numbers([(query, passage) for passage in passages])


def _scores(logits: Numbers) -> Numbers:
    return logits[:, 0]
