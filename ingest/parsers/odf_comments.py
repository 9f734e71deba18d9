"""Comments in OpenDocument files: who said what, about which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ingest.parsers.odf_package import OFFICE
from ingest.parsers.ooxml import words_of
from ingest.parsers.xml_tree import Element, children, local_name

# Of the words that a comment is about enough to find them.
_PLACE_WORDS = 12


def comment_line(annotation: Element, place: str, read: Callable[[Element], str]) -> str:
    """A comment as one line; nothing for one that says nothing.

    Args:
        place: the words that it is about, or nothing where it is the whole paragraph.
        read: gives the words of the comment.
    """
    said = read(annotation)
    if not said:
        return ""
    parts = {local_name(part): part for part in children(annotation)}
    author = " ".join(words_of(parts["creator"].text).split()) if "creator" in parts else ""
    resolved = any(name.endswith("}resolved") and told == "true" for name, told in annotation.items())
    about = place.split()
    words = " ".join(about[:_PLACE_WORDS]) + (" …" if len(about) > _PLACE_WORDS else "")
    kind = "Resolved comment" if resolved else "Comment"
    on = f' on "{words}"' if words else ""
    by = f" by {author}" if author else ""
    return f"{kind}{on}{by}: {said}"


def place_of(annotation: Element, paragraph: Element, is_read: Callable[[Element], bool]) -> str:
    """The words between a comment's beginning and its end; nothing where they are all of the paragraph.

    Args:
        is_read: whether the words of an element are text that people see.
    """
    name = annotation.get(f"{OFFICE}name")
    pieces = list(_pieces(paragraph, is_read))
    ends = [at for at, piece in enumerate(pieces) if _is_end(piece, name)]
    begins = [at for at, piece in enumerate(pieces) if piece is annotation]
    if not name or not ends or not begins:
        return ""
    place = _joined(pieces[begins[0] : ends[0]])
    return "" if place == _joined(pieces) else place


def _is_end(piece: Element | str, name: str | None) -> bool:
    ended = not isinstance(piece, str) and local_name(piece) == "annotation-end"
    return ended and not isinstance(piece, str) and piece.get(f"{OFFICE}name") == name


def _joined(pieces: list[Element | str]) -> str:
    return " ".join("".join(piece for piece in pieces if isinstance(piece, str)).split())


def _pieces(element: Element, is_read: Callable[[Element], bool]) -> Iterator[Element | str]:
    """The words of a paragraph and the borders of comments, in order."""
    stack: list[tuple[Element, Iterator[Element]]] = [(element, children(element))]
    yield words_of(element.text)
    while stack:
        above, left = stack[-1]
        child = next(left, None)
        if child is None:
            stack.pop()
            if stack:
                yield words_of(above.tail)
            continue
        if local_name(child) in ("annotation", "annotation-end"):
            yield child
        elif local_name(child) in ("s", "tab", "line-break"):
            yield " "
        elif is_read(child):
            yield words_of(child.text)
            stack.append((child, children(child)))
            continue
        yield words_of(child.tail)
