"""What can go wrong between the index and the database it is derived from."""

from __future__ import annotations

from kb.exceptions import ConfigurationError, KBError, SearchUnavailableError


class LogRewoundError(KBError):
    """The event applied last is not in the log any more: the database is an older one than before.

    Whatever the index holds may describe documents that never existed in this database, so it must be
    built again before it answers.
    """

    code = "log_rewound"
    default_message = "The database is not the one this index was built from."


class BadSnapshotError(KBError):
    """A snapshot that must not be loaded. The message says what does not match."""

    code = "bad_snapshot"
    default_message = "The snapshot is damaged."


class RebuildOrderedError(KBError):
    """An admin found that the index is wrong in a way that no event of the log can mend."""

    code = "rebuild_ordered"
    default_message = "The index was ordered to be built again."


class GenerationSwitchedError(KBError):
    """Another generation serves now, and its index is ready to take over."""

    code = "generation_switched"
    default_message = "Another generation serves now."


class OtherModelServesError(ConfigurationError):
    """Vectors of one embedding model were about to be mixed with another one's."""

    code = "other_model_serves"
    default_message = "Another embedding model serves."


class IndexBehindError(KBError):
    """The index does not follow the log, so it cannot be compared with the database."""

    code = "index_behind"
    default_message = "The index does not follow the database. Is the search server running and healthy?"


class IndexLoadingError(SearchUnavailableError):
    code = "loading"
    default_message = "The search server is starting. Try again in a moment."
