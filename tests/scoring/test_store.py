import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.scoring.store import VERSION, Store
from croze.types import LayerScore, Score

CONTEXT = {"space": "tiny", "seed": 0}
finite = st.floats(allow_nan=False, allow_infinity=False)
scores_of_any_kind = st.builds(
    Score,
    proxy=st.text(max_size=20),
    value=st.none() | finite,
    reason=st.text(max_size=40),
    notes=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    seconds=st.floats(0, 1e6),
)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "run", CONTEXT) as opened:
        yield opened


def test_a_round_trip_of_every_kind(store):
    good = Score("params", 7.0, notes=("a note", "[another]"), seconds=0.25)
    bad = Score("croze-paper(beta=1)", None, reason="Bild fehlt: größer als 3", seconds=1.5)
    store.add("|a~0|", [good, bad])
    assert store.get("|a~0|") == {good.proxy: good, bad.proxy: bad}
    assert [s.seconds for s in store.get("|a~0|").values()] in ([0.25, 1.5], [1.5, 0.25])
    assert store.get("|b~0|") == {}
    assert len(store) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(architecture=st.text(max_size=30), score=scores_of_any_kind)
def test_what_comes_back_is_what_went_in(store, architecture, score):
    known = store.get(architecture)
    store.add(architecture, [score])
    found = store.get(architecture)[score.proxy]
    expected = known.get(score.proxy, score)
    assert found == expected
    assert found.seconds == expected.seconds


def test_layers_are_not_kept(store):
    store.add("a", [Score("croze-paper", 1.0, layers=(LayerScore("stem", {"features": 1.0}),))])
    assert store.get("a") == {"croze-paper": Score("croze-paper", 1.0)}


def test_the_first_score_of_a_kind_stays(store):
    store.add("a", [Score("params", 1.0)])
    store.add("a", [Score("params", 2.0), Score("flops", 3.0)])
    assert store.get("a") == {"params": Score("params", 1.0), "flops": Score("flops", 3.0)}
    assert len(store) == 2


def test_scores_are_counted_by_proxy(tmp_path):
    with Store(tmp_path, {"seed": 1}) as store:
        store.add("a", [Score("params", 1.0)])
    with Store(tmp_path, CONTEXT) as store:
        store.add("a", [Score("params", 1.0), Score("flops", 2.0)])
        store.add("b", [Score("params", None, reason="none")])
        assert (store.count("params"), store.count("flops"), store.count("croze-paper")) == (2, 1, 0)


def test_contexts_do_not_mix_in_one_file(tmp_path):
    for seed in (0, 1):
        with Store(tmp_path, {"seed": seed}) as store:
            assert len(store) == 0
            assert store.get("a") == {}
            store.add("a", [Score("params", float(seed))])
    for seed in (0, 1):
        with Store(tmp_path, {"seed": seed}) as store:
            assert store.get("a") == {"params": Score("params", float(seed))}
            assert len(store) == 1


def test_the_order_of_a_contexts_keys_is_nothing(tmp_path):
    with Store(tmp_path, {"a": 1, "b": 2}) as store:
        store.add("x", [Score("params", 1.0)])
    with Store(tmp_path, {"b": 2, "a": 1}) as store:
        assert len(store) == 1


def test_one_run_a_folder(tmp_path):
    with Store(tmp_path, CONTEXT) as first:
        for context in (CONTEXT, {"other": 1}):
            with pytest.raises(CrozeError, match=r"Another run is using .*name another folder"):
                Store(tmp_path, context)
        first.add("a", [Score("params", 1.0)])
    with Store(tmp_path, CONTEXT) as second:
        assert len(second) == 1


def test_a_folder_is_free_again_after_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="inside"), Store(tmp_path, CONTEXT):
        raise RuntimeError("inside")
    (tmp_path / "scores.sqlite").write_bytes(b"no database at all, but long enough to look like one" * 40)
    for _ in range(2):
        with pytest.raises(CrozeError, match="cannot be used as a store"):
            Store(tmp_path, CONTEXT)
    (tmp_path / "scores.sqlite").unlink()
    Store(tmp_path, CONTEXT).close()


@pytest.mark.parametrize("below", ["", "run", "run/deeper"])
def test_a_file_in_place_of_the_folder(tmp_path, below):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CrozeError, match="Cannot write to"):
        Store(tmp_path / "file" / below, CONTEXT)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root may write to")
def test_a_read_only_folder():
    with pytest.raises(CrozeError, match="Cannot write to /proc/self/run"):
        Store("/proc/self/run", CONTEXT)


def test_a_folder_in_place_of_the_database(tmp_path):
    (tmp_path / "scores.sqlite").mkdir()
    with pytest.raises(CrozeError, match="cannot be used as a store"):
        Store(tmp_path, CONTEXT)


