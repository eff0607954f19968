"""What was acknowledged is there after kill -9, and a broken machine is told clearly."""

import os
import resource
import sqlite3
import subprocess
import threading
import time

import pytest

import bodies
from api import Api, expect_answer


def fails_to_start(server):
    """Starts a server that must end by itself with an error; what it said."""
    server.spawn()
    code = server.wait()
    assert code not in (0, 99) and code > 0, (code, server.log_text())
    server.check_reports()
    return server.log_text()


def test_kill__loses_nothing_that_was_acknowledged(fresh, contract):
    server, api = fresh
    api.create_namespace("ns")
    for table in range(4):
        api.create_table("ns", bodies.table(f"t{table}"))
    acknowledged, lock = set(), threading.Lock()

    def work(number):
        client = Api(server.port, contract)
        try:
            for turn in range(10000):
                key = f"k{number}_{turn}"
                answer = client.commit("ns", f"t{number % 4}",
                                       [bodies.set_properties(**{key: "x"})], expect=None)
                if answer.status == 200:
                    with lock:
                        acknowledged.add((number % 4, key))
        except OSError:
            pass
        except Exception as problem:  # the killed server's half answer
            assert "IncompleteRead" in repr(problem) or "HTTP" in repr(problem), problem
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    time.sleep(1.5)
    server.kill()
    for one in threads:
        one.join()
    api.close()
    server.start()
    assert len(acknowledged) > 8
    for table in range(4):
        kept = api.load_table("ns", f"t{table}").json()["metadata"]["properties"]
        assert {key for number, key in acknowledged if number == table} <= set(kept)


def test_restart__keeps_everything(fresh):
    server, api = fresh
    api.create_namespace(["a"], {"k": "v"})
    api.create_namespace(["a", "b"])
    table = api.create_table(["a", "b"], bodies.table("t")).json()
    view = api.call("createView", namespace="a", json=bodies.view("v"), expect=200).json()
    api.call("putFunction", warehouse="default", namespace="a", function="f",
             json=bodies.function(), expect=200)
    api.close()
    server.restart()
    assert api.call("loadNamespaceMetadata", namespace="a").json()["properties"] == {"k": "v"}
    assert api.load_table(["a", "b"], "t").json()["metadata"] == table["metadata"]
    assert api.call("loadView", namespace="a", view="v").json() == view
    api.call("loadFunction", namespace="a", function="f", expect=200)


def test_stop__finishes_what_runs(fresh, contract):
    server, api = fresh
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    results = []

    def work(number):
        client = Api(server.port, contract)
        for turn in range(200):
            key = f"k{number}_{turn}"
            try:
                answer = client.commit("ns", "t", [bodies.set_properties(**{key: "x"})],
                                       expect=None)
            except OSError:
                break
            if answer.status == 200:
                results.append(key)
        client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    time.sleep(0.5)
    server.stop()
    for one in threads:
        one.join()
    api.close()
    server.start()
    kept = api.load_table("ns", "t").json()["metadata"]["properties"]
    assert results and set(results) <= set(kept)


def test_second_server__on_one_directory_is_refused(own_server):
    first = own_server()
    second = own_server(is_started=False)
    said = fails_to_start(second)
    assert "another" in said.lower() or "already" in said.lower(), said
    assert first.answers()


def test_taken_port__is_refused_with_a_clear_message(own_server):
    first = own_server()
    second = own_server(data="other", is_started=False)
    second.port = first.port
    assert "Cannot listen" in fails_to_start(second)


def stopped_with_table(own_server, contract):
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    api.close()
    server.stop()
    return server


def test_newer_database__is_refused_and_left_alone(own_server, contract):
    server = stopped_with_table(own_server, contract)
    path = server.data / "firn.db"
    with sqlite3.connect(path) as database:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        database.execute(f"PRAGMA user_version = {version + 1000}")
    said = fails_to_start(server)
    assert "newer" in said, said
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == version + 1000
        database.execute(f"PRAGMA user_version = {version}")
    server.start()


