"""What its history costs a commit: the server's CPU for one, to tables of few and of many snapshots.

usage: history.py [seconds of each measurement] [--instructions]

User time is Firn's own work; the kernel's is the writing, syncing and sending of the bytes. perf
samples the former, and the kernel counts the sum of both. The tables take turns in each round;
figures are medians of the rounds, with the lowest and the highest in brackets.

Commits come once one after the other, and once at the same pace for all tables. A server that works
without a pause has warmer caches: one after the other a short table gets twenty times the commits
of a long one, and each costs less for that alone. The pace leaves what the history costs.

With --instructions valgrind counts those that Firn and its libraries execute, which neither chance
nor cold caches change; the kernel's are not among them.
"""
import re
import statistics
import sys
import tempfile
import uuid
from pathlib import Path

import loads
import servers

SNAPSHOTS = [10, 100, 1000, 10000]
ROUNDS = 5
WARM_UP_S = 1
LONGEST_S = 120
SAMPLE_MS = 0.2
# What a table of 10,000 snapshots keeps up with on two busy cores.
PACE = 10
KEPT_FILES = 100
# The metadata log has its hundred entries before the first of them ends.
FEW_COMMITS, MANY_COMMITS = 120, 160


def total_ms(process):
    """User and kernel time so far, of all threads."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


class Case:
    """Commits to one table, one after the other or so many a second."""

    def __init__(self, server, table, per_second):
        self.process = server.process
        prefix = (f"{server.url}/v1", "bench", table)
        self.load = ("pace", *prefix, per_second) if per_second else ("commit", *prefix, 1)
        self.per_second = per_second
        self.user_ms, self.kernel_ms = [], []

    def measure(self, seconds, samples):
        """A round: milliseconds of user and of kernel time for each commit."""
        before = total_ms(self.process)
        done = servers.load_client(*self.load, seconds, under=[
            "perf", "record", "-q", "-e", "cpu-clock:u", "-c", round(SAMPLE_MS * 1e6),
            "-p", self.process.pid, "-o", samples])
        total = total_ms(self.process) - before
        if done["rate"] < 0.5 * self.per_second:
            raise SystemExit(f"{self.load[3]} does not keep up with {self.per_second} a second")
        user = SAMPLE_MS * len(servers.output_of(
            "perf", "script", "-i", samples, "-F", "ip").splitlines())
        self.user_ms.append(user / done["ok"])
        self.kernel_ms.append((total - user) / done["ok"])

    def text(self, least):
        """Beside the table of the fewest snapshots, whose rounds were at the same time."""
        ratio = statistics.median(own / other for own, other in zip(self.user_ms, least.user_ms))
        user, kernel = statistics.median(self.user_ms), statistics.median(self.kernel_ms)
        return (f"user {user:5.3f} ms ({min(self.user_ms):5.3f}-{max(self.user_ms):5.3f})"
                f"  kernel {kernel:6.2f} ms   user, of {SNAPSHOTS[0]} snapshots {ratio:.1f}")


def instructions(count, commits):
    """All that a server executes from its start to its end, with so many commits to a table."""
    with tempfile.TemporaryDirectory(prefix="firn-bench.") as work:
        tables = Path(work) / "tables"
        tables.mkdir()
        server = servers.Server(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", servers.binary(),
             "serve", "--data", f"{work}/data", "--listen", "127.0.0.1:PORT",
             "--allow-location", f"file://{tables}"], seconds=LONGEST_S)
        with server:
            servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": ["bench"]})
            loads.register(server, tables, "table", count)
            for _ in range(commits):
                change = {"action": "set-properties", "updates": {"client-1": str(uuid.uuid4())}}
                servers.request("POST", f"{server.url}/v1/namespaces/bench/tables/table",
                                {"requirements": [], "updates": [change]},
                                {"Idempotency-Key": str(uuid.uuid4())})
        server.log.seek(0)
        return int(re.search(rb"Collected : (\d+)", server.log.read()).group(1))


def compare_instructions():
    """From a full metadata log on, so that all commits of a table do the same."""
    for count in SNAPSHOTS:
        few, many = (instructions(count, commits) for commits in (FEW_COMMITS, MANY_COMMITS))
        each = (many - few) / (MANY_COMMITS - FEW_COMMITS)
        print(f"{count:6} snapshots  {each / 1000:6.0f} thousand instructions", flush=True)


def remove_old_files(tables):
    """Those that nothing has written or synced for a turn: the disk does not hold them all."""
    for metadata in tables.glob("*/metadata"):
        for file in sorted(metadata.iterdir())[:-KEPT_FILES]:
            file.unlink()


def compare_times(server, tables, work, seconds):
    servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": ["bench"]})
    for count in SNAPSHOTS:
        loads.register(server, tables, f"table_{count}", count)
        servers.load_client("commit", f"{server.url}/v1", "bench", f"table_{count}", 1, WARM_UP_S)
    paces = {0: "one after the other", PACE: f"{PACE} a second"}
    cases = {(pace, count): Case(server, f"table_{count}", pace)
             for pace in paces for count in SNAPSHOTS}
    for _ in range(ROUNDS):
        for case in cases.values():
            case.measure(seconds, f"{work}/samples")
        remove_old_files(tables)
    for pace, name in paces.items():
        print(name)
        for count in SNAPSHOTS:
            print(f"{count:6} snapshots  {cases[pace, count].text(cases[pace, SNAPSHOTS[0]])}")


def main(arguments):
    if "--instructions" in arguments:
        compare_instructions()
        return
    seconds = next((int(a) for a in arguments if a.isdigit()), 2)
    with tempfile.TemporaryDirectory(prefix="firn-bench.") as work:
        tables = Path(work) / "tables"
        tables.mkdir()
        with servers.firn(f"{work}/data", "--allow-location", f"file://{tables}") as server:
            compare_times(server, tables, work, seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
