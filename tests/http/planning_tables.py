"""Tables of the planning tests, written by PyIceberg through the server, and delete files, which
PyIceberg reads but does not write: those manifests are put together here."""

import copy
import datetime
import random
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import (DataFile, DataFileContent, FileFormat, ManifestContent,
                                ManifestEntry, ManifestEntryStatus, ManifestWriterV2,
                                write_manifest_list)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.update import AddSnapshotUpdate, SetSnapshotRefUpdate
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import (DoubleType, LongType, NestedField, StringType, StructType,
                             TimestampType)

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=False),
    NestedField(2, "name", StringType(), required=False),
    NestedField(3, "ts", TimestampType(), required=False),
    NestedField(4, "x", DoubleType(), required=False),
    NestedField(5, "point", StructType(NestedField(6, "lat", DoubleType(), required=False)),
                required=False),
)
BY_DAY_AND_BUCKET = PartitionSpec(PartitionField(3, 1000, DayTransform(), "ts_day"),
                                  PartitionField(1, 1001, BucketTransform(4), "id_bucket"))
NAMES = ["apple", "apricot", "banana", "blue", "cherry", "", "ä"]
START = datetime.datetime(2024, 1, 1)


def rows(seed, count, days=6, has_nulls=True):
    """Rows of SCHEMA, from a seed."""
    rng = random.Random(seed)

    def maybe(value):
        return None if has_nulls and rng.random() < 0.15 else value

    return pa.table({
        "id": pa.array([rng.randrange(200) for _ in range(count)], pa.int64()),
        "name": pa.array([maybe(rng.choice(NAMES)) for _ in range(count)], pa.string()),
        "ts": pa.array([START + datetime.timedelta(hours=rng.randrange(24 * days))
                        for _ in range(count)], pa.timestamp("us")),
        "x": pa.array([maybe(rng.choice([-1.5, 0.0, 2.5, float("nan"), 1e9]))
                       for _ in range(count)], pa.float64()),
        "point": pa.array([{"lat": maybe(rng.uniform(-90, 90))} for _ in range(count)],
                          pa.struct([("lat", pa.float64())])),
    })


def evolved_table(catalog, name):
    """Two specs, two schemas, rewritten and removed files, several appends."""
    table = catalog.create_table(name, SCHEMA, partition_spec=BY_DAY_AND_BUCKET)
    for seed in range(3):
        table.append(rows(seed, 40))
    with table.update_spec() as update:
        update.remove_field("id_bucket")
        update.add_field("name", IdentityTransform(), "name_part")
    for seed in range(3, 5):
        table.append(rows(seed, 25, has_nulls=False))
    with table.update_schema() as update:
        update.rename_column("x", "amount")
        update.add_column("extra", LongType())
    data = rows(9, 20, has_nulls=False).rename_columns(["id", "name", "ts", "amount", "point"])
    table.append(data.append_column("extra", pa.array(range(20), pa.int64())))
    table.delete("id < 20")
    return catalog.load_table(name)


class DeleteManifestWriter(ManifestWriterV2):
    def content(self):
        return ManifestContent.DELETES

    @property
    def _meta(self):
        return {**super()._meta, "content": "deletes"}


def _write_parquet(table, stem, columns, field_ids):
    location = f"{table.location()}/data/{stem}.parquet"
    schema = pa.schema([pa.field(name, array.type, nullable=False,
                                 metadata={"PARQUET:field_id": str(field_ids[name])})
                        for name, array in columns.items()])
    data = pa.Table.from_arrays(list(columns.values()), schema=schema)
    output = table.io.new_output(location)
    with output.create(overwrite=True) as stream:
        pq.write_table(data, stream)
    return location, len(output.to_input_file()), data.num_rows


def _path_bounds(path):
    return {2147483546: path.encode()}


def position_deletes(table, data_file, positions, stem):
    """A position delete file of one data file."""
    columns = {"file_path": pa.array([data_file.file_path] * len(positions), pa.string()),
               "pos": pa.array(positions, pa.int64())}
    path, size, count = _write_parquet(table, stem, columns,
                                       {"file_path": 2147483546, "pos": 2147483545})
    return DataFile.from_args(
        content=DataFileContent.POSITION_DELETES, file_path=path, file_format=FileFormat.PARQUET,
        partition=data_file.partition, record_count=count, file_size_in_bytes=size,
        lower_bounds=_path_bounds(data_file.file_path),
        upper_bounds=_path_bounds(data_file.file_path), equality_ids=None, sort_order_id=None)


