"""What its history costs a commit: the server's CPU for one, to tables of few and of many snapshots.

usage: history.py [seconds of each measurement, at least] [--instructions]

User time is Firn's own work; the kernel's is the writing, syncing and sending of the bytes. The
kernel tells the two apart by samples, a hundred a second, so each table is measured until there are
enough of them. Their sum it counts in nanoseconds.

With --instructions valgrind counts those that Firn and its libraries execute, which neither chance
nor cold caches change; the kernel's are not among them.
"""
import re
import sys
import tempfile
import uuid
from pathlib import Path

import loads
import servers

SNAPSHOTS = [10, 100, 1000, 10000]
WARM_UP_S = 1
# Samples of user time: a tenth of them is chance.
ENOUGH_SAMPLES = 100
LONGEST_S = 120
# The metadata log has its hundred entries before the first of them ends.
FEW_COMMITS, MANY_COMMITS = 120, 160


def cpu(process):
    """Samples of user and of kernel time so far, and nanoseconds of both, of all threads."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return [int(fields[11]), int(fields[12]),
            sum(int(thread.read_text().split()[0]) for thread in threads)]


def measure(server, table, seconds):
    """Milliseconds of user and kernel time for each commit, by one client."""
    arguments = ("commit", f"{server.url}/v1", "bench", table, 1)
    servers.load_client(*arguments, WARM_UP_S)
    count, spent_s, before = 0, 0, cpu(server.process)
    user = kernel = total = 0
    while spent_s < seconds or (user < ENOUGH_SAMPLES and spent_s < LONGEST_S):
        count += servers.load_client(*arguments, seconds)["ok"]
        spent_s += seconds
        user, kernel, total = (b - a for a, b in zip(before, cpu(server.process)))
    each_ms = total / 1e6 / count
    return each_ms * user / (user + kernel), each_ms * kernel / (user + kernel)


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


def main(arguments):
    if "--instructions" in arguments:
        compare_instructions()
        return
    seconds = next((int(a) for a in arguments if a.isdigit()), 4)
    with tempfile.TemporaryDirectory(prefix="firn-bench.") as work:
        tables = Path(work) / "tables"
        tables.mkdir()
        with servers.firn(f"{work}/data", "--allow-location", f"file://{tables}") as server:
            servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": ["bench"]})
            least = None
            for count in SNAPSHOTS:
                table = f"table_{count}"
                loads.register(server, tables, table, count)
                user, kernel = measure(server, table, seconds)
                least = least or user
                print(f"{count:6} snapshots  user {user:6.2f} ms  kernel {kernel:6.2f} ms"
                      f"   user, of {SNAPSHOTS[0]} snapshots {user / least:.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
