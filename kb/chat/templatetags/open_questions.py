"""How many questions wait for the managers of a collection."""

from __future__ import annotations

from django import template

from kb.chat.open_questions import waiting_counts
from kb.library.models import Collection

register = template.Library()


@register.simple_tag
def waiting_questions(collection: Collection) -> int:
    """For pages of managers only: the number says that somebody asked."""
    return waiting_counts([collection]).get(collection.pk, 0)
