"""What its history costs a commit: the server's CPU for one, to tables of few and of many snapshots.

usage: history.py [seconds of each measurement, at least]

User time is Firn's own work; the kernel's is the writing, syncing and sending of the bytes. The
kernel tells the two apart by samples, a hundred a second, so each table is measured until there are
enough of them. Their sum it counts in nanoseconds.
"""
import sys
import tempfile
from pathlib import Path

import loads
import servers

SNAPSHOTS = [10, 100, 1000, 10000]
WARM_UP_S = 1
# Samples of user time: a tenth of them is chance.
ENOUGH_SAMPLES = 100
LONGEST_S = 120


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


def main(arguments):
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
