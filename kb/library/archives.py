"""What the page of an archive shows of its files."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from kb.library.archive_models import ArchiveMember
from kb.library.kinds import ARCHIVE
from kb.library.models import Document, Status

_SHOWN = 200


@dataclass(frozen=True)
class Unpacked:
    """How far an archive is, and what of it was refused.

    Attributes:
        query: narrows the collection's table to its files.
        refused: the first of those that could not be taken in.
    """

    is_unpacked: bool
    query: str
    taken: int
    refused: list[ArchiveMember]
    refused_count: int


def unpacked(document: Document) -> Unpacked | None:
    """None for what is no archive."""
    if document.kind != ARCHIVE:
        return None
    refused = document.members.exclude(code="")
    return Unpacked(
        document.status == Status.READY,
        urlencode({"q": f"{document.external_id}/"}),
        document.members.filter(code="").count(),
        list(refused.order_by("ordinal")[:_SHOWN]),
        refused.count(),
    )
