import hashlib
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from croze.truth import catalogue
from croze.truth.catalogue import CATALOGUE, KnownFile

CONTENT = b"measured\n"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The name of a source whose one file a server on this machine has."""
    served = tmp_path / "served"
    served.mkdir()
    (served / "f.json").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=served)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/f.json"
        file = KnownFile("f.json", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), url)
        entry = replace(CATALOGUE["nas-bench-301"], name="here", files=(file,))
        monkeypatch.setattr("croze.truth.lookup.CATALOGUE", {"here": entry})
        monkeypatch.setattr(catalogue, "CATALOGUE", {"here": entry})
        monkeypatch.setattr("croze.truth.sources.CATALOGUE", {"here": entry})
        yield "here"
        server.shutdown()
        thread.join()


def test_a_source_is_explained_and_fetched(croze, source, tmp_path):
    outcome = croze("data", "get", source, "--json", "-")
    assert outcome.code == 0
    assert (tmp_path / "data" / "here" / "f.json").read_bytes() == CONTENT
    assert outcome.json["files"] == {"f.json": "as published"}
    for text in (
        "Apache-2.0",
        "https://github.com/automl/NASLib",
        "All known files of here are in data/here.",
    ):
        assert text in outcome.err
    again = croze("data", "get", source)
    assert again.code == 0
    assert "as published" in again.out


def test_a_dry_run_fetches_nothing(croze, source, tmp_path):
    outcome = croze("data", "get", source, "--to", "there", "--dry-run")
    assert outcome.code == 0
    assert "missing" in outcome.out
    assert not (tmp_path / "there").exists()


def test_another_content_is_refused(croze, source, tmp_path):
    (tmp_path / "served" / "f.json").write_bytes(b"measures\n")
    outcome = croze("data", "get", source, "--to", "there", "--json", "-")
    assert outcome.code == 1
    assert "is not the file that was published. The published f.json has SHA-256" in outcome.err
    assert outcome.json["files"] == {"f.json": "missing"}
    assert len(outcome.json["problems"]) == 1


def test_a_file_of_the_users_that_differs_is_named_and_stays(croze, source, tmp_path):
    (tmp_path / "f.json").write_bytes(b"mine")
    outcome = croze("data", "get", source, "--to", ".")
    assert outcome.code == 1
    assert "The published f.json has 9 bytes, this one 4." in outcome.out
    assert (tmp_path / "f.json").read_bytes() == b"mine"


def test_without_network_it_says_what_to_do_by_hand(croze, source, monkeypatch):
    def unreachable(*arguments, **options):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    outcome = croze("data", "get", source)
    assert outcome.code == 1
    assert "Network is unreachable" in outcome.out
    assert "put them into data/here, and run this command again to check them" in outcome.out


def test_without_a_direct_address_it_says_what_to_do_by_hand(croze):
    outcome = croze("data", "get", "nats-bench")
    assert outcome.code == 1
    assert "NATS-tss-v1_0-3ffb9-simple.tar" in outcome.out
    assert "nats-bench has no direct address" in outcome.out


def test_what_was_put_there_by_hand_is_checked(croze, shared_data):
    outcome = croze("data", "get", "robust-nb201", "--to", shared_data / "robust_nb201", "--json", "-")
    assert outcome.code == 0
    assert set(outcome.json["files"].values()) == {"as published"}


def test_an_unknown_source_is_one_sentence(refused):
    assert "Unknown source 'nothing': expected one of nasbench201" in refused("data", "get", "nothing")
    assert "--to takes the name of a folder" in refused("data", "get", "nats-bench", "--to", " ")
