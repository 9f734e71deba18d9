"""HTTP connections to an endpoint, kept and reused, one set for each event loop."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import ssl
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit

import httpx

# A loop that ends in an orderly way closes the asynchronous generators that were begun in it, and with them
# the connections here. One that were collected earlier would be closed by a task that may never run.
_lifetimes: dict[asyncio.AbstractEventLoop, list[AsyncGenerator[httpx.AsyncClient]]] = {}


class Connections:
    """May be shared by all threads and event loops of a process.

    An asynchronous client belongs to the loop that opened its connections. There is one for each loop, and
    it is closed when the loop ends.

    Args:
        base_url: of the API, usually ending in /v1.
        timeout_s: for connecting, and for each silence of the server.
    """

    def __init__(self, base_url: str, api_key: str, timeout_s: float) -> None:
        self._base_url = base_url
        self._headers = {"Accept-Encoding": "identity"}
        self._headers |= {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout_s = timeout_s
        self._clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}

    async def client(self) -> httpx.AsyncClient:
        """The running loop's client."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            _forget_closed(self._clients)
            _forget_closed(_lifetimes)
            lifetime = self._lifetime()
            _lifetimes.setdefault(loop, []).append(lifetime)
            self._clients[loop] = await anext(lifetime)
        return self._clients[loop]

    async def _lifetime(self) -> AsyncGenerator[httpx.AsyncClient]:
        inside = _is_loopback(self._base_url)
        async with httpx.AsyncClient(
            base_url=self._base_url,
            headers=self._headers,
            timeout=self._timeout_s,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            # A proxy for the world outside must not see what stays on this machine.
            trust_env=not inside,
            verify=_no_certificates() if inside and self._base_url.startswith("http:") else True,
        ) as client:
            yield client


def _forget_closed(by_loop: dict[asyncio.AbstractEventLoop, Any]) -> None:
    """Another thread may be doing the same."""
    for loop in [loop for loop in tuple(by_loop) if loop.is_closed()]:
        by_loop.pop(loop, None)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@functools.cache
def _no_certificates() -> ssl.SSLContext:
    """Trusts nobody: plain HTTP needs none, and loading them takes longer than a first token may."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
