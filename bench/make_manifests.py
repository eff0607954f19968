#!/usr/bin/env python3
"""Makes the manifests that decode_bench measures: data files partitioned by day and bucket, with
statistics of twelve columns (longs, ints, doubles, timestamps, strings).

Usage: make_manifests.py FOLDER [manifests=100] [files=1000] [codec=deflate]     (needs fastavro)

The numbers come from a fixed seed. Blocks end at 64 kB, as those of the Java writer do.
"""
import random
import struct
import sys
from pathlib import Path

import fastavro

COLUMNS = 12
BLOCK_SIZE = 64000


def optional(kind):
    return ["null", kind]


def field(name, number, kind, is_optional=False):
    made = {"name": name, "type": optional(kind) if is_optional else kind, "field-id": number}
    return made | {"default": None} if is_optional else made


def int_map(key, value, kind):
    item = {"type": "record", "name": f"k{key}_v{value}",
            "fields": [field("key", key, "int"), field("value", value, kind)]}
    return {"type": "array", "items": item, "logicalType": "map"}


PARTITION = {"type": "record", "name": "r102", "fields": [
    field("ts_day", 1000, {"type": "int", "logicalType": "date"}, True),
    field("id_bucket", 1001, "int", True)]}

DATA_FILE = {"type": "record", "name": "r2", "fields": [
    field("content", 134, "int"),
    field("file_path", 100, "string"),
    field("file_format", 101, "string"),
    field("partition", 102, PARTITION),
    field("record_count", 103, "long"),
    field("file_size_in_bytes", 104, "long"),
    field("column_sizes", 108, int_map(117, 118, "long"), True),
    field("value_counts", 109, int_map(119, 120, "long"), True),
    field("null_value_counts", 110, int_map(121, 122, "long"), True),
    field("nan_value_counts", 137, int_map(138, 139, "long"), True),
    field("lower_bounds", 125, int_map(126, 127, "bytes"), True),
    field("upper_bounds", 128, int_map(129, 130, "bytes"), True),
    field("key_metadata", 131, "bytes", True),
    field("split_offsets", 132, {"type": "array", "items": "long", "element-id": 133}, True),
    field("equality_ids", 135, {"type": "array", "items": "int", "element-id": 136}, True),
    field("sort_order_id", 140, "int", True),
    field("referenced_data_file", 143, "string", True)]}

ENTRY = {"type": "record", "name": "manifest_entry", "fields": [
    field("status", 0, "int"),
    field("snapshot_id", 1, "long", True),
    field("sequence_number", 3, "long", True),
    field("file_sequence_number", 4, "long", True),
    field("data_file", 2, DATA_FILE)]}


def bounds(chance, column, day, number):
    """Lower and upper bound of a column: two are sorted over the table, the others are not."""
    if column == 1:
        return struct.pack("<q", number * 5000), struct.pack("<q", number * 5000 + 4999)
    if column == 2:
        start = day * 86_400_000_000 + chance.randrange(3_600_000_000)
        return struct.pack("<q", start), struct.pack("<q", start + chance.randrange(82_000_000_000))
    if column % 4 == 3:
        words = sorted(f"{chance.getrandbits(40):010x}".encode() for _ in range(2))
        return words[0], words[1]
    if column % 4 == 0:
        pair = sorted(chance.uniform(-1000, 1000) for _ in range(2))
        return struct.pack("<d", pair[0]), struct.pack("<d", pair[1])
    if column % 4 == 1:
        return struct.pack("<i", chance.randrange(100)), struct.pack("<i", 10**6 - chance.randrange(100))
    pair = sorted(chance.getrandbits(40) for _ in range(2))
    return struct.pack("<q", pair[0]), struct.pack("<q", pair[1])


def entry(chance, number, files):
    day, bucket = 19000 + number // files, number % 16
    rows = chance.randrange(4000, 6000)
    ids = range(1, COLUMNS + 1)
    pairs = [bounds(chance, column, day, number) for column in ids]
    name = f"{number:05d}-{chance.randrange(64)}-{chance.getrandbits(128):032x}-00001.parquet"
    file = {
        "content": 0,
        "file_path": f"s3://bucket/warehouse/db/events/data/ts_day={day}/id_bucket={bucket}/{name}",
        "file_format": "PARQUET",
        "partition": {"ts_day": day, "id_bucket": bucket},
        "record_count": rows,
        "file_size_in_bytes": chance.randrange(100_000, 900_000),
        "column_sizes": [{"key": i, "value": chance.randrange(2000, 60000)} for i in ids],
        "value_counts": [{"key": i, "value": rows} for i in ids],
        "null_value_counts": [{"key": i, "value": chance.randrange(50) if i > 8 else 0} for i in ids],
        "nan_value_counts": [{"key": i, "value": 0} for i in ids if i % 4 == 0],
        "lower_bounds": [{"key": i, "value": pair[0]} for i, pair in zip(ids, pairs)],
        "upper_bounds": [{"key": i, "value": pair[1]} for i, pair in zip(ids, pairs)],
        "key_metadata": None, "split_offsets": [4], "equality_ids": None, "sort_order_id": 0,
        "referenced_data_file": None,
    }
    return {"status": 1, "snapshot_id": None, "sequence_number": None,
            "file_sequence_number": None, "data_file": file}


def main():
    folder = Path(sys.argv[1])
    manifests, files = (int(word) for word in [*sys.argv[2:4], 100, 1000][:2])
    codec = sys.argv[4] if len(sys.argv) > 4 else "deflate"
    folder.mkdir(parents=True, exist_ok=True)
    schema = fastavro.parse_schema(ENTRY)
    metadata = {"format-version": "2", "content": "data", "partition-spec-id": "0"}
    for manifest in range(manifests):
        chance = random.Random(manifest)
        rows = [entry(chance, manifest * files + i, files) for i in range(files)]
        with open(folder / f"m{manifest:05d}.avro", "wb") as out:
            level = {"codec_compression_level": 9} if codec == "deflate" else {}
            fastavro.writer(out, schema, rows, codec=codec, sync_interval=BLOCK_SIZE,
                            metadata=metadata, sync_marker=b"0123456789abcdef", **level)


if __name__ == "__main__":
    main()
