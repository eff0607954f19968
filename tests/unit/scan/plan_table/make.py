#!/usr/bin/env python3
"""Makes the manifests beside it, for the unit tests of scan/plan.h (needs PyIceberg; run it here).

Snapshot 7 has two specs. m0: files a and b by day, and c, which was deleted. m1: file d without a
partition. m2: a position delete of a; m3: equality deletes on id, of all files.
Snapshots 21 and 22 list m0 and the same manifest of equality deletes, m4, whose entry inherits its
sequence number: 1 in the one, which is that of the data, and 2 in the other.
"""
import copy

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import (DataFile, DataFileContent, FileFormat, ManifestContent,
                                ManifestEntry, ManifestEntryStatus, ManifestWriterV2,
                                write_manifest_list)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField, TimestampType

SCHEMA = Schema(NestedField(1, "id", LongType(), required=False),
                NestedField(2, "ts", TimestampType(), required=False))
BY_DAY = PartitionSpec(PartitionField(2, 1000, DayTransform(), "day"), spec_id=0)
PLAIN = PartitionSpec(spec_id=1)
PATH_ID = 2147483546
ADDED, EXISTING = ManifestEntryStatus.ADDED, ManifestEntryStatus.EXISTING
IO = PyArrowFileIO()


class DeleteWriter(ManifestWriterV2):
    def content(self):
        return ManifestContent.DELETES


def long_bytes(value):
    return value.to_bytes(8, "little", signed=True)


def file(name, partition, first, last, content=DataFileContent.DATA, **more):
    count = last - first + 1
    return DataFile.from_args(
        content=content, file_path=f"mem://b/t/data/{name}.parquet", file_format=FileFormat.PARQUET,
        partition=Record(*partition), record_count=count, file_size_in_bytes=1000 + count,
        **({"column_sizes": {1: 80}, "value_counts": {1: count}, "null_value_counts": {1: 0},
            "lower_bounds": {1: long_bytes(first)}, "upper_bounds": {1: long_bytes(last)},
            "split_offsets": [4], "sort_order_id": 0, "equality_ids": None} | more))


def manifest(name, writer_class, spec, entries):
    with writer_class(spec, SCHEMA, IO.new_output(name), 7, "deflate") as writer:
        for status, sequence, data_file in entries:
            writer.add_entry(ManifestEntry.from_args(
                status=status, snapshot_id=7, sequence_number=sequence,
                file_sequence_number=sequence, data_file=data_file))
    made = writer.to_manifest_file()
    made[0] = f"mem://b/t/metadata/{name}"
    return made


A = {PATH_ID: b"mem://b/t/data/a.parquet"}
MANIFESTS = [
    manifest("m0.avro", ManifestWriterV2, BY_DAY, [
        (EXISTING, 1, file("a", [19723], 0, 9)), (EXISTING, 1, file("b", [19724], 10, 19)),
        (ManifestEntryStatus.DELETED, 1, file("c", [19724], 10, 19))]),
    manifest("m1.avro", ManifestWriterV2, PLAIN, [(ADDED, None, file("d", [], 20, 29))]),
    manifest("m2.avro", DeleteWriter, BY_DAY, [
        (EXISTING, 2, file("p", [19723], 0, 1, DataFileContent.POSITION_DELETES, lower_bounds=A,
                           upper_bounds=A))]),
    manifest("m3.avro", DeleteWriter, PLAIN, [
        (EXISTING, 2, file("e", [], 5, 15, DataFileContent.EQUALITY_DELETES, equality_ids=[1]))]),
]
INHERITED = manifest("m4.avro", DeleteWriter, PLAIN, [
    (ADDED, None, file("i", [], 5, 15, DataFileContent.EQUALITY_DELETES, equality_ids=[1]))])


def list_inherited(name, sequence):
    deletes = copy.copy(INHERITED)
    deletes.sequence_number = sequence
    with write_manifest_list(2, IO.new_output(name), 7, None, 7, "null") as writer:
        writer.add_manifests([MANIFESTS[0], deletes])


list_inherited("list-21.avro", 1)
list_inherited("list-22.avro", 2)
with write_manifest_list(2, IO.new_output("list.avro"), 7, None, 7, "null") as writer:
    writer.add_manifests(MANIFESTS)
