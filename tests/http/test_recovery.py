"""firn fsck, firn backup and firn restore, beside real servers."""

import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

import bodies
from api import Api

COMMAND_TIMEOUT_S = 60


def path_of(location):
    return Path(location.removeprefix("file://"))


@pytest.fixture
def firn(binary):
    """Runs a command of the program: firn(code, *arguments) gives what it printed."""
    def run(code, *arguments, environment=None):
        done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True,
                              timeout=COMMAND_TIMEOUT_S,
                              env=dict(os.environ, **(environment or {})))
        assert done.returncode == code or code is None and done.returncode in (0, 1), done
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done.stdout or done.stderr
    return run


@pytest.fixture
def fsck(firn):
    """The findings as objects; the exit code must fit them."""
    def run(server, *arguments, found=False):
        code = {True: 1, False: 0}.get(found)  # None: either
        text = firn(code, "fsck", "--data", server.data, "--json", *arguments)
        lines = [json.loads(line) for line in text.splitlines()]
        assert lines[-1]["findings"] == len(lines) - 1, lines
        return lines[:-1]
    return run


@pytest.fixture
def worked(fresh):
    """A server with a past: (server, api). Tables t and u, a view, a function, a dropped table."""
    server, api = fresh
    api.create_namespace("db")
    for name in ("t", "u", "dropped"):
        api.create_table("db", bodies.table(name))
        api.commit("db", name, [bodies.set_properties(a="1")])
    api.call("createView", namespace="db", json=bodies.view("v"), expect=200)
    api.call("dropTable", namespace="db", table="dropped", expect=204)
    return server, api


def location_of(api, table):
    return api.load_table("db", table).json()["metadata-location"]


# --- fsck ---


def test_fsck__is_clean_after_a_run(worked, fsck):
    server, api = worked
    assert fsck(server) == []  # beside the server
    assert fsck(server, "--deep") == []
    api.close()
    server.stop()
    assert fsck(server) == []
    server.start()


def test_fsck__changes_nothing_and_needs_no_server(worked, fsck):
    server, api = worked
    api.close()
    server.kill()  # what was committed is in the log
    before = {name: (server.data / name).read_bytes() for name in ("firn.db", "firn.db-wal")}
    assert fsck(server, "--deep") == []
    assert before == {name: (server.data / name).read_bytes() for name in before}


def test_fsck__takes_metadata_that_fell_out_of_the_log_for_no_orphan(fresh, fsck):
    server, api = fresh
    api.create_namespace("db")
    api.create_table("db", bodies.table("t"))
    limit = {"write.metadata.previous-versions-max": "2"}
    for number in range(6):
        api.commit("db", "t", [bodies.set_properties(n=str(number), **limit)])
    directory = path_of(location_of(api, "t")).parent
    assert len(list(directory.glob("*.metadata.json"))) == 7
    assert fsck(server) == []


def test_fsck__takes_a_dropped_tables_files_for_no_orphans(worked, fsck):
    """A table of the same name lies in the same place."""
    server, api = worked
    api.create_table("db", bodies.table("dropped"))
    assert fsck(server) == []


def test_fsck__finds_a_metadata_file_that_is_gone(worked, fsck):
    server, api = worked
    location = location_of(api, "t")
    path_of(location).unlink()
    found = fsck(server, found=True)
    assert [(one["finding"], one["file"], one["name"]) for one in found] == [
        ("metadata-missing", location, "t")]


@pytest.mark.parametrize("damage", ["gone", "torn"])
def test_fsck__knows_files_whose_bytes_the_database_carries(worked, firn, fsck, contract, damage):
    """As after a power cut between a commit and the sync of its file."""
    server, api = worked
    view = api.call("loadView", namespace="db", view="v", expect=200).json()
    before = api.load_table("db", "t").json()
    api.close()
    server.stop()
    with sqlite3.connect(server.data / "firn.db") as database:
        for location in (before["metadata-location"], view["metadata-location"]):
            place = path_of(location)
            database.execute("INSERT INTO pending_files (location, bytes) VALUES (?, ?)",
                             (location, place.read_bytes()))
            place.unlink() if damage == "gone" else place.write_bytes(b'{"format-ver')
    assert fsck(server) == []
    assert '"carried":2' in firn(0, "fsck", "--data", server.data, "--json")
    assert "2 metadata files were lost or torn" in firn(0, "fsck", "--data", server.data)
    server.start()
    api = Api(server.port, contract)
    assert api.load_table("db", "t").json() == before
    assert fsck(server) == []
    assert '"carried":0' in firn(0, "fsck", "--data", server.data, "--json")
    api.close()


