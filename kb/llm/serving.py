"""The model server under uvicorn."""

from __future__ import annotations

import logging
from types import FrameType

import uvicorn

from kb.llm.server import LLMServer
from kb.llm.station import Station

# Longer than any client leaves a connection idle, so that it is the client who closes it.
_KEEP_ALIVE_S = 300
_GRACE_S = 1  # for readers to be told that the server ends


class _Server(uvicorn.Server):
    """Told to stop, it does not wait for long answers: it breaks them off at once, and says so."""

    def __init__(self, config: uvicorn.Config, station: Station) -> None:
        super().__init__(config)
        self._station = station

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._station.break_off()
        super().handle_exit(sig, frame)


def make_server(station: Station, token: str, host: str, port: int) -> uvicorn.Server:
    """A server whose `run` returns, or raises SystemExit, when a signal ended it."""
    config = uvicorn.Config(
        LLMServer(station, token).app(),
        host=host,
        port=port,
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return _Server(config, station)
