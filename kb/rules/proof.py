"""What a person approved and the named sources do not say. It is answered all the same: a person vouches."""

from __future__ import annotations

from kb.library.models import Chunk
from kb.rag.sentences import split_sentences
from kb.rag.support import check_sentence
from kb.rag.types import Passage
from kb.rules.models import VerifiedAnswer
from kb.rules.sources import StandingSource, standing_sources

# These say nothing that a source could prove.
_NO_FACT = ("no_claim", "no_answer")


def unproved_sentences(answer: VerifiedAnswer) -> list[str]:
    """Sentences of the text that no source proves; none where no source is named or one no longer stands."""
    standing = standing_sources(answer)
    if not standing:
        return []
    passages = [_passage(n, source) for n, source in enumerate(standing, start=1)]
    question = str(answer)
    sentences = [answer.text[start:end] for start, end in split_sentences(answer.text)]
    verdicts = [check_sentence(sentence, [], passages, question=question) for sentence in sentences]
    return [
        sentence
        for sentence, verdict in zip(sentences, verdicts, strict=True)
        if not verdict.supported and verdict.reason not in _NO_FACT
    ]


def _passage(n: int, source: StandingSource) -> Passage:
    document = source.document
    chunk = Chunk.objects.filter(pk=source.chunk_id).first()
    return Passage(
        n,
        source.chunk_id,
        document.pk,
        document.title,
        document.version,
        source.text,
        source.start,
        source.end,
        heading_path=tuple(chunk.heading_path) if chunk else (),
        language=document.language,
    )
