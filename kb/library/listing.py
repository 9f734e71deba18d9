"""One page of a collection's documents: filtered by state and kind, searched by title and path, sorted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, When
from django.http import QueryDict

from kb.library.kinds import ARCHIVE
from kb.library.kinds import WORDS as KINDS
from kb.library.models import Chunk, Collection, Document
from kb.library.overview import GROUPS, Counts, document_counts, held_document_ids, present_documents
from kb.pages import whole_number

PAGE_ROWS = 50
# By the word in the address: how it is said, and the order.
ORDERS = {
    "": ("Newest first", ("-created_at", "-pk")),
    "oldest": ("Oldest first", ("created_at", "pk")),
    "title": ("By title", ("title", "pk")),
    "path": ("By path", ("external_id", "pk")),
    "size": ("Largest first", ("-size_bytes", "-pk")),
    "passages": ("Most passages first", ("-chunk_count", "-pk")),
}
# Those that are being unpacked, or of which something is left: their files are newer, and would hide them.
_ARCHIVES_FIRST = Case(When(kind=ARCHIVE, then=0), default=1)
HELD = "held"  # has passages that wait for a manager, whatever its state


@dataclass(frozen=True)
class Filter:
    """What the table shows; part of the page's address, so that a reload and a link keep it."""

    state: str = ""
    words: str = ""
    kind: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def from_query(cls, query: QueryDict) -> Filter:
        """Values that mean nothing count as not given."""
        state = query.get("state", "")
        return cls(
            state=state if state in GROUPS or state == HELD else "",
            # PostgreSQL refuses NUL, and nothing holds one.
            words=query.get("q", "").replace("\0", "").strip()[:200],
            kind=query.get("kind", "") if query.get("kind", "") in KINDS else "",
            sort=query.get("sort", "") if query.get("sort", "") in ORDERS else "",
            page=max(1, whole_number(query.get("page", ""), 1)),
        )

    def query_with(self, **changes: str | int) -> str:
        """The query string of this filter with some values changed; unless given, the page is the first."""
        given = {"state": self.state, "q": self.words, "kind": self.kind, "sort": self.sort}
        values = {**given, "page": 1, **changes}
        return urlencode({name: value for name, value in values.items() if value not in ("", 1)})


@dataclass(frozen=True)
class Listing:
    """What the table of documents needs."""

    filter: Filter
    counts: Counts
    documents: Page[Any]
    kinds: list[tuple[str, str, int]]  # value, words and count of those that there are

    @property
    def orders(self) -> list[tuple[str, str]]:
        return [(value, words) for value, (words, _) in ORDERS.items()]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.filter.state or self.filter.words or self.filter.kind)

    @property
    def state_links(self) -> list[tuple[str, str, int, str]]:
        """Value, words, count and query string of each state filter."""
        words = {"": "All", "ready": "Ready", "working": "In progress", "failed": "Failed"}
        if self.counts.held or self.filter.state == HELD:
            words[HELD] = "Held back"
        numbers = {"": self.counts.total, **vars(self.counts)}
        return [
            (value, text, numbers[value], self.filter.query_with(state=value))
            for value, text in words.items()
        ]

    @property
    def query(self) -> str:
        return self.filter.query_with(page=self.documents.number)

    @property
    def previous_query(self) -> str:
        return self.filter.query_with(page=self.documents.previous_page_number())

    @property
    def next_query(self) -> str:
        return self.filter.query_with(page=self.documents.next_page_number())


def list_documents(collection: Collection, wanted: Filter) -> Listing:
    """The wanted page, or the last one when there are fewer."""
    rows = present_documents([collection])
    if wanted.state == HELD:
        rows = rows.filter(pk__in=held_document_ids())
    elif wanted.state:
        rows = rows.filter(status__in=GROUPS[wanted.state])
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.words:
        rows = rows.filter(Q(title__icontains=wanted.words) | Q(external_id__icontains=wanted.words))
    held = Chunk.objects.filter(document=OuterRef("pk"), withheld=True).order_by().values("document")
    rows = rows.annotate(held_chunks=Subquery(held.annotate(number=Count("pk")).values("number")))
    rows = rows.order_by(_ARCHIVES_FIRST, *ORDERS[wanted.sort][1])
    documents = Paginator(rows, PAGE_ROWS).get_page(wanted.page)
    return Listing(
        wanted, document_counts([collection])[collection.pk], documents, _kinds(collection, wanted)
    )


def _kinds(collection: Collection, wanted: Filter) -> list[tuple[str, str, int]]:
    rows: QuerySet[Document] = present_documents([collection]).order_by()
    numbers = dict(rows.values_list("kind").annotate(number=Count("pk")))
    return [
        (value, words, numbers.get(value, 0))
        for value, words in KINDS.items()
        if value in numbers or value == wanted.kind
    ]
