"""A sentence that says two things, cut into sentences that say one each.

What one statement of a source proves needs no more. What was gathered from two ("it opens at 8:00 and is on
the second floor") is proved piece by piece, each by a statement of its own: taken together as a bag of words
they would prove what neither says.
"""

from __future__ import annotations

import re

from kb.rag.words import content_stems

_JOINT = re.compile(r";\s+|,?\s+(?:and|but|while|whereas|und|aber|während|sowie)\s+", re.IGNORECASE)
# These say how the things hang together, which no piece says.
_ORDERED = re.compile(
    r"\b(?:then|before|after|afterwards|first|next|finally|until|because|since|so|therefore|if|unless|when|once"
    r"|dann|danach|zuerst|zunächst|bevor|nachdem|anschließend|schließlich|bis|weil|da|deshalb|wenn|falls|sobald)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"(?:not |also |auch )?(?:is|are|was|were|has|have|had|will|must|may|can|cannot|should|do|does|need|needs"
    r"|ist|sind|war|waren|hat|haben|wird|werden|muss|müssen|darf|dürfen|kann|können|soll|sollen)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"(?P<subject>(?:[^\W\d_][\w'-]*\s+){1,5}?)(?=" + _FINITE.pattern + r"|\w+(?:s|t)\b)")
_LEAST_STEMS = 2


def pieces_of(text: str) -> tuple[str, ...]:
    """Two to four sentences, or none where the text does not fall into such."""
    if _ORDERED.search(text):
        return ()
    pieces = [piece.strip() for piece in _JOINT.split(text)]
    if not 2 <= len(pieces) <= 4:
        return ()
    subject = _SUBJECT.match(text)
    whole = [
        f"{subject['subject']}{piece}" if at and subject and _FINITE.match(piece) else piece
        for at, piece in enumerate(pieces)
    ]
    return tuple(whole) if all(len(set(content_stems(piece))) >= _LEAST_STEMS for piece in whole) else ()
