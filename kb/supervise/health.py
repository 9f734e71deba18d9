"""Does a part live? The same probes serve /readyz and the supervisor; none of them needs Django.

Every probe is bounded by its own timeout and answers with a `Health`; none raises.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import httpx
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

PROBE_TIMEOUT_S = 1.0
WORKER_KEYS = "kb:worker:"

# ValueError: an address or an answer that does not parse.
_NO_ANSWER = (httpx.HTTPError, RedisError, OSError, ValueError)


class Status(StrEnum):
    OK = "ok"
    LOADING = "loading"  # it answers and is on its way
    FAILED = "failed"  # it answers and says that it cannot work; a restart would not help
    DOWN = "down"  # no answer, or not the right one
    UNKNOWN = "unknown"  # the way to ask it is itself down


@dataclass(frozen=True)
class Health:
    """The state of a part.

    `detail` is a sentence and `facts` what the part says about itself (device, back end, model): both for
    admins only.
    """

    status: Status
    detail: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


async def probe_server(url: str, token: str, timeout_s: float = PROBE_TIMEOUT_S) -> Health:
    """Ask `GET /health` of one of our own HTTP processes.

    Args:
        url: scheme, host and port, without a path.
    """
    try:
        response = await _get(f"{url}/health", {"Authorization": f"Bearer {token}"}, timeout_s)
        return _reported(response.json())
    except _NO_ANSWER as error:
        return _down(error, timeout_s)


async def fetch_metrics(url: str, token: str, timeout_s: float = PROBE_TIMEOUT_S) -> bytes:
    """`GET /metrics` of one of our own HTTP processes, in Prometheus' text format; empty without an answer.

    Args:
        url: scheme, host and port, without a path.
    """
    try:
        response = await _get(f"{url}/metrics", {"Authorization": f"Bearer {token}"}, timeout_s)
    except _NO_ANSWER:
        return b""
    return response.content if response.is_success else b""


async def probe_site(url: str, *, https: bool, timeout_s: float = PROBE_TIMEOUT_S) -> Health:
    """Ask the site's own /healthz.

    Args:
        https: say that the request came in by HTTPS; without it, an HTTPS site answers with a redirect.
    """
    # A host that is always allowed: the address it listens on need not be one that people use.
    headers = {"Host": "127.0.0.1"} | ({"X-Forwarded-Proto": "https"} if https else {})
    try:
        response = await _get(f"{url}/healthz", headers, timeout_s)
    except _NO_ANSWER as error:
        return _down(error, timeout_s)
    if response.status_code != 200:
        return Health(Status.DOWN, f"It answers with HTTP status {response.status_code}.")
    return Health(Status.OK)


async def probe_endpoint(url: str, api_key: str, timeout_s: float = PROBE_TIMEOUT_S) -> Health:
    """Ask an OpenAI-compatible endpoint that is not ours for its models.

    Some endpoints have no such list: any answer but a refused key or a server error counts as life.

    Args:
        url: the base address, usually ending in /v1.
    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        response = await _get(f"{url.rstrip('/')}/models", headers, timeout_s, outside=True)
    except _NO_ANSWER as error:
        return _down(error, timeout_s)
    if response.status_code in (401, 403):
        return Health(Status.FAILED, "The endpoint refuses KB_LLM_API_KEY.")
    if response.status_code >= 500:
        return Health(Status.DOWN, f"The endpoint answers with HTTP status {response.status_code}.")
    return Health(Status.OK, "An endpoint outside this installation.")


async def probe_redis(url: str, timeout_s: float = PROBE_TIMEOUT_S) -> Health:
    """Ping; `url` in Celery's or redis-py's words."""
    try:
        async with _redis(url, timeout_s) as client:
            await client.ping()
    except _NO_ANSWER as error:
        return _down(error, timeout_s)
    return Health(Status.OK)


async def probe_workers(url: str, timeout_s: float = PROBE_TIMEOUT_S) -> Health:
    """Count the workers that gave a sign of life in the last seconds."""
    try:
        async with _redis(url, timeout_s) as client:
            count = len([key async for key in client.scan_iter(match=f"{WORKER_KEYS}*", count=1000)])
    except _NO_ANSWER:
        return Health(Status.DOWN, "Redis does not answer, so nobody knows.")
    if count == 0:
        return Health(Status.DOWN, "No worker is running.")
    return Health(Status.OK, facts={"count": count})


async def probe_sign_of_life(url: str, key: str, pid: int, timeout_s: float = PROBE_TIMEOUT_S) -> Health:
    """Whether the process `pid` keeps the key alive. UNKNOWN when Redis itself does not answer."""
    try:
        async with _redis(url, timeout_s) as client:
            holder = await client.get(key)
    except _NO_ANSWER as error:
        return Health(Status.UNKNOWN, _down(error, timeout_s).detail)
    if holder == str(pid).encode():
        return Health(Status.OK)
    return Health(Status.DOWN, "It gives no sign of life.")


def redis_url(url: str) -> str:
    """Celery's address in redis-py's words: only the name of a unix socket's scheme differs."""
    return url.replace("redis+socket://", "unix://", 1)


@asynccontextmanager
async def _redis(url: str, timeout_s: float) -> AsyncIterator[redis.asyncio.Redis]:
    # The default tries again for longer than the probe may take.
    once = Retry(NoBackoff(), 0)
    async with asyncio.timeout(timeout_s), redis.asyncio.from_url(redis_url(url), retry=once) as client:
        yield client


async def _get(
    url: str, headers: Mapping[str, str], timeout_s: float, *, outside: bool = False
) -> httpx.Response:
    """GET within the time. Inside, no proxy of the environment may see the traffic."""
    tls = _certificates() if outside else _no_certificates()
    async with asyncio.timeout(timeout_s):
        async with httpx.AsyncClient(verify=tls, trust_env=outside, timeout=timeout_s) as client:
            return await client.get(url, headers=dict(headers))


@functools.cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


@functools.cache
def _no_certificates() -> ssl.SSLContext:
    """Trusts nobody. Our own processes speak plain HTTP, and loading certificates costs more than a probe."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _reported(body: object) -> Health:
    """What a server says about itself."""
    if not isinstance(body, dict) or body.get("status") not in (Status.OK, Status.LOADING, Status.FAILED):
        return Health(Status.DOWN, "Something else answers on its port.")
    facts = {name: value for name, value in body.items() if name not in ("status", "reason")}
    return Health(Status(body["status"]), str(body.get("reason") or ""), facts)


def _down(error: Exception, timeout_s: float) -> Health:
    late = isinstance(error, TimeoutError | httpx.TimeoutException)
    return Health(Status.DOWN, f"No answer within {timeout_s:g} s." if late else "No answer.")
