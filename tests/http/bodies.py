"""Requests that tests start from. Each is built anew, so a test may change what it got."""

import copy
import time
import uuid


def schema(*fields):
    """A schema from (name, type) pairs, or one of two columns."""
    pairs = fields or (("id", "long"), ("data", "string"))
    return {
        "type": "struct",
        "schema-id": 0,
        "fields": [{"id": i + 1, "name": name, "type": kind, "required": False}
                   for i, (name, kind) in enumerate(pairs)],
    }


def table(name, **more):
    """A CreateTableRequest; keywords are members with '_' for '-'."""
    body = {"name": name, "schema": schema()}
    body.update({key.replace("_", "-"): value for key, value in more.items()})
    return body


def snapshot(snapshot_id, sequence_number=1, parent=None, location="file:///nowhere", **more):
    """A snapshot that no file stands behind: the catalog does not read manifests on commits."""
    result = {
        "snapshot-id": snapshot_id,
        "sequence-number": sequence_number,
        "timestamp-ms": int(time.time() * 1000),
        "manifest-list": f"{location}/metadata/snap-{snapshot_id}.avro",
        "summary": {"operation": "append"},
        "schema-id": 0,
    }
    if parent is not None:
        result["parent-snapshot-id"] = parent
    result.update(more)
    return result


def add_snapshot(*arguments, **more):
    return {"action": "add-snapshot", "snapshot": snapshot(*arguments, **more)}


def set_ref(snapshot_id, name="main", kind="branch"):
    return {"action": "set-snapshot-ref", "ref-name": name, "type": kind,
            "snapshot-id": snapshot_id}


def set_properties(**updates):
    return {"action": "set-properties", "updates": updates}


def view_version(version_id=1, sql="select 1", dialect="spark", schema_id=0, **more):
    version = {
        "version-id": version_id,
        "timestamp-ms": int(time.time() * 1000),
        "schema-id": schema_id,
        "summary": {"engine-name": "test"},
        "representations": [{"type": "sql", "sql": sql, "dialect": dialect}],
        "default-namespace": ["default"],
    }
    version.update(more)
    return version


def view(name, sql="select 1", **more):
    body = {"name": name, "schema": schema(), "view-version": view_version(sql=sql),
            "properties": {}}
    body.update({key.replace("_", "-"): value for key, value in more.items()})
    return body


FUNCTION = {
    "format-version": 1,
    "definitions": [{
        "definition-id": "int",
        "parameters": [{"name": "x", "type": "int"}],
        "return-type": "int",
        "function-type": "udf",
        "versions": [{
            "version-id": 1,
            "deterministic": True,
            "representations": [{"type": "sql", "dialect": "spark", "sql": "x + 1"}],
            "timestamp-ms": 1734507000123,
        }],
        "current-version-id": 1,
    }],
    "definition-log": [{
        "timestamp-ms": 1734507000123,
        "definition-versions": [{"definition-id": "int", "version-id": 1}],
    }],
}


def function(**more):
    body = copy.deepcopy(FUNCTION)
    body["function-uuid"] = str(uuid.uuid4())
    body.update({key.replace("_", "-"): value for key, value in more.items()})
    return body


def scan_report(table_name="t"):
    return {
        "report-type": "scan-report",
        "table-name": table_name,
        "snapshot-id": 1,
        "filter": True,
        "schema-id": 0,
        "projected-field-ids": [1],
        "projected-field-names": ["id"],
        "metrics": {
            "result-data-files": {"unit": "count", "value": 3},
            "total-planning-duration": {"time-unit": "nanoseconds", "count": 1,
                                        "total-duration": 200},
        },
        "metadata": {"engine": "test"},
    }


def commit_report(table_name="t"):
    return {
        "report-type": "commit-report",
        "table-name": table_name,
        "snapshot-id": 1,
        "sequence-number": 1,
        "operation": "append",
        "metrics": {"added-data-files": {"unit": "count", "value": 1}},
    }
