"""What is known of a document beside its text: author, owner, labels, date, and when it must be reviewed.

It comes from the file or its front matter, from whoever sent it, and from managers, who have the last word:
what they wrote (`Document.edited`) also holds for later versions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from kb.accounts.models import User
from kb.library.dating import UPLOADED, dated, day_of, folded
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.likeness_models import DocumentLabel
from kb.library.models import Document

EDITABLE = ("title", "author", "owner", "labels", "date", "review_by")
_MOST_LABELS = 30
_LONGEST = 100
# What front matter and metadata call it; letter case, "-" and "_" aside.
_AUTHOR = ("author", "authors", "creator", "initialcreator")
_OWNER = ("owner", "maintainer", "responsible", "documentowner")
_LABELS = ("labels", "tags", "keywords", "categories")
_REVIEW_BY = ("reviewby", "nextreview", "reviewdate", "validuntil", "expires", "expirydate")


@dataclass(frozen=True)
class Details:
    author: str
    owner: str
    labels: list[str]
    review_by: date | None


def details_of(metadata: Mapping[str, Any]) -> Details:
    """Values of another sort than expected count as not given."""
    told = {folded(str(name)): value for name, value in metadata.items()}
    return Details(
        author=", ".join(_texts(_first(told, _AUTHOR)))[:_LONGEST],
        owner=", ".join(_texts(_first(told, _OWNER)))[:_LONGEST],
        labels=_texts(_first(told, _LABELS), commas=True)[:_MOST_LABELS],
        review_by=day_of(_first(told, _REVIEW_BY)),
    )


def columns_of(document: Document) -> dict[str, Any]:
    """The columns that come from metadata and edits.

    For the one update of the document in a transaction: PostgreSQL checks all references of a row anew that
    is updated twice, and whoever deletes the collection meanwhile would wait for us, and we for them.
    """
    details = details_of({**document.metadata, **document.edited})
    known = dated(document)
    return {
        "author": details.author,
        "owner": details.owner,
        "labels": details.labels,
        "review_by": details.review_by,
        "dated": None if known.by == UPLOADED else known.day,
    }


def write_labels(document: Document) -> None:
    """Set the labels from metadata and edits, in the caller's transaction."""
    details = details_of({**document.metadata, **document.edited})
    DocumentLabel.objects.filter(document=document).delete()
    DocumentLabel.objects.bulk_create(
        DocumentLabel(document=document, name=name)
        for name in sorted({label.casefold()[:_LONGEST] for label in details.labels})
    )


@transaction.atomic
def edit_details(document: Document, changes: Mapping[str, Any], by: User) -> Document:
    """Write down what a manager says of a document; the caller has asked `access`.

    Args:
        changes: some of EDITABLE; dates as ISO strings, labels as a list. An empty value clears what the
            file says.
    """
    held = Document.objects.select_for_update(no_key=True).get(pk=document.pk)
    held.edited = {**held.edited, **changes}
    fields = ["edited"]
    if title := str(changes.get("title", "")).strip():
        held.title, held.title_given = title[:500], True
        fields += ["title", "title_given"]
    columns = columns_of(held)
    for name, value in columns.items():
        setattr(held, name, value)
    held.save(update_fields=[*fields, *columns])
    write_labels(held)
    record(Stage.EDITED, [held.pk], by=by, detail=", ".join(sorted(changes)).replace("_", " "))
    return held


def _first(told: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((told[name] for name in names if name in told), None)


def _texts(value: Any, *, commas: bool = False) -> list[str]:
    """The texts in a value, in order, each once."""
    values = value if isinstance(value, list) else [value]
    texts = [text for text in values if isinstance(text, str)]
    parts = [part for text in texts for part in (text.replace(";", ",").split(",") if commas else [text])]
    return list(dict.fromkeys(part.strip()[:_LONGEST] for part in parts if part.strip()))
