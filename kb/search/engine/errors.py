"""What can go wrong inside the index."""

from __future__ import annotations

from kb.exceptions import KBError, SearchUnavailableError


class DamagedIndexError(KBError):
    """Saved files that are not an index of this version. Nothing of them was kept."""

    code = "index_damaged"
    default_message = "The saved index is damaged."


class InvalidVectorError(KBError):
    """A vector of another length, or not normalised: it must not be compared with the others.

    Fields: document_id.
    """

    code = "invalid_vector"
    default_message = "A stored vector does not fit the index."


class EncoderDisagreesError(KBError):
    """A fast encoder that does not give the vectors of its reference. It must not be used."""

    code = "encoder_disagrees"
    default_message = "The encoder does not agree with its reference."


class IndexWriteError(KBError):
    """The lexical index could not write, most often because the disk is full.

    Changes since the last commit are undone; what was committed is still searched.
    """

    code = "index_write_failed"
    default_message = "The search index cannot be written. Is the disk full?"


class VectorStoreError(SearchUnavailableError):
    """The program that keeps the vectors cannot be used. It says nothing about what it holds."""

    code = "vector_store_unavailable"
    default_message = "The vector store cannot be used. Try again in a moment."


class VectorStoreDownError(VectorStoreError):
    """It does not answer, or not in time. Asking again may help."""


class VectorsGoneError(VectorStoreError):
    """It answers, and does not know our vectors: the index must be loaded anew."""

    code = "vectors_gone"
    default_message = "The vectors are gone from the vector store. They are written again."


class IndexOutOfStepError(KBError):
    """The two sides of the index hold different chunks. It must be built again."""

    code = "index_out_of_step"
    default_message = "The vector index and the lexical index hold different chunks."
