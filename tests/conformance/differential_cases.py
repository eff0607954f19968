"""One case for each intended difference: none can stay in the table when it is gone.

A case is a list of steps on "NAME" (a table or view at "PLACE"); its last step has the difference.
"""

SCHEMA = {"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "id", "required": True, "type": "long"},
    {"id": 2, "name": "day", "required": False, "type": "date"},
    {"id": 3, "name": "word", "required": False, "type": "string"}]}
SQL = {"type": "sql", "dialect": "spark", "sql": "select 1"}
VERSION = {"version-id": 1, "schema-id": 0, "timestamp-ms": 1_700_000_000_000,
           "summary": {"iceberg-version": "none"}, "default-namespace": ["ns"],
           "representations": [SQL]}


def table(version="2", **more):
    request = {"name": "NAME", "location": "PLACE", "schema": SCHEMA,
               "properties": {"format-version": version}, **more}
    return {"op": "create", "name": "NAME", "body": request}


def view(**more):
    request = {"name": "NAME", "location": "PLACE", "schema": SCHEMA, "view-version": VERSION,
               "properties": {"a": "b"}, **more}
    return {"op": "create-view", "name": "NAME", "body": request}


def commit(*updates, op="commit"):
    return {"op": op, "name": "NAME", "body": {"requirements": [], "updates": list(updates)}}


def schema_of(*fields):
    return {"action": "add-schema", "schema": {"type": "struct", "fields": list(fields)}}


def column(name, kind, **more):
    return {"id": 4, "name": name, "required": False, "type": kind, **more}


def add_spec(*fields):
    return {"action": "add-spec", "spec": {"spec-id": 9, "fields": [
        {"source-id": source, "name": name, "transform": transform}
        for source, name, transform in fields]}}


def add_snapshot(number, sequence, **more):
    return {"action": "add-snapshot", "snapshot": {
        "snapshot-id": number, "sequence-number": sequence, "timestamp-ms": 1_700_000_000_000,
        "summary": {"operation": "append"}, "manifest-list": f"PLACE/{number}.avro", **more}}


def statistics(number):
    return {"action": "set-statistics", "statistics": {
        "snapshot-id": number, "statistics-path": "PLACE/s.puffin", "file-size-in-bytes": 1,
        "file-footer-size-in-bytes": 1, "blob-metadata": []}}


def set_ref(name, number, kind):
    return {"action": "set-snapshot-ref", "ref-name": name, "snapshot-id": number, "type": kind}


SET_SPEC = {"action": "set-default-spec", "spec-id": -1}

CASES = {
    "server-error-for-a-wrong-request": [
        table(), commit({"action": "set-default-spec", "spec-id": 99})],
    "unsupported-operation-for-a-wrong-request": [
        table(), commit(add_spec((2, "d", "truncate[4]")))],
    "update-of-the-other-kind": [
        view(), commit(SET_SPEC, op="commit-view")],
    "last-added-may-be-an-old-one": [table(), commit(add_spec(), SET_SPEC)],
    "partition-name-of-a-column": [table(), commit(add_spec((3, "word", "bucket[4]")))],
    "partition-field-twice": [
        table(), commit(add_spec((3, "a", "bucket[4]"), (3, "b", "bucket[4]")))],
    "format-versions-1-to-3": [table("4")],
    "refs-of-a-table-with-statistics": [
        table(), commit(add_snapshot(1, 1), statistics(1)), {"op": "refs", "name": "NAME"}],
    "remove-more-snapshots-than-there-are": [
        table(), commit({"action": "remove-snapshots", "snapshot-ids": [7]})],
    "unknown-default-in-passing": [
        table(), commit({"action": "set-default-spec", "spec-id": 99},
                        {"action": "set-default-spec", "spec-id": 0})],
    "commit-that-none-could-read": [
        table(), commit(add_spec((2, "d", "month"))),
        commit(schema_of({"id": 2, "name": "day", "required": False, "type": "string"}),
               {"action": "set-current-schema", "schema-id": -1})],
    "sequence-number-behind": [
        table(), commit(add_snapshot(1, 5)), commit(add_snapshot(2, 4))],
    "sequence-numbers-of-version-1": [
        table("1"), commit(add_snapshot(1, 1), add_snapshot(2, 0, **{"parent-snapshot-id": 1}),
                           {"action": "upgrade-format-version", "format-version": 2})],
    "negative-numbers": [table(), commit(add_snapshot(-5, 1))],
    "null-for-an-optional-field": [
        table(), commit(add_snapshot(1, 1, **{"parent-snapshot-id": None}))],
    "transform-of-a-promoted-date": [
        table("3", **{"write-order": {"order-id": 1, "fields": [
            {"source-id": 2, "transform": "month", "direction": "asc",
             "null-order": "nulls-first"}]}}),
        commit(schema_of({"id": 2, "name": "day", "required": False, "type": "timestamp"}),
               {"action": "set-current-schema", "schema-id": -1})],
    "uuid-that-is-none": [
        table(), commit({"action": "assign-uuid", "uuid": "none"})],
    "main-is-a-branch": [table(), commit(add_snapshot(1, 1), set_ref("main", 1, "tag"))],
    "null-default": [
        table(), commit(schema_of(*SCHEMA["fields"], column("n", "int", **{
            "write-default": None})))],
    "reserved-properties": [
        table(), commit({"action": "set-properties", "updates": {"snapshot-count": "3"}})],
    "location-with-a-slash": [
        table(), commit({"action": "set-location", "location": "PLACE/"})],
    "no-created-at": [table(**{"stage-create": True})],
    "summary-of-a-created-view": [view()],
    "geo-types-in-full": [
        table("3"), commit(schema_of(*SCHEMA["fields"], column("g", "geometry")))],
    "spelling-of-defaults": [
        table("3"), commit(schema_of(*SCHEMA["fields"], column("b", "binary", **{
            "write-default": "0fff"})))],
    "removed-id-is-not-reused": [
        table(), commit(add_spec((2, "d", "month"))),
        commit({"action": "remove-partition-specs", "spec-ids": [1]},
               schema_of(*SCHEMA["fields"], column("n", "int")),
               {"action": "set-current-schema", "schema-id": -1},
               add_spec((1, "i", "bucket[4]")), SET_SPEC)],
    "partition-field-ids": [
        table(**{"partition-spec": {"fields": [
            {"source-id": 1, "name": "i", "transform": "bucket[4]"}]}}),
        commit(add_spec((2, "d", "month")))],
}
