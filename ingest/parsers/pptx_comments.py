"""Comments on slides: who said what, and what was replied."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.parsers.drawing_text import drawn_paragraphs
from ingest.parsers.ooxml import Package, words_of
from ingest.parsers.xml_tree import Element, children, local_name


class SlideComments:
    """The comments of a presentation, of the older and of the newer kind.

    Args:
        main: the part of the presentation, which leads to who wrote them.
    """

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        self._authors: dict[str, str] = {}
        for kind in ("commentAuthors", "authors"):
            for part in package.related(main, kind):
                root = package.xml(part)
                for author in children(root) if root is not None else ():
                    name = " ".join(words_of(author.get("name")).split())
                    self._authors[f"{kind} {author.get('id')}"] = name

    def of(self, slide: str) -> Iterator[str]:
        """The comments on a slide, a line each, with their replies behind them."""
        for part in self._package.related(slide, "comments"):
            root = self._package.xml(part)
            for comment in children(root) if root is not None else ():
                yield from self._lines(comment)

    def _lines(self, comment: Element) -> Iterator[str]:
        if local_name(comment) != "cm":
            return
        resolved = comment.get("status") in ("resolved", "closed")
        yield from self._line(comment, "Resolved comment" if resolved else "Comment")
        replies = next((part for part in children(comment) if local_name(part) == "replyLst"), None)
        for reply in children(replies) if replies is not None else ():
            yield from self._line(reply, "Reply")

    def _line(self, comment: Element, what: str) -> Iterator[str]:
        words = " ".join(_words(comment).split())
        # An id of the older kind is a number, one of the newer kind has braces; both may be in one file.
        number = comment.get("authorId") or ""
        author = self._authors.get(f"authors {number}") or self._authors.get(f"commentAuthors {number}")
        if words:
            yield f"{what}{f' by {author}' if author else ''}: {words}"


def _words(comment: Element) -> str:
    """Plain text in the older kind, a text body in the newer."""
    for part in children(comment):
        if local_name(part) == "text":
            return words_of(part.text)
        if local_name(part) == "txBody":
            return " ".join(paragraph.words for paragraph in drawn_paragraphs(part))
    return ""
