"""Fills a Firn with what the page has to show. usage: data.py URL [number of small tables]"""

import concurrent.futures
import http.client
import json
import sys
import threading
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "http"))

import planning_tables
from pyiceberg.catalog import load_catalog

# Markup, right-to-left marks, quotes, four kilobytes would be refused: the longest name there is.
HOSTILE = ["<img src=x onerror=alert(1)>", "‮lanruoj", "a'b\"c`d", "x" * 200, "ä ö/ü%2F"]
SMALL = {"schema": {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}}


class Client:
    def __init__(self, url):
        self.netloc = urllib.parse.urlsplit(url).netloc
        self.local = threading.local()

    def post(self, path, body):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(self.netloc, timeout=60)
        self.local.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.local.connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 204), (path, answer.status, text)


def flights(catalog):
    """Two specs, two schemas, deletes, a branch, a tag, a rollback's forgotten snapshot."""
    catalog.create_namespace("demo", {"owner": "tests"})
    table = planning_tables.evolved_table(catalog, "demo.flights")
    planning_tables.add_deletes(catalog, table, [planning_tables.position_deletes(
        table, next(iter(table.scan().plan_files())).file, [0, 1], "p")])
    table = catalog.load_table("demo.flights")
    snapshots = table.snapshots()
    with table.manage_snapshots() as manage:
        manage.create_tag(snapshots[0].snapshot_id, "first").create_branch(snapshots[1].snapshot_id, "audit")
    return table


def main():
    url, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    catalog = load_catalog("firn", type="rest", uri=url)
    flights(catalog)
    client = Client(url)
    schema = {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}
    client.post("/v1/namespaces/demo/views", {"name": "delays", "schema": schema, "properties": {}, "view-version": {
        "version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {"engine-name": "tests"}, "default-namespace": ["demo"],
        "representations": [{"type": "sql", "sql": "SELECT id\nFROM flights", "dialect": "spark"}]}})
    client.post("/v1/namespaces/demo/tables/flights/metrics", {
        "report-type": "scan-report", "table-name": "demo.flights", "snapshot-id": 1, "filter": True, "schema-id": 0,
        "projected-field-ids": [1], "projected-field-names": ["id"], "metrics": {}})
    client.post("/management/v1/warehouses/default", {"properties": {"soft-delete-retention": "7d"}})
    for name in ("kept", "unwanted"):
        client.post("/v1/namespaces/demo/tables", {"name": name, **SMALL})
        catalog.drop_table(("demo", name))
    client.post("/v1/namespaces", {"namespace": ["hostile"]})
    for name in HOSTILE:
        client.post("/v1/namespaces/hostile/tables", {"name": name, **SMALL})
    client.post("/v1/namespaces", {"namespace": ["many"]})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: client.post("/v1/namespaces/many/tables", {"name": f"t{number:05d}", **SMALL}),
                      range(count)))


main()
