"""Comments of a Word document: who said what, about which words."""

from __future__ import annotations

from collections.abc import Callable

from ingest.parsers.ooxml import W, words_of
from ingest.parsers.xml_tree import Element

_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_W15 = "{http://schemas.microsoft.com/office/word/2012/wordml}"
# Of the words that a comment is about enough to find them.
_PLACE_WORDS = 12


class Comments:
    """The comments of a document by their ids.

    Args:
        root: the part that holds them.
        states: the part that says which of them are resolved.
    """

    def __init__(self, root: Element | None, states: Element | None) -> None:
        found = root.iterfind(f"{W}comment") if root is not None else ()
        self._comments = {comment.get(f"{W}id") or "": comment for comment in found}
        told = states.iterfind(f"{_W15}commentEx") if states is not None else ()
        self._resolved = {
            state.get(f"{_W15}paraId") for state in told if state.get(f"{_W15}done") in ("1", "true")
        }

    def line(self, identity: str, place: str, read: Callable[[Element], str]) -> str:
        """A comment as one line; nothing for one that says nothing.

        Args:
            place: the words that it is about, or nothing where it is the whole paragraph.
            read: gives the words of a comment.
        """
        comment = self._comments.get(identity)
        said = read(comment) if comment is not None else ""
        if comment is None or not said:
            return ""
        author = " ".join(words_of(comment.get(f"{W}author")).split())
        of_last = [paragraph.get(f"{_W14}paraId") for paragraph in comment.iterfind(f"{W}p")][-1:]
        resolved = bool(of_last) and of_last[0] is not None and of_last[0] in self._resolved
        about = place.split()
        words = " ".join(about[:_PLACE_WORDS]) + (" …" if len(about) > _PLACE_WORDS else "")
        kind = "Resolved comment" if resolved else "Comment"
        on = f' on "{words}"' if words else ""
        by = f" by {author}" if author else ""
        return f"{kind}{on}{by}: {said}"
