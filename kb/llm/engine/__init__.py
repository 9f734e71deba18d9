"""The only place that touches llama.cpp."""

from __future__ import annotations

import os

# llama.cpp's threads meet some hundred times per token, and OpenMP lets the first one spin until the last
# one comes. Where anything else wants a processor, the last one is not running, and the one that spins keeps
# it from running: with two busy programs beside it, a prompt of 2 s took 200 s. A short spin, then sleep:
# as fast on an idle machine, and a token that takes 7 ms there takes 50 ms at worst instead of 2 s. Never
# spinning (OMP_WAIT_POLICY=passive) costs 5 ms per token. Read once, when the library is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "300")
