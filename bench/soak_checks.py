"""What a soak must end with: a server that is as large as it was, and a clean catalog.

Rules, over the samples behind the warm-up (the first third of the run), one a second:

memory     the line of least squares through the resident sizes rises by at most MAX_GROWTH_MB, or
           MAX_GROWTH of their mean, from its first to its last sample: at 200 requests a second an
           hour's run so finds 8 bytes that every request loses. Judged where the run was long
           enough for the caches to fill, the database's own ones too: JUDGED_MINUTES
threads    as many at the last sample as at the first
files      in the last half no more than FILES_SLACK above the most of the half before
sockets    as many as before the first client, once all have left
log        the database's write-ahead log stays below what it is cut to
database   every change that was answered has its line in the change log, once; nothing waits to be
           synced or purged; pages in use are explained by the rows' bytes, within PAGE_FACTOR
files      none that firn fsck lists, before and after the stop; SIGTERM ends the server with 0
"""
import json
import os
import re
import sqlite3
import statistics
import subprocess
import time
from pathlib import Path

import servers

JUDGED_MINUTES = 15
SAMPLES_A_MINUTE = 55  # at least, with what a sample takes itself
MAX_GROWTH_MB = 4
MAX_GROWTH = 0.04
FILES_SLACK = 4  # two connections to the database
MAX_LOG_MB = 64  # journal_size_limit
# B-trees of rows that come in a random order are about two thirds full, and indices repeat columns.
PAGE_FACTOR = 3
PAGE_SLACK = 256
LEFT_OVER_S = 30  # connections that idle are closed after 5 s
PURGE_S = 60


def status(server):
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    number = lambda key: int(re.search(key + r":\s+(\d+)", text).group(1))
    return number("VmRSS") / 1000, number("Threads")


def open_files(server):
    folder = Path(f"/proc/{server.process.pid}/fd")
    counts = {"sockets": 0, "files": 0}
    for link in folder.iterdir():
        try:
            is_socket = os.readlink(link).startswith("socket:")
        except FileNotFoundError:
            continue  # closed meanwhile
        counts["sockets" if is_socket else "files"] += 1
    return counts


def size_mb(path):
    return path.stat().st_size / 1e6 if path.exists() else 0


def database_of(server):
    return Path(server.command[server.command.index("--data") + 1]) / "firn.db"


def watch(server, clients, until):
    """One sample a second, until the time is over or something fails."""
    samples, database = [], database_of(server)
    while time.monotonic() < until and not any(client.failure for client in clients):
        memory, threads = status(server)
        samples.append({"memory": memory, "threads": threads, "files": open_files(server)["files"],
                        "log": size_mb(Path(f"{database}-wal")), "database": size_mb(database)})
        if len(samples) % 60 == 0:
            print("soak: {} min: ".format(len(samples) // 60) +
                  ", ".join(f"{key} {value:.1f}" for key, value in samples[-1].items()),
                  flush=True)
        time.sleep(1)
    return samples


def growth(values):
    """By how much the line of least squares rises from the first value to the last."""
    if len(values) < 2:
        return 0
    slope = statistics.linear_regression(range(len(values)), values).slope
    return slope * (len(values) - 1)


def judge_samples(samples):
    """The rules that are broken, as sentences."""
    window = samples[len(samples) // 3:]
    column = lambda key: [sample[key] for sample in window]
    memory, half = column("memory"), len(window) // 2
    rise, mean = growth(memory), statistics.mean(memory)
    broken = []
    print(f"soak: {len(window)} samples behind the warm-up: resident {mean:.1f} MB on average, "
          f"{min(memory):.1f} to {max(memory):.1f}, trend {rise:+.2f} MB; threads "
          f"{window[0]['threads']} to {window[-1]['threads']}; open files at most "
          f"{max(column('files'))}; log at most {max(column('log')):.1f} MB; database "
          f"{window[0]['database']:.1f} to {window[-1]['database']:.1f} MB")
    if len(samples) >= JUDGED_MINUTES * SAMPLES_A_MINUTE and rise > max(MAX_GROWTH_MB, MAX_GROWTH * mean):
        broken.append(f"memory grows by {rise:.1f} MB")
    if window[-1]["threads"] != window[0]["threads"]:
        broken.append("the number of threads changes")
    if max(column("files")[half:]) > max(column("files")[:half + 1]) + FILES_SLACK:
        broken.append("the number of open files grows")
    if max(column("log")) > MAX_LOG_MB * 1.05:
        broken.append("the database's log grows past what it is cut to")
    return broken


def fail(broken):
    if broken:
        raise SystemExit("soak: " + "; ".join(broken))


def check_process(server, samples, clients, sockets_before):
    done, latencies = {}, sorted(one for client in clients for one in client.latencies)
    for client in clients:
        for action, count in client.done.items():
            done[action] = done.get(action, 0) + count
    print(f"soak: {sum(client.requests for client in clients)} requests, p50 "
          f"{latencies[len(latencies) // 2] * 1e3:.1f} ms, p99 "
          f"{latencies[len(latencies) * 99 // 100] * 1e3:.1f} ms: {done}")
    fail(judge_samples(samples))
    deadline = time.monotonic() + LEFT_OVER_S
    while (left := open_files(server)["sockets"]) > sockets_before and time.monotonic() < deadline:
        time.sleep(0.5)
    if left > sockets_before:
        fail([f"{left - sockets_before} connections are left over"])


def wait_for_purges(server):
    """Then the catalog must be clean beside the running server."""
    deadline = time.monotonic() + PURGE_S
    while json.loads(servers.request("GET", f"{server.url}/management/v1/purges"))["purges"]:
        if time.monotonic() > deadline:
            fail(["tables wait to be purged"])
        time.sleep(0.5)
    fsck(database_of(server).parent)


def fsck(data):
    done = subprocess.run([servers.binary(), "fsck", "--data", str(data)], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        fail([f"firn fsck ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr}"])
    return done.stdout.strip()


def weigh(database):
    """{table: (rows, bytes of their values)}"""
    weights = {}
    tables = [name for name, in database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    for table in tables:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        lengths = " + ".join(f"coalesce(length(CAST({column} AS BLOB)), 0)" for column in columns)
        weights[table] = database.execute(
            f"SELECT count(*), coalesce(sum({lengths}), 0) FROM {table}").fetchone()
    return weights


def check_database(path, changes):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        pragma = lambda name: database.execute(f"PRAGMA {name}").fetchone()[0]
        weights = weigh(database)
        used, free = pragma("page_count") - pragma("freelist_count"), pragma("freelist_count")
        page = pragma("page_size")
    rows = {table: count for table, (count, _) in weights.items() if count}
    weight = sum(size for _, size in weights.values())
    print(f"soak: database of {used} pages in use and {free} free ({used * page / 1e6:.1f} MB for "
          f"{weight / 1e6:.1f} MB of values): {rows}")
    broken = []
    if weights["change_log"][0] != changes:
        broken.append(f"{changes} changes were answered, {weights['change_log'][0]} are logged")
    for table in ("pending_files", "purge_queue"):
        if weights[table][0]:
            broken.append(f"{weights[table][0]} rows are left in {table}")
    if (used - PAGE_SLACK) * page > PAGE_FACTOR * weight:
        broken.append("the database is larger than its rows explain")
    fail(broken)


def check_end(server, data, changes):
    if server.process.returncode != 0:
        fail([f"the server ended with {server.process.returncode}"])
    check_database(Path(data) / "firn.db", changes)
    files = sum(path.is_file() for path in (Path(data) / "warehouse").rglob("*"))
    print(f"soak: {files} files in the warehouse; fsck: {fsck(data)}")
