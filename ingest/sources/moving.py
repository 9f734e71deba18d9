"""The documents behind a file of a source: renamed when it moves, handed over or deleted when it is gone."""

from __future__ import annotations

from django.db.models import F, Max, Q, QuerySet

from ingest.other_names import give_up_name
from ingest.sources.models import Source, SourceFile
from kb.accounts.models import User
from kb.library.models import Document, OtherName
from kb.library.services import delete_held, hold_documents
from kb.rules.models import LabelledDocument
from kb.rules.services import label_document


def documents_of(source: Source, row: SourceFile) -> QuerySet[Document]:
    """Every version that is not deleted; of an archive, those of all files in it."""
    inside = Q(external_id__startswith=f"{row.external_id}/") if row.archive else Q()
    named = Q(external_id=row.external_id)
    return Document.objects.filter(
        (named | inside) if row.archive else named, collection_id=source.collection_id, deleted_at=None
    )


def rename(source: Source, row: SourceFile, external_id: str) -> None:
    """Give the documents of a file their new external id, in the caller's transaction.

    Nothing else of them changes: they stay searchable, and answers that cite them keep their citations.
    """
    rows = documents_of(source, row)
    hold_documents(rows)
    _rename_other(source, row.external_id, external_id)
    for old in sorted(set(rows.values_list("external_id", flat=True))):
        _rename_one(source, old, external_id + old.removeprefix(row.external_id))


def _rename_other(source: Source, old: str, new: str) -> None:
    """Where the file has the bytes of another one, and no document of its own."""
    names = OtherName.objects.filter(collection_id=source.collection_id)
    names.filter(external_id=new).delete()
    names.filter(external_id=old).update(external_id=new)


def _rename_one(source: Source, old: str, new: str) -> None:
    every = Document.objects.filter(collection_id=source.collection_id)
    # Whoever had this id before keeps its numbers: versions go on after them.
    taken = int(every.filter(external_id=new).aggregate(latest=Max("version"))["latest"] or 0)
    every.filter(external_id=old, deleted_at=None).update(
        external_id=new[-500:], version=F("version") + taken
    )
    user = source.connected_by
    labelled = LabelledDocument.objects.filter(collection_id=source.collection_id, external_id=old)
    for mark in labelled.select_related("label"):
        if isinstance(user, User):
            label_document(user, mark.label, source.collection, new, borne=True)
            label_document(user, mark.label, source.collection, old, borne=False)


def forget(source: Source, row: SourceFile) -> bool:
    """A file is really gone: another copy of it takes over its document, else the document is deleted.

    What somebody uploaded with the same bytes under another name goes on under that one.

    Returns:
        Whether a document was deleted.
    """
    copy = _copies(row).first()
    if copy is not None:
        if not documents_of(copy.source, copy).exists():
            rename(source, row, copy.external_id)
        return False
    live = documents_of(source, row).filter(superseded_at=None)
    give_up_name(live, source.collection_id, row.external_id)
    delete_documents(documents_of(source, row))
    return True


def refetch_copies(row: SourceFile) -> None:
    """Its document has other content now; a copy that relied on the old content needs one of its own."""
    for copy in _copies(row).select_related("source"):
        if not documents_of(copy.source, copy).exists():
            SourceFile.objects.filter(pk=copy.pk).update(mark="", sha256="")


def delete_documents(rows: QuerySet[Document]) -> None:
    """In the caller's transaction."""
    hold_documents(rows)
    # Once more: while this waited for an archive that is being unpacked, more of its files may have come.
    held = hold_documents(rows)
    if held:
        delete_held(held)


def _copies(row: SourceFile) -> QuerySet[SourceFile]:
    """Other files with the content, present, in the same collection, whatever source they are of."""
    return (
        SourceFile.objects.filter(
            sha256=row.sha256, missing_since=None, source__collection__sources=row.source_id
        )
        .exclude(pk=row.pk)
        .select_related("source")
        .order_by("pk")
    )
