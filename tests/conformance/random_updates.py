"""Random updates of a table, legal and illegal, made to fit its present metadata."""

import copy
import time
import uuid

from random_schemas import (Columns, add_identifier, first_schema, order_of, spec_of, spoil_schema,
                            wrong)

PROPERTIES = ["a", "b", "owner", "write.metadata.previous-versions-max",
              "write.metadata.delete-after-commit.enabled", "commit.retry.num-retries"]
RESERVED = ["format-version", "uuid", "snapshot-count", "current-snapshot-id", "current-schema",
            "default-partition-spec", "default-sort-order", "current-snapshot-summary"]
# Snapshots are a little older than their commits, so that a log's times tell which is which.
SNAPSHOT_AGE_MS = 20_000
MINUTES_MS = 180_000
GONE = 4040404


class TableUpdates:
    """Updates for one table; `metadata` is what its last answer said."""

    def __init__(self, rng, base_location):
        self.rng = rng
        self.base_location = base_location
        self.metadata = None
        self.clock_ms = 0
        self.sequence = self.row_id = 0
        self.pending = []  # snapshots that this commit adds

    def wrong(self, one_in=8):
        return wrong(self.rng, one_in)

    def commit(self):
        """A list of updates; most commits carry one or two."""
        makers = [self.properties, self.drop_properties, self.schema, self.schema, self.spec,
                  self.spec, self.order, self.order, self.snapshot, self.snapshot, self.snapshot,
                  self.snapshot, self.ref, self.ref, self.drop_ref, self.drop_snapshots,
                  self.statistics, self.partition_statistics, self.location, self.upgrade,
                  self.uuid, self.drop_schemas, self.drop_specs, self.key, self.only_default,
                  self.replace, self.two_snapshots]
        # A commit that adds snapshots twice needs the second to follow the first.
        self.sequence = self.metadata.get("last-sequence-number", 0)
        self.row_id = self.metadata.get("next-row-id", 0)
        self.pending = []
        updates = []
        for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3, 4])):
            updates += self.rng.choice(makers)()
        if self.wrong(40):
            self.spoil(updates)
        return updates

    def spoil(self, updates):
        """One update is not what the protocol knows, or lacks a field."""
        rng, one = self.rng, rng_choice(self.rng, updates)
        fields = [name for name in one if name != "action"]
        rng.choice([lambda: one.pop("action"), lambda: one.update(action="no-such-action"),
                    lambda: one.update(action=one["action"].upper()),
                    lambda: one.update({"x-unknown": 1}),
                    lambda: one.pop(rng.choice(fields)),
                    lambda: one.update({rng.choice(fields): None}),
                    lambda: one.update({rng.choice(fields): "text"}),
                    lambda: one.update(action="add-view-version")])()

    def requirements(self, stale=None):
        """From the table as it is, or as it was (`stale`) when another commit came between."""
        metadata, rng = stale or self.metadata, self.rng
        off = 1 if self.wrong() else 0
        refs = metadata.get("refs", {})
        name = rng.choice(["main", "b1", "t1", *refs])
        present = refs[name]["snapshot-id"] if name in refs else None
        made = [
            {"type": "assert-table-uuid", "uuid": metadata["table-uuid"].upper()
             if not off else str(uuid.UUID(int=rng.getrandbits(128)))},
            {"type": "assert-current-schema-id",
             "current-schema-id": metadata["current-schema-id"] + off},
            {"type": "assert-last-assigned-field-id",
             "last-assigned-field-id": metadata["last-column-id"] + off},
            {"type": "assert-last-assigned-partition-id",
             "last-assigned-partition-id": metadata["last-partition-id"] + off},
            {"type": "assert-default-spec-id",
             "default-spec-id": metadata["default-spec-id"] + off},
            {"type": "assert-default-sort-order-id",
             "default-sort-order-id": metadata["default-sort-order-id"] + off},
            {"type": "assert-ref-snapshot-id", "ref": name, "snapshot-id": rng.choice(
                [None, *self.snapshot_ids()]) if off else present},
        ]
        if self.wrong(30):
            made = [rng.choice([{"type": "assert-view-uuid", "uuid": metadata["table-uuid"]},
                                {"type": "assert-create"}, {"type": "assert-nothing"},
                                {"type": "assert-current-schema-id"}, {"uuid": "x"}])]
        return rng.sample(made, min(len(made), rng.choice([0, 0, 1, 1, 2, 7])))

    def fields(self):
        current = self.metadata["current-schema-id"]
        return next(schema["fields"] for schema in self.metadata["schemas"]
                    if schema["schema-id"] == current)

    def snapshot_ids(self):
        return [snapshot["snapshot-id"] for snapshot in self.metadata.get("snapshots", [])]

    def some_snapshot(self):
        ids = self.snapshot_ids() + self.pending
        return self.rng.choice(ids) if ids and not self.wrong(6) else GONE

    def known_or_last(self, ids):
        return self.rng.choice([-1, -1, *ids]) if not self.wrong() else 99

    def properties(self):
        rng = self.rng
        values = {name: str(rng.randint(1, 4)) for name in rng.sample(PROPERTIES[:4], 2)}
        if rng.random() < 0.5:
            values[PROPERTIES[4]] = rng.choice(["true", "false", "TRUE"])
        if self.wrong():
            values[PROPERTIES[3]] = rng.choice(["0", "-3", "many", ""])
        if self.wrong():
            values[rng.choice(RESERVED)] = "2"
        return [{"action": "set-properties", "updates": {} if self.wrong(15) else values}]

    def drop_properties(self):
        names = self.rng.sample(PROPERTIES + ["gone", "uuid"], 2)
        return [{"action": "remove-properties", "removals": [] if self.wrong(10) else names}]

    def schema(self):
        rng, last = self.rng, self.metadata["last-column-id"]
        fields = copy.deepcopy(self.fields())
        schema = {"type": "struct", "schema-id": rng.randint(0, 9), "fields": fields}
        self.evolve(schema, Columns(rng, last, self.metadata["format-version"], "n"))
        if rng.random() < 0.2:
            add_identifier(rng, schema)
        if self.wrong(15):
            spoil_schema(rng, schema)
        update = {"action": "add-schema", "schema": schema}
        if rng.random() < 0.2:
            update["last-column-id"] = last + rng.choice([-1, 0, 1, 5])
        known = [schema["schema-id"] for schema in self.metadata["schemas"]]
        current = {"action": "set-current-schema", "schema-id": self.known_or_last(known)}
        return [update, current] if rng.random() < 0.8 else [rng.choice([update, current])]

    def evolve(self, schema, columns):
        rng, fields = self.rng, schema["fields"]
        kind = rng.choice(["add", "add", "add", "drop", "same", "rename", "move", "promote"])
        if kind == "add" or not fields:
            fields.insert(rng.randint(0, len(fields)), columns.column())
        elif kind == "drop" and len(fields) > 1:
            fields.pop(rng.randrange(len(fields)))
        elif kind == "rename":
            rng.choice(fields)["name"] += "r"
        elif kind == "move":
            rng.shuffle(fields)
        elif kind == "promote":
            wider = {"int": "long", "float": "double", "date": "timestamp", "unknown": "string"}
            for field in fields:
                if str(field["type"]) in wider:
                    field["type"] = wider[field["type"]]

    def spec(self):
        known = [spec["spec-id"] for spec in self.metadata["partition-specs"]]
        spec = spec_of(self.rng, self.fields(), self.metadata["last-partition-id"])
        if self.wrong() and known:
            spec = copy.deepcopy(self.rng.choice(self.metadata["partition-specs"]))
        update = {"action": "add-spec", "spec": spec}
        return self.some_of(update, {"action": "set-default-spec",
                                     "spec-id": self.known_or_last(known)})

    def order(self):
        known = [order["order-id"] for order in self.metadata["sort-orders"]]
        order = order_of(self.rng, self.fields())
        if self.wrong():
            order = copy.deepcopy(self.rng.choice(self.metadata["sort-orders"]))
        update = {"action": "add-sort-order", "sort-order": order}
        return self.some_of(update, {"action": "set-default-sort-order",
                                     "sort-order-id": self.known_or_last(known)})

    def some_of(self, add, set_default):
        choice = self.rng.random()
        return [add, set_default] if choice < 0.75 else [add] if choice < 0.9 else [set_default]

    def only_default(self):
        """-1 with nothing added in front of it."""
        return [self.rng.choice([{"action": "set-current-schema", "schema-id": -1},
                                 {"action": "set-default-spec", "spec-id": -1},
                                 {"action": "set-default-sort-order", "sort-order-id": -1}])]

    def now_ms(self):
        self.clock_ms = max(self.clock_ms + 1, int(time.time() * 1000) - SNAPSHOT_AGE_MS)
        return self.clock_ms

    def make_snapshot(self):
        rng, version = self.rng, self.metadata["format-version"]
        self.sequence += 1
        ids = self.snapshot_ids() + self.pending
        new_id = rng.choice(ids) if ids and self.wrong(15) else rng.getrandbits(62)
        snapshot = {"snapshot-id": new_id, "timestamp-ms": self.now_ms(),
                    "summary": {"operation": rng.choice(["append", "replace", "delete"]),
                                "n": "1"},
                    "manifest-list": f"{self.base_location}/snap-{new_id}.avro",
                    "schema-id": self.metadata["current-schema-id"]}
        if version > 1 or self.wrong():
            snapshot["sequence-number"] = self.sequence - (2 * self.wrong(10))
        if ids and rng.random() < 0.8:
            snapshot["parent-snapshot-id"] = ids[-1]
        if version >= 3 and not self.wrong(15):
            rows = rng.randint(0, 50)
            first = self.row_id - 1 if self.wrong(15) else self.row_id + 3 * self.wrong(15)
            snapshot.update({"first-row-id": first, "added-rows": rows})
            self.row_id += rows
        if self.wrong(10):
            self.spoil_snapshot(snapshot)
        self.pending.append(new_id)
        return snapshot

    def spoil_snapshot(self, snapshot):
        rng, parent = self.rng, "parent-snapshot-id"
        rng.choice([lambda: snapshot.pop("summary"), lambda: snapshot.pop("manifest-list"),
                    lambda: snapshot.pop("schema-id"), lambda: snapshot.update({parent: GONE}),
                    lambda: snapshot.update({parent: None}),
                    lambda: snapshot.update({"schema-id": 99}),
                    lambda: snapshot.update({"summary": {"n": "1"}}),
                    lambda: snapshot.update({"key-id": "k1"}),
                    lambda: snapshot.update({"sequence-number": self.sequence + 7}),
                    lambda: snapshot.pop("timestamp-ms"),
                    lambda: snapshot.update({"added-rows": -1, "first-row-id": self.row_id}),
                    lambda: snapshot.update({"first-row-id": self.row_id}),
                    lambda: snapshot.update({"timestamp-ms": self.clock_ms - MINUTES_MS}),
                    lambda: snapshot.update({"timestamp-ms": self.clock_ms + MINUTES_MS})])()

    def two_snapshots(self):
        """Both become main's: the first is never seen as current."""
        updates = []
        for _ in range(2):
            snapshot = self.make_snapshot()
            updates += [{"action": "add-snapshot", "snapshot": snapshot},
                        self.ref_to("main", snapshot["snapshot-id"], "branch")]
        return updates

    def snapshot(self):
        snapshot = self.make_snapshot()
        updates = [{"action": "add-snapshot", "snapshot": snapshot}]
        if self.rng.random() < 0.8:
            branch = self.rng.choice(["main", "main", "b1"])
            updates.append(self.ref_to(branch, snapshot["snapshot-id"], "branch"))
        return updates

    def replace(self):
        """What the replacement of a table sends: all anew, and main removed before it is set.

        Its columns have new ids; now and then ids of old ones, which no honest client does."""
        schema = first_schema(self.rng, self.metadata["format-version"],
                              None if self.wrong(10) else self.metadata["last-column-id"])
        updates = [{"action": "add-schema", "schema": schema},
                   {"action": "set-current-schema", "schema-id": -1},
                   {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}},
                   {"action": "set-default-spec", "spec-id": 0 if self.rng.random() < 0.5 else -1},
                   {"action": "remove-snapshot-ref", "ref-name": "main"}]
        return updates + self.snapshot() if self.rng.random() < 0.6 else updates

    def ref_to(self, name, snapshot_id, kind):
        rng = self.rng
        update = {"action": "set-snapshot-ref", "ref-name": name, "type": kind,
                  "snapshot-id": snapshot_id}
        if rng.random() < 0.2:
            update["max-ref-age-ms"] = rng.choice([0, 1, 2, 3, -1] if self.wrong() else [1, 2])
        if kind == "branch" and rng.random() < 0.2 or self.wrong(20):
            update.update({"min-snapshots-to-keep": rng.choice([0, 2] if self.wrong() else [2]),
                           "max-snapshot-age-ms": rng.choice([0, 5] if self.wrong() else [5])})
        return update

    def ref(self):
        name, kind = self.rng.choice([("main", "branch"), ("main", "branch"), ("b1", "branch"),
                                      ("b2", "branch"), ("t1", "tag"), ("t2", "tag")])
        if self.wrong():
            kind = self.rng.choice(["tag", "branch", "BRANCH", "twig"])
        return [self.ref_to(name, self.some_snapshot(), kind)]

    def drop_ref(self):
        return [{"action": "remove-snapshot-ref",
                 "ref-name": self.rng.choice(["b1", "b2", "t1", "t2", "main", "gone"])}]

    def drop_snapshots(self):
        if not self.snapshot_ids():
            return self.snapshot()
        count = self.rng.choice([1, 1, 2])
        dropped = [self.some_snapshot() for _ in range(count)]
        if self.rng.random() < 0.4:
            dropped = self.snapshot_ids()[:count]
        return [{"action": "remove-snapshots", "snapshot-ids": [] if self.wrong(15) else dropped}]

    def statistics(self):
        snapshot = self.some_snapshot()
        if self.rng.random() < 0.3:
            return [{"action": "remove-statistics", "snapshot-id": snapshot}]
        blobs = [{"type": "apache-datasketches-theta-v1", "snapshot-id": snapshot,
                  "sequence-number": 1, "fields": [1], "properties": {"ndv": "3"}}]
        update = {"action": "set-statistics", "statistics": {
            "snapshot-id": snapshot, "statistics-path": f"{self.base_location}/s.puffin",
            "file-size-in-bytes": self.rng.randint(1, 9), "file-footer-size-in-bytes": 2,
            "blob-metadata": blobs if self.rng.random() < 0.4 else []}}
        if self.rng.random() < 0.5:
            update["snapshot-id"] = self.some_snapshot() if self.wrong() else snapshot
        return [update]

    def partition_statistics(self):
        snapshot = self.some_snapshot()
        if self.rng.random() < 0.3:
            return [{"action": "remove-partition-statistics", "snapshot-id": snapshot}]
        return [{"action": "set-partition-statistics", "partition-statistics": {
            "snapshot-id": snapshot, "statistics-path": f"{self.base_location}/p.parquet",
            "file-size-in-bytes": self.rng.randint(1, 9)}}]

    def location(self):
        slash = "/" if self.wrong() else ""
        return [{"action": "set-location",
                 "location": f"{self.base_location}/at{self.rng.randint(0, 2)}{slash}"}]

    def upgrade(self):
        version = self.rng.choice([0, 4, -1]) if self.wrong() else self.rng.choice([1, 2, 2, 3])
        return [{"action": "upgrade-format-version", "format-version": version}]

    def uuid(self):
        return [{"action": "assign-uuid", "uuid": self.metadata["table-uuid"]}]

    def drop_schemas(self):
        return [{"action": "remove-schemas", "schema-ids": self.mostly_not(
            self.metadata["current-schema-id"],
            [schema["schema-id"] for schema in self.metadata["schemas"]])}]

    def drop_specs(self):
        return [{"action": "remove-partition-specs", "spec-ids": self.mostly_not(
            self.metadata["default-spec-id"],
            [spec["spec-id"] for spec in self.metadata["partition-specs"]])}]

    def mostly_not(self, current, known):
        others = [one for one in known if one != current] or [77]
        if self.wrong(15):
            return []
        chosen = [current if self.wrong() else self.rng.choice(others)]
        return chosen if self.rng.random() < 0.7 else sorted({*chosen, self.rng.choice(others)})

    def key(self):
        key_id = self.rng.choice(["k1", "k2"])
        if self.rng.random() < 0.3:
            return [{"action": "remove-encryption-key", "key-id": key_id}]
        key = {"key-id": key_id, "encrypted-key-metadata": "a2V5", "encrypted-by-id": "kek"}
        if self.wrong():
            self.rng.choice([lambda: key.pop("encrypted-by-id"), lambda: key.pop("key-id"),
                             lambda: key.update({"encrypted-key-metadata": "no base64!"}),
                             lambda: key.update({"properties": {"p": "q"}})])()
        return [{"action": "add-encryption-key", "encryption-key": key}]


