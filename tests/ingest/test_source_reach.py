"""Listing and reading real places: a folder, a file system in memory, an S3 server, a web server."""

from __future__ import annotations

import http.server
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from ingest import checks
from ingest.sources import addresses, folder_reach, services
from ingest.sources.addresses import check_address
from ingest.sources.checking import check_place, preview
from ingest.sources.errors import AddressRefusedError, SourceUnreachableError
from ingest.sources.models import Source
from ingest.sources.protocols import PROTOCOLS, Protocol
from ingest.sources.reaching import reach
from ingest.sources.services import SourceFields
from ingest.sources.syncing import sync
from kb.accounts.models import User
from kb.conf import config
from kb.exceptions import InvalidInputError
from kb.library.models import Collection
from tests.ingest.sources import START, counts, later, live, moment

Allow = Callable[..., None]


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Allow:
    """What the operator allows."""

    def call(*, roots: tuple[str, ...] = (), networks: tuple[str, ...] = ()) -> None:
        monkeypatch.setattr(folder_reach, "config", replace(config, source_roots=roots))
        monkeypatch.setattr(addresses, "config", replace(config, source_networks=networks))

    return call


def follow(source: Source, hours: int) -> dict[str, int]:
    Source.objects.filter(pk=source.pk).update(next_run_at=later(hours=hours))
    assert not sync(source.pk, moment(later(hours=hours)))
    return counts(source.runs.latest("pk"))


@pytest.fixture
def folder(tmp_path: Path, allow: Allow) -> Path:
    made = tmp_path / "shared" / "handbook"
    (made / "guides").mkdir(parents=True)
    for number in range(9):
        (made / f"{number}.md").write_text(f"Page {number}")
    (made / "guides" / "vpn.md").write_text("Use the VPN.")
    (made / ".hidden.md").write_text("Hidden")
    allow(roots=(str(tmp_path / "shared"),))
    return made


@pytest.mark.django_db
def test_a_folder_is_followed(folder: Path, collection: Collection, owner: User) -> None:
    source = services.connect_source(owner, collection, SourceFields("IT", "file", str(folder)), START)
    assert follow(source, 0) == {"added": 10}
    before = live(collection)["it/guides/vpn.md"].pk
    (folder / "guides" / "vpn.md").rename(folder / "vpn.md")
    (folder / "1.md").write_text("Page one")
    os.utime(folder / "2.md", (1, 1))  # touched, and the same
    (folder / "3.md").unlink()
    assert follow(source, 1) == {"moved": 1, "changed": 1, "unchanged": 7}
    assert live(collection)["it/vpn.md"].pk == before
    assert follow(source, 48) == {"unchanged": 9, "deleted": 1}


def test_folders_outside_the_roots_and_links_that_leave_are_refused(folder: Path, tmp_path: Path) -> None:
    """Case 9."""
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "in.md").symlink_to(folder / "1.md")
    (tmp_path / "shared" / "away").symlink_to(tmp_path)
    place = reach("file", str(folder), {})
    listed = {one.path for one in place.walk()}
    assert "out.txt" not in listed
    assert {"in.md", "guides/vpn.md"} <= listed
    for path in ("out.txt", "../../secret.txt"):
        with pytest.raises(SourceUnreachableError), place.open(path):
            pass
    outside = (tmp_path, tmp_path / "shared" / "away", tmp_path / "shared" / "..", Path("shared"))
    for location in outside:
        with pytest.raises(InvalidInputError, match="KB_SOURCE_ROOTS"):
            check_place("file", str(location), {})


def test_a_pipe_in_a_folder_keeps_nobody_waiting(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    place = reach("file", str(folder), {})
    assert "pipe" not in {one.path for one in place.walk()}
    with pytest.raises(SourceUnreachableError), place.open("pipe"):
        pass


def test_without_roots_no_folder_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="None is named"):
        check_place("file", str(tmp_path), {})


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """A file system in memory, as if it were a protocol of ours."""
    spec = Protocol("Memory", "", "/", lambda location, given: {})
    monkeypatch.setitem(PROTOCOLS, "memory", spec)
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.mark.django_db
def test_a_file_system_in_memory_is_followed(
    memory: fsspec.AbstractFileSystem, collection: Collection, owner: User
) -> None:
    for number in range(10):
        memory.pipe(f"/wiki/deep/{number}.md", f"Page {number}".encode())
    memory.pipe("/other/x.md", b"Not ours")
    source = services.connect_source(owner, collection, SourceFields("Memo", "memory", "/wiki"), START)
    assert follow(source, 0) == {"added": 10}
    memory.mv("/wiki/deep/1.md", "/wiki/1.md")
    memory.pipe("/wiki/deep/2.md", b"Page II")
    memory.rm("/wiki/deep/3.md")
    assert follow(source, 1) == {"moved": 1, "changed": 1, "unchanged": 7}
    assert follow(source, 48) == {"unchanged": 9, "deleted": 1}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


SECRET = "planted-secret-Wq7"


