"""The same bytes under several names are one document; what becomes of it when one is given others."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max

from kb.library.models import Document, OtherName
from kb.rules.models import LabelledDocument


def note_name(document: Document, external_id: str) -> None:
    """The bytes of the document came under this external id as well."""
    OtherName.objects.update_or_create(
        collection_id=document.collection_id, external_id=external_id, defaults={"document": document}
    )


def give_up_name(versions: Iterable[Document], collection_id: int, external_id: str) -> None:
    """This external id is to stand for other bytes, or for none.

    What has it goes on under another of its names, if it has one; so nothing that somebody put in vanishes.
    In the caller's transaction, which holds the collection or the documents.

    Args:
        versions: the live ones with this external id.
    """
    OtherName.objects.filter(collection_id=collection_id, external_id=external_id).delete()
    for document in versions:
        # A source may have moved a file of its own to that name meanwhile.
        taken = Document.objects.filter(collection_id=collection_id, superseded_at=None, deleted_at=None)
        left = document.other_names.exclude(external_id__in=taken.values("external_id")).first()
        if left is not None:
            left.delete()
            _rename(document, left.external_id)


def _rename(document: Document, external_id: str) -> None:
    """The one version; those before it keep the name. Answers that cite it keep their citations."""
    known = Document.objects.filter(collection_id=document.collection_id, external_id=external_id)
    version = int(known.aggregate(latest=Max("version"))["latest"] or 0) + 1
    Document.objects.filter(pk=document.pk).update(external_id=external_id, version=version)
    # Rules keep readers away by the name: without its labels, the same words would be open to everybody.
    borne = LabelledDocument.objects.filter(
        collection_id=document.collection_id, external_id=document.external_id
    )
    for label_id in borne.values_list("label_id", flat=True):
        LabelledDocument.objects.get_or_create(
            label_id=label_id, collection_id=document.collection_id, external_id=external_id
        )
