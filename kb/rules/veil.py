"""Redaction for readers, wherever documents are shown, and of what they themselves write.

Managers of a collection see its documents as they are: somebody must be able to find and mend what is
removed from the sight of all others.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.library.access import AnyUser, collection_ids_for, collections_for
from kb.library.models import Role
from kb.library.veil import Veil
from kb.rules.active import ActiveRule, active_rules
from kb.rules.labels import groups_of
from kb.rules.models import Kind
from kb.rules.redaction import REMOVED, collapse


class RedactionVeil:
    """The redactions of passages that hold for one person, but not in collections that they manage."""

    def __init__(self, rules: Sequence[ActiveRule], managed: frozenset[int]) -> None:
        self._rules = rules
        self._managed = managed

    def lies_on(self, collection_id: int) -> bool:
        return bool(self._of(collection_id))

    def short(self, collection_id: int, text: str) -> str:
        return collapse(self.in_place(collection_id, text))

    def in_place(self, collection_id: int, text: str) -> str:
        return _masked(self._of(collection_id), text)

    def _of(self, collection_id: int) -> list[ActiveRule]:
        if collection_id in self._managed:
            return []
        here = frozenset([collection_id])
        return [rule for rule in self._rules if rule.covers(here)]


def redaction_veil(user: AnyUser) -> Veil:
    """For `kb.library.veil.install`."""
    rules = [rule for rule in _redactions(user) if rule.in_sources]
    if not rules:
        return RedactionVeil((), frozenset())
    managed = collections_for(user, Role.MANAGER).values_list("pk", flat=True)
    return RedactionVeil(rules, frozenset(managed))


def kept_words(user: AnyUser, wanted: Sequence[int], *texts: str, reader: AnyUser | None = None) -> list[str]:
    """What a person writes, as it may be kept: redacted by the rules on questions of these collections.

    Args:
        wanted: ids of collections; none means all that the person may read. Whether this person may read them
            (still) is not asked.
        reader: whom the words are for; the rules that hold for this person are followed as well.
    """
    bound = [*_redactions(user), *(_redactions(reader) if reader is not None else ())]
    rules = list({rule.pk: rule for rule in bound if rule.in_question}.values())
    if not rules:
        return list(texts)
    here = frozenset(wanted or collection_ids_for(user))
    return [collapse(_masked([rule for rule in rules if rule.covers(here)], text)) for text in texts]


def _redactions(user: AnyUser) -> list[ActiveRule]:
    active = active_rules()
    rules = [rule for rule in active.rules if rule.kind == Kind.REDACTION]
    if not rules:
        return []
    groups = groups_of(active, user)
    return [rule for rule in rules if rule.binds(groups)]


def _masked(rules: Sequence[ActiveRule], text: str) -> str:
    """Of a rule that cannot be evaluated, nothing is let through."""
    if text and any(rule.broken for rule in rules):
        return REMOVED[0] * len(text)
    for rule in rules:
        text, _ = rule.redaction.masked(text)
    return text
