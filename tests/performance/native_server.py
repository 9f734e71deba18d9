"""Eight readers at our model server, over the same at llama.cpp's own server out of the package xllamacpp.

The wheel of xllamacpp is built for any processor of the last ten years. Where ours is built for more, ours is
measured with a second build that uses the same instructions as the wheel; it is made at the first run.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from kb.conf import config
from kb.llm.cores import usable_cores
from kb.llm.model_file import find_model
from tests.llm.native import NativeServer
from tests.performance.readers import ModelServer, client_of, model_server, rate, read
from tests.performance.result import CannotRunError, Result, compared

_ROUNDS = 5
_READERS = 8
_ANSWER_TOKENS = 64
_BUILD_S = 3600
_BUILDS = Path("var") / "bench"
# As llama.cpp's build calls what it also tells about itself, as far as wheels for any x86-64 use it.
_FLAGS = {"AVX": "AVX", "AVX2": "AVX2", "FMA": "FMA", "F16C": "F16C", "BMI2": "BMI2"}
_TELL = "from llama_cpp import llama_cpp as n; print(n.llama_print_system_info().decode())"


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise CannotRunError("The package xllamacpp is not installed.")
    theirs = NativeServer.instructions()
    library = _library_with(theirs)
    settings = {"LLAMA_CPP_LIB_PATH": str(library)} if library else {}
    with (
        # What the two builds load may differ.
        tempfile.TemporaryDirectory() as folder,
        model_server(Path(folder), **settings) as server,
        NativeServer(_model_of(server), usable_cores(), config.llm_slots, _cells(server)) as native,
    ):
        return [asyncio.run(_measure(server.url, native.url, theirs))]


async def _measure(url: str, native_url: str, instructions: frozenset[str]) -> Result:
    ours: list[float] = []
    theirs: list[float] = []
    for at in range(_ROUNDS + 1):
        rates = [await _together(side, at) for side in (url, native_url)]
        if at:  # the first round warms both up
            ours.append(rates[0])
            theirs.append(rates[1])
    unit = f"tokens/s of {_READERS} answers at once, both with {' '.join(sorted(instructions))}"
    return compared("llm_8_over_native_server", ">= 0.95", unit, ours, theirs)


async def _together(url: str, round_: int) -> float:
    """No round asks what an earlier one has asked."""
    questions = [
        f"Write a long story about day {day} of the year {2000 + round_}." for day in range(_READERS)
    ]
    async with client_of(url) as client:
        return rate(await asyncio.gather(*(read(client, text, _ANSWER_TOKENS) for text in questions)))


def _model_of(server: ModelServer) -> Path:
    """The file that our server has loaded: the copy that it made, or the model itself."""
    return next((server.data_dir / "models").glob("*.gguf"), find_model(config.llm_model).path)


def _cells(server: ModelServer) -> int:
    context = int(server.until_ready()["context_tokens"])
    return max(2 * context, 1024 * config.llm_slots)


def _library_with(wanted: frozenset[str]) -> Path | None:
    """llama.cpp built with these instructions; None where the one that we have is.

    Raises:
        CannotRunError: it cannot be built.
    """
    if _instructions(None) == wanted:
        return None
    version = metadata.version("llama-cpp-python")
    folder = (_BUILDS / f"llama-cpp-{version}-{'-'.join(sorted(wanted & set(_FLAGS)))}").absolute()
    library = folder / "llama_cpp" / "lib"
    if not library.is_dir():
        _build(version, folder, wanted)
    if (found := _instructions(library)) != wanted:
        raise CannotRunError(f"Ours is built with {sorted(found)}, xllamacpp's with {sorted(wanted)}.")
    return library


def _build(version: str, folder: Path, wanted: frozenset[str]) -> None:
    print("Building llama.cpp with the instructions of xllamacpp, once: some minutes …", flush=True)  # noqa: T201
    switches = [f"-DGGML_{flag}={'ON' if name in wanted else 'OFF'}" for name, flag in _FLAGS.items()]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--no-binary", "llama-cpp-python", "--target", str(folder), f"llama-cpp-python=={version}"]
    environment = {**os.environ, "CMAKE_ARGS": " ".join(["-DGGML_NATIVE=OFF", *switches])}
    try:
        subprocess.run(command, env=environment, check=True, timeout=_BUILD_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise CannotRunError(
            f"llama.cpp could not be built with xllamacpp's instructions: {error}"
        ) from error


def _instructions(library: Path | None) -> frozenset[str]:
    environment = {**os.environ, **({"LLAMA_CPP_LIB_PATH": str(library)} if library else {})}
    told = subprocess.run(
        [sys.executable, "-c", _TELL], env=environment, check=True, capture_output=True, text=True
    )
    return NativeServer.parsed(told.stdout)
