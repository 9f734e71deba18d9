"""Small pieces of markup that many templates share."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kb.library.languages import language_name

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A decorative icon of the sprite in `parts/icons.html`; size "s" is the small one."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="#i-{}"></use></svg>',
        f" icon-{size}" if size else "",
        name,
    )


@register.filter
def seconds(duration_ms: object) -> str:
    """Milliseconds as a person says them: "340 ms", "1.2 s"; nothing where nothing was measured."""
    if not isinstance(duration_ms, int | float):
        return ""
    return f"{duration_ms:.0f} ms" if duration_ms < 1000 else f"{duration_ms / 1000:.1f} s"


@register.filter
def language(code: str) -> str:
    """ "German" for "de"."""
    return language_name(code)


@register.filter
def percent(share: object) -> str:
    """A share from 0 to 1 as a person says it: "4.5%"; nothing where nothing was measured."""
    return f"{100 * share:.3g}%" if isinstance(share, int | float) else ""


@register.filter
def grouped(number: int) -> str:
    """A whole number as a person reads it: "2,000"."""
    return f"{number:,}"


@register.filter
def path(parts: list[str]) -> str:
    """A heading path in one line."""
    return " › ".join(parts)
