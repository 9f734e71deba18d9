"""The search process: owns the index, embeds queries, answers on loopback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings

from kb.conf import config
from kb.secrets import internal_token
from kb.server_command import ServerCommand

if TYPE_CHECKING:
    import uvicorn

# Longer than any client leaves a connection idle, so that it is the client who closes it.
_KEEP_ALIVE_S = 300
_GRACE_S = 1  # for requests that are being answered when the process is told to stop


class Command(ServerCommand):
    help = "Run the search server: the vector and lexical index of this installation."
    # It comes up without a database, says so, and waits for it.
    requires_system_checks = ()
    default_port = 8010

    def server(self, host: str, port: int) -> tuple[uvicorn.Server, Callable[[], bool]]:
        import uvicorn

        from kb.search.assembly import entailment_of, make_keeper
        from kb.search.server import SearchServer

        logging.getLogger("faiss").setLevel(logging.WARNING)  # it tells of every processor it is not for
        redis_url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
        entailment = entailment_of(config)
        keeper = make_keeper(config, redis_url, entailment)
        server = uvicorn.Server(
            uvicorn.Config(
                SearchServer(keeper, internal_token(), entailment).app(),
                host=host,
                port=port,
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                proxy_headers=False,
                date_header=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        return server, keeper.is_running
