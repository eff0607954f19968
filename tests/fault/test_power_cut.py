"""The power fails: what was not synced is lost, torn or out of order; and the server starts again.

One run of the server is recorded (disk_shim.c); then disks are made as they may be after a cut at
some moment of it, and the server, as it is, started on each.
"""
import contextlib
import shutil
import sqlite3
import time

import pytest

import disk_log
from history import COMMIT, READ, History
from load import TABLES, Connection, Names, end_clients, prepare, run_op, start_clients
from recording import FIRST_CUTS, Recording, check_disk, put_disk

CLIENTS = 12
SHORT_RUN_S, LONG_RUN_S = 1.5, 5
SHORT_CUTS, LONG_CUTS = 40, 500
SYNC_US = 2000
# Metadata of one table is too large for the database to carry, and is synced by its commits.
LARGE_PROPERTY = 140 * 1024
# Every so many disks the power fails again while the server comes up.
SECOND_CUT_EVERY = 4
SHORT_KILLS, LONG_KILLS = 4, 40
# Far more than a round of syncs takes.
REST_S = 30


@pytest.fixture
def recorded(own_server, watched):
    """Starts a server on `root` whose calls are recorded: (server, control page, log's path)."""
    def start(root, name, *arguments):
        environment, control, log = watched(name, root)
        control.set(sync_us=SYNC_US)
        return own_server(*arguments, data=root.name + "/data", environment=environment), control, log
    return start


def make_large(connection, table):
    answer = connection.ask("POST", f"{TABLES}/{table}", {"requirements": [], "updates": [
        {"action": "set-properties", "updates": {"large": "x" * LARGE_PROPERTY}}]})
    assert answer.status == 200, answer


def count_pending(server, condition="1"):
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/firn.db?mode=ro", uri=True)) as database:
        return database.execute(f"SELECT count(*) FROM pending_files WHERE {condition}").fetchone()[0]


def record(recorded, root, run_s, seed):
    server, _, log = recorded(root, "recording")
    connection, history, names = Connection(server.port), History(), Names()
    tables = [f"t{number}" for number in range(6)]
    prepare(connection, tables)
    make_large(connection, tables[0])
    began_at = disk_log.Log(log, root).count
    clients = start_clients(server.port, CLIENTS, history, names, tables, seed)
    time.sleep(run_s)
    assert count_pending(server, "base IS NOT NULL") > 0, "no file is carried like an earlier one"
    end_clients(clients)
    server.stop()
    return Recording(history, names, tables, disk_log.Log(log, root), began_at)


def cut_again(recorded, root, tmp_path, chance):
    """The server comes up under the shim, and the power fails somewhere on its way."""
    before, folder = tmp_path / "before", tmp_path / "again"
    shutil.copytree(root, before)
    server, control, path = recorded(root, folder.name)
    control.kill(server)
    log = disk_log.Log(path, root, before)
    again = log.disk(chance.randrange(log.count + 1), chance)
    shutil.rmtree(before)
    shutil.rmtree(folder)
    return again


def test_power_cut__loses_nothing_and_tears_nothing(recorded, own_server, tmp_path, fsck, chance,
                                                    amount, is_long, figures):
    root = tmp_path / "disk"
    root.mkdir()
    recording = record(recorded, root, LONG_RUN_S if is_long else SHORT_RUN_S, chance.random())
    log = recording.log
    recording.history.check()
    assert disk_log.differences(log, root, chance) == [], "the record is not complete"
    for op in recording.writes:
        assert log.answered_at(op.answer["place"]) is not None, "the record lacks an answer"
    orphans = acknowledged = 0
    cuts = recording.cuts(chance, amount("cuts", SHORT_CUTS, LONG_CUTS))
    for number, (cut, keep) in enumerate(cuts):
        put_disk(log.disk(cut, chance, keep), root)
        if number % SECOND_CUT_EVERY == 0:
            put_disk(cut_again(recorded, root, tmp_path, chance), root)
        if cut > recording.began_at:
            found = fsck(root / "data")  # of what the next start will write again it knows
            assert {one["finding"] for one in found} <= {"orphan"}, found
        server = own_server(data="disk/data")
        orphans += check_disk(recording, cut, server, fsck, chance)
        acknowledged += len(recording.acknowledged(cut))
        server.stop() if number % 10 == 0 else server.kill()
    assert acknowledged > len(cuts) or len(cuts) <= FIRST_CUTS, "the cuts came before anything was acknowledged"
    figures(f"{log.count} records of {len(recording.writes)} writes; {len(cuts)} disks, "
            f"{acknowledged / len(cuts):.0f} acknowledged writes each, {orphans} orphans in all")


def wait_for_files(server):
    """Until the database carries none of them any more."""
    deadline = time.monotonic() + REST_S
    while count_pending(server) > 0:
        assert time.monotonic() < deadline, "files are never synced"
        time.sleep(0.05)


def test_power_cut__of_a_server_at_rest_loses_nothing(recorded, own_server, tmp_path, fsck, chance):
    """A few files, synced one by one: the database does not carry them any more, and no sync of the
    whole disk has come after."""
    root = tmp_path / "disk"
    root.mkdir()
    server, control, path = recorded(root, "recording")
    history, tables = History(), ["t0", "t1", "t2"]
    connection = Connection(server.port)
    began_at = prepare(connection, tables)
    for table in tables:
        run_op(connection, history, COMMIT, [table])
    wait_for_files(server)
    control.kill(server)
    log = disk_log.Log(path, root)
    recording = Recording(history, Names(), tables, log, log.answered_at(began_at) + 1)
    put_disk(log.disk(log.count, chance, 0), root)
    check_disk(recording, log.count, own_server(data="disk/data"), fsck, chance)


def test_power_cut__after_a_kill_and_a_start_loses_nothing(recorded, own_server, tmp_path, fsck,
                                                           chance, is_long, figures):
    """What a killed process has left unsynced is not the next one's to trust: what that one lets
    be seen must stay, too."""
    acknowledged = 0
    for number in range(LONG_KILLS if is_long else SHORT_KILLS):
        root = tmp_path / f"disk{number}"
        root.mkdir()
        # On a disk of its own, which stays: the sync of that is not the database's.
        place = ("--warehouse-location", f"file://{tmp_path}/warehouse{number}")
        server, control, path = recorded(root, f"recording{number}", *place[:2 * (number % 2)])
        history, names, tables = History(), Names(), [f"t{table}" for table in range(4)]
        began_at = prepare(Connection(server.port), tables)
        # Few files are synced one by one, many all together.
        clients = start_clients(server.port, CLIENTS if number % 4 == 3 else 1, history, names,
                                tables, chance.random())
        time.sleep(chance.uniform(0, 0.1))
        control.kill(server)
        end_clients(clients)
        server.start()
        connection = Connection(server.port)
        for table in tables:
            run_op(connection, history, READ, [table])
        control.kill(server)
        history.check()
        log = disk_log.Log(path, root)
        assert disk_log.differences(log, root, chance) == [], "the record is not complete"
        recording = Recording(history, names, tables, log, log.answered_at(began_at) + 1)
        put_disk(log.disk(log.count, chance, None if number // 2 % 2 else 0), root)
        check_disk(recording, log.count, own_server(data=f"{root.name}/data"), fsck, chance)
        acknowledged += len(recording.acknowledged(log.count))
    figures(f"{acknowledged} acknowledged writes")
