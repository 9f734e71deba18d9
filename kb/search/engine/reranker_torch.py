"""The cross-encoder, through sentence-transformers."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder

from kb.exceptions import ConfigurationError
from kb.search.engine.gathering import Gathering

# Question and passage together. Chunks have about 200 tokens; what a larger one says beyond this is not read,
# so that no passage takes much longer than the others.
_MAX_TOKENS = 512
# A tokenizer reads all of a text before it cuts it.
_MAX_CHARS = 10 * _MAX_TOKENS
# Pairs computed in one go for several who wait. A CPU gains nothing from more, and who came first would wait.
_MOST = {"cpu": 16, "cuda": 256}
_BATCH = {"cpu": 8, "cuda": 64}  # pairs padded to one length
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
        if self._model.num_labels != 1 or not math.isfinite(self._computed([_PROBE])[0]):
            raise ConfigurationError(
                f"The reranker model in {folder} does not give one score for a question and a passage. Name "
                "another cross-encoder, or leave KB_RERANKER_MODEL unset."
            )

    @property
    def backlog_s(self) -> float:
        """About how long one more question would wait, from how long the last pairs took."""
        return self._gathering.waiting * self._pair_s

    def logits(self, query: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers, higher is better."""
        question = query[:_MAX_CHARS]
        return self._gathering.results([(question, passage[:_MAX_CHARS]) for passage in passages])

    def _computed(self, pairs: list[tuple[str, str]]) -> list[float]:
        started = time.perf_counter()
        scores = self._model.predict(pairs, batch_size=_BATCH[self.device], show_progress_bar=False)
        self._pair_s = (time.perf_counter() - started) / len(pairs)
        return [float(each) for each in scores]
