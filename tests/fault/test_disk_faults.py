"""Every n-th call on a file fails: full disks, broken disks, short writes, syncs that fail.

One server under the shim, one fault after the other. Beside each fault a few clients commit, change
several tables at once, make and drop a table. What they hear must be true: a success is there, what
was refused is not, and the rest is one or the other, whole; reads go on meanwhile, and as soon as
the fault is over work goes on. After some of the faults the server is killed, or the power fails,
which finds out whether a failed sync was taken for a success later.
"""
import errno
import threading
import time
from dataclasses import dataclass

import pytest

import disk_log
from disk_log import CHANGES, CLASSES
from history import COMMIT, READ, TRANSACTION, History
from load import Connection, Names, check_catalog, prepare, run_op
from recording import Recording, check_disk, put_disk

# A fast disk, whose syncs are part of the commit, and one so slow that they come after it.
SYNCS_US = {"fast": 500, "slow": 10000}
TABLES_OF_A_SWEEP = 3
# New tables after so many faults, so that metadata and history do not grow without an end.
POINTS_OF_TABLES = 20
# No scenario makes so many calls: the sweep must end by itself.
MOST_CALLS = 5000
# How many calls a scenario makes differs by a few: syncs are shared.
MISSES_TO_END = 4
SHORT_POINTS = 8  # of each sweep, spread over all its calls
KILL_EVERY = 15
CUTS = 4
# The thread that syncs files in the background begins its round 100 ms after a commit.
BACKGROUND_S = 0.25
# Of all faults, those that a commit hears of which was sent when they were over.
MOST_LATE = 0.02


@dataclass
class Fault:
    classes: int
    code: int
    is_persistent: bool
    statuses: tuple  # that may be heard beside 200 and 204
    reaches_background: bool = False


FULL, BROKEN = (507,), (500, 503, 507)
FAULTS = {
    "a full disk": Fault(CHANGES - CLASSES["sync"] - CLASSES["unlink"], errno.ENOSPC, True, FULL),
    "no space for one call": Fault(CHANGES - CLASSES["sync"] - CLASSES["unlink"], errno.ENOSPC,
                                   False, FULL),
    "an I/O error": Fault(CHANGES, errno.EIO, False, BROKEN, True),
    "I/O errors from then on": Fault(CHANGES, errno.EIO, True, BROKEN, True),
    "a short write": Fault(CLASSES["write"], 0, False, ()),
    "a failed sync": Fault(CLASSES["sync"], errno.EIO, False, BROKEN, True),
    "failed syncs from then on": Fault(CLASSES["sync"], errno.EIO, True, BROKEN, True),
    # SQLite calls a page that cannot be read a damaged database, and of a change that is a 400.
    "a failed read": Fault(CLASSES["read"], errno.EIO, False, (400, *BROKEN)),
}


