"""What can be connected: each protocol's options, which of them are secret, and the package that speaks it.

Only the options named here reach a library. Others would let a manager of one collection read files of this
machine (`key_filename`, `token="/path"`) or borrow its own rights (`profile`, the metadata service).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ingest.sources.addresses import guarded_socket
from kb.exceptions import InvalidInputError

Options = Mapping[str, str]


@dataclass(frozen=True)
class Protocol:
    """How a kind of place is spoken to.

    Attributes:
        package: what `pip install` needs; empty when nothing more is needed.
        options: names of plain options; `secrets` those that are encrypted at rest.
        arguments: makes the library's arguments of the options, secrets included.
        host: finds the host that the library will connect to; None where there is no such thing.
        content_marks: what of its listing is the same for the same content, wherever that is.
        flat: the place lists everything below a prefix at once.
        guarded: our own check stands between every socket of the library and its address.
        on_disk: its location is a folder of this machine.
    """

    label: str
    package: str
    example: str
    arguments: Callable[[str, Options], dict[str, Any]]
    options: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    host: Callable[[str, Options], str | None] = field(default=lambda location, options: None)
    content_marks: tuple[str, ...] = ()
    flat: bool = False
    guarded: bool = False
    on_disk: bool = False


def _named(*names: str) -> Callable[[str, Options], dict[str, Any]]:
    return lambda location, given: {name: given[name] for name in names if given.get(name)}


def _host_of_location(location: str, options: Options) -> str | None:
    return urlsplit(location if "://" in location else f"//{location}").hostname


def _host_option(location: str, options: Options) -> str | None:
    return options.get("host") or None


def _endpoint(location: str, options: Options) -> str | None:
    url = options.get("endpoint_url", "")
    return _host_of_location(url, options) if url else None


def _s3(location: str, given: Options) -> dict[str, Any]:
    made = _named("key", "secret", "token", "endpoint_url")(location, given)
    if region := given.get("region"):
        made["client_kwargs"] = {"region_name": region}
    # Without a key of its own it is nobody: never this machine's own rights.
    made["anon"] = not given.get("key")
    made["config_kwargs"] = {"connector_args": {"socket_factory": guarded_socket}}
    return made


def _gcs(location: str, given: Options) -> dict[str, Any]:
    if not given.get("service_account"):
        return {"token": "anon"}
    try:
        account = json.loads(given["service_account"])
    except ValueError as error:
        raise InvalidInputError("service_account must be the JSON of a service account's key.") from error
    if not isinstance(account, dict) or account.get("type") != "service_account":
        raise InvalidInputError("service_account must be the JSON of a service account's key.")
    return {"token": account}


def _azure(location: str, given: Options) -> dict[str, Any]:
    made = _named("account_name", "account_key", "sas_token")(location, given)
    return {**made, "anon": not (given.get("account_key") or given.get("sas_token"))}


def _sftp(location: str, given: Options) -> dict[str, Any]:
    made = _with_port(_named("host", "username", "password")(location, given), given)
    # Not with the keys that lie on this machine.
    return {**made, "look_for_keys": False, "allow_agent": False, "timeout": 30}


def _ftp(location: str, given: Options) -> dict[str, Any]:
    return {**_with_port(_named("host", "username", "password")(location, given), given), "timeout": 30}


def _smb(location: str, given: Options) -> dict[str, Any]:
    return _with_port(_named("host", "username", "password")(location, given), given)


def _webdav(location: str, given: Options) -> dict[str, Any]:
    made: dict[str, Any] = {"base_url": given.get("base_url", ""), "timeout": 30}
    if given.get("username"):
        made["auth"] = (given["username"], given.get("password", ""))
    return made


def _webdav_host(location: str, given: Options) -> str | None:
    return _host_of_location(given.get("base_url", ""), given)


def _http(location: str, given: Options) -> dict[str, Any]:
    made: dict[str, Any] = {"get_client": _guarded_client, "block_size": 0}
    if given.get("username"):
        pair = f"{given['username']}:{given.get('password', '')}"
        made["headers"] = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return made


async def _guarded_client(**kwargs: Any) -> Any:
    """A session whose every connection, after a redirect too, passes our check of the address."""
    import aiohttp

    connector = aiohttp.TCPConnector(socket_factory=guarded_socket)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
    kwargs.pop("loop", None)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, **kwargs)


def _with_port(made: dict[str, Any], given: Options) -> dict[str, Any]:
    port = given.get("port", "")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise InvalidInputError("port must be a number from 1 to 65535.")
    return {**made, "port": int(port)} if port else made


_LOGIN = ("host", "port", "username")


def _listing(label: str, example: str) -> Protocol:
    return Protocol(
        label, "aiohttp", example, _http, ("username",), ("password",), _host_of_location, guarded=True
    )


PROTOCOLS: dict[str, Protocol] = {
    "file": Protocol("Folder on the server", "", "/srv/handbook", _named(), on_disk=True),
    "s3": Protocol(
        "S3 bucket", "s3fs", "bucket/folder", _s3, ("key", "endpoint_url", "region"), ("secret", "token"),
        host=_endpoint, content_marks=("ETag",), flat=True, guarded=True,
    ),
    "gs": Protocol(
        "Google Cloud Storage", "gcsfs", "bucket/folder", _gcs, (), ("service_account",),
        content_marks=("md5Hash",), flat=True,
    ),
    "abfs": Protocol(
        "Azure Blob Storage", "adlfs", "container/folder", _azure, ("account_name",),
        ("account_key", "sas_token"), flat=True,
    ),
    "sftp": Protocol("SFTP", "paramiko", "/exports/handbook", _sftp, _LOGIN, ("password",), _host_option),
    "webdav": Protocol(
        "WebDAV", "webdav4[fsspec]", "/handbook", _webdav, ("base_url", "username"), ("password",),
        _webdav_host,
    ),
    "https": _listing("HTTPS listing", "https://files.example.com/handbook/"),
    "http": _listing("HTTP listing", "http://files.example.com/handbook/"),
    "git": Protocol("Git repository on the server", "pygit2", "/srv/handbook.git", _named("ref"), ("ref",),
                    content_marks=("hex",), on_disk=True),
    "github": Protocol(
        "GitHub repository", "requests", "docs", _named("org", "repo", "sha", "username", "token"),
        ("org", "repo", "sha", "username"), ("token",), content_marks=("sha",),
    ),
    "ftp": Protocol("FTP", "", "/exports/handbook", _ftp, _LOGIN, ("password",), _host_option),
    "smb": Protocol("Windows share (SMB)", "smbprotocol", "/share/handbook", _smb, _LOGIN, ("password",),
                    _host_option),
}  # fmt: skip


def protocol_named(name: str) -> Protocol:
    """Raises InvalidInputError for one that is not known."""
    try:
        return PROTOCOLS[name]
    except KeyError as error:
        raise InvalidInputError(f"protocol must be one of {', '.join(PROTOCOLS)}.") from error
