"""The model of entailment, through sentence-transformers."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import CrossEncoder

from kb.exceptions import ConfigurationError
from kb.search.engine.gathering import Gathering

# Premise and sentence together. A premise is one to three sentences.
_MAX_TOKENS = 512
_MAX_CHARS = 10 * _MAX_TOKENS  # a tokenizer reads all of a text before it cuts it
# Pairs computed in one go for several who wait.
_MOST = {"cpu": 16, "cuda": 256}
_BATCH = {"cpu": 8, "cuda": 64}  # pairs padded to one length
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
        self._model = CrossEncoder(
            str(folder),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
            activation_fn=torch.nn.Identity(),
        )
        self._model.max_seq_length = min(self._model.max_seq_length or _MAX_TOKENS, _MAX_TOKENS)
        self._pair_s = 0.0
        self._gathering: Gathering[tuple[str, str], float] = Gathering(self._computed, _MOST[device])
        self._computed([_PROBE])  # the first computation takes longer than any later one
        if not math.isfinite(self._computed([_PROBE])[0]):
            raise ConfigurationError(
                f"The support model in {folder} gives what is no number. Name another cross-encoder, or "
                "leave KB_SUPPORT_MODEL unset."
            )

    @property
    def backlog_s(self) -> float:
        """About how long one more pair would wait, from how long the last ones took."""
        return self._gathering.waiting * self._pair_s

    def probabilities(self, pairs: list[tuple[str, str]]) -> list[float]:
        """That each premise says its sentence, 0 to 1."""
        return self._gathering.results(
            [(premise[:_MAX_CHARS], sentence[:_MAX_CHARS]) for premise, sentence in pairs]
        )

    def _computed(self, pairs: list[tuple[str, str]]) -> list[float]:
        started = time.perf_counter()
        logits = self._model.predict(pairs, batch_size=_BATCH[self.device], show_progress_bar=False)
        self._pair_s = (time.perf_counter() - started) / len(pairs)
        rows = np.asarray(logits, np.float64).reshape(len(pairs), -1)
        if self._label is None:
            return [float(each) for each in 1 / (1 + np.exp(-np.clip(rows[:, 0], -60, 60)))]
        shares = np.exp(rows - rows.max(axis=1, keepdims=True))
        return [float(each) for each in shares[:, self._label] / shares.sum(axis=1)]
