"""Which embedding model's vectors are served."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from kb.exceptions import ConfigurationError
from kb.search.models import IndexGeneration


def serving_generation(model_id: str, dimension: int) -> IndexGeneration:
    """The generation that serves, made for this model when there is none yet.

    The search server and the ingest workers call this as they start, possibly all at once; they get the
    same row.

    Raises:
        ConfigurationError: another model's vectors are served. Its queries and these would not be
            comparable, so nothing may be searched or added under the configured model.
    """
    generation = IndexGeneration.objects.filter(serving=True).first()
    if generation is None:
        generation = _create(model_id, dimension)
    if (generation.model_id, generation.dimension) != (model_id, dimension):
        raise ConfigurationError(
            f"The stored vectors were made by the embedding model {generation.model_id} "
            f"({generation.dimension} dimensions), but KB_EMBEDDING_MODEL is {model_id} ({dimension}). "
            "Set KB_EMBEDDING_MODEL back, or ingest into an empty data folder.",
            serving=generation.model_id,
            configured=model_id,
        )
    return generation


def _create(model_id: str, dimension: int) -> IndexGeneration:
    try:
        with transaction.atomic():
            created, _ = IndexGeneration.objects.get_or_create(
                model_id=model_id, defaults={"dimension": dimension}
            )
            IndexGeneration.objects.filter(pk=created.pk).update(serving=True)
    except IntegrityError:
        pass  # one_generation_serves: another process was quicker, with another model
    return IndexGeneration.objects.get(serving=True)
