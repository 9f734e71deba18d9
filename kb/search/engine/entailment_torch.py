"""The model of entailment, through sentence-transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kb.exceptions import ConfigurationError
from kb.search.engine.cross_encoder_torch import Numbers, TorchCrossEncoder

_PROBE = ("The desk opens at nine.", "The desk opens at nine.")


class TorchEntailment:
    """Implements `kb.search.engine.entailment.Entailment`.

    Args:
        folder: holds `.safetensors` weights and no code.
        identity: name and weight hash.
        device: ``cpu`` or ``cuda``.
        label: which of several labels says that the premise holds the sentence; None for a single logit.

    Raises:
        ConfigurationError: the model does not give what its config.json says.
    """

    def __init__(self, folder: Path, identity: str, device: str, label: int | None) -> None:
        self.model_id = identity
        self.device = device
        self._label = label
        self._encoder = TorchCrossEncoder(folder, device, _PROBE, self._shares)
        if not self._encoder.is_sound:
            raise ConfigurationError(
                f"The support model in {folder} gives what is no number. Name another cross-encoder, or "
                "leave KB_SUPPORT_MODEL unset."
            )

    @property
    def backlog_s(self) -> float:
        """About how long one more pair would wait, from how long the last ones took."""
        return self._encoder.backlog_s

    def probabilities(self, pairs: list[tuple[str, str]]) -> list[float]:
        """That each premise says its sentence, 0 to 1."""
        return self._encoder.numbers(pairs)

    def _shares(self, logits: Numbers) -> Numbers:
        """Of the label among all, [pairs]."""
        if self._label is None:
            return 1 / (1 + np.exp(-np.clip(logits[:, 0], -60, 60)))
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Numbers = odds[:, self._label] / odds.sum(axis=1)
        return shares
