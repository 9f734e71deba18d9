"""Taking back what answers quoted from documents whose content is being removed."""

from __future__ import annotations

from collections.abc import Sequence

from kb.chat.models import Citation, Message, MessagePassage

SOURCE_DELETED = "source_deleted"


def forget_documents(document_ids: Sequence[int]) -> None:
    """Empty these documents' passages and every answer that cites them, in the caller's transaction."""
    passages = MessagePassage.objects.filter(document_id__in=document_ids)
    cited = Citation.objects.filter(passage__in=passages)
    Message.objects.filter(pk__in=cited.values("message_id")).update(
        text="", sentences=[], reason=SOURCE_DELETED
    )
    Message.objects.filter(pk__in=passages.values("message_id")).update(offers={}, disagreements=[])
    cited.update(quote="")
    passages.update(text="", heading_path=[])
