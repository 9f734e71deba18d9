"""Which documents of a collection look alike: MinHash over sequences of five words, in bands.

The figures behind the numbers are in decision 0031.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from django.db.models import Q

from kb.library.likeness_models import NearDuplicate, Sketch, SketchBand
from kb.library.models import Document

PERMUTATIONS, BANDS = 120, 20
# From here on two texts are reported. Of pairs with .8 in common the bands find 99.8%, of those with .7 92%.
ALIKE = 0.7
_SHINGLE_WORDS = 5
_LEAST_SHINGLES = 20  # shorter texts are alike by chance
_MOST_WORDS = 100_000  # of a longer text the beginning says enough
_AT_ONCE = 4000  # sequences hashed at a time: the library makes a matrix of them
_MOST_COMPARED = 200
_WORD = re.compile(r"\w+")


def sketch_of(text: str) -> np.ndarray | None:
    """The MinHash of a text, uint32 [PERMUTATIONS]; None for one that is too short to be compared."""
    # Imported here: only workers need it, and it brings scipy.
    from datasketch import MinHash

    shingles = sorted(_shingles(text))
    if len(shingles) < _LEAST_SHINGLES:
        return None
    made = MinHash(num_perm=PERMUTATIONS)
    for at in range(0, len(shingles), _AT_ONCE):
        made.update_batch(shingles[at : at + _AT_ONCE])
    return np.asarray(made.hashvalues, dtype="<u4")


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The estimated share of five-word sequences that two texts have in common."""
    return float(np.mean(one == other))


def note_likeness(document: Document, sketch: np.ndarray | None) -> None:
    """Keep the sketch and note which ready documents look alike, in the transaction that publishes."""
    Sketch.objects.filter(document=document).delete()
    SketchBand.objects.filter(document=document).delete()
    pairs = NearDuplicate.objects.filter(Q(first=document) | Q(second=document))
    dismissed = {
        (first, second): (at, by)
        for first, second, at, by in pairs.exclude(dismissed_at=None).values_list(
            "first_id", "second_id", "dismissed_at", "dismissed_by_id"
        )
    }
    pairs.delete()
    if sketch is None:
        return
    bands = list(_bands(sketch))
    found = _alike(document, sketch, bands)
    # A document that is only read again has not changed: what was dismissed stays so.
    NearDuplicate.objects.bulk_create(
        NearDuplicate(
            collection_id=document.collection_id,
            first_id=first,
            second_id=second,
            likeness=round(share, 3),
            dismissed_at=at,
            dismissed_by_id=by,
        )
        for (first, second), share in found.items()
        for at, by in [dismissed.get((first, second), (None, None))]
    )
    Sketch.objects.create(document=document, values=sketch.tobytes())
    SketchBand.objects.bulk_create(
        SketchBand(document=document, collection_id=document.collection_id, value=value) for value in bands
    )


def _alike(document: Document, sketch: np.ndarray, bands: Sequence[int]) -> dict[tuple[int, int], float]:
    """By the pair of their ids, the smaller first, how alike others of the collection are."""
    sharing = SketchBand.objects.filter(collection_id=document.collection_id, value__in=bands)
    others = (
        Sketch.objects.filter(
            document__in=sharing.values("document_id"),
            document__superseded_at=None,
            document__deleted_at=None,
        )
        .exclude(document__external_id=document.external_id)
        .order_by("-document_id")
        .values_list("document_id", "values")[:_MOST_COMPARED]
    )
    return {
        (min(document.pk, pk), max(document.pk, pk)): share
        for pk, values in others
        if (share := likeness(sketch, np.frombuffer(bytes(values), "<u4"))) >= ALIKE
    }


def forget_likeness(document_id: int) -> None:
    """Part of removing a deleted document's content."""
    Sketch.objects.filter(document=document_id).delete()
    SketchBand.objects.filter(document=document_id).delete()
    NearDuplicate.objects.filter(Q(first=document_id) | Q(second=document_id)).delete()


def _shingles(text: str) -> set[bytes]:
    words = [match.group() for match in islice(_WORD.finditer(text.casefold()), _MOST_WORDS)]
    return {
        " ".join(words[at : at + _SHINGLE_WORDS]).encode() for at in range(len(words) - _SHINGLE_WORDS + 1)
    }


def _bands(sketch: np.ndarray) -> Iterator[int]:
    for number, part in enumerate(np.split(sketch, BANDS)):
        digest = hashlib.blake2b(bytes([number]) + part.tobytes(), digest_size=8).digest()
        yield int.from_bytes(digest, "little", signed=True)
