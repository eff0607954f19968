"""Random updates of a table or view, legal and illegal, made to fit its present metadata."""

import time

TYPES = ["int", "long", "string", "boolean", "date", "timestamp", "timestamptz", "double",
         "decimal(9, 2)", "uuid", "binary", "timestamp_ns", "variant"]
NESTED = {"type": "struct", "fields": [
    {"id": 901, "name": "x", "required": False, "type": "int"},
    {"id": 902, "name": "y", "required": False, "type": "double"}]}
TRANSFORMS = ["identity", "void", "bucket[16]", "truncate[4]", "day", "month", "year", "hour"]
TRANSFORMS_OF_TYPE = {"int": TRANSFORMS[:4], "long": TRANSFORMS[:4], "string": TRANSFORMS[:4],
                      "date": TRANSFORMS[:3] + ["day", "month", "year"],
                      "timestamp": TRANSFORMS[:3] + TRANSFORMS[4:]}
PROPERTIES = ["a", "b", "owner", "write.metadata.previous-versions-max",
              "write.metadata.delete-after-commit.enabled", "commit.retry.num-retries"]
VIEW_TIME_MS = 1_700_000_000_000
# Now and then an update names something that is not there.
WRONG_ONE_IN = 8


def first_schema(rng):
    fields = [{"id": 10 + i, "name": f"c{i}", "required": i == 0, "type": rng.choice(TYPES[:9])}
              for i in range(rng.randint(1, 5))]
    schema = {"type": "struct", "schema-id": rng.randint(0, 3), "fields": fields}
    if rng.random() < 0.3 and fields[0]["type"] != "double":
        schema["identifier-field-ids"] = [fields[0]["id"]]
    return schema


def transform_of(rng, field):
    fitting = TRANSFORMS_OF_TYPE.get(str(field["type"]), TRANSFORMS[:2])
    return rng.choice(TRANSFORMS if rng.randrange(WRONG_ONE_IN) == 0 else fitting)


def spec_of(rng, fields):
    chosen = rng.sample(fields, min(len(fields), rng.randint(0, 2)))
    return {"spec-id": rng.randint(0, 5), "fields": [
        {"source-id": field["id"], "name": f"p{rng.randint(0, 5)}_{field['name']}",
         "transform": transform_of(rng, field)} for field in chosen]}


def order_of(rng, fields):
    chosen = rng.sample(fields, min(len(fields), rng.randint(0, 2)))
    order_id = rng.randint(1, 4) if chosen else 0
    return {"order-id": order_id, "fields": [
        {"source-id": field["id"], "transform": transform_of(rng, field),
         "direction": rng.choice(["asc", "desc"]),
         "null-order": rng.choice(["nulls-first", "nulls-last"])} for field in chosen]}


