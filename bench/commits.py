"""Durable commits and creations, Firn beside the Java reference server, and Firn on slow syncs.

All servers run all the time and take turns within each round (bench/figures.py). The reference does
not sync its metadata files; Firn syncs every file and every transaction.
"""
import contextlib
import statistics
import uuid

import folders
import servers
from figures import Cell, Goal, Row, Subject, in_turns

WARM_UP_S = 3
SLOW_SYNC_MS = 4
NAMESPACE = "bench"
TABLES = [f"table_{number:02}" for number in range(64)]
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "required": True, "type": "long"}]}

# Of each measurement: a fixed number, because every append makes the next one dearer, so that a fast
# server would have the larger table to work on.
APPENDS = 320
APPENDED = {"firn.commit.rebase-appends": "true"}  # to the reference, a property like any other

FIRN, REFERENCE = "Firn", "Java reference"
ONE_CLIENT = "one client"

# name, clients, tables (0: creations; None: appends to one new table), × the reference, × one client
# where syncs are slow
CASES = [
    ("commit, 1 client", 1, 1, None, None),
    ("commit, 16 clients, 16 tables", 16, 16, 20, 10),
    ("commit, 16 clients, one table", 16, 1, 10, None),
    ("commit, 64 clients, 64 tables", 64, 64, None, 30),
    ("create, 16 clients", 16, 0, 20, None),
    ("append, 16 clients, one table", 16, None, 10, None),
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


def run(server, case, seconds):
    _, clients, tables, *_ = case
    prefix = f"{server.url}/v1"
    if tables is None:
        return append(server, clients)
    if tables == 0:
        return servers.load_client("create", prefix, NAMESPACE, clients, seconds)
    names = ",".join(TABLES[:tables])
    return servers.load_client("commit", prefix, NAMESPACE, names, clients, seconds)


def cell(runs):
    """Rates, and in the note the medians of the latencies and all 409s."""
    def median(name):
        return statistics.median(run[name] for run in runs)
    return Cell([run["rate"] for run in runs],
                note=f"p50 {median('p50_ms'):.1f}, p99 {median('p99_ms'):.0f} ms, "
                     f"{sum(run['conflicts'] for run in runs)} × 409")


def beside_reference(context, server, reference):
    rows = []
    for case in CASES:
        measures = {FIRN: lambda: run(server, case, context.seconds)}
        if reference:
            measures[REFERENCE] = lambda: run(reference, case, context.seconds)
        values = in_turns(context.rounds, measures)
        goals = [Goal(REFERENCE, case[3])] if case[3] else []
        rows.append(Row(case[0], {name: cell(runs) for name, runs in values.items()}, goals))
    return rows


def on_slow_syncs(context, server):
    """What counts is how many commits share one sync: each case beside one client's."""
    ceiling = 1000 / SLOW_SYNC_MS
    values = in_turns(context.rounds, {
        case[0]: lambda case=case: run(server, case, context.seconds) for case in CASES})
    one = cell(values[CASES[0][0]])
    rows = [Row(CASES[0][0], {FIRN: one}, [Goal("", 0.6 * ceiling)])]
    for case in CASES[1:]:
        goals = [Goal(ONE_CLIENT, case[4])] if case[4] else []
        rows.append(Row(case[0], {FIRN: cell(values[case[0]]), ONE_CLIENT: Cell(one.values)}, goals))
    return rows


def measure(context):
    folders.spread(context.work)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(servers.firn(folders.apart(context.work, "data")))
        slow = stack.enter_context(
            servers.firn(folders.apart(context.work, "slow"), slow_sync_ms=SLOW_SYNC_MS))
        reference = None
        if context.has_reference:
            reference = stack.enter_context(servers.reference(folders.apart(context.work, "reference")))
        for each in filter(None, (server, slow, reference)):
            fill(each)
        if reference:  # Its virtual machine has to compile first.
            run(reference, CASES[1], WARM_UP_S)
        rows, slow_rows = beside_reference(context, server, reference), on_slow_syncs(context, slow)
    text = (f"{context.seconds} s for each measurement, {context.rounds} rounds; every commit and "
            "creation carries an Idempotency-Key.")
    return [Subject("commits", "Commits and creations", rows, text),
            Subject("slow-syncs", f"Commits with {SLOW_SYNC_MS} ms added to every sync", slow_rows,
                    f"{text} One sync after the other would allow {1000 / SLOW_SYNC_MS:.0f} a second.")]
