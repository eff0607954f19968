"""Cold start, and memory: idle, and after loads of a thousand tables."""
import contextlib
import json
import re
import socket
import subprocess
import time
from pathlib import Path

import lists
import servers
from figures import Cell, Goal, Row, Subject, in_turns
from loads import FIRN, REFERENCE

STARTS = 10
REFERENCE_STARTS = 3
READY_S = 120
LOADED = lists.SOME
STEP_S = 0.0005


def is_ready(port):
    """One request for the configuration, answered with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(READY_S)
            connection.sendall(b"GET /v1/config HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def start_ms(server):
    """From the process's beginning to its first answer; the server is ended again."""
    started = time.monotonic()
    process = subprocess.Popen(server.command, stdin=subprocess.DEVNULL, env=server.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not is_ready(server.port):
            if process.poll() is not None or time.monotonic() - started > READY_S:
                raise SystemExit(f"{server.command[0]} does not start")
            time.sleep(STEP_S)
        return (time.monotonic() - started) * 1000
    finally:
        process.terminate()
        process.wait(60)


def memory_mb(pid, field="VmRSS"):
    """Of a process and its children: the reference is started by a script."""
    status = Path(f"/proc/{pid}/status").read_text()
    total = int(re.search(field + r":\s+(\d+)", status).group(1)) / 1000
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(memory_mb(child, field) for child in children)


def load_all(server):
    """Every table once, and then the usual load on a few of them."""
    names = [item["name"] for item in json.loads(servers.request(
        "GET", server.url + lists.namespace_path(LOADED)))["identifiers"]]
    for name in names:
        servers.request("GET", f"{server.url}{lists.namespace_path(LOADED)}/{name}")
    return f"{server.url}{lists.namespace_path(LOADED)}/{names[0]}"


def memory(context, make):
    """(idle, loaded) MB of a new server with a thousand tables."""
    with make() as server:
        lists.fill(server, (LOADED,))
    with make() as server:
        servers.request("GET", server.url + "/v1/config")
        idle = memory_mb(server.process.pid)
        context.rate(load_all(server), context.seconds)
        return idle, memory_mb(server.process.pid)


def starts(context):
    """Of a new catalog, and of one with a thousand tables."""
    count = 3 if context.is_quick else STARTS
    directory = f"{context.work}/started"
    rows = []
    for name, fill in (("a new catalog", None), (f"a catalog of {LOADED:,} tables", lists.fill)):
        if fill:
            with servers.firn(directory) as server:
                fill(server, (LOADED,))
        numbers = iter(range(count))
        values = in_turns(count, {FIRN: lambda: start_ms(servers.firn(
            directory if fill else f"{context.work}/new-{next(numbers)}"))})
        cells = {FIRN: Cell(values[FIRN], "ms")}
        if context.has_reference and not fill:
            cells[REFERENCE] = Cell([start_ms(servers.reference(f"{context.work}/reference-{i}"))
                                     for i in range(min(REFERENCE_STARTS, count))], "ms")
        rows.append(Row(f"first answer, {name}", cells, [Goal("", 50, is_ceiling=True)]))
    return rows


def measure(context):
    rows = starts(context)
    makers = {FIRN: lambda: servers.firn(f"{context.work}/memory")}
    if context.has_reference:
        makers[REFERENCE] = lambda: servers.reference(f"{context.work}/reference-memory")
    figures = {name: memory(context, make) for name, make in makers.items()}
    for i, (case, goals) in enumerate((("memory, idle", [Goal("", 30, is_ceiling=True)]),
                                       (f"memory, {LOADED:,} tables loaded", []))):
        rows.append(Row(case, {name: Cell([pair[i]], "MB") for name, pair in figures.items()},
                        goals))
    return [Subject("start", "Start and memory", rows,
                    "From the start of the process to its first answer, the lowest and the highest "
                    "start in brackets; resident memory with a catalog of 1,000 tables.",
                    has_ratios=False)]
