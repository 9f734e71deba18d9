"""The encoder that belongs to a generation."""

from __future__ import annotations

from kb.conf import Config
from kb.search.engine.encoder import Encoder, load_encoder, load_known
from kb.search.generations import named_model
from kb.search.models import IndexGeneration


def first_encoder(config: Config) -> Encoder:
    """What a new installation starts with. Raises ConfigurationError."""
    return load_encoder(config.embedding_model, config.device, config.data_dir.absolute() / "models")


def encoder_for(generation: IndexGeneration, config: Config) -> Encoder:
    """The encoder that made the generation's vectors, from where the database says that it is.

    Where it is not there (a folder was moved, or lies elsewhere on this machine), KB_EMBEDDING_MODEL may name
    the place: only the weights decide.

    Raises:
        ConfigurationError: neither place holds it.
    """
    places = [place for place in (generation.model, named_model(config.embedding_model)) if place]
    cache_dir = config.data_dir.absolute() / "models"
    encoder, place = load_known(generation.model_id, places, config.device, cache_dir)
    if place != generation.model:
        IndexGeneration.objects.filter(pk=generation.pk).update(model=place)
        generation.model = place
    return encoder