@pytest.mark.parametrize("version", [0, VERSION + 1])
def test_a_store_of_another_version(tmp_path, version):
    connection = sqlite3.connect(tmp_path / "scores.sqlite")
    connection.execute("CREATE TABLE scores (something TEXT)")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()
    with pytest.raises(CrozeError, match=f"version {version}, this croze writes version {VERSION}"):
        Store(tmp_path, CONTEXT)


@pytest.mark.parametrize("left", [0.99, 0.6, 0.3])
def test_a_file_that_lost_its_end(tmp_path, left):
    with Store(tmp_path, CONTEXT) as store:
        for i in range(400):
            store.add(f"architecture {i}", [Score("params", float(i), notes=("x" * 50,))])
    file = tmp_path / "scores.sqlite"
    with file.open("r+b") as opened:
        opened.truncate(int(file.stat().st_size * left))

    def read_all():
        with Store(tmp_path, CONTEXT) as store:
            return len(store), [store.get(f"architecture {i}") for i in range(400)]

    with pytest.raises(CrozeError, match=r"scores\.sqlite"):
        read_all()


def test_a_full_disk_loses_nothing_that_was_there(tmp_path):
    with Store(tmp_path, CONTEXT) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 5}")

        def fill():
            for i in range(1000):
                store.add(f"{i}", [Score("params", float(i), notes=("x" * 500,)), Score("flops", 1.0)])

        with pytest.raises(CrozeError, match=r"Cannot write to .*full.*What is in it is safe"):
            fill()
        kept = len(store) // 2
        assert kept > 5
        assert len(store) == 2 * kept
        assert all(len(store.get(f"{i}")) == 2 for i in range(kept))
        assert store.get(f"{kept}") == {}
    with Store(tmp_path, CONTEXT) as store:
        assert len(store) == 2 * kept
        store.add("more", [Score("params", 1.0)])
        assert store.get("more")


WRITER = """
import sys
from croze.scoring.store import Store
from croze.types import Score

with Store(sys.argv[1], {"space": "tiny", "seed": 0}) as store:
    for i in range(len(store) // 2, 10**9):
        store.add(f"{i}", [Score("params", i / 7), Score("flops", None, reason="none")])
        print(i, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_added(tmp_path):
    printed = -1
    for pause in (0.0, 0.2):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        first = writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        rest = writer.communicate()[0].splitlines()
        numbers = [int(line) for line in (first, *rest)]
        # one more may have been added than was printed, never one less
        assert printed < numbers[0] <= printed + 2
        printed = numbers[-1]
        with Store(tmp_path, CONTEXT) as store:
            assert len(store) in (2 * (printed + 1), 2 * (printed + 2))
            for i in range(printed + 1):
                assert store.get(f"{i}") == {
                    "params": Score("params", i / 7),
                    "flops": Score("flops", None, reason="none"),
                }
    assert printed > 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork at every statement")
def test_a_store_killed_while_it_is_made_opens_again(tmp_path):
    script = textwrap.dedent(
        """
        import os, signal, sqlite3, sys
        from croze.scoring.store import Store

        connect = sqlite3.connect

        def die_at(statement):
            count = 0
            def trace(sql):
                nonlocal count
                count += 1
                if count == statement:
                    os.kill(os.getpid(), signal.SIGKILL)
            def connected(*arguments):
                connection = connect(*arguments)
                connection.set_trace_callback(trace)
                return connection
            sqlite3.connect = connected

        killed = 0
        for statement in range(1, 100):
            folder = f"{sys.argv[1]}/{statement}"
            child = os.fork()
            if child == 0:
                die_at(statement)
                Store(folder, {"a": 1}).close()
                os._exit(0)
            status = os.waitpid(child, 0)[1]
            Store(folder, {"a": 1}).close()
            if not os.WIFSIGNALED(status):
                break
            killed += 1
        print(killed)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert int(done.stdout) >= 8


def test_a_store_may_be_moved(tmp_path):
    with Store(tmp_path / "here", CONTEXT) as store:
        store.add("a", [Score("params", 1.0)])
    shutil.move(tmp_path / "here", tmp_path / "there")
    with Store(tmp_path / "there", CONTEXT) as store:
        assert len(store) == 1


def test_a_column_is_every_score_of_a_proxy(tmp_path):
    with Store(tmp_path, {"a": 1}) as store:
        store.add("x", [Score("p", 1.0, notes=("n",)), Score("q", 7.0)])
        store.add("y", [Score("p", None, "undefined", seconds=0.5)])
        store.add("z", [Score("p", -2.0)])
        column = store.column("p")
        assert column == {name: store.get(name)["p"] for name in ("x", "y", "z")}
        assert column["y"].seconds == 0.5
        assert store.column("r") == {}