def rng_choice(rng, items):
    return rng.choice(items) if items else {"action": "set-properties", "updates": {}}


def create_request(rng, name, location):
    """createTable's body."""
    version = rng.choice([1, 2, 2, 3, 3])
    schema = first_schema(rng, version)
    request = {"name": name, "schema": schema, "location": location,
               "properties": {"format-version": str(version), "a": "b"}}
    if wrong(rng, 30):
        request["properties"]["format-version"] = rng.choice(["4", "0", "two"])
    if wrong(rng, 15):
        request["properties"].update(rng.choice([
            {"uuid": "u"}, {"write.parquet.compression-codec": "snappy"},
            {"commit.retry.num-retries": "-1"}, {"write.metadata.metrics.column.gone": "full"},
            {"current-schema": "x"}, {"encryption.key-id": "k"}]))
    if rng.random() < 0.6 and schema["fields"]:
        request["partition-spec"] = spec_of(rng, schema["fields"])
    if rng.random() < 0.6 and schema["fields"]:
        request["write-order"] = order_of(rng, schema["fields"])
    return request


def create_updates(rng, location):
    """What a staged creation commits, sometimes with a part missing or out of order."""
    version = rng.choice([1, 2, 3])
    schema = first_schema(rng, version)
    fields = schema["fields"] or [{"id": 1, "name": "c1", "type": "int"}]
    updates = [
        {"action": "assign-uuid", "uuid": str(uuid.UUID(int=rng.getrandbits(128), version=4))},
        {"action": "upgrade-format-version", "format-version": version},
        {"action": "add-schema", "schema": schema},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": spec_of(rng, fields)},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": order_of(rng, fields)},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-location", "location": location},
        {"action": "set-properties", "updates": {"a": "b"}}]
    if wrong(rng, 5):
        updates.pop(rng.randrange(len(updates)))
    if wrong(rng, 8):
        one, other = rng.sample(range(len(updates)), 2)
        updates[one], updates[other] = updates[other], updates[one]
    return updates
