"""The worker's encoders: one for each generation that it embeds for, loaded once, shared by its threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from kb.conf import config
from kb.search.encoders import encoder_for, first_encoder
from kb.search.engine.encoder import Encoder, load_encoder
from kb.search.generations import check_model, mismatch, named_model, serving, serving_generation
from kb.search.models import IndexGeneration

logger = logging.getLogger(__name__)


@dataclass
class Encoders:
    """Loads on first use; threads that come meanwhile wait for the same one.

    Attributes:
        first: what a new installation starts with.
        known: the one that made a generation's vectors.
        named: whatever is in a place; its identity is not known before.
    """

    first: Callable[[], Encoder]
    known: Callable[[IndexGeneration], Encoder]
    named: Callable[[str], Encoder]
    _loaded: dict[str, Encoder] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serving(self) -> Encoder:
        """The encoder of the generation that serves at this moment.

        Raises:
            ConfigurationError: its model is not there.
        """
        generation = serving()
        if generation is not None:
            return self.of(generation)
        with self._lock:
            encoder = self.first()
            self._loaded[encoder.model_id] = encoder
        serving_generation(encoder.model_id, encoder.dimension, named_model(config.embedding_model))
        return encoder

    def of(self, generation: IndexGeneration) -> Encoder:
        """The encoder that made the generation's vectors. Raises ConfigurationError."""
        with self._lock:
            encoder = self._loaded.get(generation.model_id)
            if encoder is None:
                self._forget_dropped()
                encoder = self.known(generation)
                check_model(generation, encoder.model_id, encoder.dimension)
                self._loaded[encoder.model_id] = encoder
                if generation.serving and (note := mismatch(named_model(config.embedding_model), generation)):
                    logger.warning(note)
            return encoder

    def at(self, place: str) -> Encoder:
        """What a new generation is made with. Raises ConfigurationError."""
        with self._lock:
            encoder = self.named(place)
            return self._loaded.setdefault(encoder.model_id, encoder)

    def _forget_dropped(self) -> None:
        kept = set(IndexGeneration.objects.values_list("model_id", flat=True))
        self._loaded = {identity: encoder for identity, encoder in self._loaded.items() if identity in kept}


encoders = Encoders(
    first=lambda: first_encoder(config),
    known=lambda generation: encoder_for(generation, config),
    named=lambda place: load_encoder(place, config.device, config.data_dir.absolute() / "models"),
)


def get_encoder() -> Encoder:
    """The encoder with which documents are embedded now. Raises ConfigurationError."""
    return encoders.serving()
