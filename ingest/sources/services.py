"""Changes of sources. Callers have asked `access` whether the person may."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.text import slugify

from ingest.other_names import give_up_name
from ingest.sources.asking import let_go
from ingest.sources.checking import check_place
from ingest.sources.errors import SecretUnreadableError
from ingest.sources.models import Question, Source, SourceFile, SourceState
from ingest.sources.moving import delete_documents
from ingest.sources.protocols import protocol_named
from ingest.sources.sealing import seal, unseal
from kb.accounts.models import User
from kb.exceptions import ConflictError, InvalidInputError
from kb.library.models import Collection, Document, OtherName
from kb.library.services import hold_documents

DECISIONS = ("confirm", "reject", "pause", "resume")
_STOPPED = "A manager stopped it."


@dataclass(frozen=True)
class SourceFields:
    """A source as a manager writes it.

    Attributes:
        options: secrets among them; they are told apart by the protocol. A secret that is missing stays as it
            is, unless the place changes: nobody may send another person's password somewhere else.
    """

    name: str
    protocol: str
    location: str
    options: dict[str, str] = field(default_factory=dict)
    include: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    every_minutes: int = 60
    grace_hours: int = 24


def connect_source(user: User, collection: Collection, given: SourceFields, now: datetime) -> Source:
    """Its first run starts within seconds.

    Raises:
        InvalidInputError: the place cannot be connected.
        ConflictError: the collection has a source of that name, or of one too like it.
    """
    prefix = slugify(given.name) or "source"
    source = Source(collection=collection, connected_by=user, prefix=prefix, next_run_at=now)
    _fill(source, given, {})
    try:
        with transaction.atomic():
            source.save()
    except IntegrityError as error:
        raise ConflictError(
            f"This collection has a source called {given.name!r}, or one too like it."
        ) from error
    return source


@transaction.atomic
def change_source(source: Source, given: SourceFields, now: datetime) -> Source:
    """A run that is at work is stopped; the next one looks with new eyes. Raises as `connect_source`."""
    held = Source.objects.select_for_update().get(pk=source.pk)
    _fill(held, given, _secrets_that_stay(held, given))
    let_go(held.pk, now, _STOPPED)
    held.next_run_at, held.lease_token, held.lease_until = now, None, None
    if held.question == Question.UNREADABLE:
        # Another password, or another place: what was asked is answered.
        held.state, held.question, held.reason = SourceState.ACTIVE, "", ""
    held.save()
    return held


def run_now(source: Source, now: datetime) -> None:
    """Raises ConflictError when it is paused or waits for a decision."""
    if not Source.objects.filter(pk=source.pk, state=SourceState.ACTIVE).update(next_run_at=now):
        raise ConflictError("It is paused or waits for a decision.")


@transaction.atomic
def confirm(user: User, source: Source, now: datetime) -> None:
    """Yes: what vanished is really gone, or the place is mended. Go on, in the name of who confirms.

    Raises:
        ConflictError: it asks nothing.
    """
    asking = Source.objects.filter(pk=source.pk, state=SourceState.ASKING)
    question = asking.values_list("question", flat=True).first()
    going_on = {"state": SourceState.ACTIVE, "question": "", "reason": "", "next_run_at": now}
    if not asking.update(connected_by=user, **going_on):
        raise ConflictError("This source asks nothing.")
    if question in (Question.VANISHED, Question.EMPTY):
        source.files.filter(missing_since__isnull=False).update(missing_agreed=True)


def reject(source: Source) -> None:
    """No: nothing is deleted, and nothing runs until somebody resumes it. Raises ConflictError."""
    asking = Source.objects.filter(pk=source.pk, state=SourceState.ASKING)
    if not asking.update(state=SourceState.PAUSED, question=""):
        raise ConflictError("This source asks nothing.")


@transaction.atomic
def pause(source: Source, now: datetime) -> None:
    """Raises ConflictError when it is not active."""
    active = Source.objects.filter(pk=source.pk, state=SourceState.ACTIVE)
    if not active.update(state=SourceState.PAUSED, reason=_STOPPED):
        raise ConflictError("Only an active source can be paused.")
    let_go(source.pk, now, _STOPPED)


def resume(user: User, source: Source, now: datetime) -> None:
    """Go on in the name of who resumes it. Raises ConflictError when it is not paused."""
    paused = Source.objects.filter(pk=source.pk, state=SourceState.PAUSED)
    if not paused.update(state=SourceState.ACTIVE, reason="", next_run_at=now, connected_by=user):
        raise ConflictError("Only a paused source can be resumed.")


@transaction.atomic
def remove_source(source: Source, *, delete_its_documents: bool) -> None:
    """Disconnect it; its secrets go with it. Documents that are kept become ordinary ones."""
    held = Source.objects.select_for_update().filter(pk=source.pk).first()
    if held is None:
        return
    if delete_its_documents:
        below = Document.objects.filter(
            collection_id=held.collection_id, external_id__startswith=f"{held.prefix}/", deleted_at=None
        )
        _keep_what_has_other_names(held, below)
        delete_documents(below)
        # Copies of the same content in other sources come in anew.
        SourceFile.objects.filter(
            source__collection=held.collection_id, sha256__in=held.files.exclude(sha256="").values("sha256")
        ).exclude(source=held).update(sha256="", mark="")
    held.delete()


def _keep_what_has_other_names(source: Source, below: QuerySet[Document]) -> None:
    """What somebody uploaded with the same bytes, or another source holds, goes on under that name."""
    hold_documents(below)
    names = OtherName.objects.filter(collection_id=source.collection_id)
    names.filter(external_id__startswith=f"{source.prefix}/").delete()
    for document in below.filter(superseded_at=None, other_names__isnull=False).distinct():
        give_up_name([document], source.collection_id, document.external_id)


def secrets_set(source: Source) -> list[str]:
    """Names of the secrets that are stored; never their values."""
    try:
        return sorted(unseal(source.sealed))
    except SecretUnreadableError:
        return []


def _fill(source: Source, given: SourceFields, kept: dict[str, str]) -> None:
    if not given.name.strip() or not given.location.strip():
        raise InvalidInputError("The source needs a name and a place.")
    options = {name: value.strip() for name, value in given.options.items() if value.strip()}
    secrets = {name: options.pop(name) for name in protocol_named(given.protocol).secrets if name in options}
    check_place(given.protocol, given.location.strip(), {**options, **kept, **secrets})
    source.name, source.protocol, source.location = given.name.strip(), given.protocol, given.location.strip()
    source.options, source.sealed = options, seal({**kept, **secrets})
    source.include, source.exclude = given.include, given.exclude
    source.every_minutes, source.grace_hours = given.every_minutes, given.grace_hours


def _secrets_that_stay(source: Source, given: SourceFields) -> dict[str, str]:
    """None of them when the place is another one."""
    plain = protocol_named(given.protocol).options
    asked = {name: given.options[name].strip() for name in plain if given.options.get(name, "").strip()}
    same = (source.protocol, source.location, source.options)
    if same != (given.protocol, given.location.strip(), asked):
        return {}
    try:
        return unseal(source.sealed)
    except SecretUnreadableError:
        return {}


def decide(user: User, source: Source, decision: str, now: datetime) -> None:
    """Do one of DECISIONS. Raises ConflictError in a state that has no such way on."""
    if decision == "confirm":
        confirm(user, source, now)
    elif decision == "reject":
        reject(source)
    elif decision == "pause":
        pause(source, now)
    elif decision == "resume":
        resume(user, source, now)
    else:
        raise InvalidInputError(f"A decision is one of {', '.join(DECISIONS)}.")
