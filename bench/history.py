"""What its history costs a commit: the server's CPU for one, to tables of few and of many snapshots.

usage: history.py [seconds of each measurement]

User time is Firn's own work; the kernel's is the writing, syncing and sending of the bytes.
"""
import os
import sys
import tempfile
from pathlib import Path

import loads
import servers

SNAPSHOTS = [10, 100, 1000, 10000]
WARM_UP_S = 1


def cpu_ms(process):
    """User and kernel time of all threads so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return [int(ticks) * 1000 / os.sysconf("SC_CLK_TCK") for ticks in fields[11:13]]


def measure(server, table, seconds):
    """Milliseconds of user and kernel time for each commit, by one client."""
    arguments = ("commit", f"{server.url}/v1", "bench", table, 1)
    servers.load_client(*arguments, WARM_UP_S)
    before = cpu_ms(server.process)
    count = servers.load_client(*arguments, seconds)["ok"]
    return [(b - a) / count for a, b in zip(before, cpu_ms(server.process))]


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
