"""What is looked at before the server serves: options, variables, the data directory."""

import subprocess

import bodies
import pytest
from api import Api


def refused(binary, tmp_path, *arguments, **more):
    """The words of a server that does not start."""
    done = subprocess.run([binary, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
                           *arguments], capture_output=True, text=True, timeout=30, **more)
    assert done.returncode != 0
    return done.stderr


def test_locations_that_no_store_serves__are_refused(binary, tmp_path):
    for option in ("warehouse-location", "allow-location"):
        text = refused(binary, tmp_path, f"--{option}", "nosuch://bucket/x")
        assert option in text and "nosuch://bucket/x" in text, text
    assert not (tmp_path / "data" / "firn.db").exists()


def test_other_warehouse_location__is_warned_of(own_server, tmp_path):
    place = f"file://{tmp_path}/one"
    first = own_server("--warehouse-location", place)
    assert "does nothing" not in first.log_text()
    first.stop()
    same = own_server("--warehouse-location", place + "/")
    assert "does nothing" not in same.log_text()
    same.stop()
    other = own_server("--warehouse-location", f"file://{tmp_path}/two")
    text = other.log_text()
    assert "--warehouse-location does nothing" in text and place in text, text


def test_unknown_variable__is_warned_of(own_server):
    server = own_server(environment={"FIRN_LISTN": "127.0.0.1:1", "FIRN_PORT": "tcp://10.0.0.1:80"})
    text = server.log_text()
    assert "FIRN_LISTN" in text and "did you mean FIRN_LISTEN?" in text, text
    assert "FIRN_PORT" not in text


def test_short_help__is_help(binary):
    for arguments in (["serve", "-h"], ["-h"]):
        done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and "firn serve" in done.stdout, done


def test_too_many_workers__are_refused_by_name(binary, tmp_path):
    text = refused(binary, tmp_path, "--workers", "1000000")
    assert "workers" in text and "1024" in text, text


def test_emptied_database__is_refused_beside_a_full_warehouse(own_server, binary, tmp_path,
                                                              contract):
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    api.close()
    server.stop()
    for name in ("firn.db", "firn.db-wal"):
        if (tmp_path / "data" / name).exists():
            (tmp_path / "data" / name).write_bytes(b"")
    text = refused(binary, tmp_path)
    assert "is empty" in text and "firn restore" in text and "remove firn.db" in text, text
    assert (tmp_path / "data" / "firn.db").stat().st_size == 0
    (tmp_path / "data" / "firn.db").unlink()
    own_server().stop()


@pytest.mark.parametrize("place", ["warehouse", "elsewhere"])
def test_database_that_is_gone__is_told_of_in_the_log(own_server, tmp_path, contract, place):
    options = () if place == "warehouse" else (
        "--warehouse-location", f"file://{tmp_path}/elsewhere")
    (tmp_path / "data" / "warehouse" / "lost+found").mkdir(parents=True)
    server = own_server(*options)
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    api.close()
    server.stop()
    assert "a new catalog begins" not in server.log_text(), server.log_text()
    for name in ("firn.db", "firn.db-wal", "firn.db-shm"):
        (tmp_path / "data" / name).unlink(missing_ok=True)
    again = own_server(*options)
    again.stop()
    text = again.log_text()
    assert "a new catalog begins beside files" in text and "firn restore" in text, text


@pytest.mark.parametrize("damage", ["gone", "empty"])
def test_log_without_its_database__is_not_thrown_away(own_server, binary, tmp_path, contract,
                                                      damage):
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.close()
    server.kill()
    database, log = tmp_path / "data" / "firn.db", tmp_path / "data" / "firn.db-wal"
    database.rename(tmp_path / "away")
    if damage == "empty":
        database.write_bytes(b"")
    before = log.read_bytes()
    text = refused(binary, tmp_path)
    assert before and "firn.db-wal" in text and "firn restore" in text, text
    assert log.read_bytes() == before
    (tmp_path / "away").rename(database)
    server.start()
    api = Api(server.port, contract)
    api.call("loadNamespaceMetadata", namespace="ns", expect=200)
    api.close()


def test_first_start__that_was_killed_can_be_repeated(own_server, tmp_path):
    (tmp_path / "data" / "warehouse").mkdir(parents=True)
    (tmp_path / "data" / "firn.db").write_bytes(b"")
    own_server().stop()