def test_fsck__finds_metadata_that_cannot_be_read(worked, fsck):
    server, api = worked
    location = location_of(api, "t")
    path_of(location).write_text('{"format-version": 2, "ta')
    assert [one["finding"] for one in fsck(server, found=True)] == ["metadata-broken"]


def test_fsck__finds_the_metadata_of_another_table(worked, fsck):
    server, api = worked
    mine, other = location_of(api, "t"), location_of(api, "u")
    shutil.copy(path_of(other), path_of(mine))
    assert sorted(one["finding"] for one in fsck(server, found=True)) == [
        "wrong-location", "wrong-uuid"]


def test_fsck__checks_views_and_functions(worked, fsck):
    server, api = worked
    view = api.call("loadView", namespace="db", view="v", expect=200).json()
    path_of(view["metadata-location"]).unlink()
    found = fsck(server, found=True)
    assert [(one["finding"], one["kind"], one["name"]) for one in found] == [
        ("metadata-missing", "view", "v")]


def make_orphan(api):
    """A whole file, and one that a crash has cut."""
    source = path_of(location_of(api, "t"))
    whole = source.with_name(f"00009-{uuid.uuid4()}.metadata.json")
    torn = source.with_name(f"00010-{uuid.uuid4()}.metadata.json")
    shutil.copy(source, whole)
    torn.write_text("{")
    return sorted([whole, torn])


def test_fsck__lists_orphans_and_leaves_them(worked, fsck):
    server, api = worked
    orphans = make_orphan(api)
    found = fsck(server, found=True)
    assert sorted(path_of(one["file"]) for one in found) == orphans
    assert {one["finding"] for one in found} == {"orphan"}
    assert not any(one["deleted"] for one in found)
    assert all(path.exists() for path in orphans)


def test_fsck_delete__deletes_orphans_and_nothing_else(worked, fsck, contract):
    server, api = worked
    orphans = make_orphan(api)
    api.close()
    server.stop()
    rest = {path for path in server.data.rglob("*") if path.is_file()} - set(orphans)
    found = fsck(server, "--delete", found=True)
    assert sorted(path_of(one["file"]) for one in found) == orphans
    assert all(one["deleted"] for one in found)
    left = {path for path in server.data.rglob("*") if path.is_file()}
    assert not left & set(orphans) and rest <= left
    assert fsck(server) == []
    server.start()


def test_fsck_delete__is_refused_while_a_server_runs(worked, firn):
    server, api = worked
    orphans = make_orphan(api)
    said = firn(2, "fsck", "--data", server.data, "--delete")
    assert "pid" in said and all(path.exists() for path in orphans)


def test_fsck_delete__is_a_flag_and_no_variable(worked, firn):
    server, api = worked
    orphans = make_orphan(api)
    api.close()
    server.stop()
    firn(1, "fsck", "--data", server.data, environment={"FIRN_DELETE": "true"})
    assert all(path.exists() for path in orphans)
    server.start()


def test_fsck_delete__keeps_orphans_while_a_tables_metadata_cannot_be_read(worked, fsck):
    server, api = worked
    orphans = make_orphan(api)
    hidden = path_of(location_of(api, "u"))
    api.close()
    server.stop()
    hidden.rename(hidden.with_suffix(".hidden"))
    assert len(fsck(server, "--delete", found=True)) == 3
    assert all(path.exists() for path in orphans)
    hidden.with_suffix(".hidden").rename(hidden)
    server.start()


