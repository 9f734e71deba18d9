"""How much memory a model needs, and how much there is."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kb.llm.errors import ModelLoadError
from kb.llm.gguf import ModelFacts

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
# An ordinary question with its passages and its answer, and some more.
_TOKENS_PER_SLOT = 1024
# Rows of the largest batch have logits of the whole vocabulary, and some intermediate results.
_BATCH_ROWS = 256
_PROGRAM_BYTES = 200 * 2**20
_ASK_S = 10


@dataclass(frozen=True)
class Need:
    """Bytes: the weights as they are in the file, the KV cache, and what the program itself takes."""

    weights_bytes: int
    cache_bytes: int
    other_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.weights_bytes + self.cache_bytes + self.other_bytes


def cells_for(context_tokens: int, slots: int, cache_tokens: int) -> int:
    """How many tokens the KV cache has room for.

    Args:
        context_tokens: of the longest question with its answer.
        cache_tokens: what was asked for; 0 chooses.
    """
    return max(cache_tokens or max(2 * context_tokens, slots * _TOKENS_PER_SLOT), context_tokens)


def need_of(facts: ModelFacts, context_tokens: int, slots: int, cache_tokens: int) -> Need:
    """About what it takes to run the model with these settings."""
    context = min(context_tokens, facts.trained_context or context_tokens)
    cells = cells_for(context, slots, cache_tokens)
    logits_bytes = 4 * _BATCH_ROWS * facts.vocabulary
    return Need(facts.size_bytes, cells * facts.cell_bytes, _PROGRAM_BYTES + logits_bytes)


def check_memory(path: Path, need: Need, available_bytes: int | None) -> None:
    """Refuse a model that cannot fit before it takes the machine's memory from everybody else (case 43).

    Raises:
        ModelLoadError: with both numbers.
    """
    if available_bytes is not None and need.total_bytes > available_bytes:
        raise ModelLoadError(
            f"{path} needs about {megabytes(need.total_bytes)} of memory, "
            f"{megabytes(need.weights_bytes)} of it for the weights and {megabytes(need.cache_bytes)} for "
            f"the cache; {megabytes(available_bytes)} are free. Take a smaller model, or lower "
            "KB_LLM_CONTEXT, KB_LLM_SLOTS or KB_LLM_CACHE."
        )


def available_bytes(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> int | None:
    """What this process may still take, of the machine or of its container; None where nobody tells."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        machine = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        return _all_of_it()
    try:
        limit, used = (int((cgroup / f"memory.{name}").read_text()) for name in ("max", "current"))
        statistics = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return machine
    # Pages of files are given back when somebody needs them.
    return min(machine, max(limit - used + int(statistics.get("file", 0)), 0))


def gpu_free_bytes() -> int | None:
    """Of the GPU with the most; None without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_S, check=True).stdout  # noqa: S603
        return max(int(line) for line in told.split()) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def _all_of_it() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
