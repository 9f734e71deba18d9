"""Changes of rules and labels. Callers have asked whether the person may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Max, ProtectedError

from kb.accounts.models import User
from kb.exceptions import ConflictError, InvalidInputError
from kb.library.models import Collection
from kb.rules.changes import note_change
from kb.rules.conditions import compile_condition
from kb.rules.models import Kind, Label, LabelledDocument, Rule, State
from kb.rules.patterns import MOST_CHARS
from kb.rules.personal import KINDS

_MOST_WORDS = 200


@dataclass(frozen=True)
class RuleFields:
    """What a person says about a rule; see docs/rules.md for what means something for which kind."""

    name: str
    words: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    in_question: bool = True
    in_sources: bool = False
    in_answer: bool = False
    collections: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    groups_excepted: bool = False
    text: str = ""
    personal: list[str] = field(default_factory=list)
    label: str = ""


@transaction.atomic
def create_rule(user: User, kind: Kind, given: RuleFields) -> Rule:
    """A new draft behind the others of its kind. Raises InvalidInputError."""
    _check(kind, given)
    last = Rule.objects.filter(kind=kind).aggregate(last=Max("position"))["last"] or 0
    rule = Rule(kind=kind, position=last + 1)
    _write(rule, given)
    note_change(user, rule, "created", {}, described(rule))
    return rule


@transaction.atomic
def change_rule(user: User, rule: Rule, given: RuleFields) -> None:
    """Change it; unless only its name did, it is a draft again and holds no longer.

    Raises:
        InvalidInputError: as for a new one.
    """
    _check(Kind(rule.kind), given)
    before = described(rule)
    _write(rule, given)
    after = described(rule)
    if any(before[key] != after[key] for key in after if key not in ("name", "state")):
        rule.state = State.DRAFT
        rule.save(update_fields=["state"])
    note_change(user, rule, "changed", before, described(rule))


@transaction.atomic
def note_tried(user: User, rule: Rule) -> None:
    """A draft that was tried may be switched on."""
    _go_over(user, rule, "tried", State.DRAFT, State.TRIED)
    rule.refresh_from_db()


@transaction.atomic
def switch_on(user: User, rule: Rule) -> None:
    """Raises ConflictError for one that was not tried since it was changed."""
    if not _go_over(user, rule, "switched on", State.TRIED, State.ON):
        raise ConflictError("Try the rule on past questions first. A change makes it a draft again.")
    rule.refresh_from_db()


@transaction.atomic
def switch_off(user: User, rule: Rule) -> None:
    """Raises ConflictError for one that is not on."""
    if not _go_over(user, rule, "switched off", State.ON, State.TRIED):
        raise ConflictError("The rule is not on.")
    rule.refresh_from_db()


def _go_over(user: User, rule: Rule, action: str, old: State, new: State) -> bool:
    """Whether it was in the old state; otherwise nothing is changed."""
    if not Rule.objects.filter(pk=rule.pk, state=old).update(state=new):
        return False
    note_change(user, rule, action, {"state": old.value}, {"state": new.value})
    return True


@transaction.atomic
def move_rule(user: User, rule: Rule, *, up: bool) -> None:
    """One place earlier or later among its kind; at the end nothing changes."""
    rows = list(Rule.objects.select_for_update().filter(kind=rule.kind).order_by("position", "pk"))
    at = next(i for i, row in enumerate(rows) if row.pk == rule.pk)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(rows):
        return
    rows[at], rows[other] = rows[other], rows[at]
    for position, row in enumerate(rows, start=1):
        Rule.objects.filter(pk=row.pk).update(position=position)
    note_change(user, rule, "moved", {"position": at + 1}, {"position": other + 1})


@transaction.atomic
def delete_rule(user: User, rule: Rule) -> None:
    """Its firings stay in the log."""
    note_change(user, rule, "deleted", described(rule), {})
    rule.delete()


def described(rule: Rule) -> dict[str, Any]:
    """Everything about a rule, as JSON."""
    return {**asdict(fields_of(rule)), "kind": rule.kind, "state": str(rule.state), "position": rule.position}


def fields_of(rule: Rule) -> RuleFields:
    return RuleFields(
        rule.name, rule.words, rule.patterns, rule.in_question, rule.in_sources, rule.in_answer,
        sorted(rule.collections.values_list("pk", flat=True)),
        sorted(rule.groups.values_list("name", flat=True)),
        rule.groups_excepted, rule.text, rule.personal, rule.label.name if rule.label else "",
    )  # fmt: skip


@transaction.atomic
def create_label(user: User, name: str, description: str = "") -> Label:
    """Raises ConflictError when the name is taken."""
    if not name.strip():
        raise InvalidInputError("A label needs a name.")
    if Label.objects.filter(name__iexact=name.strip()).exists():
        raise ConflictError("There is a label of this name already.")
    label = Label.objects.create(name=name.strip(), description=description)
    note_change(user, label, "created", {}, {"name": label.name})
    return label


@transaction.atomic
def delete_label(user: User, label: Label) -> None:
    """Raises ConflictError while a rule speaks of it."""
    note_change(user, label, "deleted", _borne(label), {})
    try:
        label.delete()
    except ProtectedError as error:
        raise ConflictError("A rule speaks of this label. Delete the rule first.") from error


@transaction.atomic
def label_collection(user: User, label: Label, collection: Collection, *, borne: bool) -> None:
    """Put the label on a collection, or take it off."""
    before = _borne(label)
    (label.collections.add if borne else label.collections.remove)(collection)
    note_change(user, label, "labelled" if borne else "unlabelled", before, _borne(label))


@transaction.atomic
def label_document(
    user: User, label: Label, collection: Collection, external_id: str, *, borne: bool
) -> None:
    """Put the label on a document in all its versions, or take it off."""
    before = _borne(label)
    place: dict[str, Any] = {"label": label, "collection": collection, "external_id": external_id}
    if borne:
        LabelledDocument.objects.get_or_create(**place)
    else:
        LabelledDocument.objects.filter(**place).delete()
    note_change(user, label, "labelled" if borne else "unlabelled", before, _borne(label))


def _borne(label: Label) -> dict[str, Any]:
    documents = label.documents.order_by("collection_id", "external_id")
    return {
        "collections": sorted(label.collections.values_list("pk", flat=True)),
        "documents": [list(row) for row in documents.values_list("collection_id", "external_id")],
    }


def _check(kind: Kind, given: RuleFields) -> None:
    """Raises InvalidInputError with a sentence that says what is missing."""
    if not given.name.strip():
        raise InvalidInputError("The rule needs a name.")
    if len(given.words) > _MOST_WORDS or any(len(word) > MOST_CHARS for word in given.words):
        raise InvalidInputError(f"At most {_MOST_WORDS} words or phrases of {MOST_CHARS} characters.")
    condition = compile_condition(given.words, given.patterns)
    if unknown := set(given.personal) - KINDS.keys():
        raise InvalidInputError(f"Unknown kind of data: {', '.join(sorted(unknown))}.")
    if kind == Kind.BLOCK and condition.is_empty:
        raise InvalidInputError("Say which words, phrases or expressions are blocked.")
    if kind == Kind.NOTICE and not given.text.strip():
        raise InvalidInputError("Write the notice.")
    if kind == Kind.NOTICE and condition.is_empty and not given.collections:
        raise InvalidInputError("Say when the notice is due: words, expressions or collections.")
    if kind == Kind.REDACTION and not (given.personal or given.patterns):
        raise InvalidInputError("Say what is removed: a kind of data, or an expression.")
    if kind == Kind.LABEL and not (given.label and given.groups):
        raise InvalidInputError("Name the label and the groups that get what bears it.")
    if kind != Kind.LABEL and not (given.in_question or given.in_sources or given.in_answer):
        raise InvalidInputError("Say where the rule looks: the question, the sources or the answer.")


def _write(rule: Rule, given: RuleFields) -> None:
    groups = _named_groups(given.groups)
    collections = list(Collection.objects.filter(pk__in=given.collections, deleted_at=None))
    if len(collections) != len(set(given.collections)):
        raise InvalidInputError("There is no such collection.")
    rule.label = None
    if rule.kind == Kind.LABEL:
        rule.label = Label.objects.filter(name=given.label).first()
        if rule.label is None:
            raise InvalidInputError(f"There is no label {given.label!r}.")
    for name in (
        "words",
        "patterns",
        "in_question",
        "in_sources",
        "in_answer",
        "groups_excepted",
        "text",
        "personal",
    ):
        setattr(rule, name, getattr(given, name))
    rule.name = given.name.strip()
    rule.save()
    rule.collections.set(collections)
    rule.groups.set(groups)


def _named_groups(names: Iterable[str]) -> list[Group]:
    wanted = set(names)
    groups = list(Group.objects.filter(name__in=wanted))
    if missing := wanted - {group.name for group in groups}:
        raise InvalidInputError(f"There is no group {', '.join(sorted(missing))}.")
    return groups
