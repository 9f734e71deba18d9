"""Memory that was freed and is still counted as ours."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return free memory to the system.

    After an index of a million chunks was loaded, the GNU C library keeps some 40 MB of what was freed for
    later. Other C libraries have no such function, and most of them no such habit.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
