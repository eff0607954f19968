"""Everything that clients do, for an hour: no error, and nothing of the server may grow.

usage: soak_mixed.py [minutes] [--rate REQUESTS_A_SECOND] [--cache SIZE]
       FIRN_BINARY names another binary, such as one with a sanitizer

Eight clients commit to tables of their own and to shared ones, create, purge, rename, replace
views, run transactions, load, revalidate, list and plan, hang up and ask for nonsense, at a bounded
rate so that other work may run beside it. Each answer is checked, not only its status. What the run
must end with is in soak_checks.py.
"""
import argparse
import gzip
import http.client
import itertools
import json
import random
import socket
import tempfile
import threading
import time
import urllib.parse
import uuid

import plans
import servers
import soak_checks

CLIENTS = 8
DEFAULT_MINUTES = 60
DEFAULT_RATE = 200  # of all clients together
SHARED_TABLES = 2
SET_TABLES = 3  # that transactions change together
MAX_SNAPSHOTS = 20
KEPT_METADATA = 5
PLANNED = "soak"
PLANNED_FILES = 1000
plans.TABLES[PLANNED] = (10, 100, 0)
SCHEMA = {"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "id", "required": False, "type": "long"},
    {"id": 2, "name": "data", "required": False, "type": "string"}]}
BOUNDED = {"write.metadata.delete-after-commit.enabled": "true",
           "write.metadata.previous-versions-max": str(KEPT_METADATA)}


def set_properties(**updates):
    return {"action": "set-properties", "updates": updates}


def view_body(name, number):
    version = {"version-id": 1, "timestamp-ms": int(time.time() * 1000), "schema-id": 0,
               "summary": {}, "default-namespace": ["soak"],
               "representations": [{"type": "sql", "sql": f"select {number}", "dialect": "spark"}]}
    return {"name": name, "schema": SCHEMA, "view-version": version, "properties": {}}


