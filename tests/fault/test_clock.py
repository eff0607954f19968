"""The clock jumps, forwards and back: commits go on, and what they write stays readable."""
import time
import uuid

from history import COMMIT, DONE, READ, TRANSACTION, History
from load import TABLES, Connection, Names, prepare, replay, run_op

TABLE_NAMES = ["t0", "t1"]
NS_PER_S = 10**9
DAY_S = 24 * 3600
# An hour ahead, a year back, ten years ahead, and back to the truth.
JUMPS_S = (3600, -365 * DAY_S, 10 * 365 * DAY_S, 0)
# Readers of the format refuse metadata whose log goes back by more.
MAX_BACKWARDS_MS = 60_000


def check_times(metadata):
    """No time in the metadata lies before one that was there earlier."""
    for log in ("metadata-log", "snapshot-log"):
        times = [entry["timestamp-ms"] for entry in metadata[log]]
        times.append(metadata["last-updated-ms"])
        for earlier, later in zip(times, times[1:]):
            assert later >= earlier - MAX_BACKWARDS_MS, (log, times)


def write(connection, history):
    """A commit, a transaction, a table that comes and goes; all must succeed."""
    for kind, tables in ((COMMIT, ["t0"]), (COMMIT, ["t0"]), (TRANSACTION, TABLE_NAMES),
                         (READ, ["t1"])):
        op, answer = run_op(connection, history, kind, tables)
        assert op.outcome == DONE, f"{op}: {answer}"
    name = f"made_{uuid.uuid4().hex}"
    prepare(connection, [name])
    assert connection.ask("DELETE", f"{TABLES}/{name}?purgeRequested=true").status == 204


def test_clock__may_jump(own_server, watched, fsck, figures):
    environment, control, _ = watched("clock", is_recorded=False)
    server, history, names = own_server(environment=environment), History(), Names()
    connection = Connection(server.port)
    prepare(connection, TABLE_NAMES)
    for jump_s in JUMPS_S:
        control.set(clock_ns=jump_s * NS_PER_S)
        write(connection, history)
        # Of what was written a moment ago, by whatever clock.
        replay(connection, [op for op in history.ops if op.kind == COMMIT][-1])
        for table in TABLE_NAMES:
            metadata = connection.ask("GET", f"{TABLES}/{table}").body["metadata"]
            check_times(metadata)
            if jump_s > 0:
                assert metadata["last-updated-ms"] > (time.time() + jump_s / 2) * 1000
        server.restart()
        connection.close()
    write(connection, history)
    history.check()
    assert list(names.wrong(connection)) == []
    server.stop()
    assert fsck(server.data) == []
    figures(f"{len(history.ops)} operations beside {len(JUMPS_S)} jumps")
