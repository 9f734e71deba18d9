"""Why nothing is shown, in words."""

from __future__ import annotations

from django import template

register = template.Library()

_LACKING = {
    "no_year": "What comes nearest names no year. The passages below may still help.",
    "no_time": "What comes nearest says no time. The passages below may still help.",
    "no_number": "What comes nearest gives no number. The passages below may still help.",
    "no_denial": "You asked what is not; what comes nearest says what is. The passages below may still help.",
    "other_year": "What comes nearest speaks of another year. The passages below may still help.",
    "other_number": "What comes nearest is of one with another number. The passages below may still help.",
    "other_side": "What comes nearest speaks of the opposite. The passages below may still help.",
}


@register.filter
def lacking(lacks: str) -> str:
    """A sentence for the `lacks` of an answer object."""
    return _LACKING.get(lacks, "")