class Client(threading.Thread):
    """One connection, kept; `changes` counts what must stand in the change log."""

    def __init__(self, server, number, until, interval_s):
        super().__init__(daemon=True)
        self.server, self.number, self.until, self.interval_s = server, number, until, interval_s
        self.chance = random.Random(number)
        self.counter = itertools.count(1)
        self.failure = None
        self.done, self.changes, self.requests = {}, 0, 0
        self.latencies = []
        self.seen, self.snapshots, self.renamed = {}, [], 0
        self.next_at = time.monotonic()

    # --- HTTP ---

    def pace(self):
        self.next_at = max(self.next_at + self.interval_s, time.monotonic() - 1)
        time.sleep(max(0, self.next_at - time.monotonic()))

    def call(self, method, path, body=None, expect=200, headers=None):
        """The answer's headers, and its body parsed (None where it has none)."""
        self.pace()
        started = time.monotonic()
        self.connection.request(method, path, None if body is None else json.dumps(body),
                                {"Content-Type": "application/json", **(headers or {})})
        answer = self.connection.getresponse()
        text = answer.read()
        self.latencies.append(time.monotonic() - started)
        self.requests += 1
        if answer.status != expect:
            raise AssertionError(f"{method} {path}: {expect} expected: {answer.status} "
                                 f"{text[:300]}")
        if answer.getheader("Content-Encoding") == "gzip":
            text = gzip.decompress(text)
        return answer.headers, json.loads(text) if text else None

    def change(self, method, path, body=None, expect=200, entries=1):
        """With an Idempotency-Key; now and then it is asked again, and must happen once."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        _, first = self.call(method, path, body, expect, key)
        self.changes += entries
        if self.chance.random() < 0.1:
            _, again = self.call(method, path, body, expect, key)
            if first:
                place = "metadata-location"
                self.expect(first[place] == again[place], f"{path}: a key made two changes")
        return first

    def expect(self, holds, what):
        if not holds:
            raise AssertionError(what)

    def name(self, stem):
        return f"{stem}{self.number}_{next(self.counter)}"

    def commit(self, table, *updates):
        return self.change("POST", f"{TABLES}/{table}",
                           {"requirements": [], "updates": list(updates)})

    def create(self, table, **more):
        return self.change("POST", TABLES, {"name": table, "schema": SCHEMA,
                                            "properties": BOUNDED, **more})

    def properties(self, table):
        return self.call("GET", f"{TABLES}/{table}")[1]["metadata"]["properties"]

    # --- what a client does ---

    def commit_own(self):
        value = str(next(self.counter))
        answer = self.commit(f"own{self.number}", set_properties(value=value))
        self.expect(answer["metadata"]["properties"]["value"] == value, "another value came back")
        self.seen["own"] = value

    def commit_shared(self):
        table = self.chance.randrange(SHARED_TABLES)
        value = str(next(self.counter))
        self.commit(f"shared{table}", set_properties(**{f"client{self.number}": value}))
        self.seen[table] = value

    def append(self):
        table, number = f"snapshots{self.number}", next(self.counter)
        snapshot = {"snapshot-id": number, "sequence-number": number,
                    "timestamp-ms": int(time.time() * 1000), "schema-id": 0,
                    "summary": {"operation": "append"}, "manifest-list": f"file:///none/{number}"}
        updates = [{"action": "add-snapshot", "snapshot": snapshot},
                   {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch",
                    "snapshot-id": number}]
        self.snapshots.append(number)
        if len(self.snapshots) > MAX_SNAPSHOTS:
            updates.append({"action": "remove-snapshots", "snapshot-ids": [self.snapshots.pop(0)]})
        metadata = self.commit(table, *updates)["metadata"]
        self.expect([s["snapshot-id"] for s in metadata["snapshots"]] == self.snapshots,
                    "other snapshots than those added")

    def read_back(self):
        own = self.properties(f"own{self.number}").get("value")
        self.expect(own == self.seen.get("own"), f"{own} read after {self.seen.get('own')}")
        for table in range(SHARED_TABLES):
            value = self.properties(f"shared{table}").get(f"client{self.number}")
            self.expect(value == self.seen.get(table), f"{value} in shared{table}")

    def load_unchanged(self):
        path = f"{TABLES}/{self.chance.choice(['still', PLANNED])}"
        headers, _ = self.call("GET", path, headers={"Accept-Encoding": "gzip"})
        self.call("GET", path, expect=304, headers={"If-None-Match": headers["ETag"],
                                                    "Accept-Encoding": "gzip"})

    def load_refs(self):
        self.call("GET", f"{TABLES}/snapshots{self.number}?snapshots=refs")

    def create_and_purge(self):
        table = self.name("made")
        self.create(table)
        self.call("POST", TABLES, {"name": table, "schema": SCHEMA}, 409)
        self.commit(table, set_properties(a="1"))
        self.change("DELETE", f"{TABLES}/{table}?purgeRequested=true", expect=204)
        self.call("GET", f"{TABLES}/{table}", expect=404)

    def rename(self):
        names = [f"renamed{self.number}_{side}" for side in "ab"]
        source, self.renamed = names[self.renamed], 1 - self.renamed
        ends = {"namespace": ["soak"], "name": source}, {"namespace": ["soak"],
                                                         "name": names[self.renamed]}
        self.change("POST", f"{PREFIX}/tables/rename",
                    {"source": ends[0], "destination": ends[1]}, 204)
        self.call("HEAD", f"{TABLES}/{names[self.renamed]}", expect=204)
        self.call("HEAD", f"{TABLES}/{source}", expect=404)

    def view(self):
        name = self.name("view")
        made = self.change("POST", VIEWS, view_body(name, 1))
        version = view_body(name, 2)["view-version"] | {"version-id": 2}
        self.change("POST", f"{VIEWS}/{name}", {"requirements": [
            {"type": "assert-view-uuid", "uuid": made["metadata"]["view-uuid"]}], "updates": [
                {"action": "add-view-version", "view-version": version},
                {"action": "set-current-view-version", "view-version-id": -1}]})
        metadata = self.call("GET", f"{VIEWS}/{name}")[1]["metadata"]
        self.expect(metadata["current-version-id"] == 2, "the view was not replaced")
        self.change("DELETE", f"{VIEWS}/{name}", expect=204)

    def transaction(self):
        value = self.name("value")
        self.change("POST", f"{PREFIX}/transactions/commit", {"table-changes": [
            {"identifier": {"namespace": ["soak"], "name": f"set{table}"}, "requirements": [],
             "updates": [set_properties(**{f"client{self.number}": value})]}
            for table in range(SET_TABLES)]}, 204, entries=SET_TABLES)
        found = {self.properties(f"set{table}")[f"client{self.number}"]
                 for table in range(SET_TABLES)}
        self.expect(found == {value}, f"{found} after a transaction of {value}")

    def list_pages(self):
        names, token = [], ""
        while token is not None:
            query = urllib.parse.urlencode({"pageSize": 10, "pageToken": token})
            _, page = self.call("GET", f"{TABLES}?{query}")
            names += [one["name"] for one in page["identifiers"]]
            token = page.get("next-page-token")
        self.expect(len(names) == len(set(names)) and f"own{self.number}" in names,
                    f"a listing of {len(names)} names lacks or repeats some")
        self.call("GET", f"{PREFIX}/namespaces")
        self.call("GET", VIEWS)

    def plan(self):
        _, answer = self.call("POST", f"{TABLES}/{PLANNED}/plan", {})
        found = len(answer["file-scan-tasks"])
        self.expect(found == PLANNED_FILES, f"a plan of {found} files")

    def hang_up(self):
        self.pace()
        head = f"POST {TABLES}/still HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{"
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(head[:self.chance.randrange(1, len(head))].encode())

    def report(self):
        self.call("POST", f"{TABLES}/still/metrics", {
            "report-type": "scan-report", "table-name": "still", "snapshot-id": 1, "filter": True,
            "schema-id": 0, "projected-field-ids": [1], "projected-field-names": ["id"],
            "metrics": {}}, 204)

    def nonsense(self):
        self.call("GET", f"{TABLES}/nothing", expect=404)
        self.call("POST", f"{TABLES}/still", {"requirements": [], "updates": [
            {"action": "no-such-update"}]}, 400)
        self.call("POST", f"{TABLES}/still", {"requirements": [
            {"type": "assert-table-uuid", "uuid": str(uuid.uuid4())}], "updates": []}, 409)

    ACTIONS = ((commit_own, 8), (commit_shared, 8), (append, 4), (read_back, 4),
               (load_unchanged, 12), (load_refs, 2), (create_and_purge, 2), (rename, 2), (view, 1),
               (transaction, 2), (list_pages, 1), (plan, 2), (hang_up, 1), (report, 1),
               (nonsense, 1))

    def prepare(self):
        self.create(f"own{self.number}")
        self.create(f"snapshots{self.number}")
        self.create(f"renamed{self.number}_a")

    def run(self):
        actions, weights = zip(*self.ACTIONS)
        try:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            self.prepare()
            while time.monotonic() < self.until and not self.failure:
                action = self.chance.choices(actions, weights)[0]
                action(self)
                self.done[action.__name__] = self.done.get(action.__name__, 0) + 1
            self.connection.close()
        except Exception as error:  # the main thread reports it
            self.failure = f"client {self.number}: {type(error).__name__}: {error}"


PREFIX = "/v1/default"
TABLES = f"{PREFIX}/namespaces/soak/tables"
VIEWS = f"{PREFIX}/namespaces/soak/views"


def prepare(server):
    """The shared part. Gives how many changes it made."""
    post = lambda path, body: servers.request("POST", server.url + path, body)
    post(f"{PREFIX}/namespaces", {"namespace": ["soak"]})
    names = ["still", *(f"shared{n}" for n in range(SHARED_TABLES)),
             *(f"set{n}" for n in range(SET_TABLES))]
    for name in names:
        post(TABLES, {"name": name, "schema": SCHEMA, "properties": BOUNDED})
    post(f"{PREFIX}/namespaces/soak/register",
         {"name": PLANNED, "metadata-location": plans.table(PLANNED)})
    return 1 + len(names) + 1


def run(server, minutes, rate):
    """Clients until the time is over; what was sampled meanwhile, and what they did."""
    changes = prepare(server)
    until = time.monotonic() + minutes * 60
    clients = [Client(server, number, until, CLIENTS / rate) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    samples = soak_checks.watch(server, clients, until)
    for client in clients:
        client.join(120)
        if client.failure or client.is_alive():
            raise SystemExit(f"soak: {client.failure or 'a client hangs'}")
    return samples, clients, changes + sum(client.changes for client in clients)


def main():
    parser = argparse.ArgumentParser(prog="./dev soak")
    parser.add_argument("minutes", nargs="?", type=float, default=DEFAULT_MINUTES)
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE,
                        help=f"requests a second, of all clients (default {DEFAULT_RATE})")
    parser.add_argument("--cache", default="16MiB", help="the server's --cache-size")
    options = parser.parse_args()
    plans.table(PLANNED)
    with tempfile.TemporaryDirectory(prefix="firn-soak.") as work:
        data = f"{work}/firn"
        with servers.firn(data, "--allow-location", f"file://{plans.FOLDER}", "--cache-size",
                          options.cache, "--connection-timeout", "5", "--plan-threads",
                          "2") as server:
            before = soak_checks.open_files(server)["sockets"]
            samples, clients, changes = run(server, options.minutes, options.rate)
            soak_checks.check_process(server, samples, clients, before)
            soak_checks.wait_for_purges(server)
        soak_checks.check_end(server, data, changes)
    print("soak: no error, nothing grows, nothing is left over")


if __name__ == "__main__":
    main()
