"""The fastest encoder on a CPU that agrees with sentence-transformers."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kb.search.engine.agreement import Agreement, Comparison, stored
from kb.search.engine.encoder import Encoder
from kb.search.engine.encoder_openvino import OpenVINOEncoder, backend_name, bound_to, precisions
from kb.search.engine.errors import EncoderDisagreesError
from kb.search.engine.probe_texts import PASSAGES, QUESTIONS
from kb.search.engine.tokens import load_tokens

logger = logging.getLogger(__name__)

_FORMAT = 2  # of the converted files; a change converts anew
_ROOT = Path(__file__).resolve().parents[3]
_TAIL_CHARS = 2000


def load_cpu_encoder(folder: Path, identity: str, cache_dir: Path) -> Encoder:
    """The first that agrees of OpenVINO in bfloat16, OpenVINO in float32, and the reference itself."""
    target = cache_dir / f"{identity}-ov{_FORMAT}-{_digest_of_texts()}"
    tokens = load_tokens(folder)

    def load(precision: str, comparison: Comparison) -> Encoder:
        try:
            return OpenVINOEncoder(target, identity, tokens, precision, comparison)
        except (OSError, RuntimeError, ValueError) as error:
            raise EncoderDisagreesError(
                f"The converted files in {target} cannot be used: {error}. "
                "Remove them, and they are made again."
            ) from error

    def load_reference(comparison: Comparison) -> Encoder:
        from kb.search.engine.encoder_torch import TorchEncoder

        return TorchEncoder(folder, identity, "cpu", comparison)

    return choose(_measured(folder, identity, target), load, load_reference)


def choose(
    measured: Mapping[str, Agreement],
    load: Callable[[str, Comparison], Encoder],
    load_reference: Callable[[Comparison], Encoder],
) -> Encoder:
    """The encoder of the first precision that agreed when it was measured and still does.

    Args:
        measured: by precision, the fastest first; empty when the model could not be converted.
        load: raises EncoderDisagreesError when what was measured is not true any more.
    """
    refused: list[str] = [] if measured else ["OpenVINO: the model could not be converted; see the log"]
    for precision, agreement in measured.items():
        why = f"it agrees too little with the reference: {agreement}"
        if agreement.holds:
            try:
                return load(precision, Comparison(agreement, tuple(refused)))
            except EncoderDisagreesError as error:
                why = error.message
        refused.append(f"{backend_name(precision)}: {why}")
        logger.warning("%s is not used: %s", backend_name(precision), why)
    logger.warning("The embedding model runs in sentence-transformers, which takes two to four times as long")
    return load_reference(Comparison(None, tuple(refused)))


def _measured(folder: Path, identity: str, target: Path) -> dict[str, Agreement]:
    """By precision, the fastest first; measured in a process of its own unless that was done before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    key = bound_to(identity)
    found = stored(target, key)
    if found is None:
        with _alone(target):
            found = stored(target, key)  # by another process meanwhile
            if found is None:
                _convert_and_measure(folder, identity, target)
                found = stored(target, key)
    return {precision: found[precision] for precision in precisions() if precision in found} if found else {}


def _convert_and_measure(folder: Path, identity: str, target: Path) -> None:
    logger.info("Converting the embedding model for this processor and comparing it (once)")
    command = [sys.executable, "-m", "kb.search.engine.conversion", str(folder.absolute()), identity]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, str(target.absolute())],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        logger.error(
            "The embedding model could not be converted (exit status %d): …%s",
            done.returncode,
            done.stdout[-_TAIL_CHARS:],
        )


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Search server and workers start at the same time; one of them converts, and the others wait."""
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest_of_texts() -> str:
    """Stored reference vectors are of these texts and no others."""
    return hashlib.sha256("\0".join([*PASSAGES, "", *QUESTIONS]).encode()).hexdigest()[:8]
