"""Rendering a model's chat template for the first time, in a process that may be lost.

A model file is foreign. Its template cannot leave the sandbox, but it may never end, or take all memory; and
one that fails for the plainest question would fail for every reader.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys

from kb.exceptions import KBError
from kb.llm.template import ChatTemplate
from kb.llm.types import ChatMessage

# Processor time: a machine that stands still is not the template's fault. And a time for one that hangs.
_TRIAL_S, _WAIT_S = 5, 60.0
_MEMORY_BYTES = 1 << 30
_REFUSED = 3
_LONGEST_REASON = 300
_TOO_LONG = "it takes too long"


def problem_of(source: str, bos: str, eos: str) -> str:
    """What is wrong with a template; empty if nothing is. The arguments are those of `ChatTemplate`."""
    command = [sys.executable, "-m", "kb.llm.template_trial"]
    given = json.dumps([source, bos, eos]).encode()
    try:
        # Nothing of the model file is in the command.
        done = subprocess.run(command, input=given, capture_output=True, timeout=_WAIT_S)  # noqa: S603
    except subprocess.TimeoutExpired:
        return _TOO_LONG
    if done.returncode == -signal.SIGXCPU:
        return _TOO_LONG
    if done.returncode == 0:
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == _REFUSED else "it is too complex"


def _tried(source: str, bos: str, eos: str) -> str:
    try:
        fragments = ChatTemplate(source, bos, eos).render([ChatMessage("user", "Hello")])
    except MemoryError:
        return "it takes too much memory"
    except KBError as error:
        return error.message.rstrip(".")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "" if any(fragment.is_content for fragment in fragments) else "it leaves out what is asked"


def _main() -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the end at the next limit would leave one
    resource.setrlimit(resource.RLIMIT_CPU, (_TRIAL_S, _TRIAL_S + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    problem = _tried(*json.load(sys.stdin))
    sys.stdout.buffer.write(problem[:_LONGEST_REASON].encode("utf-8", "replace"))
    return _REFUSED if problem else 0


if __name__ == "__main__":
    sys.exit(_main())
