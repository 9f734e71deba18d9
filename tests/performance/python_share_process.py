"""python -m tests.performance.python_share_process PORT KEY: the model server, telling where its time goes.

For each line of standard input, and once the model is loaded, it prints one line of JSON with seconds of CPU:
of the whole process, and of its Python threads outside of llama.cpp's evaluation.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_KEY, _FOLDER = "KB_LLM_API_KEY", "KB_DATA_DIR"


class NativeTime:
    """CPU that calling threads spend in native functions; llama.cpp's own threads are none of Python's."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started_s = time.thread_time()
            try:
                return function(*arguments)
            finally:
                self.seconds += time.thread_time() - started_s

        return timed


def _python_threads_s() -> float:
    """CPU of every thread that Python knows."""
    ids = [thread.native_id for thread in threading.enumerate() if thread.native_id]
    nanoseconds = [int(Path(f"/proc/self/task/{each}/schedstat").read_text().split()[0]) for each in ids]
    return sum(nanoseconds) / 1e9


def _tell(native_time: NativeTime, url: str) -> None:
    _wait_for_model(url)
    for _ in sys.stdin:
        told = {"all_s": time.process_time(), "python_s": _python_threads_s() - native_time.seconds}
        print(json.dumps(told), flush=True)  # noqa: T201


def _wait_for_model(url: str) -> None:
    import httpx

    headers = {"Authorization": f"Bearer {os.environ[_KEY]}"}
    while True:
        try:
            if httpx.get(f"{url}/health", headers=headers, trust_env=False).json()["status"] == "ok":
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)


def main(port: str, key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {_KEY: key, _FOLDER: folder, "DJANGO_SETTINGS_MODULE": "kb.settings"}
        import django
        from django.core.management import call_command

        django.setup()
        from llama_cpp import llama_cpp as native

        native_time = NativeTime()
        for name in ("llama_decode", "llama_synchronize"):
            setattr(native, name, native_time.around(getattr(native, name)))
        url = f"http://127.0.0.1:{port}"
        threading.Thread(target=_tell, args=(native_time, url), daemon=True).start()
        call_command("llm_server", port=int(port))


if __name__ == "__main__":
    main(*sys.argv[1:3])
