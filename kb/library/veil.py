"""What readers do not get to see of documents that they may open: blacked out wherever documents are shown.

What that is say the rules, which stand above this package; they hand in their part when the program starts.
Rows that were covered are for showing alone, never for saving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from django.db.models import prefetch_related_objects

from kb.exceptions import PermissionDeniedError
from kb.library.access import AnyUser
from kb.library.models import Chunk, Document, DocumentText
from kb.library.retrieval import FoundChunk


class Veil(Protocol):
    """Of one person: what is covered in which collection."""

    def lies_on(self, collection_id: int) -> bool:
        """Whether anything may be covered for this person there."""
        ...

    def short(self, collection_id: int, text: str) -> str:
        """The text with a short mark in each place that is covered."""
        ...

    def in_place(self, collection_id: int, text: str) -> str:
        """The text, each covered character blacked out, its length unchanged."""
        ...


class HiddenOriginalError(PermissionDeniedError):
    default_message = (
        "The original holds words that are blacked out for readers: only managers of the collection get it."
    )


_makers: list[Callable[[AnyUser], Veil]] = []


def install(maker: Callable[[AnyUser], Veil]) -> None:
    """Have this say what is covered; once, when the program starts."""
    _makers[:] = [maker]


def veil_for(user: AnyUser) -> Veil:
    """What lies between this person and the documents; a program without rules shows nothing at all."""
    [maker] = _makers
    return maker(user)


def cover_documents(veil: Veil, documents: Iterable[Document]) -> None:
    """Cover what describes the documents: names, people, labels and what their files say of themselves."""
    for document in documents:
        if veil.lies_on(document.collection_id):
            _cover(veil, document)


def _cover(veil: Veil, document: Document) -> None:
    place = document.collection_id
    for name in ("title", "external_id", "file_name", "author", "owner", "failure_reason"):
        setattr(document, name, veil.short(place, getattr(document, name)))
    prefetch_related_objects([document], "other_names")
    for other in document.other_names.all():
        other.external_id = veil.short(place, other.external_id)
    document.labels = [veil.short(place, label) for label in document.labels]
    document.metadata = _covered(veil, place, document.metadata)


def _covered(veil: Veil, place: int, value: Any) -> Any:
    """Every text in a JSON value."""
    if isinstance(value, str):
        return veil.short(place, value)
    if isinstance(value, list):
        return [_covered(veil, place, item) for item in value]
    if isinstance(value, dict):
        return {key: _covered(veil, place, item) for key, item in value.items()}
    return value


def cover_chunks(veil: Veil, collection_id: int, chunks: Iterable[Chunk]) -> None:
    """Cover the words of chunks of one collection; spans keep their places."""
    if veil.lies_on(collection_id):
        for chunk in chunks:
            chunk.text = veil.in_place(collection_id, chunk.text)
            chunk.heading_path = [veil.short(collection_id, part) for part in chunk.heading_path]


def covered_hit(veil: Veil, item: FoundChunk) -> FoundChunk:
    """A chunk that was found, with its document, as this person may see it."""
    place = item.document.collection_id
    if not veil.lies_on(place):
        return item
    return replace(
        item,
        document=replace(
            item.document,
            title=veil.short(place, item.document.title),
            external_id=veil.short(place, item.document.external_id),
        ),
        text=veil.in_place(place, item.text),
        heading_path=[veil.short(place, part) for part in item.heading_path],
    )


def hides_original(veil: Veil, document: Document) -> bool:
    """Whether the file may hold what is covered; one whose text is not known may."""
    place = document.collection_id
    if not veil.lies_on(place):
        return False
    text = DocumentText.objects.filter(document=document).values_list("text", flat=True).first()
    said = [document.file_name, text or ""]
    return text is None or any(veil.in_place(place, words) != words for words in said)


def require_original(user: AnyUser, document: Document) -> None:
    """Raises HiddenOriginalError where the file may hold what is covered for this person."""
    if hides_original(veil_for(user), document):
        raise HiddenOriginalError
