"""What managers should look at, and where a document was cited: for pages of the library."""

from __future__ import annotations

from typing import Any

from django import template

from kb.chat.attention import answers_citing, attention_of, own_answers_citing
from kb.library.access import AnyUser
from kb.library.models import Collection, Document

register = template.Library()


@register.inclusion_tag("library/attention.html")
def attention(collection: Collection) -> dict[str, Any]:
    """For pages of managers only."""
    return {"collection": collection, "found": attention_of(collection)}


@register.inclusion_tag("library/cited.html")
def cited(document: Document, user: AnyUser, may_edit: bool) -> dict[str, Any]:
    """The reader's own answers with links; for who may edit also how many there are, of whomever."""
    return {
        "own": own_answers_citing(document, user),
        "all_count": answers_citing(document) if may_edit else None,
    }
