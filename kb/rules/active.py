"""The rules that are switched on, compiled: kept by each process until one of them changes."""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.prepared import PreparedRows
from kb.rules.conditions import Condition, compile_condition
from kb.rules.errors import InvalidPatternError
from kb.rules.models import Kind, Label, LabelledDocument, Rule, RuleRevision, State, VerifiedAnswer
from kb.rules.patterns import compile_pattern
from kb.rules.personal import KINDS
from kb.rules.redaction import Redaction

logger = logging.getLogger(__name__)

Vector = npt.NDArray[np.float32]

# In this order rules are held against a question; among those of one kind, their position decides.
KIND_ORDER = (Kind.BLOCK, Kind.LABEL, Kind.REDACTION, Kind.NOTICE)


@dataclass(frozen=True)
class ActiveRule:
    """A compiled rule. A `broken` one cannot be evaluated, and blocks what it applies to."""

    pk: int
    kind: str
    name: str
    in_question: bool
    in_sources: bool
    in_answer: bool
    collections: frozenset[int]
    groups: frozenset[int]
    groups_excepted: bool
    text: str
    label_id: int | None
    condition: Condition = field(default_factory=Condition)
    redaction: Redaction = field(default_factory=Redaction)
    broken: bool = False

    def binds(self, groups: frozenset[int]) -> bool:
        """Whether it holds for a person in these groups."""
        if not self.groups:
            return True
        return bool(self.groups & groups) != self.groups_excepted

    def covers(self, collections: frozenset[int]) -> bool:
        return not self.collections or bool(self.collections & collections)


@dataclass(frozen=True)
class ActiveVariant:
    """A wording; its vector is L2-normalised, None where it was not made yet."""

    pk: int
    question: str
    vector: Vector | None


@dataclass(frozen=True)
class ActiveAnswer:
    """A verified answer that is switched on. `model` made the vectors."""

    pk: int
    collection_id: int
    name: str
    verified_by: str
    verified_at: datetime
    valid_until: date | None
    variants: tuple[ActiveVariant, ...]
    model: str
    semantic_threshold: float | None
    lexical_threshold: float


@dataclass(frozen=True)
class Active:
    """Everything that is switched on.

    Attributes:
        labelled: labels by collection id.
        labelled_documents: labels by collection id and external id.
        label_groups: who gets what bears a label, for labels of which a rule says so.
    """

    rules: tuple[ActiveRule, ...] = ()
    answers: tuple[ActiveAnswer, ...] = ()
    labelled: Mapping[int, frozenset[int]] = field(default_factory=dict)
    labelled_documents: Mapping[tuple[int, str], frozenset[int]] = field(default_factory=dict)
    label_groups: Mapping[int, frozenset[int]] = field(default_factory=dict)

    @property
    def use_groups(self) -> bool:
        return bool(self.label_groups) or any(rule.groups for rule in self.rules)


def active_rules() -> Active:
    """What holds now. A database that does not answer is an error: nothing is let through unchecked."""
    found = _revision().rows()
    return _loaded(found[0][0]) if found else load_active()


def bump() -> None:
    """Have every process compile the rules anew; in the transaction of the change."""
    RuleRevision.objects.update_or_create(pk=1, defaults={"token": uuid.uuid4().hex})


@cache
def _revision() -> PreparedRows:
    return PreparedRows(lambda: RuleRevision.objects.values_list("token"), [])


@lru_cache(maxsize=1)
def _loaded(token: str) -> Active:
    return load_active()


def load_active() -> Active:
    """Read and compile everything that is switched on."""
    rows = Rule.objects.filter(state=State.ON).prefetch_related("collections", "groups")
    rules = sorted((compile_rule(row) for row in rows), key=lambda rule: KIND_ORDER.index(Kind(rule.kind)))
    answers = VerifiedAnswer.objects.filter(state=State.ON, collection__deleted_at=None)
    label_groups: dict[int, frozenset[int]] = {}
    for rule in rules:
        if rule.kind == Kind.LABEL and rule.label_id is not None:
            label_groups[rule.label_id] = label_groups.get(rule.label_id, frozenset()) | rule.groups
    labelled, documents = _labels(label_groups)
    return Active(
        tuple(rules),
        tuple(active_answer(row) for row in answers.prefetch_related("variants")),
        labelled,
        documents,
        label_groups,
    )


def compile_rule(row: Rule) -> ActiveRule:
    """A rule whose words, expressions or kinds of data are not what they must be comes back broken."""
    fields: dict[str, Any] = {
        "pk": row.pk, "kind": row.kind, "name": row.name, "in_question": row.in_question,
        "in_sources": row.in_sources, "in_answer": row.in_answer,
        "collections": frozenset(item.pk for item in row.collections.all()),
        "groups": frozenset(item.pk for item in row.groups.all()),
        "groups_excepted": row.groups_excepted, "text": row.text, "label_id": row.label_id,
    }  # fmt: skip
    try:
        if row.kind == Kind.REDACTION:
            return ActiveRule(**fields, redaction=_redaction(row))
        return ActiveRule(**fields, condition=compile_condition(row.words, row.patterns))
    except (InvalidPatternError, TypeError, AttributeError, ValueError) as error:
        logger.error("Rule %s (%s) cannot be evaluated and blocks: %s", row.pk, row.name, error)
        return ActiveRule(**fields, broken=True)


def active_answer(row: VerifiedAnswer) -> ActiveAnswer:
    variants = list(row.variants.all())
    models = {variant.model for variant in variants if variant.vector}
    model = models.pop() if len(models) == 1 else ""
    return ActiveAnswer(
        row.pk,
        row.collection_id,
        variants[0].question if variants else "",
        row.verified_by_name,
        row.verified_at,
        row.valid_until,
        tuple(ActiveVariant(item.pk, item.question, _vector(item.vector, model)) for item in variants),
        model,
        row.semantic_threshold,
        row.lexical_threshold,
    )


def _redaction(row: Rule) -> Redaction:
    unknown = set(row.personal) - KINDS.keys()
    if unknown or not (row.personal or row.patterns):
        raise InvalidPatternError(f"It removes nothing that is known: {sorted(unknown)}")
    return Redaction(frozenset(row.personal), tuple(compile_pattern(source) for source in row.patterns))


def _vector(raw: bytes | memoryview, model: str) -> Vector | None:
    return np.frombuffer(bytes(raw), np.float32) if raw and model else None


def _labels(
    wanted: Mapping[int, frozenset[int]],
) -> tuple[dict[int, frozenset[int]], dict[tuple[int, str], frozenset[int]]]:
    """Only labels of which a rule says something."""
    collections: defaultdict[int, set[int]] = defaultdict(set)
    documents: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    through = Label.collections.through.objects.filter(label_id__in=wanted)
    for label_id, collection_id in through.values_list("label_id", "collection_id"):
        collections[collection_id].add(label_id)
    rows = LabelledDocument.objects.filter(label_id__in=wanted)
    for label_id, collection_id, external_id in rows.values_list("label_id", "collection_id", "external_id"):
        documents[collection_id, external_id].add(label_id)
    return (
        {key: frozenset(value) for key, value in collections.items()},
        {key: frozenset(value) for key, value in documents.items()},
    )
