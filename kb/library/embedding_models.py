"""Changing the embedding model: generations asked for, cancelled, switched to and dropped by an admin.

Every function is one transaction and only changes rows. The work is done by workers, which find the rows
(`ingest.reembedding`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import Combinable, NegatedExpression
from django.utils import timezone

from kb.exceptions import ConflictError, InvalidInputError, NotFoundError
from kb.library.models import Chunk, Status
from kb.search import log
from kb.search.generations import hold_generations, named_model
from kb.search.models import Embedding, GenerationState, IndexGeneration

_IN_WORK = (GenerationState.QUEUED, GenerationState.BUILDING)
_STOPPED = (GenerationState.CANCELLED, GenerationState.FAILED)
_LONGEST_NAME = 500


def live_chunks() -> QuerySet[Chunk]:
    """What may be found, in any generation."""
    return Chunk.objects.filter(
        document__status=Status.READY, document__superseded_at=None, document__deleted_at=None
    )


def chunks_to_embed(generation_id: int) -> QuerySet[Chunk]:
    """Live chunks without a vector in the generation."""
    return live_chunks().filter(has_no_vector(generation_id))


def has_no_vector(generation_id: int) -> NegatedExpression[Combinable]:
    """A condition on chunks, live or not."""
    return ~Exists(Embedding.objects.filter(chunk=OuterRef("pk"), generation=generation_id))


def get_generation(generation_id: int) -> IndexGeneration:
    """Raises NotFoundError."""
    found = IndexGeneration.objects.filter(pk=generation_id).first()
    if found is None:
        raise NotFoundError
    return found


@transaction.atomic
def build_generation(model: str) -> IndexGeneration:
    """Have the vectors of this model made beside those that serve; what was begun earlier goes on.

    Args:
        model: a folder, a name on the hub, or the built-in model.

    Raises:
        InvalidInputError: it names nothing.
        ConflictError: another one is being built, or this one is being removed.
    """
    given = model.strip()
    if not given or len(given) > _LONGEST_NAME or not given.isprintable():
        raise InvalidInputError("Name the model: a folder, or a model on the hub.")
    name = named_model(given)
    hold_generations()
    known = IndexGeneration.objects.filter(model=name, serving=False).first()
    if known is not None:
        return _go_on(known)
    _refuse_a_second()
    return IndexGeneration.objects.create(model=name, state=GenerationState.QUEUED)


@transaction.atomic
def resume_build(generation_id: int) -> IndexGeneration:
    """Go on with what was cancelled or failed. Raises ConflictError, NotFoundError."""
    hold_generations()
    return _go_on(get_generation(generation_id))


@transaction.atomic
def cancel_build(generation_id: int) -> None:
    """Stop building; the vectors made so far are kept. Raises ConflictError when it is not being built."""
    changed = IndexGeneration.objects.filter(pk=generation_id, state__in=_IN_WORK).update(
        state=GenerationState.CANCELLED, switch_wanted=False, lease_token=None, lease_until=None
    )
    if not changed:
        raise ConflictError(f"{get_generation(generation_id)} is not being built.")


@transaction.atomic
def switch_to(generation_id: int) -> bool:
    """Serve this generation from this commit on, if every live chunk has a vector in it.

    Returns:
        False when some have none yet: then a worker makes these first and switches.

    Raises:
        ConflictError: it is neither ready nor being built.
    """
    hold_generations()
    target = get_generation(generation_id)
    if target.state not in (*_IN_WORK, GenerationState.READY):
        _refuse(target)
    IndexGeneration.objects.update(switch_wanted=False)
    if target.serving:
        return True
    if target.state != GenerationState.READY or chunks_to_embed(target.pk).exists():
        IndexGeneration.objects.filter(pk=target.pk).update(switch_wanted=True)
        return False
    # The one that served is complete, so that it need follow only what comes from here on.
    IndexGeneration.objects.filter(serving=True).update(
        serving=False, followed_seq=log.end(), served_until=timezone.now()
    )
    IndexGeneration.objects.filter(pk=target.pk).update(serving=True, error="")
    transaction.on_commit(log.wake, robust=True)
    return True


def previous_generation() -> IndexGeneration:
    """The one that served before. Raises ConflictError when there is none to go back to."""
    kept = IndexGeneration.objects.filter(serving=False, state=GenerationState.READY)
    found = kept.exclude(served_until=None).order_by("-served_until").first()
    if found is None:
        raise ConflictError("No generation that served before is kept.")
    return found


@transaction.atomic
def drop_generation(generation_id: int, searched: Collection[int]) -> None:
    """Have the vectors of a generation removed for good.

    Args:
        searched: the generations that search servers still answer from.

    Raises:
        ConflictError: it serves, or is still searched.
    """
    hold_generations()
    generation = get_generation(generation_id)
    if generation.serving:
        raise ConflictError(f"{generation} serves. Switch to another one first.")
    if generation.pk in searched:
        raise ConflictError(f"A search server still answers from {generation}. See /readyz for the reason.")
    IndexGeneration.objects.filter(pk=generation.pk).update(
        state=GenerationState.DROPPING,
        switch_wanted=False,
        last_chunk=0,
        error="",
        lease_token=None,
        lease_until=None,
    )


def _go_on(generation: IndexGeneration) -> IndexGeneration:
    if generation.state == GenerationState.DROPPING:
        raise ConflictError(f"{generation} is being removed. Try again when it is gone.")
    if generation.state in _STOPPED:
        _refuse_a_second()
        generation.state, generation.error = GenerationState.QUEUED, ""
        generation.save(update_fields=["state", "error"])
    return generation


def _refuse_a_second() -> None:
    other = IndexGeneration.objects.filter(state__in=_IN_WORK).first()
    if other is not None:
        raise ConflictError(f"{other} is being built. Cancel it first.")


def _refuse(generation: IndexGeneration) -> NoReturn:
    why = f" {generation.error}" if generation.error else ""
    raise ConflictError(f"{generation} cannot serve: it {_WORDS[GenerationState(generation.state)]}.{why}")


_WORDS = {
    GenerationState.CANCELLED: "was cancelled; resume it first",
    GenerationState.FAILED: "failed",
    GenerationState.DROPPING: "is being removed",
}
