"""Single syncs fail under sixteen clients, on a disk so slow that they come after their commits,
while the log is copied back again and again: whatever a failed sync takes back, nothing that was
acknowledged before goes with it."""
import errno
import time

from disk_log import CLASSES
from history import History
from load import Connection, Names, check_catalog, end_clients, prepare, start_clients

CLIENTS = 16
TABLES = [f"t{number}" for number in range(6)]
SYNC_US = 3000
SHORT_FAILURES, LONG_FAILURES = 12, 200
# New tables after so many failures, so that metadata and history do not grow without an end.
FAILURES_OF_TABLES = 12
LONGEST_PEACE_S = 0.4
PATIENCE_S = 20
REPLAYS = 20
ANSWERS = {200, 204, 500, 503, 507}


def fail_one_sync(control, chance):
    """One of the next few: of the log, of the database, or of files."""
    time.sleep(chance.uniform(0, LONGEST_PEACE_S))
    control.arm(CLASSES["sync"], chance.randint(1, 4), errno.EIO)
    deadline = time.monotonic() + PATIENCE_S
    while control.get("hits") == 0:
        assert time.monotonic() < deadline, "nothing is synced any more"
        time.sleep(0.001)
    control.disarm()


def test_failed_syncs__take_back_nothing_that_was_acknowledged(own_server, watched, fsck, chance,
                                                               is_long, figures):
    environment, control, _ = watched("failed-syncs", is_recorded=False)
    control.set(sync_us=SYNC_US)
    server = own_server(environment=environment)
    failures = LONG_FAILURES if is_long else SHORT_FAILURES
    statuses, operations = {}, 0
    for number in range(0, failures, FAILURES_OF_TABLES):
        history, names = History(), Names()
        tables = [f"{table}_{number}" for table in TABLES]
        prepare(Connection(server.port), tables)
        clients = start_clients(server.port, CLIENTS, history, names, tables, chance.random())
        for _ in range(FAILURES_OF_TABLES):
            fail_one_sync(control, chance)
        for status, count in end_clients(clients).items():
            statuses[status] = statuses.get(status, 0) + count
        connection = Connection(server.port)
        check_catalog(connection, history, names, tables, chance, REPLAYS)
        control.kill(server)
        server.start()
        connection = Connection(server.port)
        check_catalog(connection, history, names, tables, chance, REPLAYS)
        history.check(f"failures from {number} on")
        assert {one["finding"] for one in fsck(server.data)} <= {"orphan"}
        operations += len(history.ops)
    assert set(statuses) <= ANSWERS, statuses
    assert statuses.get(500), "no commit heard of a failed sync"
    figures(f"{failures} syncs made to fail, {operations} operations, answers {statuses}")
