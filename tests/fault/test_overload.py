"""Far too much at once: ordinary requests are answered, and memory stays below its ceiling."""
import json
import re
import resource
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from history import COMMIT, History
from load import TABLES, Connection, Names, end_clients, prepare, run_op, start_clients

IDLE, SLOW, FLOODS = 1000, 200, 16
ORDINARY = 4
SHORT_S, LONG_S = 8, 60
BODY_SIZE = 10 * 2**20
# Without it this very flood takes more than 900.
MEMORY_MIB = 640
LIMITS = ("--connections", "2000", "--max-body", "16MiB")
# Three bytes of it become 264 in memory: what costs the server most.
HEAVY_BODY = b'{"updates":[' + b"{}," * (BODY_SIZE // 3) + b"{}]}"
LIGHT_BODY = json.dumps({"requirements": [], "updates": [
    {"action": "set-properties", "updates": {"large": "x" * BODY_SIZE}}]}).encode()
HEAD = (f"POST {TABLES}/flooded HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: {size}\r\n\r\n")
# Small enough not to be given back at their end.
BURST_BODY = b'{"updates":[' + b"{}," * 80_000 + b"{}]}"
BURST_CLIENTS, BURST_BODIES, BURST_MIB, KEPT_MIB, QUIET_S = 8, 4, 50, 20, 60
ANSWERS_TO_FLOODS = {200, 400, 413, 429, 507}


@pytest.fixture(scope="module", autouse=True)
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def send_body(port, body):
    """The status of the answer, or None where there was none."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(HEAD.format(size=len(body)).encode() + body)
        line = connection.recv(4096)[:12]
    return int(line.split()[1]) if line else None


class Flood(threading.Thread):
    """Bodies of 10 MB, one after the other. Some of them are cut off."""

    def __init__(self, port, body):
        super().__init__(daemon=True)
        self.port, self.body, self.stop, self.statuses = port, body, False, {}

    def run(self):
        while not self.stop:
            try:
                status = send_body(self.port, self.body)
            except ConnectionError:
                status = None  # closed in the middle of a body that it has no room for
            self.statuses[status] = self.statuses.get(status, 0) + 1


class SlowOnes(threading.Thread):
    """Requests that come a byte at a time, in the head or in the body, and never end."""

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.stop, self.sent = False, 0
        self.connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        for connection in self.connections[::2]:
            connection.sendall(HEAD.format(size=BODY_SIZE).encode())

    def run(self):
        while not self.stop:
            for connection in self.connections:
                try:
                    connection.send(b"x")
                    self.sent += 1
                except OSError:
                    continue  # the server has given it up
            time.sleep(0.5)


def memory_mib(server, key):
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(key + r":\s+(\d+)", text).group(1)) / 1024


def most_memory_mib(server):
    return memory_mib(server, "VmHWM")


def idle_ones(port):
    """Half of them have asked for something before."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(IDLE)]
    for connection in connections[::2]:
        connection.sendall(b"GET /v1/config HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for connection in connections[::2]:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    return connections


def test_overload__leaves_ordinary_requests_answered_and_memory_below_its_ceiling(
        own_server, chance, is_long, figures):
    server = own_server("--memory", f"{MEMORY_MIB}MiB", *LIMITS)
    connection, history, names = Connection(server.port), History(), Names()
    prepare(connection, ["flooded", "t0", "t1", "t2"])
    idle, slow = idle_ones(server.port), SlowOnes(server.port, SLOW)
    floods = [Flood(server.port, body) for body in [HEAVY_BODY, LIGHT_BODY] * (FLOODS // 2)]
    for thread in (slow, *floods):
        thread.start()
    clients = start_clients(server.port, ORDINARY, history, names, ["t0", "t1", "t2"],
                            chance.random())
    time.sleep(LONG_S if is_long else SHORT_S)
    statuses = end_clients(clients)
    for thread in (slow, *floods):
        thread.stop = True
    for thread in (slow, *floods):
        thread.join(120)
        assert not thread.is_alive()
    flooded = {}
    for flood in floods:
        for status, count in flood.statuses.items():
            flooded[status] = flooded.get(status, 0) + count
    for one in (*idle, *slow.connections):
        one.close()
    most = most_memory_mib(server)
    figures(f"ordinary {statuses}, floods {flooded}, at most {most:.0f} MiB resident of "
            f"{MEMORY_MIB}")
    assert set(statuses) <= {200, 204} and sum(statuses.values()) > ORDINARY * 10, statuses
    assert set(flooded) <= ANSWERS_TO_FLOODS | {None} and flooded, flooded
    assert slow.sent > SLOW
    assert most < MEMORY_MIB
    history.check()
    assert run_op(connection, history, COMMIT, ["t0"])[1].status == 200
    server.stop()


def test_memory__that_is_too_low_is_refused_with_the_least_that_would_do(own_server):
    server = own_server("--memory", "64MiB", is_started=False).spawn()
    assert server.wait() == 1
    least = re.search(r"it must be (\d+MiB) or more", server.log_text()).group(1)
    own_server("--memory", least, data="other").stop()


def test_memory__goes_back_once_it_is_quiet(own_server, figures):
    """A burst of bodies that become very many small blocks, and then not a single request."""
    server = own_server()
    connection = Connection(server.port)
    prepare(connection, ["flooded"])
    before = memory_mib(server, "VmRSS")
    with ThreadPoolExecutor(BURST_CLIENTS) as clients:
        statuses = set(clients.map(lambda _: send_body(server.port, BURST_BODY),
                                   range(BURST_CLIENTS * BURST_BODIES)))
    assert statuses <= ANSWERS_TO_FLOODS, statuses
    most, until = most_memory_mib(server), time.monotonic() + QUIET_S
    while memory_mib(server, "VmRSS") > before + KEPT_MIB and time.monotonic() < until:
        time.sleep(0.5)
    kept = memory_mib(server, "VmRSS")
    figures(f"{before:.0f} MiB before, at most {most:.0f}, {kept:.0f} once it is quiet")
    assert most > before + BURST_MIB
    assert kept <= before + KEPT_MIB
    server.stop()
