"""Appends as clients make them, with real manifests and manifest lists, and the ways in which one
can be something else than a fast append."""

import random
import threading
import time
import uuid

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import (DataFile, DataFileContent, FileFormat, ManifestEntry,
                                ManifestEntryStatus, ManifestWriterV2, read_manifest_list,
                                write_manifest_list)
from pyiceberg.table.metadata import TableMetadataUtil
from pyiceberg.typedef import Record

from planning_tables import DeleteManifestWriter

IO = PyArrowFileIO()
ADDED = ManifestEntryStatus.ADDED
_random = random.Random(11)
_lock = threading.Lock()


def new_id():
    with _lock:
        return _random.getrandbits(62)


def data_file(path, rows=10, content=DataFileContent.DATA):
    return DataFile.from_args(content=content, file_path=path, file_format=FileFormat.PARQUET,
                              partition=Record(), record_count=rows, file_size_in_bytes=1000,
                              equality_ids=None, sort_order_id=None)


class Append:
    """A commit that appends files to a branch of a table as its metadata (of an answer) shows it.
    Whatever a test changes of it before `body` goes into the files and the request."""

    def __init__(self, metadata, paths=(), branch="main"):
        self.metadata = metadata
        self.parsed = TableMetadataUtil.parse_obj(metadata)
        self.branch = branch
        self.snapshot_id = new_id()
        self.stem = f"{metadata['location']}/metadata/{self.snapshot_id}"
        self.sequence_number = metadata.get("last-sequence-number", 0) + 1
        self.parent = metadata["refs"].get(branch, {}).get("snapshot-id")
        self.kept = self.parent_manifests()
        self.added = [self.manifest(paths)] if paths else []
        self.list_path = f"{self.stem}-list.avro"
        self.summary = {"operation": "append", **self.totals(len(paths))}
        self.more_updates = []
        self.more_requirements = []

    def parent_snapshot(self):
        return next((snapshot for snapshot in self.metadata.get("snapshots", ())
                     if snapshot["snapshot-id"] == self.parent), None)

    def parent_manifests(self):
        parent = self.parent_snapshot()
        return list(read_manifest_list(IO.new_input(parent["manifest-list"]))) if parent else []

    def totals(self, count):
        """What `count` files add, and the totals with what the parent has."""
        before = (self.parent_snapshot() or {"summary": {}})["summary"]
        added = {"data-files": count, "records": 10 * count, "files-size": 1000 * count}
        return ({f"added-{name}": str(number) for name, number in added.items()}
                | {f"total-{name}": str(number + int(before.get(f"total-{name}", 0)))
                   for name, number in added.items()}
                | {f"total-{name}": "0" for name in
                   ("delete-files", "position-deletes", "equality-deletes")})

    def manifest(self, paths, number=0, status=ADDED, snapshot_id=None, sequence_number=None,
                 spec=None, writer=ManifestWriterV2, content=DataFileContent.DATA):
        output = IO.new_output(f"{self.stem}-m{number}.avro")
        entry_id = self.snapshot_id if snapshot_id is None else snapshot_id
        with writer(spec or self.parsed.spec(), self.parsed.schema(), output, self.snapshot_id,
                    "deflate") as out:
            for path in paths:
                entry = ManifestEntry.from_args(
                    status=status, snapshot_id=entry_id, sequence_number=sequence_number,
                    file_sequence_number=sequence_number, data_file=data_file(path, 10, content))
                out.add_entry(entry)
        return out.to_manifest_file()

    def delete_manifest(self, path):
        return self.manifest([path], number=9, writer=DeleteManifestWriter,
                             content=DataFileContent.POSITION_DELETES)

    def snapshot(self):
        snapshot = {"snapshot-id": self.snapshot_id, "sequence-number": self.sequence_number,
                    "timestamp-ms": int(time.time() * 1000), "manifest-list": self.list_path,
                    "summary": self.summary, "schema-id": self.metadata["current-schema-id"]}
        if self.parent is not None:
            snapshot["parent-snapshot-id"] = self.parent
        return snapshot

    def write_list(self):
        with write_manifest_list(2, IO.new_output(self.list_path), self.snapshot_id, self.parent,
                                 self.sequence_number, "deflate") as out:
            out.add_manifests([*self.added, *self.kept])

    def body(self):
        """The CommitTableRequest, its files written."""
        self.write_list()
        return {
            "requirements": [
                {"type": "assert-table-uuid", "uuid": self.metadata["table-uuid"]},
                {"type": "assert-ref-snapshot-id", "ref": self.branch, "snapshot-id": self.parent},
                *self.more_requirements],
            "updates": [
                {"action": "add-snapshot", "snapshot": self.snapshot()},
                {"action": "set-snapshot-ref", "ref-name": self.branch, "type": "branch",
                 "snapshot-id": self.snapshot_id},
                *self.more_updates]}


def send(api, namespace, append, expect=200, table="t", key=None):
    body = append if isinstance(append, dict) else append.body()
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    answer = api.call("updateTable", namespace=namespace, table=table, json=body, headers=headers,
                      expect=expect)
    return answer.json()


def snapshots_of(metadata):
    """Of main, the newest first."""
    by_id = {snapshot["snapshot-id"]: snapshot for snapshot in metadata.get("snapshots", [])}
    at, found = metadata.get("current-snapshot-id"), []
    while at in by_id:
        found.append(by_id[at])
        at = by_id[at].get("parent-snapshot-id")
    return found