@pytest.mark.parametrize("damage", ["text", "empty-header", "truncated", "foreign"])
def test_corrupt_database__is_refused_with_a_clear_message(own_server, contract, damage):
    server = stopped_with_table(own_server, contract)
    path = server.data / "firn.db"
    for beside in ("firn.db-wal", "firn.db-shm"):
        (server.data / beside).unlink(missing_ok=True)
    content = path.read_bytes()
    if damage == "text":
        path.write_text("this is no database\n" * 1000)
    elif damage == "empty-header":
        path.write_bytes(b"\0" * 4096 + content[4096:])
    elif damage == "truncated":
        path.write_bytes(content[:len(content) // 2])
    else:
        path.unlink()
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE somebody_elses (x)")
            database.execute("PRAGMA user_version = 1")
    said = fails_to_start(server)
    assert "firn.db" in said or "database" in said, said


def test_locked_database__is_waited_for_and_then_named(own_server, contract):
    server = stopped_with_table(own_server, contract)
    holder = sqlite3.connect(server.data / "firn.db", isolation_level=None)
    # Without this a lock in WAL mode keeps only other writers out.
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        said = fails_to_start(server)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert "lock" in said.lower() or "busy" in said.lower(), said
    server.start()


def test_database_locked_while_serving__is_a_definite_failure(fresh):
    server, api = fresh
    api.create_namespace("ns")
    holder = sqlite3.connect(server.data / "firn.db", isolation_level=None, timeout=10)
    holder.execute("BEGIN IMMEDIATE")
    try:
        answer = api.call("createNamespace", json={"namespace": ["late"]})
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert answer.status in (200, 429, 507), answer
    expected = 204 if answer.status == 200 else 404
    api.call("namespaceExists", namespace="late", expect=expected)
    api.create_namespace("after")


def test_missing_directory_rights__are_named(binary, tmp_path):
    if os.geteuid() == 0:
        # Root may write anywhere but where a file stands in the way.
        (tmp_path / "file").write_text("")
        place = tmp_path / "file" / "data"
    else:
        (tmp_path / "closed").mkdir(mode=0o500)
        place = tmp_path / "closed" / "data"
    done = subprocess.run([binary, "serve", "--data", place, "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode > 0 and str(place) in done.stderr + done.stdout


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["--data"], ["--listen", "nonsense"],
                                       ["--threads", "x"], ["--max-body", "many"], ["stray"]])
def test_bad_options__are_named(binary, tmp_path, arguments):
    done = subprocess.run([binary, "serve", "--data", tmp_path / "data", *arguments],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode > 0
    assert arguments[0].lstrip("-") in done.stderr or arguments[-1] in done.stderr, done.stderr


# --- full and read-only disks ---------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MiB, or a skip where nothing may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place],
                          capture_output=True)
    if done.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place):
    """Leaves no byte on the file system."""
    for size in (65536, 4096, 1):
        with open(place / f"filler-{size}", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                continue


def refuse_changes(api):
    """Every change fails for good (507) or is answered truly; reads go on."""
    before = api.load_table("ns", "t").json()
    for _ in range(3):
        answer = api.commit("ns", "t", [bodies.set_properties(a="x" * 2000)], expect=None)
        expect_answer(answer, 507)
        answer = api.create_table("ns", bodies.table("new"), expect=None)
        expect_answer(answer, 507)
    assert api.load_table("ns", "t").json() == before
    api.call("tableExists", namespace="ns", table="new", expect=404)


def test_full_disk__is_507_and_heals(own_server, contract, small_disk):
    server = own_server(data="disk/data")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    fill(small_disk)
    refuse_changes(api)
    for filler in small_disk.glob("filler-*"):
        filler.unlink()
    api.commit("ns", "t", [bodies.set_properties(healed="yes")])
    api.create_table("ns", bodies.table("new"))
    api.close()
    server.restart()
    api.load_table("ns", "new")
    api.close()
    server.stop()


def test_read_only_warehouse__is_507_and_heals(own_server, contract, small_disk):
    server = own_server("--warehouse-location", f"file://{small_disk}/warehouse")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    try:
        refuse_changes(api)
        api.create_namespace("still")
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    api.commit("ns", "t", [bodies.set_properties(healed="yes")])
    api.close()
    server.stop()


def test_read_only_data_directory__is_named_at_the_start(own_server, contract, small_disk):
    server = own_server(data="disk/data")
    server.stop()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    try:
        said = fails_to_start(server)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert "read-only" in said.lower() or "readonly" in said.lower(), said


def test_file_size_limit__is_507_and_nothing_is_lost(own_server, contract):
    """Where no disk can be mounted: files may not grow past 1 MiB."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    server = own_server(preexec=limit)
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    huge = {f"k{number}": "v" * 1000 for number in range(1500)}
    answer = api.commit("ns", "t", [bodies.set_properties(**huge)], expect=None)
    assert answer.status == 507, answer
    kept = api.load_table("ns", "t").json()["metadata"]["properties"]
    assert "k1" not in kept
    api.commit("ns", "t", [bodies.set_properties(a="1")])
    api.close()