@pytest.mark.django_db
def test_an_s3_bucket_is_followed_and_its_key_is_told_to_nobody(
    s3: str, allow: Allow, collection: Collection, owner: User, caplog: pytest.LogCaptureFixture
) -> None:
    """Case 23."""
    allow(networks=("127.0.0.0/8",))
    caplog.set_level(logging.DEBUG)
    names = {"aws_access_key_id": "planted-key", "aws_secret_access_key": SECRET}
    bucket = boto3.resource("s3", endpoint_url=s3, region_name="eu-central-1", **names).create_bucket(
        Bucket="handbook", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for number in range(10):
        bucket.put_object(Key=f"docs/{number}.md", Body=f"Page {number}".encode())
    bucket.put_object(Key="other/x.md", Body=b"Not ours")
    caplog.clear()
    options = {"key": "planted-key", "secret": SECRET, "endpoint_url": s3, "region": "eu-central-1"}
    given = SourceFields("Bucket", "s3", "handbook/docs", options)
    seen = preview("s3", "handbook/docs", options, [], ["0.md"])
    assert [one.path for one in seen.files][:2] == ["1.md", "2.md"]
    source = services.connect_source(owner, collection, given, START)
    assert follow(source, 0) == {"added": 10}
    bucket.copy({"Bucket": "handbook", "Key": "docs/1.md"}, "docs/sub/one.md")
    bucket.Object("docs/1.md").delete()
    bucket.Object("docs/3.md").delete()
    bucket.put_object(Key="docs/2.md", Body=b"Page II")
    assert follow(source, 1) == {"moved": 1, "changed": 1, "unchanged": 7}
    assert follow(source, 48) == {"unchanged": 9, "deleted": 1}
    for where in (caplog.text, str(list(Source.objects.values())), str(list(source.runs.values()))):
        assert SECRET not in where
    bucket.objects.all().delete()
    follow(source, 49)
    source.refresh_from_db()
    assert source.question == "empty"


@pytest.mark.django_db
def test_s3_that_cannot_be_listed_says_so_in_words(
    s3: str, allow: Allow, collection: Collection, owner: User
) -> None:
    allow(networks=("127.0.0.0/8",))
    options = {"key": "k", "secret": SECRET, "endpoint_url": "http://127.0.0.1:9"}
    source = services.connect_source(owner, collection, SourceFields("Bucket", "s3", "b", options), START)
    follow(source, 0)
    source.refresh_from_db()
    assert source.question == "unreadable"
    assert source.reason.startswith("The source")
    assert SECRET not in source.reason


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.1.1", "fe80::1%eth0",
     "fd00:ec2::254", "0.0.0.0", "100.64.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1"],
)  # fmt: skip
def test_addresses_inside_are_refused(address: str) -> None:
    """Case 15."""
    with pytest.raises(AddressRefusedError):
        check_address(address)


def test_public_and_allowed_addresses_pass(allow: Allow) -> None:
    check_address("93.184.216.34")
    check_address("2606:2800:220:1::1")
    allow(networks=("10.1.0.0/16",))
    check_address("10.1.2.3")
    check_address("::ffff:10.1.2.3")
    with pytest.raises(AddressRefusedError):
        check_address("10.2.0.1")


@pytest.mark.parametrize(
    ("protocol", "location", "options"),
    [
        ("http", "http://127.0.0.1:8000/", {}),
        ("https", "https://localhost/", {}),
        ("s3", "bucket", {"endpoint_url": "http://169.254.169.254"}),
        ("ftp", "/", {"host": "127.0.0.1"}),
    ],
)
def test_a_place_inside_is_refused_before_it_is_connected(
    protocol: str, location: str, options: dict[str, str]
) -> None:
    """Case 15."""
    with pytest.raises(AddressRefusedError, match="KB_SOURCE_NETWORKS"):
        check_place(protocol, location, options)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    root = tmp_path / "web"
    (root / "files" / "sub").mkdir(parents=True)
    (root / "files" / "a.md").write_text("Page A")
    (root / "files" / "sub" / "b.md").write_text("Page B")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.startswith("/away/"):
                self.send_response(302)
                self.send_header("Location", self.path.replace("/away/", f"http://127.0.0.2:{port}/files/"))
                self.end_headers()
            else:
                super().do_GET()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))
    port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_listing_is_read_and_redirects_inside_are_refused_at_connect_time(
    web: str, allow: Allow
) -> None:
    """Case 15: the name was looked up and allowed; where the connection goes in the end decides."""
    allow(networks=("127.0.0.1/32",))
    place = reach("http", f"{web}/files/", {})
    assert {one.path for one in place.walk()} == {"a.md", "sub/b.md"}
    with place.open("sub/b.md") as stream:
        assert stream.read(100) == b"Page B"
    with pytest.raises(AddressRefusedError):
        list(reach("http", f"{web}/away/", {}).walk())


def test_a_missing_package_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"pip install 'gcsfs'"):
        check_place("gs", "bucket", {})


@pytest.mark.parametrize("options", [{"profile": "default"}, {"token": "/etc/passwd"}])
def test_only_known_options_reach_a_library(options: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="Unknown option"):
        check_place("sftp", "/", {"host": "93.184.216.34", **options})


def test_a_bucket_without_a_key_is_never_read_with_the_servers_own_rights() -> None:
    assert PROTOCOLS["s3"].arguments("bucket", {})["anon"] is True


def test_settings_that_would_fail_later_are_said_at_the_start() -> None:
    wrong = replace(config, source_networks=("10.0.0.0/8", "office"), source_roots=("/srv", "srv"))
    assert [error.id for error in checks.sources(wrong)] == ["kb.E021", "kb.E022"]
    assert list(checks.sources(config)) == []
