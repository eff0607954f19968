"""The power fails: what was not synced is lost, torn or out of order; and the server starts again.

One run of the server is recorded (disk_shim.c); then disks are made as they may be after a cut at
some moment of it, and the server, as it is, started on each.
"""
import shutil
import time

import pytest

import disk_log
from history import COMMIT, DONE, READ, History
from load import (TABLES, Connection, Names, end_clients, prepare, replay, send, start_clients,
                  tokens_of)

CLIENTS = 12
SHORT_RUN_S, LONG_RUN_S = 1.5, 5
SHORT_CUTS, LONG_CUTS = 40, 500
SYNC_US = 2000
# Metadata of one table is too large for the database to carry, and is synced by its commits.
FIRST_CUTS = 5
LARGE_PROPERTY = 140 * 1024
REPLAYS = 6
# Every so many disks the power fails again while the server comes up.
SECOND_CUT_EVERY = 4


@pytest.fixture
def recorded(own_server, watched):
    """Starts a server on `root` whose calls are recorded: (server, log's path)."""
    def start(root, name):
        environment, control, log = watched(name, root)
        control.set(sync_us=SYNC_US)
        return own_server(data=root.name + "/data", environment=environment), log
    return start


def make_large(connection, table):
    answer = connection.ask("POST", f"{TABLES}/{table}", {"requirements": [], "updates": [
        {"action": "set-properties", "updates": {"large": "x" * LARGE_PROPERTY}}]})
    assert answer.status == 200, answer


class Recording:
    def __init__(self, history, names, tables, log, began_at):
        self.history, self.names, self.tables, self.log = history, names, tables, log
        self.began_at = began_at  # records before the tables were there
        self.writes = [op for op in history.ops if op.kind != READ]
        self.states = {table: {op.state for op in history.ops
                               if op.state is not None and op.tables[0] == table}
                       for table in tables}

    def acknowledged(self, cut):
        """The writes whose answer was sent before the cut."""
        return [op for op in self.writes if op.outcome == DONE
                and self.log.answered_at(op.answer["place"]) < cut]

    def cuts(self, chance, count):
        """[(cut, keep)]. First the first answers, when nothing is there that later syncs helped;
        then half of them right behind an answer: what it promises must be there already; and some
        while the database was being made."""
        answers = sorted(index for indices in self.log.answers.values() for index in indices)
        made = [(index + 1, 0) for index in answers if index >= self.began_at][:FIRST_CUTS]
        for number in range(count - len(made)):
            cut = [lambda: chance.choice(answers) + 1,
                   lambda: chance.randrange(self.log.count + 1),
                   lambda: chance.choice(answers) + 1,
                   lambda: chance.randrange(self.began_at)][number % 4]()
            made.append((cut, chance.choice([0, 1, None, None, None])))
        return made


def record(recorded, root, run_s, seed):
    server, log = recorded(root, "recording")
    connection, history, names = Connection(server.port), History(), Names()
    tables = [f"t{number}" for number in range(6)]
    prepare(connection, tables)
    make_large(connection, tables[0])
    began_at = disk_log.Log(log, root).count
    clients = start_clients(server.port, CLIENTS, history, names, tables, seed)
    time.sleep(run_s)
    end_clients(clients)
    server.stop()
    return Recording(history, names, tables, disk_log.Log(log, root), began_at)


def check_states(recording, cut, connection):
    """Everything acknowledged, no half of a transaction, no state that never was."""
    there = {}
    for table in recording.tables:
        answer = connection.ask("GET", f"{TABLES}/{table}")
        assert answer.status == 200, f"table {table}: {answer}"
        there[table] = tokens_of(answer)
        assert answer.body["metadata-location"].startswith("file:")
    for op in recording.acknowledged(cut):
        for table in op.tables:
            assert op.token in there[table], f"acknowledged, and lost: {op}"
    for op in recording.writes:
        count = sum(op.token in there[table] for table in op.tables)
        assert count in (0, len(op.tables)), f"half there: {op}"
    sent = {op.token for op in recording.writes}
    for table, tokens in there.items():
        assert tokens <= sent, f"tokens that nobody sent: {tokens - sent}"
        for state in recording.states[table]:
            assert tokens <= state or state <= tokens, f"a state of {table} that never was"


def check_names(recording, cut, connection):
    for name, events in recording.names.events.items():
        acknowledged = [state for state, place in events
                        if place and recording.log.answered_at(place) < cut]
        drop_began = any(state == "dropping" for state, _ in events)
        if acknowledged and (acknowledged[-1] == "dropped" or not drop_began):
            status = connection.ask("GET", f"{TABLES}/{name}").status
            assert status == (200 if acknowledged[-1] == "made" else 404), (name, status, events)


def check_keys(recording, cut, connection, chance):
    """Keys of what was acknowledged are answered as before; the others make it happen once."""
    known = recording.acknowledged(cut)
    for op in chance.sample(known, min(REPLAYS, len(known))):
        replay(connection, op)
    open_ones = [op for op in recording.writes if op not in known and op.kind == COMMIT]
    for op in chance.sample(open_ones, min(2, len(open_ones))):
        answers = [send(connection, op), send(connection, op)]
        assert {answer.status for answer in answers} == {200}, (str(op), answers)
        assert len({answer.body["metadata-location"] for answer in answers}) == 1, str(op)
        assert op.token in tokens_of(answers[0]), str(op)


def check_disk(recording, cut, server, fsck, chance):
    connection = Connection(server.port)
    if cut <= recording.began_at:  # before the tables were there
        return 0
    check_states(recording, cut, connection)
    check_names(recording, cut, connection)
    found = fsck(server.data)
    assert {one["finding"] for one in found} <= {"orphan"}, found
    check_keys(recording, cut, connection, chance)
    connection.close()
    return len(found)


def cut_again(recorded, root, tmp_path, chance):
    """The server comes up under the shim, and the power fails somewhere on its way."""
    before, folder = tmp_path / "before", tmp_path / "again"
    shutil.copytree(root, before)
    server, path = recorded(root, folder.name)
    server.kill()
    log = disk_log.Log(path, root, before)
    again = log.disk(chance.randrange(log.count + 1), chance)
    shutil.rmtree(before)
    shutil.rmtree(folder)
    return again


def put_disk(disk, root):
    """Locations are absolute: each disk takes the place of the one before."""
    shutil.rmtree(root)
    root.mkdir()
    disk_log.make_disk(disk, root)


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
        server = own_server(data="disk/data")
        orphans += check_disk(recording, cut, server, fsck, chance)
        acknowledged += len(recording.acknowledged(cut))
        server.stop() if number % 10 == 0 else server.kill()
    assert acknowledged > len(cuts) or len(cuts) <= FIRST_CUTS, "the cuts came before anything was acknowledged"
    figures(f"{log.count} records of {len(recording.writes)} writes; {len(cuts)} disks, "
            f"{acknowledged / len(cuts):.0f} acknowledged writes each, {orphans} orphans in all")
