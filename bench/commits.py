"""Durable commits and creations, Firn beside the Java reference server, and Firn on slow syncs.

usage: commits.py [seconds of each measurement] [--no-reference]

All servers run all the time and take turns within each round, so that whatever else the machine
does hits all of them; rates are medians over the rounds, ratios medians of the rounds' ratios.
The reference does not sync its metadata files; Firn syncs every file and every transaction.
"""
import contextlib
import statistics
import sys
import tempfile
import uuid

import servers

ROUNDS = 3
WARM_UP_S = 3
SLOW_SYNC_MS = 4
NAMESPACE = "bench"
TABLES = [f"table_{number:02}" for number in range(64)]
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "required": True, "type": "long"}]}

# Of each measurement: a fixed number, because every append makes the next one dearer, so that a fast
# server would have the larger table to work on.
APPENDS = 320
APPENDED = {"firn.commit.rebase-appends": "true"}  # to the reference, a property like any other

# name, clients, tables; no tables: creations; None: appends to one new table.
CASES = [
    ("commit, 1 client", 1, 1),
    ("commit, 16 clients, 16 tables", 16, 16),
    ("commit, 16 clients, one table", 16, 1),
    ("commit, 64 clients, 64 tables", 64, 64),
    ("create, 16 clients", 16, 0),
    ("append, 16 clients, one table", 16, None),
]


def fill(server):
    servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": [NAMESPACE]})
    for name in TABLES:
        servers.request("POST", f"{server.url}/v1/namespaces/{NAMESPACE}/tables",
                        {"name": name, "schema": SCHEMA})


def append(server, clients):
    """Who comes too late loads the table, writes its manifest list again and tries again."""
    prefix, name = f"{server.url}/v1", f"appended-{uuid.uuid4()}"
    servers.request("POST", f"{prefix}/namespaces/{NAMESPACE}/tables",
                    {"name": name, "schema": SCHEMA, "properties": APPENDED})
    return servers.load_client("append", prefix, NAMESPACE, name, clients, APPENDS)


def measure(server, case, seconds):
    _, clients, tables = case
    prefix = f"{server.url}/v1"
    if tables is None:
        return append(server, clients)
    if tables == 0:
        return servers.load_client("create", prefix, NAMESPACE, clients, seconds)
    names = ",".join(TABLES[:tables])
    return servers.load_client("commit", prefix, NAMESPACE, names, clients, seconds)


def median(runs, field):
    return statistics.median(run[field] for run in runs)


def describe(runs):
    return (f"{median(runs, 'rate'):8.0f}/s  p50 {median(runs, 'p50_ms'):6.1f}"
            f"  p99 {median(runs, 'p99_ms'):6.1f} ms  409s {sum(r['conflicts'] for r in runs):5}")


def run_case(case, server, reference, seconds):
    """One line: Firn's figures, and the reference's where it takes part."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(measure(server, case, seconds))
        if reference:
            theirs.append(measure(reference, case, seconds))
    line = f"{case[0]:30}  firn {describe(ours)}"
    if theirs:
        ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, theirs))
        line += f"   Java reference {describe(theirs)}   ratio {ratio:.1f}"
    print(line, flush=True)


def run_slow(server, seconds):
    """With slow syncs what counts is how many commits share one: each case beside the first."""
    rounds = [[measure(server, case, seconds) for case in CASES] for _ in range(ROUNDS)]
    ceiling = 1000 / SLOW_SYNC_MS
    print(f"with {SLOW_SYNC_MS} ms added to every sync (at most {ceiling:.0f} syncs a second):")
    for number, case in enumerate(CASES):
        ours = [runs[number] for runs in rounds]
        ratio = statistics.median(runs[number]["rate"] / runs[0]["rate"] for runs in rounds)
        beside = (f"of one client {ratio:.1f}" if number
                  else f"of {ceiling:.0f} {median(ours, 'rate') / ceiling:.2f}")
        print(f"{case[0]:30}  firn {describe(ours)}   {beside}", flush=True)


def main(arguments):
    seconds = next((int(a) for a in arguments if a.isdigit()), 4)
    with contextlib.ExitStack() as stack:
        work = stack.enter_context(tempfile.TemporaryDirectory(prefix="firn-bench."))
        server = stack.enter_context(servers.firn(f"{work}/data"))
        slow = stack.enter_context(servers.firn(f"{work}/slow", slow_sync_ms=SLOW_SYNC_MS))
        reference = None
        if "--no-reference" not in arguments:
            reference = stack.enter_context(servers.reference(f"{work}/reference"))
        for each in filter(None, (server, slow, reference)):
            fill(each)
        if reference:  # Its virtual machine has to compile first.
            measure(reference, CASES[1], WARM_UP_S)
        for case in CASES:
            run_case(case, server, reference, seconds)
        run_slow(slow, seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