def test_fsck__says_why_it_could_not_run(firn, tmp_path):
    assert "no catalog database" in firn(2, "fsck", "--data", tmp_path)
    (tmp_path / "firn.db").write_text("something else, but long enough to have a header " * 20)
    assert "database" in firn(2, "fsck", "--data", tmp_path)
    assert not list(tmp_path.glob("*.lock"))
    assert "did you mean 'deep'" in firn(2, "fsck", "--dep")
    assert "no option" in firn(2, "fsck", "operand")
    assert "--deep" in firn(0, "fsck", "--help") and "--listen" not in firn(0, "fsck", "--help")


def test_fsck__speaks_in_sentences_too(worked, firn):
    server, api = worked
    path_of(location_of(api, "t")).unlink()
    lines = firn(1, "fsck", "--data", server.data).splitlines()
    assert lines[0].startswith("metadata-missing: table default db.t: file:///")
    assert "1 findings" in lines[-1]


# --- backup and restore ---


def restored(own_server, contract, firn, server, file, data):
    """Another server on its own directory, with the backup's catalog: (server, api). Locations are
    absolute, so it reads the first one's files."""
    other = own_server(data=data, is_started=False)
    other.data.mkdir()
    firn(0, "restore", file, "--data", other.data)
    other.start()
    return other, Api(other.port, contract)


class Load:
    """Clients that create tables and commit to them until they are told to stop; what was
    acknowledged, in order."""

    def __init__(self, server, contract, count=4):
        self.acknowledged = []
        self.stopping = threading.Event()
        self.failures = []
        self.threads = [threading.Thread(target=self.run, args=(number, server, contract))
                        for number in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, number, server, contract):
        api = Api(server.port, contract)
        try:
            for at in itertools.count():
                if self.stopping.is_set():
                    break
                name = f"t{number}_{at}"
                api.create_table("db", bodies.table(name))
                made = api.commit("db", name, [bodies.set_properties(token=name)]).json()
                self.acknowledged.append((name, made["metadata-location"]))
        except BaseException as failure:
            self.failures.append(failure)
            raise
        finally:
            api.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures


def test_backup__under_load_has_every_table_that_was_acknowledged_before(
        own_server, contract, firn, fsck, tmp_path):
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("db")
    load = Load(server, contract)
    backups = []
    try:
        for number in range(3):
            time.sleep(0.5)
            acknowledged = list(load.acknowledged)
            file = tmp_path / f"backup-{number}"
            firn(0, "backup", file, "--data", server.data)
            backups.append((file, acknowledged))
    finally:
        load.stop()
    api.close()
    for number, (file, acknowledged) in enumerate(backups):
        assert acknowledged
        other, reader = restored(own_server, contract, firn, server, file, f"restored-{number}")
        for name, location in acknowledged:
            table = reader.load_table("db", name).json()
            assert table["metadata-location"] == location
            assert table["metadata"]["properties"]["token"] == name
        # Commits that came after the backup lie in the same place.
        found = fsck(other, "--deep", found=None)
        assert {one["finding"] for one in found} <= {"orphan"}, found
        reader.close()
        other.stop()


def test_backup__is_one_private_file_that_is_never_overwritten(worked, firn, tmp_path):
    server, api = worked
    file = tmp_path / "copies" / "one"
    file.parent.mkdir()
    said = firn(0, "backup", file, "--data", server.data)
    assert f"file://{server.data}/warehouse" in said and "not in it" in said
    assert [path.name for path in file.parent.iterdir()] == ["one"]
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert "exists already" in firn(5, "backup", file, "--data", server.data)
    assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == ["one"]


def test_backup__needs_no_server(worked, firn, own_server, contract, tmp_path):
    server, api = worked
    location = location_of(api, "t")
    api.close()
    server.kill()  # what was committed is in the log
    firn(0, "backup", tmp_path / "one", "--data", server.data)
    other, reader = restored(own_server, contract, firn, server, tmp_path / "one", "other")
    assert location_of(reader, "t") == location
    reader.close()


def test_backup__says_why_there_is_none(worked, firn, tmp_path):
    server, api = worked
    assert "no catalog database" in firn(4, "backup", tmp_path / "x", "--data", tmp_path)
    assert "cannot make" in firn(1, "backup", tmp_path / "no" / "x", "--data", server.data)
    assert "needs a FILE" in firn(2, "backup", "--data", server.data)
    assert "too many" in firn(2, "backup", "a", "b", "--data", server.data)
    assert "firn backup FILE" in firn(0, "backup", "--help")
    assert "firn restore FILE" in firn(0, "restore", "--help")
    assert not (tmp_path / "x").exists()


