"""The only place that touches llama.cpp."""

from __future__ import annotations

import os

# llama.cpp's threads meet a thousand times per token, and by default they wait for each other by spinning.
# On a machine that has anything else to do, one thread is then always missing: a prompt that takes two
# seconds was seen to take two hundred. Sleeping costs a few percent at most. Read when the library loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
