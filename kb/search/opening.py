"""From a generation in the database to an index that can be searched and followed."""

from __future__ import annotations

import functools
import logging
import shutil
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Generic, Protocol, TypeVar

from kb.search.engine.agreement import Comparison
from kb.search.generations import check_model, mismatch, serving, serving_generation
from kb.search.live_folder import new_live_folder
from kb.search.models import IndexGeneration
from kb.search.snapshot import Snapshots, forget_generations
from kb.search.tail import Engine, Tailer, close_connection, is_in_log, rebuild

logger = logging.getLogger(__name__)


class LoadedEncoder(Protocol):
    """What is said about the encoder in `/health`, and checked against the stored vectors."""

    model_id: str
    dimension: int
    device: str
    backend: str
    comparison: Comparison


E = TypeVar("E", bound=LoadedEncoder)


@dataclass(frozen=True)
class Opened(Generic[E]):
    """The index of one generation with the encoder that made its vectors: the two are never parted.

    Attributes:
        changes: how much is in the index that is in no snapshot.
        note: what the admin should know about it; empty when nothing.
    """

    encoder: E
    snapshots: Snapshots
    tailer: Tailer
    changes: int
    note: str


class IndexOpener(Generic[E]):
    """Opens the index of the generation that serves.

    Args:
        folder: the search server's part of the data folder.
        model: what KB_EMBEDDING_MODEL names, as `named_model` gives it.
        load_encoder: takes seconds; the encoder of the generation, or for None what a new installation
            starts with.
        make_engine: an empty engine that works in the given empty folder.
    """

    def __init__(
        self,
        folder: Path,
        model: str,
        load_encoder: Callable[[IndexGeneration | None], E],
        make_engine: Callable[[E, Path], Engine],
    ) -> None:
        self.folder = folder
        self._model = model
        self._load_encoder = load_encoder
        self._make_engine = make_engine

    def open(self, known: E | None, stop: Event, *, distrust: bool = False) -> Opened[E]:
        """An index in step with the log, from the newest good snapshot, else from the database.

        Args:
            known: an encoder that is loaded already; used if it is the right one.
            stop: ends it early, with an index that is behind.
            distrust: put the snapshots aside first.

        Raises:
            ConfigurationError: the model is not there, or is another one than made the vectors.
        """
        generation, encoder = self._generation(known)
        forget_generations(self.folder, set(IndexGeneration.objects.values_list("pk", flat=True)))
        snapshots = Snapshots(self.folder, generation.pk, generation.model_id, generation.dimension)
        snapshots.clear_drafts()
        if distrust:
            snapshots.put_all_aside("It was ordered to build the index again.")
        make = functools.partial(self._new_engine, encoder)
        tailer, built = _load_or_build(generation, snapshots, make)
        changes = built + tailer.catch_up(stop)
        return Opened(encoder, snapshots, tailer, changes, mismatch(self._model, generation))

    def _generation(self, known: E | None) -> tuple[IndexGeneration, E]:
        generation = serving()
        if known is not None and (generation is None or known.model_id == generation.model_id):
            encoder = known
        else:
            encoder = self._load_encoder(generation)
        close_connection()
        if generation is None:
            generation = serving_generation(encoder.model_id, encoder.dimension, self._model)
        check_model(generation, encoder.model_id, encoder.dimension)
        return generation, encoder

    def _new_engine(self, encoder: E) -> Engine:
        folder = new_live_folder(self.folder)
        engine = self._make_engine(encoder, folder)
        # Whoever still searches an engine that was replaced keeps its files.
        weakref.finalize(engine, shutil.rmtree, folder, ignore_errors=True)
        return engine


def _load_or_build(
    generation: IndexGeneration, snapshots: Snapshots, make_engine: Callable[[], Engine]
) -> tuple[Tailer, int]:
    """An engine at some position of the log, and how many chunks in it are in no snapshot."""
    loaded = snapshots.load_newest(make_engine, functools.partial(is_in_log, generation.pk))
    if loaded is not None:
        return Tailer(loaded[0], generation.pk, loaded[1]), 0
    engine = make_engine()
    position = rebuild(engine, generation.pk)
    logger.info("Built the index from the database: %d chunks", engine.count)
    return Tailer(engine, generation.pk, position), engine.count
