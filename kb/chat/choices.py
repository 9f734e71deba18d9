"""What a person can ask of: the collections to choose from, and examples that their documents can answer."""

from __future__ import annotations

from collections.abc import Collection as Container
from dataclasses import dataclass

from django.db.models import Count, Q

from kb.library.access import AnyUser, collections_for, documents_for
from kb.library.labels import Label, labels_of
from kb.library.models import Document, Status
from kb.library.veil import cover_documents, veil_for

# Questions about the demo documents, by the document that answers them. A question is only offered to a
# person who may read that document.
_DEMO_QUESTIONS = {
    "people/leave-policy.md": "By which date do I have to ask for leave in July?",
    "finance/travel-policy.md": "What is the daily allowance for a full day in Germany?",
    "people/remote-work.md": "How many days a week may I work from home?",
    "it/information-security.md": "What is the minimum length of a password today?",
}
_SHOWN_EXAMPLES = 3


@dataclass(frozen=True)
class Choice:
    """A collection in the picker. `documents` counts those that can be searched."""

    id: int
    name: str
    documents: int
    chosen: bool


@dataclass(frozen=True)
class Example:
    """A question to start from. An `open` one is to be completed by the reader before it is sent."""

    text: str
    document: str
    open: bool


def collection_choices(user: AnyUser, chosen: Container[int]) -> list[Choice]:
    """All collections that this person may ask."""
    searchable = Count("documents", filter=_searchable("documents__"))
    counted = collections_for(user).annotate(searchable=searchable).order_by("name", "pk")
    found = counted.values_list("pk", "name", "searchable")
    return [Choice(pk, name, documents, pk in chosen) for pk, name, documents in found]


def label_choices(user: AnyUser, chosen: Container[str]) -> list[Label]:
    """The labels to narrow a question by."""
    return labels_of(documents_for(user).filter(_searchable()), veil_for(user), chosen)


def examples_for(user: AnyUser) -> list[Example]:
    """A few questions: known ones of the demo documents, else beginnings made of the newest titles."""
    searchable = documents_for(user).filter(_searchable())
    known = searchable.filter(external_id__in=_DEMO_QUESTIONS).values_list("external_id", "title")
    titles = dict(known)
    examples = [
        Example(question, titles[external_id], open=False)
        for external_id, question in _DEMO_QUESTIONS.items()
        if external_id in titles
    ]
    if not examples:
        newest: list[Document] = list(searchable.order_by("-ready_at")[:_SHOWN_EXAMPLES])
        cover_documents(veil_for(user), newest)
        examples = [Example(f"What does “{row.title}” say about ", row.title, open=True) for row in newest]
    return examples[:_SHOWN_EXAMPLES]


def _searchable(prefix: str = "") -> Q:
    wanted = {"status": Status.READY, "superseded_at": None, "deleted_at": None}
    return Q(**{f"{prefix}{name}": value for name, value in wanted.items()})
