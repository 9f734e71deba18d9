"""Sensitivity labels: who gets passages of documents that bear one.

A label of which no rule speaks is only a mark. Where several rules name the groups of one label, each of
these groups gets what bears it; of a document with several labels, all of them must let the person have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kb.library.access import AnyUser
from kb.library.retrieval import FoundDocument
from kb.rules.active import Active, active_rules


def groups_of(active: Active, user: AnyUser) -> frozenset[int]:
    """The person's groups, where a rule asks for them."""
    return frozenset(user.groups.values_list("pk", flat=True)) if active.use_groups else frozenset()


def labels_of(active: Active, collection_id: int, external_id: str) -> frozenset[int]:
    """Labels of a document, its collection's included, of which a rule says who gets it."""
    own = active.labelled_documents.get((collection_id, external_id), frozenset())
    return own | active.labelled.get(collection_id, frozenset())


def allowed(active: Active, groups: frozenset[int], collection_id: int, external_id: str) -> bool:
    """Whether every label of a document lets this person's groups have it."""
    labels = labels_of(active, collection_id, external_id)
    return all(active.label_groups[label] & groups for label in labels)


def label_filter(user: AnyUser) -> Callable[[FoundDocument, str], bool] | None:
    """For `kb.library.retrieval.search_chunks`; None where no rule speaks of a label."""
    active = active_rules()
    if not active.label_groups:
        return None
    groups = groups_of(active, user)
    return lambda document, text: allowed(active, groups, document.collection_id, document.external_id)


def labels_allow(user: AnyUser, documents: Iterable[tuple[int, int, str]]) -> set[int]:
    """Of documents as (id, collection id, external id), the ids of those that no label keeps away."""
    active = active_rules()
    groups = groups_of(active, user)
    return {pk for pk, collection_id, name in documents if allowed(active, groups, collection_id, name)}