def equality_deletes(table, partition, ids, stem):
    """An equality delete file on id (field 1) in a partition."""
    columns = {"id": pa.array(ids, pa.int64())}
    path, size, count = _write_parquet(table, stem, columns, {"id": 1})
    return DataFile.from_args(
        content=DataFileContent.EQUALITY_DELETES, file_path=path, file_format=FileFormat.PARQUET,
        partition=partition, record_count=count, file_size_in_bytes=size,
        value_counts={1: count}, null_value_counts={1: 0},
        lower_bounds={1: min(ids).to_bytes(8, "little", signed=True)},
        upper_bounds={1: max(ids).to_bytes(8, "little", signed=True)},
        equality_ids=[1], sort_order_id=None)


def add_deletes(catalog, table, files, spec=None):
    """Commits delete files as a snapshot of their own."""
    current = table.metadata.current_snapshot()
    sequence = table.metadata.last_sequence_number + 1
    snapshot_id = random.Random(sequence).getrandbits(62)
    stem = f"{table.location()}/metadata/deletes-{snapshot_id}"
    output = table.io.new_output(f"{stem}-m0.avro")
    with DeleteManifestWriter(spec or table.spec(), table.schema(), output, snapshot_id,
                              "deflate") as writer:
        for file in files:
            writer.add(ManifestEntry.from_args(status=ManifestEntryStatus.ADDED,
                                               snapshot_id=snapshot_id, sequence_number=None,
                                               file_sequence_number=None, data_file=file))
    manifest = writer.to_manifest_file()
    list_file = table.io.new_output(f"{stem}-list.avro")
    with write_manifest_list(2, list_file, snapshot_id, current.snapshot_id, sequence,
                             "null") as out:
        out.add_manifests([*current.manifests(table.io), manifest])
    snapshot = Snapshot(snapshot_id=snapshot_id, parent_snapshot_id=current.snapshot_id,
                        sequence_number=sequence, manifest_list=list_file.location,
                        timestamp_ms=table.metadata.last_updated_ms + 1,
                        summary=Summary(Operation.DELETE), schema_id=table.schema().schema_id)
    catalog.commit_table(table, (), (
        AddSnapshotUpdate(snapshot=snapshot),
        SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=snapshot_id)))
    return catalog.load_table(table.name())


def _large_manifest(table, files, path_size):
    output = table.io.new_output(f"{table.location()}/metadata/large-0.avro")
    with ManifestWriterV2(table.spec(), table.schema(), output, 1, "deflate") as writer:
        for i in range(files):
            file = DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=f"{table.location()}/data/{i:05d}-".ljust(path_size, "x"),
                file_format=FileFormat.PARQUET, partition=Record(), record_count=10,
                file_size_in_bytes=1000, equality_ids=None, sort_order_id=None)
            writer.add(ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=1,
                                               sequence_number=None, file_sequence_number=None,
                                               data_file=file))
    return writer.to_manifest_file()


def first_snapshot(catalog, table, manifests, list_location):
    """Commits snapshot 1, of these manifests."""
    list_file = table.io.new_output(list_location)
    with write_manifest_list(2, list_file, 1, None, 1, "null") as out:
        out.add_manifests(manifests)
    snapshot = Snapshot(snapshot_id=1, parent_snapshot_id=None, sequence_number=1,
                        manifest_list=list_location,
                        timestamp_ms=table.metadata.last_updated_ms + 1,
                        summary=Summary(Operation.APPEND), schema_id=table.schema().schema_id)
    catalog.commit_table(table, (), (
        AddSnapshotUpdate(snapshot=snapshot),
        SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=1)))


def large_table(catalog, name, manifests, files, path_size):
    """An unpartitioned table of data files that are not there: each manifest names the same ones,
    because PyIceberg takes a second to write a thousand. Gives the manifests' paths."""
    table = catalog.create_table(name, Schema(NestedField(1, "id", LongType(), required=False)))
    made = [_large_manifest(table, files, path_size)]
    first = made[0].manifest_path
    for number in range(1, manifests):
        made.append(copy.deepcopy(made[0]))
        made[number][0] = first.replace("large-0.avro", f"large-{number}.avro")
        shutil.copy(first.removeprefix("file://"), made[number][0].removeprefix("file://"))
    first_snapshot(catalog, table, made, f"{table.location()}/metadata/large-list.avro")
    return [manifest.manifest_path.removeprefix("file://") for manifest in made]


NO_PARTITION = Record()
