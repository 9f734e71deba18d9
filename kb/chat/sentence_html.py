"""The markup of one sentence of an answer, for the stream and for the stored answer alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from kb.rag.render import render_inline

_NOT_PROVED = "Not found in the sources"


def sentence_html(sentence: Mapping[str, Any], citations: Iterable[Mapping[str, Any]]) -> SafeString:
    """Render a sentence with its numbered citations.

    Args:
        sentence: `text` (Markdown of the model), `block`, `supported`, `quoted` and the numbers `citations`.
        citations: of the whole answer; `n` and `url` of those that the sentence names are used.
    """
    urls = {citation["n"]: citation["url"] for citation in citations}
    numbers = [n for n in sentence["citations"] if n in urls]
    links = format_html_join(
        "",
        '<a class="cite" href="{}" data-cite="{}"><span class="visually-hidden">Source </span>{}</a>',
        ((urls[n], n, n) for n in numbers),
    )
    body = _body(sentence)
    if not sentence["supported"]:
        return format_html(
            '<span class="sentence unsupported" title="{}">{}{}</span>',
            _NOT_PROVED,
            body,
            format_html('<span class="visually-hidden"> ({})</span>', _NOT_PROVED.lower()),
        )
    kind = "sentence supported quoted" if sentence.get("quoted") else "sentence supported"
    if sentence.get("notice"):
        kind = "sentence notice"
    return format_html('<span class="{}">{}{}</span>', kind, body, links)


def _body(sentence: Mapping[str, Any]) -> SafeString:
    text = str(sentence["text"])
    if sentence.get("block") == "code":
        return format_html("{}", text)
    # render_inline escapes what is not Markdown and sanitises what is.
    return mark_safe(render_inline(text))  # noqa: S308
