"""A cross-encoder, through sentence-transformers: a model that reads two texts together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers import CrossEncoder

from kb.search.engine.gathering import Gathering

# Both texts together. What is beyond is not read, so that no pair takes much longer than the others.
_MAX_TOKENS = 512
_MAX_CHARS = 10 * _MAX_TOKENS  # a tokenizer reads all of a text before it cuts it
# Pairs computed in one go for several who wait. A CPU gains nothing from more, and who came first would wait.
_MOST = {"cpu": 16, "cuda": 256}
_BATCH = {"cpu": 8, "cuda": 64}  # pairs padded to one length

Pair = tuple[str, str]
Numbers = npt.NDArray[np.float64]


class TorchCrossEncoder:
    """One number for each pair of texts. Any number of threads may ask for them.

    Args:
        folder: holds `.safetensors` weights and no code.
        device: ``cpu`` or ``cuda``.
        probe: a pair on which the model is tried.
        read: from logits [pairs, labels] to one number for each pair [pairs].

    Attributes:
        labels: logits of a pair.
        is_sound: it gave a number for the probe.
    """

    def __init__(self, folder: Path, device: str, probe: Pair, read: Callable[[Numbers], Numbers]) -> None:
        self._model = CrossEncoder(
            str(folder),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
            activation_fn=torch.nn.Identity(),
        )
        self._model.max_seq_length = min(self._model.max_seq_length or _MAX_TOKENS, _MAX_TOKENS)
        self._read = read
        self._batch = _BATCH[device]
        self._pair_s = 0.0
        self._gathering: Gathering[Pair, float] = Gathering(self._computed, _MOST[device])
        self.labels: int = self._model.num_labels
        self._computed([probe])  # the first computation takes longer than any later one
        self.is_sound = math.isfinite(self._computed([probe])[0])

    @property
    def backlog_s(self) -> float:
        """About how long one more pair would wait, from how long the last ones took."""
        return self._gathering.waiting * self._pair_s

    def numbers(self, pairs: list[Pair]) -> list[float]:
        """One for each pair; what is not a number for a model gone astray."""
        return self._gathering.results([(one[:_MAX_CHARS], other[:_MAX_CHARS]) for one, other in pairs])

    def _computed(self, pairs: list[Pair]) -> list[float]:
        started = time.perf_counter()
        logits = self._model.predict(pairs, batch_size=self._batch, show_progress_bar=False)
        self._pair_s = (time.perf_counter() - started) / len(pairs)
        read = self._read(np.asarray(logits, np.float64).reshape(len(pairs), -1))
        return [float(each) for each in read]
