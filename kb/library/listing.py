"""One page of a collection's documents: filtered by state, kind and language, searched, sorted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, When
from django.http import QueryDict

from kb.library.kinds import ARCHIVE
from kb.library.kinds import WORDS as KINDS
from kb.library.languages import language_name
from kb.library.likeness_models import DocumentLabel
from kb.library.models import Chunk, Collection, Document
from kb.library.overview import GROUPS, Counts, document_counts, held_document_ids, present_documents
from kb.pages import whole_number

PAGE_ROWS = 50
_CODE = re.compile(r"[a-z]{2,3}")
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
LONGEST_SEARCH = 200  # characters
HELD = "held"  # has passages that wait for a manager, whatever its state


@dataclass(frozen=True)
class Narrowing:
    """Which documents of a collection, for the page and for REST; what is empty narrows nothing.

    Attributes:
        words: in the title or the path, in any letter case.
        kind: a key of `kb.library.kinds.WORDS`.
        language: a code of ISO 639-1.
        label: in any letter case.
    """

    words: str = ""
    kind: str = ""
    language: str = ""
    label: str = ""

    def of(self, rows: QuerySet[Document]) -> QuerySet[Document]:
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.language:
            rows = rows.filter(language=self.language)
        if self.label:
            bearing = DocumentLabel.objects.filter(name=self.label.strip().casefold())
            rows = rows.filter(pk__in=bearing.values("document_id"))
        if words := searched(self.words):
            rows = rows.filter(Q(title__icontains=words) | Q(external_id__icontains=words))
        return rows


def searched(words: str) -> str:
    """What is looked for. PostgreSQL refuses NUL, and nothing holds one."""
    return words.replace("\0", "").strip()[:LONGEST_SEARCH]


@dataclass(frozen=True)
class Filter:
    """What the table shows; part of the page's address, so that a reload and a link keep it."""

    state: str = ""
    words: str = ""
    kind: str = ""
    language: str = ""
    label: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def from_query(cls, query: QueryDict) -> Filter:
        """Values that mean nothing count as not given."""
        state = query.get("state", "")
        return cls(
            state=state if state in GROUPS or state == HELD else "",
            words=searched(query.get("q", "")),
            kind=query.get("kind", "") if query.get("kind", "") in KINDS else "",
            language=query.get("language", "") if _CODE.fullmatch(query.get("language", "")) else "",
            label=query.get("label", "").replace("\0", "").strip()[:100],
            sort=query.get("sort", "") if query.get("sort", "") in ORDERS else "",
            page=max(1, whole_number(query.get("page", ""), 1)),
        )

    @property
    def narrowing(self) -> Narrowing:
        return Narrowing(self.words, self.kind, self.language, self.label)

    def query_with(self, **changes: str | int) -> str:
        """The query string of this filter with some values changed; unless given, the page is the first."""
        given = {"state": self.state, "q": self.words, "kind": self.kind, "language": self.language}
        values = {**given, "label": self.label, "sort": self.sort, "page": 1, **changes}
        return urlencode({name: value for name, value in values.items() if value not in ("", 1)})


@dataclass(frozen=True)
class Listing:
    """What the table of documents needs."""

    filter: Filter
    counts: Counts
    documents: Page[Any]
    kinds: list[tuple[str, str, int]]  # value, words and count of those that there are
    languages: list[tuple[str, str, int]]  # the same

    @property
    def orders(self) -> list[tuple[str, str]]:
        return [(value, words) for value, (words, _) in ORDERS.items()]

    @property
    def is_narrowed(self) -> bool:
        wanted = self.filter
        return bool(wanted.state or wanted.narrowing != Narrowing())

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
    rows = wanted.narrowing.of(rows)
    held = Chunk.objects.filter(document=OuterRef("pk"), withheld=True).order_by().values("document")
    rows = rows.annotate(held_chunks=Subquery(held.annotate(number=Count("pk")).values("number")))
    rows = rows.order_by(_ARCHIVES_FIRST, *ORDERS[wanted.sort][1])
    rows = rows.prefetch_related("other_names")  # the question before deleting names them
    documents = Paginator(rows, PAGE_ROWS).get_page(wanted.page)
    return Listing(
        wanted,
        document_counts([collection])[collection.pk],
        documents,
        _kinds(collection, wanted),
        _languages(collection, wanted),
    )


def _kinds(collection: Collection, wanted: Filter) -> list[tuple[str, str, int]]:
    numbers = _numbers(collection, "kind")
    return [
        (value, words, numbers.get(value, 0))
        for value, words in KINDS.items()
        if value in numbers or value == wanted.kind
    ]


def _languages(collection: Collection, wanted: Filter) -> list[tuple[str, str, int]]:
    """The most frequent first; documents of which nobody can tell are in none."""
    numbers = {wanted.language: 0, **_numbers(collection, "language")}
    return sorted(
        ((value, language_name(value), number) for value, number in numbers.items() if value),
        key=lambda found: (-found[2], found[1]),
    )


def _numbers(collection: Collection, column: str) -> dict[str, int]:
    rows: QuerySet[Document] = present_documents([collection]).order_by()
    return dict(rows.values_list(column).annotate(number=Count("pk")))
