"""Compiling a grammar for the first time, in a process that may be lost.

A schema that asks for twenty patterns at once is never done, whatever the limits, and rules in a long row end
the process. So this is run as a program of its own. It imports llguidance alone, and starts in a moment.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

# Processor time: a machine that stands still is not the grammar's fault. And a time for one that hangs.
_TRIAL_S, _WAIT_S = 3, 60.0
_MEMORY_BYTES = 1 << 30
_REFUSED = 3
_TOO_LONG = "it takes too long to understand"
_END = 256


def problem_of(form: str, limits: Mapping[str, int]) -> str:
    """What is wrong with a grammar; empty if nothing is."""
    command = [sys.executable, "-I", __file__, json.dumps(dict(limits))]
    try:
        # Nothing of the request is in the command.
        done = subprocess.run(command, input=form.encode(), capture_output=True, timeout=_WAIT_S)  # noqa: S603
    except subprocess.TimeoutExpired:
        return _TOO_LONG
    if done.returncode == -signal.SIGXCPU:
        return _TOO_LONG
    if done.returncode == 0:
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == _REFUSED else "it is too complex"


def error_of(matcher: LLMatcher) -> str:
    """Why nothing may come next; empty where something may."""
    # One that has failed allows the end.
    if not matcher.is_error() and any(matcher.compute_bitmask()) and not matcher.is_error():
        return ""
    lines = matcher.get_error().splitlines() or [""]
    if not lines[0] or "NoExtension" in lines[0]:
        return "it allows nothing that could be written next"
    # Before it, the place in a text that the caller has never seen.
    return lines[0].rpartition("failed to compile JSON schema: ")[2].removesuffix(".")[:300]


class _Bytes:
    """The plainest vocabulary: each byte, and the end."""

    bos_token_id = None
    eos_token_id = _END
    special_token_ids = (_END,)
    tokens = (*(bytes([byte]) for byte in range(_END)), b"\xffend")

    def __call__(self, text: str) -> Sequence[int]:
        return list(text.encode())


def _main() -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the end at the next limit would leave one
    resource.setrlimit(resource.RLIMIT_CPU, (_TRIAL_S, _TRIAL_S + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    limits = LLParserLimits(verbose_errors=False, **json.loads(sys.argv[1]))
    tokenizer = LLTokenizer(TokenizerWrapper(_Bytes()))
    problem = error_of(LLMatcher(tokenizer, sys.stdin.read(), log_level=0, limits=limits))
    sys.stdout.write(problem)
    return _REFUSED if problem else 0


if __name__ == "__main__":
    sys.exit(_main())
