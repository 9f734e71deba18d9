"""The state of every part of the site, as the web process sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from django.conf import settings
from django.db import Error, connection

from kb.conf import config
from kb.secrets import internal_token
from kb.supervise.health import (
    PROBE_TIMEOUT_S,
    Health,
    Status,
    fetch_metrics,
    probe_endpoint,
    probe_redis,
    probe_server,
    probe_workers,
)

PARTS = ("database", "redis", "search", "llm", "workers")

# One thread of its own: a database that hangs must neither fill the pool that everything else uses nor
# hold up the request's own thread, for which Django would wait.
_database_thread = ThreadPoolExecutor(1, thread_name_prefix="readyz-database")
_asked: Future[None] | None = None


async def probe_parts() -> Mapping[str, Health]:
    """Ask all parts at once; bounded by `PROBE_TIMEOUT_S`."""
    broker_url = settings.CELERY_BROKER_URL
    states = await asyncio.gather(
        _probe_database(), probe_redis(broker_url), _probe_search(), _probe_llm(), probe_workers(broker_url)
    )
    return dict(zip(PARTS, states, strict=True))


async def _probe_search() -> Health:
    if not config.search_urls:
        return Health(Status.DOWN, "No address: KB_SEARCH_URL is not set and `manage.py up` is not running.")
    token = internal_token()
    states = await asyncio.gather(*(probe_server(url.rstrip("/"), token) for url in config.search_urls))
    # Any one of them answers every search.
    return next((state for state in states if state.status == Status.OK), states[0])


async def llm_metrics() -> bytes:
    """Figures of the model server for Prometheus; empty where it is not ours or does not answer."""
    if not config.llm_url or config.llm_api_key != internal_token():
        return b""
    return await fetch_metrics(_llm_root(), config.llm_api_key)


async def _probe_llm() -> Health:
    if not config.llm_url:
        return Health(Status.DOWN, "No address: KB_LLM_URL is not set and `manage.py up` is not running.")
    if config.llm_api_key == internal_token():  # ours, wherever it runs
        return await probe_server(_llm_root(), config.llm_api_key)
    return await probe_endpoint(config.llm_url, config.llm_api_key)


def _llm_root() -> str:
    return config.llm_url.rstrip("/").removesuffix("/v1")


async def _probe_database() -> Health:
    global _asked
    if _asked is not None and not _asked.done():
        return Health(Status.DOWN, "It still does not answer an earlier probe.")
    _asked = _database_thread.submit(_ask_database)
    try:
        await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(_asked)), PROBE_TIMEOUT_S)
    except TimeoutError:
        return Health(Status.DOWN, f"No answer within {PROBE_TIMEOUT_S:g} s.")
    except Error as error:
        return Health(Status.DOWN, f"{type(error).__name__}: {error}")
    return Health(Status.OK, facts={"backend": connection.vendor})


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