def test_restore__goes_back_and_keeps_the_old_database(worked, firn, fsck, contract, tmp_path):
    server, api = worked
    before = location_of(api, "t")
    firn(0, "backup", tmp_path / "one", "--data", server.data)
    api.commit("db", "t", [bodies.set_properties(a="2")])
    api.create_table("db", bodies.table("later"))
    after = location_of(api, "t")
    api.close()
    server.kill()  # so that the last commits are in the log alone
    said = firn(0, "restore", tmp_path / "one", "--data", server.data)
    (kept,) = server.data.glob("firn.db.before-restore-*")
    assert str(kept) in said
    assert not (server.data / "firn.db-wal").exists()
    server.start()
    api = Api(server.port, contract)
    assert location_of(api, "t") == before
    api.load_table("db", "later", expect=404)
    # Files of what came after the backup are nobody's now.
    assert path_of(after) in {path_of(one["file"]) for one in fsck(server, found=True)}
    # The way back is another restore.
    api.close()
    server.stop()
    firn(0, "restore", kept, "--data", server.data)
    server.start()
    api = Api(server.port, contract)
    assert location_of(api, "t") == after
    api.load_table("db", "later")
    api.close()
    assert fsck(server) == []


def test_restore__replaces_a_damaged_database(worked, firn, contract, tmp_path):
    server, api = worked
    location = location_of(api, "t")
    firn(0, "backup", tmp_path / "one", "--data", server.data)
    api.close()
    server.kill()
    log = (server.data / "firn.db-wal").read_bytes()
    (server.data / "firn.db").write_bytes(b"no database" * 1000)
    firn(0, "restore", tmp_path / "one", "--data", server.data)
    kept = [path for path in server.data.glob("firn.db.before-restore-*")
            if not path.name.endswith("-wal")]
    assert kept[0].read_bytes() == b"no database" * 1000
    assert kept[0].with_name(kept[0].name + "-wal").read_bytes() == log
    server.start()
    api = Api(server.port, contract)
    assert location_of(api, "t") == location
    api.close()


def test_restore__is_refused_while_a_server_runs(worked, firn, tmp_path):
    server, api = worked
    firn(0, "backup", tmp_path / "one", "--data", server.data)
    assert "pid" in firn(5, "restore", tmp_path / "one", "--data", server.data)
    api.commit("db", "t", [bodies.set_properties(a="3")])


@pytest.mark.parametrize("damage", ["text", "foreign", "newer", "torn", "missing", "blank"])
def test_restore__refuses_what_is_no_backup_and_changes_nothing(worked, firn, tmp_path, damage,
                                                                contract):
    server, api = worked
    location = location_of(api, "t")
    file = tmp_path / "one"
    firn(0, "backup", file, "--data", server.data)
    if damage == "text":
        file.write_bytes(b"no database" * 1000)
    elif damage == "torn":
        content = file.read_bytes()
        file.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    elif damage == "newer":
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA user_version = 9999")
    else:
        file.unlink()
    if damage == "foreign":
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE somebody_elses (x)")
    if damage == "blank":
        file.touch()
    api.close()
    server.stop()
    before = {path.name: path.read_bytes() for path in server.data.iterdir() if path.is_file()}
    said = firn(4 if damage == "missing" else 1, "restore", file, "--data", server.data)
    words = {"text": "database", "foreign": "another program", "newer": "newer",
             "torn": "amaged", "missing": "no catalog database", "blank": "empty"}
    assert words[damage] in said or "SQLite code" in said, said
    after = {path.name: path.read_bytes() for path in server.data.iterdir() if path.is_file()}
    for name in before.keys() - {"firn.db.lock"}:
        assert after[name] == before[name], name
    assert {name for name in after if "restore" in name} == set()
    server.start()
    api = Api(server.port, contract)
    assert location_of(api, "t") == location
    api.close()
