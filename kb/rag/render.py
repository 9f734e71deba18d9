"""Markdown to HTML that is safe to show: of a model's sentences, and of documents.

Two independent walls: markdown-it never passes raw HTML through, and nh3 keeps only the tags and attributes
named here. Nothing that is rendered makes the browser ask another origin for anything (cases 17, 18).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_INLINE_TAGS = {"em", "strong", "code", "s", "br"}
_BLOCK_TAGS = _INLINE_TAGS | {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "hr", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_DEEPEST = 20


def render_inline(text: str) -> str:
    """A sentence of a model: emphasis and code, no blocks, no links, no images; their words stay."""
    markdown = _ANSWERS if _may_link(text) else _ANSWERS_WITHOUT_LINKS
    return nh3.clean(markdown.renderInline(text), tags=_INLINE_TAGS, attributes={}, link_rel=None)


def render_block(text: str) -> str:
    """A document's Markdown: blocks, tables, and links that are relative, to an anchor or to https."""
    markdown = _DOCUMENTS if _may_link(text) else _DOCUMENTS_WITHOUT_LINKS
    return nh3.clean(
        markdown.render(text),
        tags=_BLOCK_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_attribute,
        url_schemes={"https"},
        link_rel="noopener nofollow",
    )


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        # "//host" and "\\host" look relative and are not.
        return value if is_safe_link(value) else None
    return value


def is_safe_link(url: str) -> bool:
    """Whether a link of a document may be kept: https, an anchor, or a path below this site."""
    if not url or "\\" in url or any(character <= " " for character in url):
        return False
    if url.startswith("#") or url.lower().startswith("https://"):
        return True
    return not url.startswith("//") and ":" not in url.partition("/")[0].partition("?")[0].partition("#")[0]


class _WordsOnly(RendererHTML):
    """Shows the words of an image; never asks for the image."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self.renderInlineAsText(tokens[idx].children, options, env)


class _NoLinks(_WordsOnly):
    """Shows the words of a link; the program makes the links of an answer."""

    def link_open(self, *_: Any) -> str:
        return ""

    def link_close(self, *_: Any) -> str:
        return ""


def _markdown(renderer: type[RendererHTML]) -> MarkdownIt:
    # Nesting is bounded: the cost of hostile nesting grows with its depth (case 29).
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": _DEEPEST}
    return MarkdownIt("commonmark", options, renderer_cls=renderer).enable(["table", "strikethrough"])


def _may_link(text: str) -> bool:
    """Whether brackets can be links at all; without this look, many of them cost seconds (case 29)."""
    return "](" in text or "]:" in text


_ANSWERS = _markdown(_NoLinks)
_DOCUMENTS = _markdown(_WordsOnly)
_ANSWERS_WITHOUT_LINKS = _markdown(_NoLinks).disable(["link", "image"])
_DOCUMENTS_WITHOUT_LINKS = _markdown(_WordsOnly).disable(["link", "image"])
