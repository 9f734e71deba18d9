"""Writing, approving and withdrawing verified answers. Callers have asked whether the person may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from kb.accounts.models import User
from kb.exceptions import ConflictError, InvalidInputError, NotFoundError
from kb.library.access import documents_for
from kb.library.models import Chunk, Collection
from kb.rules.changes import note_change
from kb.rules.fitting import fit_answer
from kb.rules.matching import same_words
from kb.rules.models import NearMiss, State, Variant, VerifiedAnswer, VerifiedSource
from kb.rules.verified import Encoder

MOST_VARIANTS = 40
MOST_SOURCES = 10
_MOST_CHARS = 500
_MOST_TEXT = 10_000
_MOST_MARKED = 200


@dataclass(frozen=True)
class AnswerFields:
    """What a manager approves. `chunks` are the ids of the passages that prove it."""

    variants: Sequence[str]
    text: str
    chunks: Sequence[int] = ()
    valid_until: date | None = None
    review_by: date | None = None


def create_answer(
    user: User, collection: Collection, given: AnswerFields, encoder: Encoder | None
) -> VerifiedAnswer:
    """A new draft, approved by this person. Raises InvalidInputError, NotFoundError."""
    with transaction.atomic():
        answer = VerifiedAnswer(collection=collection)
        _approve(user, answer, given)
        note_change(user, answer, "created", {}, described(answer))
    fit_answer(answer, encoder)
    return answer


def change_answer(user: User, answer: VerifiedAnswer, given: AnswerFields, encoder: Encoder | None) -> None:
    """Approve it anew under this person's name; it is a draft again.

    Raises:
        InvalidInputError: as for a new one. NotFoundError: a passage that the person may not read.
    """
    with transaction.atomic():
        before = described(answer)
        answer.state = State.DRAFT
        _approve(user, answer, given)
        note_change(user, answer, "changed", before, described(answer))
    fit_answer(answer, encoder)


@transaction.atomic
def note_answer_tried(user: User, answer: VerifiedAnswer) -> None:
    """A draft that was tried may be switched on."""
    if _moved(answer, State.DRAFT, State.TRIED):
        note_change(user, answer, "tried", {"state": "draft"}, {"state": "tried"})


@transaction.atomic
def switch_answer(user: User, answer: VerifiedAnswer, *, on: bool) -> None:
    """Raises ConflictError for a draft, and for one that is so already."""
    if not _moved(answer, *((State.TRIED, State.ON) if on else (State.ON, State.TRIED))):
        raise ConflictError(
            "Try it on past questions first. A change makes it a draft again." if on else "It is not on."
        )
    note_change(user, answer, "switched on" if on else "switched off", {}, {"state": str(answer.state)})


@transaction.atomic
def delete_answer(user: User, answer: VerifiedAnswer) -> None:
    """Answers that it gave stay as they are; its firings stay in the log."""
    note_change(user, answer, "deleted", described(answer), {})
    answer.delete()


def mark_not_this(answer: VerifiedAnswer, question: str) -> None:
    """A reader says that this is not what was asked. It has no effect until a manager accepts it."""
    words = " ".join(question.split())[:_MOST_CHARS]
    if answer.near_misses.count() < _MOST_MARKED:
        NearMiss.objects.get_or_create(answer=answer, question=words)


def judge_near_miss(user: User, miss: NearMiss, encoder: Encoder | None, *, accepted: bool) -> None:
    """Count a marked question as a near miss from now on, or forget it.

    Raises:
        ConflictError: the question is one of the variants; then the variant is what is wrong.
    """
    answer = miss.answer
    if accepted and any(same_words(miss.question, row.question) for row in answer.variants.all()):
        raise ConflictError("This question is one of the variants. Remove the variant instead.")
    with transaction.atomic():
        if accepted:
            NearMiss.objects.filter(pk=miss.pk).update(accepted=True)
        else:
            miss.delete()
        action = "near miss accepted" if accepted else "near miss dropped"
        note_change(user, answer, action[:20], {}, {"question": miss.question})
    fit_answer(answer, encoder)


def described(answer: VerifiedAnswer) -> dict[str, Any]:
    """What was approved, as JSON."""
    return {
        "variants": [row.question for row in answer.variants.all()],
        "text": answer.text,
        "state": str(answer.state),
        "verified_by": answer.verified_by_name,
        "valid_until": answer.valid_until.isoformat() if answer.valid_until else None,
        "review_by": answer.review_by.isoformat() if answer.review_by else None,
        "sources": [[row.document_id, row.start, row.end] for row in answer.sources.all()],
    }


def _moved(answer: VerifiedAnswer, old: State, new: State) -> bool:
    changed = VerifiedAnswer.objects.filter(pk=answer.pk, state=old).update(state=new) == 1
    answer.refresh_from_db(fields=["state"])
    return changed


def _approve(user: User, answer: VerifiedAnswer, given: AnswerFields) -> None:
    variants = list(
        dict.fromkeys(" ".join(question.split()) for question in given.variants if question.strip())
    )
    _check(variants, given)
    chunks = _readable_chunks(user, given.chunks)
    answer.text = given.text.strip()
    answer.valid_until, answer.review_by = given.valid_until, given.review_by
    answer.verified_by, answer.verified_by_name = user, user.get_full_name() or user.get_username()
    answer.verified_at = timezone.now()
    answer.save()
    answer.variants.exclude(question__in=variants).delete()
    known = set(answer.variants.values_list("question", flat=True))
    Variant.objects.bulk_create(
        Variant(answer=answer, question=item) for item in variants if item not in known
    )
    answer.sources.all().delete()
    VerifiedSource.objects.bulk_create(
        VerifiedSource(answer=answer, document=row.document, chunk_id=row.pk, start=row.start, end=row.end)
        for row in chunks
    )


def _check(variants: Sequence[str], given: AnswerFields) -> None:
    if not 1 <= len(variants) <= MOST_VARIANTS or any(len(item) > _MOST_CHARS for item in variants):
        raise InvalidInputError(f"Write 1 to {MOST_VARIANTS} questions of at most {_MOST_CHARS} characters.")
    if not given.text.strip() or len(given.text) > _MOST_TEXT:
        raise InvalidInputError(f"Write the answer, in at most {_MOST_TEXT:,} characters.")
    if given.valid_until is not None and given.valid_until < timezone.localdate():
        raise InvalidInputError("Its last day is over, so it would never answer. Name today or a later day.")
    if len(set(given.chunks)) > MOST_SOURCES:
        raise InvalidInputError(f"Name at most {MOST_SOURCES} sources.")


def _readable_chunks(user: User, chunk_ids: Sequence[int]) -> list[Chunk]:
    """Raises NotFoundError when the person may not read one of them."""
    wanted = list(dict.fromkeys(chunk_ids))
    rows = Chunk.objects.filter(pk__in=wanted, document__in=documents_for(user)).select_related("document")
    found = {row.pk: row for row in rows}
    if found.keys() != set(wanted):
        raise NotFoundError("There is no such passage, or you may not read it.")
    return [found[pk] for pk in wanted]
