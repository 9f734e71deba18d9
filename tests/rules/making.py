"""Rules and verified answers that are on."""

from __future__ import annotations

from typing import Any

from kb.accounts.models import User
from kb.library.models import Chunk, Collection, Document
from kb.rules.approving import AnswerFields, create_answer, note_answer_tried, switch_answer
from kb.rules.models import Kind, Rule, VerifiedAnswer
from kb.rules.services import RuleFields, create_rule, note_tried, switch_on
from kb.rules.verified import Encoder

APPROVED = "You may return a product within **14 days** of delivery."
VARIANTS = ("What is the return policy?", "How long may customers return a product?")


def rule_on(admin: User, kind: Kind, name: str = "", **fields: Any) -> Rule:
    rule = create_rule(admin, kind, RuleFields(name or str(kind.value), **fields))
    note_tried(admin, rule)
    switch_on(admin, rule)
    return rule


def verified_on(
    manager: User, collection: Collection, document: Document | None, encoder: Encoder | None, **fields: Any
) -> VerifiedAnswer:
    chunks = [Chunk.objects.get(document=document).pk] if document else []
    given = AnswerFields(**{"variants": VARIANTS, "text": APPROVED, "chunks": chunks, **fields})
    answer = create_answer(manager, collection, given, encoder)
    note_answer_tried(manager, answer)
    switch_answer(manager, answer, on=True)
    return answer
