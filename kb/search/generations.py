"""Which embedding model's vectors are served. The database says it, not the environment."""

from __future__ import annotations

from pathlib import Path

from django.db import IntegrityError, connection, transaction

from kb.conf import BUILT_IN
from kb.search.errors import OtherModelServesError
from kb.search.models import GenerationState, IndexGeneration

_ADVISORY_LOCK = 0x6B62_6765_6E  # "kbgen": any fixed number that no one else uses


def serving() -> IndexGeneration | None:
    """The generation that serves; None before anything was ingested or searched."""
    return IndexGeneration.objects.filter(serving=True).first()


def serving_generation(model_id: str, dimension: int, model: str = "") -> IndexGeneration:
    """The generation that serves, made for this model when there is none yet.

    The search server and the ingest workers call this as they start, possibly all at once; they get the
    same row.

    Args:
        model: what the model was loaded from.

    Raises:
        OtherModelServesError: another model's vectors are served. Its queries and these would not be
            comparable, so nothing may be searched or added under this one.
    """
    generation = serving() or _create(model_id, dimension, model)
    check_model(generation, model_id, dimension)
    return generation


def check_model(generation: IndexGeneration, model_id: str, dimension: int) -> None:
    """Raises OtherModelServesError unless the generation's vectors were made by this model."""
    if (generation.model_id, generation.dimension) != (model_id, dimension):
        raise OtherModelServesError(
            f"The stored vectors were made by the embedding model {generation.model_id} "
            f"({generation.dimension} dimensions), and this is {model_id} ({dimension}). "
            "Put that model back, or name with KB_EMBEDDING_MODEL where it is now.",
            serving=generation.model_id,
            loaded=model_id,
        )


def named_model(model: str) -> str:
    """A model's name as every process understands it: a folder by its whole path."""
    try:
        folder = Path(model).expanduser()
        is_folder = model.startswith((".", "~")) or folder.is_dir()
    except (OSError, RuntimeError):
        is_folder = False  # too long a name, nobody's home, a place that may not be looked into
    return str(folder.absolute()) if is_folder and model != BUILT_IN else model


def mismatch(configured: str, generation: IndexGeneration) -> str:
    """What to tell the admin when KB_EMBEDDING_MODEL names another model; empty when it does not.

    Args:
        configured: as `named_model` gives it.
    """
    if generation.model in ("", configured):
        return ""
    return (
        f"The embedding model {generation.model} serves, as the database says; KB_EMBEDDING_MODEL names "
        f"{configured}, which changes nothing here. `manage.py embedding_model status` tells more."
    )


def hold_serving() -> None:
    """Until the caller's transaction ends, no other generation begins to serve.

    SQLite has one writer at a time. On PostgreSQL publishers share a lock that a switch takes alone.
    """
    _lock("pg_advisory_xact_lock_shared")


def hold_generations() -> None:
    """Until the caller's transaction ends, nothing is published and no generation is changed elsewhere."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The lock ends with a transaction.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_ADVISORY_LOCK])


def _create(model_id: str, dimension: int, model: str) -> IndexGeneration:
    try:
        with transaction.atomic():
            created, _ = IndexGeneration.objects.get_or_create(
                model_id=model_id, defaults={"dimension": dimension, "model": model}
            )
            IndexGeneration.objects.filter(pk=created.pk).update(serving=True, state=GenerationState.READY)
    except IntegrityError:
        pass  # one_generation_serves: another process was quicker, with another model
    return IndexGeneration.objects.get(serving=True)
