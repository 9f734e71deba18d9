"""A command that is a server of its own: search and the language model."""

from __future__ import annotations

import logging
import os
import signal
import sys
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser

if TYPE_CHECKING:
    import uvicorn


class ServerCommand(BaseCommand):
    """Listens on loopback until it is told to stop; then the process ends, whatever its threads still do."""

    default_port: ClassVar[int]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument(
            "--port", type=int, default=self.default_port, help=f"default {self.default_port}"
        )

    @abstractmethod
    def server(self, host: str, port: int) -> tuple[uvicorn.Server, Callable[[], bool]]:
        """The server, and whether something of it still works when it has ended."""

    def handle(self, *args: Any, **options: Any) -> None:
        # uvicorn handles both signals while it serves, and then raises them again for these.
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
        server, still_works = self.server(options["host"], options["port"])
        status: Any = 0
        try:
            server.run()
        except SystemExit as ended:
            status = ended.code
        if still_works():
            # A thread deep in native code cannot be stopped, only left.
            logging.shutdown()
            os._exit(status if isinstance(status, int) else 1)
        sys.exit(status)


def _end(number: int, frame: object) -> None:
    sys.exit(0)
