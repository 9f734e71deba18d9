"""python -m tests.llm.native_server MODEL THREADS SLOTS CELLS: llama.cpp's own server, out of xllamacpp.

Prints one line of JSON with its address, and serves until its standard input ends.
"""

from __future__ import annotations

import json
import sys


def main(model: str, threads: int, slots: int, cells: int) -> None:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.n_ctx = cells
    parameters.n_parallel = slots
    # All of the cache for whoever needs it, as our server has it.
    parameters.kv_unified = True
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.n_gpu_layers = 0
    parameters.fit_params = False
    parameters.port = 0
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    print(json.dumps({"url": server.listening_address}), flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
