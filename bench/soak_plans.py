"""Random plans, parts, cancellations, hang-ups and commits for some minutes: memory must stay flat.

usage: soak_plans.py [minutes]      FIRN_BINARY names another binary, such as one with a sanitizer

Fails where an answer is wrong, where the last third of the run needs a tenth more memory than the
middle one, where connections are left over, or where the server does not end well.
"""
import http.client
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import plans
import servers

CLIENTS = 6
FILES = 100_000
PART_FILES = 20_000
ROWS_OF_IDS = 5000
SLACK_MB = 16  # what malloc keeps of one plan more


class Client(threading.Thread):
    def __init__(self, server, seed, until):
        super().__init__(daemon=True)
        self.server, self.until = server, until
        self.chance = random.Random(seed)
        self.failure = None
        self.done = {}

    def run(self):
        actions = [self.plan_range, self.plan_all, self.hang_up, self.commit, self.cancel,
                   self.wrong]
        try:
            self.planner = plans.Planner(self.server, "default/", "plain")
            while time.monotonic() < self.until and not self.failure:
                action = self.chance.choices(actions, [8, 1, 2, 4, 4, 2])[0]
                action()
                self.done[action.__name__] = self.done.get(action.__name__, 0) + 1
        except Exception as error:  # the main thread reports it
            self.failure = f"{type(error).__name__}: {error}"

    def expect(self, holds, what):
        if not holds:
            raise AssertionError(what)

    def request(self):
        """A filter on ids and how many files it leaves."""
        first = self.chance.randrange(FILES)
        last = min(FILES, first + self.chance.choice([1, 50, 3000]))
        bounds = [{"type": "gt-eq", "term": "id", "value": first * ROWS_OF_IDS},
                  {"type": "lt", "term": "id", "value": last * ROWS_OF_IDS}]
        body = {"filter": {"type": "and", "left": bounds[0], "right": bounds[1]}}
        if self.chance.random() < 0.3:
            body["stats-fields"] = self.chance.sample(["id", "ts", "c3", "c4"], 2)
        return body, last - first

    def plan_range(self):
        body, expected = self.request()
        found = self.planner.gather(self.planner.call("POST", "/plan", body))
        self.expect(found == expected, f"{found} files instead of {expected} for {body}")

    def plan_all(self):
        found = self.planner.gather(self.planner.call("POST", "/plan", {}))
        self.expect(found == FILES, f"{found} files instead of {FILES}")

    def hang_up(self):
        answer = json.loads(self.planner.call("POST", "/plan", {}))
        body = json.dumps({"plan-task": self.chance.choice(answer["plan-tasks"])})
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall((f"POST {self.planner.path}/tasks HTTP/1.1\r\nHost: localhost\r\n"
                                f"Content-Type: application/json\r\nContent-Length: {len(body)}"
                                f"\r\n\r\n{body}").encode())
            connection.recv(self.chance.choice([1, 1000, 300_000]))

    def commit(self):
        self.planner.call("POST", "", {"requirements": [], "updates": [
            {"action": "set-properties", "updates": {"soak": str(self.chance.random())}}]})

    def cancel(self):
        body, _ = self.request()
        answer = json.loads(self.planner.call("POST", "/plan", body))
        self.planner.call("DELETE", "/plan/" + urllib.parse.quote(answer["plan-id"], safe=""))

    def wrong(self):
        body = {"filter": {"type": "eq", "term": "nothing", "value": 1}}
        self.planner.connection.request("POST", self.planner.path + "/plan", json.dumps(body),
                                        {"Content-Type": "application/json"})
        answer = self.planner.connection.getresponse()
        answer.read()
        self.expect(answer.status == 400, f"{answer.status} for an unknown column")


def sockets(server):
    """Connections, and what listens: the database's files are opened as they are needed."""
    folder = Path(f"/proc/{server.process.pid}/fd")
    return sum(os.readlink(link).startswith("socket:") for link in folder.iterdir())


def watch(server, clients, until):
    """Resident MB, once a second."""
    samples = []
    while time.monotonic() < until and not any(client.failure for client in clients):
        samples.append(plans.memory_mb(server)["VmRSS"])
        time.sleep(1)
    return samples


def check(server, clients, samples, before):
    for client in clients:
        if client.failure:
            raise SystemExit(f"soak: {client.failure}")
    third = len(samples) // 3
    middle, last = max(samples[third:2 * third]), max(samples[2 * third:])
    done = {}
    for client in clients:
        for action, count in client.done.items():
            done[action] = done.get(action, 0) + count
    print(f"soak: {len(samples)} s, {done}; resident MB, thirds: {max(samples[:third]):.0f}, "
          f"{middle:.0f}, {last:.0f}")
    if last > middle * 1.1 + SLACK_MB:
        raise SystemExit("soak: memory grows")
    deadline = time.monotonic() + 30  # connections that idle are closed after 5 s
    while (left := sockets(server)) > before and time.monotonic() < deadline:
        time.sleep(0.5)
    if left > before:
        raise SystemExit(f"soak: {left - before} connections are left over")


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    plans.table("plain")
    with tempfile.TemporaryDirectory() as work:
        with servers.firn(f"{work}/firn", "--allow-location", f"file://{plans.FOLDER}",
                          "--cache-size", "32MiB", "--plan-files", str(PART_FILES),
                          "--plan-threads", "3", "--connection-timeout", "5") as server:
            plans.register(server, "default/", "plain")
            before = sockets(server)
            until = time.monotonic() + minutes * 60
            clients = [Client(server, seed, until) for seed in range(CLIENTS)]
            for client in clients:
                client.start()
            samples = watch(server, clients, until)
            for client in clients:
                client.join(60)
            for client in clients:
                client.planner.connection.close()
            check(server, clients, samples, before)
    if server.process.returncode != 0:
        raise SystemExit(f"soak: the server ended with {server.process.returncode}")
    print("soak: memory is flat, nothing is left over")


if __name__ == "__main__":
    main()
