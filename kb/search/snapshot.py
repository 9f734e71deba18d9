"""Snapshots of the index: written whole or not at all, checked before they are trusted.

The index is a cache. A snapshot only saves reading every vector from the database again, so in any doubt it
is put aside and the index is built from the database.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.search.engine.errors import VectorStoreError
from kb.search.errors import BadSnapshotError
from kb.search.manifest import MANIFEST, Manifest, list_files, read_manifest, verify_files
from kb.search.tail import Engine, Position

logger = logging.getLogger(__name__)

_KEEP = 2
_DRAFT = ".draft-"


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of one generation, in `root/snapshots/<generation>-<seq>/`.

    Attributes:
        root: the search server's folder; bad snapshots go to `root/quarantine/`.
        model_id: of the configured encoder; a snapshot of another one is bad, as is another dimension.
    """

    root: Path
    generation: int
    model_id: str
    dimension: int

    def write(self, engine: Engine, position: Position) -> Path:
        """Save the engine's state, which reflects exactly the log up to `position`.

        Raises:
            OSError: the disk is full or fails; older snapshots are untouched.
        """
        target = self._folder / f"{self.generation}-{position.seq}"
        if target.exists():
            return target  # the same position is the same state
        self.clear_drafts()
        draft = self._folder / f"{_DRAFT}{target.name}"
        draft.mkdir(parents=True)
        try:
            engine.save(draft)
            self._seal(draft, position, engine.count)
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        _sync(self._folder)
        self._keep_newest()
        return target

    def load_newest(
        self, make_engine: Callable[[], Engine], is_in_log: Callable[[Position], bool]
    ) -> tuple[Engine, Position] | None:
        """The engine of the newest snapshot that can be trusted; None when there is none.

        Args:
            make_engine: gives a new, empty engine for each try.
            is_in_log: whether the event at this position is in the database's log.

        Raises:
            OSError: there is no room to load it into; nothing is put aside for that.
            VectorStoreError: the same for a vector store that cannot be used.
        """
        for folder in self._newest_first():
            try:
                manifest = read_manifest(folder)
                self._check(manifest, is_in_log)
                verify_files(folder, manifest)
                engine = _load(make_engine(), folder, manifest)
            except BadSnapshotError as error:
                self._put_aside(folder, error.message)
            else:
                return engine, Position(manifest.seq, manifest.written_at)
        return None

    def put_all_aside(self, why: str) -> None:
        """From now on there is no snapshot to load."""
        for folder in self._newest_first():
            self._put_aside(folder, why)

    def clear_drafts(self) -> None:
        """Remove what a killed process left half-written of this generation."""
        for draft in self._folder.glob(f"{_DRAFT}{self.generation}-*"):
            shutil.rmtree(draft, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return self.root / "snapshots"

    def _seal(self, draft: Path, position: Position, count: int) -> None:
        """Describe the files, and force them and then the description to the disk."""
        files = list_files(draft)
        for name in files:
            _sync(draft / name)
        for folder in (path for path in draft.rglob("*") if path.is_dir()):
            _sync(folder)
        manifest = Manifest(
            generation=self.generation,
            model_id=self.model_id,
            dimension=self.dimension,
            seq=position.seq,
            written_at=position.written_at,
            count=count,
            files=files,
        )
        (draft / MANIFEST).write_text(manifest.to_json())
        _sync(draft / MANIFEST)
        _sync(draft)

    def _check(self, manifest: Manifest, is_in_log: Callable[[Position], bool]) -> None:
        ours = (self.generation, self.model_id, self.dimension)
        if (manifest.generation, manifest.model_id, manifest.dimension) != ours:
            raise BadSnapshotError("It is of another generation or embedding model.")
        if not is_in_log(Position(manifest.seq, manifest.written_at)):
            raise BadSnapshotError("Its last event is not in the log: this is another or an older database.")

    def _newest_first(self) -> list[Path]:
        found = [(seq, folder) for seq, folder in self._of_generation()]
        return [folder for _, folder in sorted(found, reverse=True)]

    def _of_generation(self) -> Iterator[tuple[int, Path]]:
        for folder in self._folder.glob(f"{self.generation}-*"):
            seq = folder.name.partition("-")[2]
            if seq.isascii() and seq.isdigit():
                yield int(seq), folder

    def _keep_newest(self) -> None:
        for folder in self._newest_first()[_KEEP:]:
            shutil.rmtree(folder, ignore_errors=True)

    def _put_aside(self, folder: Path, why: str) -> None:
        """Move a snapshot out of the way, for a person to look at; only the last few are kept."""
        logger.warning("The snapshot %s is not used: %s", folder.name, why)
        quarantine = self.root / "quarantine"
        quarantine.mkdir(parents=True, exist_ok=True)
        number = 1 + max((_number(path) for path in quarantine.iterdir()), default=0)
        folder.rename(quarantine / f"{number}.{folder.name}")
        for old in sorted(quarantine.iterdir(), key=_number)[:-_KEEP]:
            shutil.rmtree(old, ignore_errors=True)


def forget_generations(root: Path, known: set[int]) -> None:
    """Remove the snapshots, half-written ones too, of generations that are not in the database any more."""
    for folder in (root / "snapshots").glob("*-*"):
        generation = folder.name.removeprefix(_DRAFT).partition("-")[0]
        if generation.isascii() and generation.isdigit() and int(generation) not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _load(engine: Engine, folder: Path, manifest: Manifest) -> Engine:
    try:
        engine.load(folder)
    except (OSError, MemoryError, VectorStoreError):
        raise  # no room on this machine, or no vector store, which says nothing about the snapshot
    except Exception as error:  # whatever the libraries raise for a file they do not like
        raise BadSnapshotError(f"It cannot be loaded: {error}") from error
    if engine.count != manifest.count:
        raise BadSnapshotError(f"It holds {engine.count} chunks and should hold {manifest.count}.")
    return engine


def _number(path: Path) -> int:
    number = path.name.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() else 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
