"""Fetching from a server on this machine that breaks off, cannot go on, or has something else."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from croze.errors import CrozeError
from croze.truth.catalogue import KnownFile
from croze.truth.sources import fetch

CONTENT = bytes(range(256)) * 3000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    content = CONTENT
    ranges = True
    """Whether it can begin in the middle."""
    stop_after: int | None = None
    """Bytes after which the connection ends."""
    asked: list[str | None]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        type(self).asked.append(wanted)
        if self.path == "/missing":
            self.send_error(404)
            return
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.ranges else 0
        if first >= len(self.content):
            self.send_error(416)
            return
        body = self.content[first:]
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.stop_after])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server():
    handler = type("Mine", (Handler,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        handler.url = f"http://127.0.0.1:{running.server_address[1]}"
        yield handler
        running.shutdown()
        thread.join()


def known(server, size: int | None = len(CONTENT), sha256: str = DIGEST, path: str = "/f") -> KnownFile:
    return KnownFile("sub/f.bin", size, sha256, server.url + path)


def test_a_file_comes_whole_and_is_not_fetched_twice(server, tmp_path):
    seen = []
    path = fetch(known(server), tmp_path / "new", seen.append)
    assert path == tmp_path / "new" / "sub" / "f.bin"
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["f.bin"]
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)
    assert fetch(known(server), tmp_path / "new") == path
    assert server.asked == [None]


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_what_was_broken_off_goes_on(server, tmp_path, size):
    server.stop_after = 300_000
    with pytest.raises(CrozeError, match=r"Cannot fetch .*"):
        fetch(known(server, size), tmp_path)
    (partial,) = (tmp_path / "sub").iterdir()
    assert partial.name == "f.bin.part"
    assert partial.read_bytes() == CONTENT[: partial.stat().st_size] != b""
    first = partial.stat().st_size
    server.stop_after = None
    assert fetch(known(server, size), tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={first}-"]


def test_a_server_that_cannot_go_on_begins_anew(server, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.bin.part").write_bytes(CONTENT[:1000])
    server.ranges = False
    assert fetch(known(server), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("there", [CONTENT, CONTENT + b"more", b"x" * len(CONTENT)])
def test_a_whole_partial_file_is_checked_or_fetched_anew(server, tmp_path, there):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.bin.part").write_bytes(there)
    if there.startswith(b"x"):
        with pytest.raises(
            CrozeError, match=r"is not the file that was published\. The published .*f\.bin has SHA-256"
        ):
            fetch(known(server), tmp_path)
    assert fetch(known(server), tmp_path).read_bytes() == CONTENT


def test_a_partial_file_of_unknown_size_that_is_whole(server, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.bin.part").write_bytes(CONTENT)
    assert fetch(known(server, None), tmp_path).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT)}-", None]


@pytest.mark.parametrize(
    ("size", "digest", "message"),
    [
        (
            len(CONTENT),
            "0" * 64,
            rf"not the file that was published\. .* SHA-256 0{{12}}\.\.\., this one {DIGEST[:12]}",
        ),
        (len(CONTENT) - 1, DIGEST, r"has 767,999 bytes, this one 768,000"),
        (len(CONTENT) + 1, DIGEST, r"it ended after 768,000 of 768,001 bytes"),
    ],
)
def test_another_content_never_gets_the_name(server, tmp_path, size, digest, message):
    with pytest.raises(CrozeError, match=message):
        fetch(known(server, size, digest), tmp_path)
    assert not (tmp_path / "sub" / "f.bin").exists()


def test_a_file_of_the_users_stays(server, tmp_path):
    (tmp_path / "sub").mkdir()
    mine = tmp_path / "sub" / "f.bin"
    mine.write_text("mine")
    with pytest.raises(
        CrozeError,
        match=r"is there already, move it away first\. The published .*f\.bin has 768,000 bytes, this one 4",
    ):
        fetch(known(server), tmp_path)
    assert mine.read_text() == "mine"
    assert server.asked == []


def test_addresses_that_do_not_answer(server, tmp_path):
    with pytest.raises(CrozeError, match=r"Cannot fetch .*/missing: Not Found"):
        fetch(known(server, path="/missing"), tmp_path)
    with pytest.raises(CrozeError, match=r"Cannot fetch http://127\.0\.0\.1:1/f: Connection refused"):
        fetch(KnownFile("f", url="http://127.0.0.1:1/f"), tmp_path)


def test_a_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CrozeError, match=r"Cannot write .*file/sub/f\.bin"):
        fetch(known(server), tmp_path / "file")