class Scenario:
    """The clients of one fault; `statuses` counts what they heard, by the kind of the error."""

    def __init__(self, sweep):
        self.port, self.tables = sweep.server.port, sweep.tables
        self.history, self.names, self.chance = sweep.history, sweep.names, sweep.chance
        self.statuses, self.words, self.failures = {}, set(), []

    def note(self, answer):
        error = answer.body.get("error", {})
        kind = error.get("type", "")
        if kind:
            self.words.add(f"{answer.status} {kind}: {error['message']}")
        self.statuses[answer.status, kind] = self.statuses.get((answer.status, kind), 0) + 1

    def client(self, kind, tables):
        try:
            connection = Connection(self.port)
            for _ in range(2):
                self.note(run_op(connection, self.history, kind, tables)[1])
            if kind == TRANSACTION:
                for _ in range(2):
                    self.note(self.names.make_or_drop(connection, self.chance))
            connection.close()
        except Exception as error:  # the test reports it
            self.failures.append(f"{type(error).__name__}: {error}")

    def run(self):
        work = [(COMMIT, self.tables[:1]), (COMMIT, self.tables[:1]), (COMMIT, self.tables[1:2]),
                (TRANSACTION, self.tables)]
        threads = [threading.Thread(target=self.client, args=one) for one in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a request is never answered"
        assert not self.failures, self.failures
        return {status for status, _ in self.statuses}


class Sweep:
    def __init__(self, server, control, fault, chance):
        self.server, self.control, self.fault, self.chance = server, control, fault, chance
        self.statuses, self.points, self.late = {}, 0, 0
        self.new_tables()

    def new_tables(self):
        self.history, self.names = History(), Names()
        self.tables = [f"t{self.points}_{number}" for number in range(TABLES_OF_A_SWEEP)]
        self.began_at = prepare(Connection(self.server.port), self.tables)

    def check_reads(self):
        """While the fault lasts."""
        if self.fault.classes & CLASSES["read"]:
            return
        connection = Connection(self.server.port)
        for table in self.tables:
            answer = run_op(connection, self.history, READ, [table])[1]
            assert answer.status == 200, f"a read beside the fault: {answer}"
        connection.close()

    def hears_late(self, answer):
        """A sync that failed in the background just before the fault was over (of a checkpoint, or
        of rows that are deleted) is told to the next commit, once: by the kernel, to each
        descriptor of the file, or by the writer, to all that is not durable."""
        is_late = self.fault.reaches_background and answer.status == 500
        self.late += is_late
        return is_late

    def check_work_goes_on(self, is_new_process=False):
        connection = Connection(self.server.port)
        for number, table in enumerate(self.tables):
            answer = run_op(connection, self.history, COMMIT, [table])[1]
            if number == 0 and not is_new_process and self.hears_late(answer):
                answer = run_op(connection, self.history, COMMIT, [table])[1]
            assert answer.status == 200, f"the first commit after the fault: {answer}"
        check_catalog(connection, self.history, self.names, self.tables, self.chance, 5)
        self.history.check()
        connection.close()

    def point(self, at):
        """The at-th call fails. False: there were fewer calls."""
        fault = self.fault
        self.control.arm(fault.classes, at, fault.code, fault.is_persistent)
        scenario = Scenario(self)
        heard = scenario.run()
        self.check_reads()
        if fault.reaches_background:
            time.sleep(BACKGROUND_S)
        _, hits = self.control.disarm()
        where = f"call {at}: {scenario.statuses} {scenario.words}"
        assert heard <= {200, 204, *fault.statuses}, where
        assert hits or heard <= {200, 204}, where
        self.check_work_goes_on()
        for status, count in scenario.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        self.points += 1
        return hits > 0

    def calls(self):
        """How many calls one scenario makes, when nothing fails."""
        self.control.arm(self.fault.classes, MOST_CALLS, 0)
        Scenario(self).run()
        self.check_reads()
        if self.fault.reaches_background:
            time.sleep(BACKGROUND_S)
        return self.control.disarm()[0]


def numbers(sweep, is_long):
    """Every call in turn until none is left; or a few of them."""
    if not is_long:
        count = sweep.calls()
        yield from sorted(sweep.chance.sample(range(1, count + 1), min(count, SHORT_POINTS)))
        return
    yield from range(1, MOST_CALLS)


@pytest.mark.parametrize("disk", SYNCS_US)
@pytest.mark.parametrize("name", FAULTS)
def test_fault__leaves_the_state_before_or_after(name, disk, own_server, watched, tmp_path, fsck, chance,
                                                 is_long, figures):
    root = tmp_path / "disk"
    root.mkdir()
    environment, control, path = watched("record", root)
    control.set(sync_us=SYNCS_US[disk])
    server = own_server(data="disk/data", environment=environment)
    sweep = Sweep(server, control, FAULTS[name], chance)
    misses = 0
    for at in numbers(sweep, is_long):
        misses = 0 if sweep.point(at) else misses + 1
        if misses == MISSES_TO_END and is_long:
            break
        if sweep.points % KILL_EVERY == 0:
            control.kill(server)
            server.start()
            sweep.check_work_goes_on(is_new_process=True)
        if sweep.points % POINTS_OF_TABLES == 0:
            sweep.new_tables()
    assert sweep.points < MOST_CALLS - 1
    assert sweep.late <= 1 + sweep.points * MOST_LATE
    control.kill(server)
    log = disk_log.Log(path, root)
    assert disk_log.differences(log, root, chance) == [], "the record is not complete"
    recording = Recording(sweep.history, sweep.names, sweep.tables, log,
                          log.answered_at(sweep.began_at) + 1)
    # The last of them is the end: all faults are behind it, and nothing was synced since.
    for cut, keep in [*recording.cuts(chance, CUTS * (5 if is_long else 1)), (log.count, 0)]:
        put_disk(log.disk(cut, chance, keep), root)
        check_disk(recording, cut, own_server(data="disk/data"), fsck, chance)
    figures(f"{name}, a {disk} disk: {sweep.points} calls made to fail; answers {sweep.statuses}, "
            f"{sweep.late} heard of late")