class TableUpdates:
    """Updates for one table; `metadata` is what its last answer said."""

    def __init__(self, rng, base_location):
        self.rng = rng
        self.base_location = base_location
        self.metadata = None
        self.clock_ms = 0

    def commit(self):
        """A list of updates; most commits carry one or two."""
        makers = [self.properties, self.drop_properties, self.schema, self.spec, self.order,
                  self.snapshot, self.snapshot, self.snapshot, self.ref, self.drop_ref,
                  self.drop_snapshots, self.statistics, self.partition_statistics, self.location,
                  self.upgrade, self.uuid, self.drop_schemas, self.drop_specs, self.key]
        # A commit that adds snapshots twice needs the second to follow the first.
        self.sequence = self.metadata.get("last-sequence-number", 0)
        self.row_id = self.metadata.get("next-row-id", 0)
        updates = []
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            updates += self.rng.choice(makers)()
        return updates

    def requirements(self):
        metadata, rng = self.metadata, self.rng
        off = 1 if self.wrong() else 0
        return rng.sample([
            {"type": "assert-table-uuid", "uuid": metadata["table-uuid"].upper()},
            {"type": "assert-current-schema-id",
             "current-schema-id": metadata["current-schema-id"] + off},
            {"type": "assert-last-assigned-field-id",
             "last-assigned-field-id": metadata["last-column-id"]},
            {"type": "assert-last-assigned-partition-id",
             "last-assigned-partition-id": metadata["last-partition-id"]},
            {"type": "assert-default-spec-id", "default-spec-id": metadata["default-spec-id"]},
            {"type": "assert-default-sort-order-id",
             "default-sort-order-id": metadata["default-sort-order-id"]},
            {"type": "assert-ref-snapshot-id", "ref": rng.choice(["main", "b1", "t1"]),
             "snapshot-id": rng.choice([None, *self.snapshot_ids()])},
        ], rng.choice([0, 1, 1, 2]))

    def wrong(self):
        return self.rng.randrange(WRONG_ONE_IN) == 0

    def fields(self):
        current = self.metadata["current-schema-id"]
        return next(schema["fields"] for schema in self.metadata["schemas"]
                    if schema["schema-id"] == current)

    def snapshot_ids(self):
        return [snapshot["snapshot-id"] for snapshot in self.metadata.get("snapshots", [])]

    def some_snapshot(self):
        ids = self.snapshot_ids()
        return self.rng.choice(ids) if ids and not self.wrong() else 4040404

    def known_or_last(self, ids):
        return self.rng.choice([-1, -1, *ids]) if not self.wrong() else 99

    def properties(self):
        values = {name: str(self.rng.randint(1, 4)) for name in self.rng.sample(PROPERTIES[:4], 2)}
        if self.rng.random() < 0.5:
            values[PROPERTIES[4]] = self.rng.choice(["true", "false"])
        return [{"action": "set-properties", "updates": values}]

    def drop_properties(self):
        return [{"action": "remove-properties", "removals": self.rng.sample(PROPERTIES, 2)}]

    def schema(self):
        rng, last = self.rng, self.metadata["last-column-id"]
        fields = [dict(field) for field in self.fields()]
        kind = rng.choice(["add", "add", "drop", "same", "rename", "nested"])
        if kind == "add":
            fields.append({"id": last + 1, "name": f"n{last + 1}", "required": False,
                           "type": rng.choice(TYPES)})
        elif kind == "drop" and len(fields) > 1:
            fields.pop(rng.randrange(len(fields)))
        elif kind == "rename":
            rng.choice(fields)["name"] += "r"
        elif kind == "nested":
            fields.append({"id": 900, "name": f"s{last}", "required": False, "type": NESTED})
        update = {"action": "add-schema",
                  "schema": {"type": "struct", "schema-id": rng.randint(0, 9), "fields": fields}}
        if rng.random() < 0.3:
            update["last-column-id"] = last + rng.choice([-1, 0, 1, 5])
        known = [schema["schema-id"] for schema in self.metadata["schemas"]]
        current = {"action": "set-current-schema", "schema-id": self.known_or_last(known)}
        return [update, current] if rng.random() < 0.8 else [rng.choice([update, current])]

    def spec(self):
        known = [spec["spec-id"] for spec in self.metadata["partition-specs"]]
        update = {"action": "add-spec", "spec": spec_of(self.rng, self.fields())}
        return self.some_of(update, {"action": "set-default-spec",
                                     "spec-id": self.known_or_last(known)})

    def order(self):
        known = [order["order-id"] for order in self.metadata["sort-orders"]]
        update = {"action": "add-sort-order", "sort-order": order_of(self.rng, self.fields())}
        return self.some_of(update, {"action": "set-default-sort-order",
                                     "sort-order-id": self.known_or_last(known)})

    def some_of(self, add, set_default):
        return [add, set_default] if self.rng.random() < 0.8 else [set_default]

    def snapshot(self):
        rng = self.rng
        # A rollback is logged with the time of its commit, and a log has to stay in order.
        self.clock_ms = max(self.clock_ms + 1, int(time.time() * 1000))
        self.sequence += 1
        new_id = rng.choice(self.snapshot_ids()) if self.snapshot_ids() and self.wrong() \
            else rng.getrandbits(62)
        snapshot = {"snapshot-id": new_id,
                    "timestamp-ms": self.clock_ms, "summary": {"operation": "append", "n": "1"},
                    "manifest-list": f"{self.base_location}/snap-{new_id}.avro",
                    "schema-id": self.metadata["current-schema-id"]}
        if self.metadata["format-version"] > 1 or self.wrong():
            snapshot["sequence-number"] = self.sequence - (2 * self.wrong())
        if self.snapshot_ids() and rng.random() < 0.8:
            snapshot["parent-snapshot-id"] = self.snapshot_ids()[-1]
        if self.metadata["format-version"] >= 3 and not self.wrong():
            rows = rng.randint(0, 50)
            snapshot.update({"first-row-id": self.row_id, "added-rows": rows})
            self.row_id += rows
        updates = [{"action": "add-snapshot", "snapshot": snapshot}]
        if rng.random() < 0.8:
            updates.append(self.ref_to(rng.choice(["main", "main", "b1"]), new_id, "branch"))
        return updates

    def ref_to(self, name, snapshot_id, kind):
        update = {"action": "set-snapshot-ref", "ref-name": name, "type": kind,
                  "snapshot-id": snapshot_id}
        if self.rng.random() < 0.3:
            update["max-ref-age-ms"] = self.rng.randint(1, 3)
        if kind == "branch" and self.rng.random() < 0.3:
            update.update({"min-snapshots-to-keep": 2, "max-snapshot-age-ms": 5})
        return update

    def ref(self):
        name, kind = self.rng.choice([("main", "branch"), ("b1", "branch"), ("b2", "branch"),
                                      ("t1", "tag"), ("t2", "tag")])
        return [self.ref_to(name, self.some_snapshot(), kind)]

    def drop_ref(self):
        return [{"action": "remove-snapshot-ref",
                 "ref-name": self.rng.choice(["b1", "b2", "t1", "main", "gone"])}]

    def drop_snapshots(self):
        if not self.snapshot_ids():
            return self.snapshot()
        return [{"action": "remove-snapshots", "snapshot-ids": [self.some_snapshot()]}]

    def statistics(self):
        snapshot = self.some_snapshot()
        if self.rng.random() < 0.3:
            return [{"action": "remove-statistics", "snapshot-id": snapshot}]
        return [{"action": "set-statistics", "snapshot-id": snapshot, "statistics": {
            "snapshot-id": snapshot, "statistics-path": f"{self.base_location}/s.puffin",
            "file-size-in-bytes": self.rng.randint(1, 9), "file-footer-size-in-bytes": 2,
            "blob-metadata": []}}]

    def partition_statistics(self):
        snapshot = self.some_snapshot()
        if self.rng.random() < 0.3:
            return [{"action": "remove-partition-statistics", "snapshot-id": snapshot}]
        return [{"action": "set-partition-statistics", "partition-statistics": {
            "snapshot-id": snapshot, "statistics-path": f"{self.base_location}/p.parquet",
            "file-size-in-bytes": self.rng.randint(1, 9)}}]

    def location(self):
        return [{"action": "set-location",
                 "location": f"{self.base_location}/at{self.rng.randint(0, 2)}"}]

    def upgrade(self):
        return [{"action": "upgrade-format-version", "format-version": self.rng.choice([1, 2, 3])}]

    def uuid(self):
        return [{"action": "assign-uuid", "uuid": self.metadata["table-uuid"]}]

    def drop_schemas(self):
        return [{"action": "remove-schemas", "schema-ids": [self.mostly_not(
            self.metadata["current-schema-id"],
            [schema["schema-id"] for schema in self.metadata["schemas"]])]}]

    def drop_specs(self):
        return [{"action": "remove-partition-specs", "spec-ids": [self.mostly_not(
            self.metadata["default-spec-id"],
            [spec["spec-id"] for spec in self.metadata["partition-specs"]])]}]

    def mostly_not(self, current, known):
        others = [one for one in known if one != current] or [77]
        return current if self.wrong() else self.rng.choice(others)

    def key(self):
        key_id = self.rng.choice(["k1", "k2"])
        if self.rng.random() < 0.3:
            return [{"action": "remove-encryption-key", "key-id": key_id}]
        return [{"action": "add-encryption-key", "encryption-key": {
            "key-id": key_id, "encrypted-key-metadata": "a2V5", "encrypted-by-id": "kek"}}]


