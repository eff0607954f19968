"""Metadata of made tables: many columns and snapshots, as text that every server can register."""
import json
import uuid


def columns(count):
    types = ["long", "string", "double", "timestamptz", "decimal(18, 4)", "int", "boolean", "date"]
    return [
        {"id": i, "name": f"column_{i}", "required": i == 1, "type": types[i % len(types)]}
        for i in range(1, count + 1)
    ]


def snapshot(number, location, base_ms):
    made = {
        "sequence-number": number,
        "snapshot-id": 3_000_000_000_000_000_000 + number * 7919,
        "timestamp-ms": base_ms + number * 60_000,
        "summary": {
            "operation": "append",
            "spark.app.id": "local-1719907200000",
            "added-data-files": "12",
            "added-records": "120000",
            "added-files-size": "18874368",
            "changed-partition-count": "3",
            "total-records": str(120_000 * number),
            "total-files-size": str(18_874_368 * number),
            "total-data-files": str(12 * number),
            "total-delete-files": "0",
            "total-position-deletes": "0",
            "total-equality-deletes": "0",
            "engine-name": "spark",
            "engine-version": "4.0.1",
            "iceberg-version": "Apache Iceberg 1.11.0",
        },
        "manifest-list": f"{location}/metadata/snap-{number}-1-{uuid.UUID(int=number)}.avro",
        "schema-id": 0,
    }
    if number > 1:
        made["parent-snapshot-id"] = 3_000_000_000_000_000_000 + (number - 1) * 7919
    return made


def metadata(location, column_count, snapshot_count, base_ms=1_700_000_000_000):
    snapshots = [snapshot(n, location, base_ms) for n in range(1, snapshot_count + 1)]
    last = snapshots[-1] if snapshots else None
    made = {
        "format-version": 2,
        "table-uuid": str(uuid.uuid4()),
        "location": location,
        "last-sequence-number": snapshot_count,
        "last-updated-ms": last["timestamp-ms"] if last else base_ms,
        "last-column-id": column_count,
        "current-schema-id": 0,
        "schemas": [{"type": "struct", "schema-id": 0, "fields": columns(column_count)}],
        "default-spec-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "last-partition-id": 999,
        "default-sort-order-id": 0,
        "sort-orders": [{"order-id": 0, "fields": []}],
        "properties": {"owner": "bench", "write.parquet.compression-codec": "zstd"},
        "current-snapshot-id": last["snapshot-id"] if last else -1,
        "refs": {"main": {"snapshot-id": last["snapshot-id"], "type": "branch"}} if last else {},
        "snapshots": snapshots,
        "statistics": [],
        "partition-statistics": [],
        "snapshot-log": [
            {"timestamp-ms": s["timestamp-ms"], "snapshot-id": s["snapshot-id"]} for s in snapshots
        ],
        "metadata-log": [],
    }
    return json.dumps(made, separators=(",", ":"))
