"""Which file of a model is loaded: the one given, or a copy from which this processor answers sooner.

The built-in model is copied always: its format is known to be slow. Of any other it is measured, once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from kb.llm.engine.copy_trial import Measured
from kb.llm.engine.faster_copy import DRAFTS, computes_in_bfloat16, faster_copy
from kb.llm.errors import ModelLoadError
from kb.llm.gguf import ModelFacts
from kb.llm.memory import Need
from kb.llm.model_file import ModelFile, check_model_file, copies_of, copy_name

logger = logging.getLogger(__name__)

# Weights with more bits than bfloat16 would lose some; those with as many gain nothing.
_NOT_QUANTISED = ("", "F32", "F16", "BF16")
_WEIGHT_BYTES = 2
_SHARE_OF_MEMORY, _SHARE_OF_DISK = 1 / 2, 1 / 3
_LOOK_S = 0.2
_ROOT = Path(__file__).resolve().parents[3]

Trial = Callable[[Path, Path], Measured]


def file_to_load(
    model: ModelFile, facts: ModelFacts, need: Need, free_bytes: int | None, folder: Path, trial: Trial
) -> Path:
    """The copy where one is sooner for a single reader and there is room for it, or the model's own file.

    Args:
        need: of the model as it is.
        free_bytes: of memory; None where nobody tells.
        folder: where copies are kept, and what was measured.
        trial: makes a copy and measures both.
    """
    if model.is_built_in:
        return faster_copy(model, folder)
    if facts.quantisation in _NOT_QUANTISED or not computes_in_bfloat16():
        return model.path
    size_bytes = _WEIGHT_BYTES * facts.parameters
    grown = replace(need, weights_bytes=size_bytes)
    if free_bytes is None or grown.total_bytes > _SHARE_OF_MEMORY * free_bytes:
        return model.path
    try:
        return _measured_copy(model, size_bytes, folder, trial) or model.path
    except (OSError, ValueError, ModelLoadError) as error:
        logger.warning("Whether a copy of %s would be faster could not be measured: %s", model.path, error)
        return model.path


def forget_copy(copy: Path) -> None:
    """Remove it and what was measured; where it is wanted, the next start does both anew."""
    copy.unlink(missing_ok=True)
    copy.with_suffix(".json").unlink(missing_ok=True)


def run_trial(threads: int, stopping: threading.Event) -> Trial:
    """A trial in a child process, which is ended when the server is to stop."""

    def trial(source: Path, copy: Path) -> Measured:
        logger.info("Measuring once whether %s answers sooner from a copy in bfloat16.", source)
        command = [sys.executable, "-m", "kb.llm.engine.copy_trial", str(source), str(copy), str(threads)]
        with subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=_ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        ) as child:
            while child.poll() is None:
                if stopping.wait(_LOOK_S):
                    child.kill()
            told = child.stdout.read() if child.stdout else ""
        if stopping.is_set():
            raise ModelLoadError("The model server was told to stop.")
        if child.returncode != 0:
            raise ModelLoadError(f"the trial ended with {child.returncode}.")
        return Measured(**json.loads(told))

    return trial


def _measured_copy(model: ModelFile, size_bytes: int, folder: Path, trial: Trial) -> Path | None:
    copy = folder / copy_name(model, _identity(model), "bf16")
    outcome = copy.with_suffix(".json")
    measured = _read(outcome)
    if measured is None or (measured.copy_pays and not copy.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        if size_bytes > _SHARE_OF_DISK * shutil.disk_usage(folder).free:
            logger.info("There is no room in %s for a faster copy of %s.", folder, model.path)
            return None
        for other in copies_of(model, folder):
            if other != copy:
                forget_copy(other)
        measured = trial(model.path, copy)
        _write(outcome, measured)
        logger.info(
            "An ordinary answer takes %.1f s, from the copy %.1f s.", measured.file_s, measured.copy_s
        )
    if not measured.copy_pays:
        copy.unlink(missing_ok=True)
        return None
    check_model_file(ModelFile(copy))
    return copy


def _identity(model: ModelFile) -> str:
    """Another file under the same name is another model."""
    if model.sha256:
        return model.sha256[:12]
    file = model.path.stat()
    facts = (str(model.path.absolute()), file.st_size, file.st_mtime_ns)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _read(outcome: Path) -> Measured | None:
    try:
        return Measured(**json.loads(outcome.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(outcome: Path, measured: Measured) -> None:
    """Whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=DRAFTS, dir=outcome.parent) as folder:
        draft = Path(folder) / outcome.name
        draft.write_text(json.dumps(asdict(measured)), encoding="utf-8")
        draft.replace(outcome)