class ViewUpdates:
    """Updates for one view; `metadata` is what its last answer said."""

    def __init__(self, rng, base_location):
        self.rng = rng
        self.base_location = base_location
        self.metadata = None

    def version(self, version_id, schema_id):
        dialects = self.rng.sample(["spark", "trino", "Spark"], self.rng.choice([1, 1, 1, 2]))
        return {"version-id": version_id, "schema-id": schema_id, "timestamp-ms": VIEW_TIME_MS,
                "summary": {"engine": "e"}, "default-namespace": ["ns"], "representations": [
                    {"type": "sql", "dialect": dialect, "sql": f"select {self.rng.randint(1, 3)}"}
                    for dialect in dialects]}

    def commit(self):
        rng, updates = self.rng, []
        known = [version["version-id"] for version in self.metadata["versions"]]
        schemas = [schema["schema-id"] for schema in self.metadata["schemas"]]
        for _ in range(rng.choice([1, 1, 2])):
            updates += rng.choice([
                [{"action": "add-schema", "schema": first_schema(rng)},
                 {"action": "add-view-version", "view-version": self.version(9, -1)},
                 {"action": "set-current-view-version", "view-version-id": -1}],
                [{"action": "add-view-version",
                  "view-version": self.version(rng.randint(1, 9), rng.choice([-1, *schemas]))},
                 {"action": "set-current-view-version", "view-version-id": -1}],
                [{"action": "set-current-view-version",
                  "view-version-id": rng.choice([-1, 99, *known, *known])}],
                [{"action": "set-properties", "updates": {
                    "version.history.num-entries": rng.choice(["0", "1", "2", "5"])}}],
                [{"action": "set-properties", "updates": {
                    "replace.drop-dialect.allowed": rng.choice(["true", "true", "false"])}}],
                [{"action": "remove-properties", "removals": ["version.history.num-entries"]}],
                [{"action": "set-location", "location": f"{self.base_location}/v"}],
            ])
        return updates

    def requirements(self):
        uuid = self.metadata["view-uuid"] if self.rng.random() < 0.9 else "0" * 8
        return [{"type": "assert-view-uuid", "uuid": uuid}] if self.rng.random() < 0.5 else []
