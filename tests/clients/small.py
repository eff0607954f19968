"""A two-column table for tests that need only a few rows."""

import pyarrow as pa

SMALL = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("name", pa.string())])


def rows(*pairs) -> pa.Table:
    return pa.Table.from_pylist([{"id": i, "name": n} for i, n in pairs], schema=SMALL)


def content(scan) -> list:
    return sorted((r["id"], r["name"]) for r in scan.to_arrow().to_pylist())
