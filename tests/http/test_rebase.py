"""Late appends are carried over to the new head, where the table asks for it, and nothing else is."""

import copy
import os
import uuid
from pathlib import Path

import pytest
from pyiceberg.manifest import DataFileContent, ManifestEntryStatus, read_manifest_list

import bodies
from api import Api
from appends import IO, Append, send, snapshots_of
from test_commit_concurrency import THREADS, in_threads

REBASE = "firn.commit.rebase-appends"
TURNS = 4
CONFLICT = (409, "CommitFailedException")
# Places in PyIceberg's entry of a manifest list.
SPEC_ID, SEQUENCE_NUMBER, ADDED_SNAPSHOT_ID = 2, 4, 6
ADDED_FILES, EXISTING_FILES, ADDED_ROWS = 7, 8, 10


@pytest.fixture
def table(api, namespace):
    """The metadata of a table that carries appends over, with one file in it."""
    made = api.create_table(namespace, bodies.table("t", properties={REBASE: "true"}))
    return send(api, namespace, Append(made.json()["metadata"], ["file:///d/0"]))["metadata"]


def load(api, namespace, name="t"):
    return api.load_table(namespace, name).json()["metadata"]


def planned(api, namespace, name="t", **more):
    answer = api.call("planTableScan", namespace=namespace, table=name, json=more, expect=200).json()
    assert answer["status"] == "completed"
    return sorted(task["data-file"]["file-path"] for task in answer["file-scan-tasks"])


def files_of(server):
    return {str(path) for path in (server.data / "warehouse").rglob("*") if path.is_file()}


# --- what is carried over ---------------------------------------------------------------------


def test_late_appends__of_many_threads_all_succeed(api, namespace, table):
    """Rule 61. Each appends to the base that its own last commit gave, and never looks again."""
    def work(client, number):
        metadata, mine = table, []
        for turn in range(TURNS):
            append = Append(metadata, [f"file:///d/{number}-{turn}-{i}" for i in range(2)])
            metadata = send(client, namespace, append)["metadata"]
            mine.append(append.snapshot_id)
            assert snapshots_of(metadata)[0]["snapshot-id"] == append.snapshot_id
        return mine

    made = [one for mine in in_threads(api, work) for one in mine]
    paths = [f"file:///d/{number}-{turn}-{i}" for number in range(THREADS)
             for turn in range(TURNS) for i in range(2)]
    assert planned(api, namespace) == sorted([*paths, "file:///d/0"])
    chain = snapshots_of(load(api, namespace))
    count = THREADS * TURNS
    assert len(chain) == count + 1 and {s["snapshot-id"] for s in chain[:-1]} == set(made)
    assert [s["sequence-number"] for s in chain] == list(range(count + 1, 0, -1))
    times = [s["timestamp-ms"] for s in chain]
    assert times == sorted(times, reverse=True)


def test_late_append__is_as_if_it_was_made_on_the_new_head(api, namespace, table):
    late = Append(table, ["file:///d/late"])
    late.summary.update({"manifests-kept": "1", "total-records": "999"})
    head = send(api, namespace, Append(table, ["file:///d/1", "file:///d/2"]))["metadata"]
    metadata = send(api, namespace, late)["metadata"]
    snapshot, parent = snapshots_of(metadata)[:2]
    assert parent["snapshot-id"] == head["current-snapshot-id"]
    assert snapshot["snapshot-id"] == late.snapshot_id and snapshot["sequence-number"] == 3
    assert metadata["last-sequence-number"] == 3
    assert snapshot["manifest-list"] != late.list_path
    assert os.path.exists(late.list_path.removeprefix("file://"))  # it is the client's
    assert snapshot["manifest-list"].startswith(metadata["location"] + "/metadata/")
    assert metadata["refs"]["main"] == {"snapshot-id": late.snapshot_id, "type": "branch"}
    assert metadata["snapshot-log"][-1] == {"snapshot-id": late.snapshot_id,
                                            "timestamp-ms": snapshot["timestamp-ms"]}
    manifests = list(read_manifest_list(IO.new_input(snapshot["manifest-list"])))
    assert [m.sequence_number for m in manifests] == [3, 2, 1]
    assert [m.min_sequence_number for m in manifests] == [3, 2, 1]
    assert [m.added_snapshot_id for m in manifests] == [s["snapshot-id"]
                                                        for s in snapshots_of(metadata)]
    entries = manifests[0].fetch_manifest_entry(IO)
    assert [(e.sequence_number, e.data_file.file_path) for e in entries] == [(3, "file:///d/late")]
    assert snapshot["summary"] == {
        "operation": "append", "added-data-files": "1", "added-records": "10",
        "added-files-size": "1000", "total-data-files": "4", "total-records": "40",
        "total-files-size": "4000", "total-delete-files": "0", "total-position-deletes": "0",
        "total-equality-deletes": "0", "manifests-kept": "2"}


def test_late_append__into_a_table_that_was_empty(api, namespace):
    made = api.create_table(namespace, bodies.table("t", properties={REBASE: "true"})).json()
    appends = [Append(made["metadata"], [f"file:///d/{i}"]) for i in range(3)]
    for append in appends:
        send(api, namespace, append)
    assert planned(api, namespace) == [f"file:///d/{i}" for i in range(3)]
    assert snapshots_of(load(api, namespace))[0]["summary"]["total-records"] == "30"


def test_late_append__to_a_branch(api, namespace, table):
    """Of another branch's commits it takes no notice but for the sequence number."""
    head = table["current-snapshot-id"]
    api.commit(namespace, "t", [bodies.set_ref(head, "dev")])
    base = load(api, namespace)
    appends = [Append(base, [f"file:///d/{branch}-{i}"], branch)
               for branch in ("main", "dev") for i in range(2)]
    for append in appends:
        send(api, namespace, append)
    metadata = load(api, namespace)
    assert planned(api, namespace) == ["file:///d/0", "file:///d/main-0", "file:///d/main-1"]
    dev = metadata["refs"]["dev"]["snapshot-id"]
    assert dev == appends[3].snapshot_id
    assert planned(api, namespace, **{"snapshot-id": dev}) == ["file:///d/0", "file:///d/dev-0",
                                                               "file:///d/dev-1"]
    assert metadata["last-sequence-number"] == 5


def test_late_append__where_its_writer_left_out_a_dead_manifest(api, namespace, table):
    """PyIceberg drops manifests that have no live file."""
    first = Append(table, ["file:///d/1"])
    dead = first.manifest(["file:///d/0"], number=3, status=ManifestEntryStatus.DELETED,
                          sequence_number=1)
    first.added.append(dead)
    first.kept = []
    first.summary["operation"] = "overwrite"
    base = send(api, namespace, first)["metadata"]
    late = Append(base, ["file:///d/2"])
    late.kept = [m for m in late.kept if m.manifest_path != dead.manifest_path]
    send(api, namespace, Append(base, ["file:///d/3"]))
    send(api, namespace, late)
    assert planned(api, namespace) == ["file:///d/1", "file:///d/2", "file:///d/3"]


def test_late_append__adds_to_newer_deletes_which_leave_it_alone(api, namespace, table):
    """Delete files apply to data of lower sequence numbers (table spec, "Scan Planning")."""
    late = Append(table, ["file:///d/late"])
    delete = Append(table)
    delete.added = [delete.delete_manifest("file:///d/deletes")]
    delete.summary["operation"] = "delete"
    send(api, namespace, delete)
    send(api, namespace, late)
    answer = api.call("planTableScan", namespace=namespace, table="t", json={}, expect=200).json()
    deletes = {task["data-file"]["file-path"]: task.get("delete-file-references", [])
               for task in answer["file-scan-tasks"]}
    assert deletes == {"file:///d/0": [0], "file:///d/late": []}


def test_late_append__replays_under_its_key(api, namespace, table):
    send(api, namespace, Append(table, ["file:///d/1"]))
    key, body = str(uuid.uuid4()), Append(table, ["file:///d/late"]).body()
    first = send(api, namespace, body, key=key)
    send(api, namespace, Append(table, ["file:///d/2"]))
    assert send(api, namespace, body, key=key) == first
    assert planned(api, namespace) == [f"file:///d/{n}" for n in ("0", "1", "2", "late")]


def test_late_append__goes_where_metadata_goes(api, server, namespace, table):
    place = f"{table['location']}/elsewhere"
    api.commit(namespace, "t", [bodies.set_properties(**{"write.metadata.path": place})])
    late = Append(table, ["file:///d/late"])
    send(api, namespace, Append(table, ["file:///d/1"]))
    metadata = send(api, namespace, late)["metadata"]
    assert snapshots_of(metadata)[0]["manifest-list"].startswith(place + "/snap-")


def test_late_append__in_a_transaction_of_several_tables(api, namespace, table):
    other = api.create_table(namespace, bodies.table("u", properties={REBASE: "true"})).json()
    send(api, namespace, Append(table, ["file:///d/1"]))
    send(api, namespace, Append(other["metadata"], ["file:///d/1"]), table="u")

    def change(append, name):
        return {**append.body(), "identifier": {"namespace": [namespace], "name": name}}

    changes = [change(Append(table, ["file:///d/t"]), "t"),
               change(Append(other["metadata"], ["file:///d/u"]), "u")]
    api.call("commitTransaction", json={"table-changes": changes}, expect=204)
    assert planned(api, namespace) == ["file:///d/0", "file:///d/1", "file:///d/t"]
    assert planned(api, namespace, "u") == ["file:///d/1", "file:///d/u"]
    overwrite = Append(table, ["file:///d/x"])
    overwrite.summary["operation"] = "overwrite"
    changes = [change(Append(other["metadata"], ["file:///d/v"]), "u"), change(overwrite, "t")]
    api.call("commitTransaction", json={"table-changes": changes}, expect=CONFLICT)
    assert planned(api, namespace, "u") == ["file:///d/1", "file:///d/u"]


# --- who asks for it --------------------------------------------------------------------------


def test_property__is_off_by_default_and_a_table_may_say_it_of_itself(api, server, contract,
                                                                      unique):
    name = unique("wh")
    api.call("createWarehouse", json={"name": name, "location": f"file://{server.data}/{name}",
                                      "properties": {REBASE: "TRUE"}}, expect=200)
    client = Api(server.port, contract, prefix=name)
    client.create_namespace("ns")
    client.create_table("ns", bodies.table("on"))
    client.create_table("ns", bodies.table("off", properties={REBASE: "false"}))
    for table, expect in (("on", 200), ("off", CONFLICT)):
        base = load(client, "ns", table)
        late = Append(base, ["file:///d/late"])
        send(client, "ns", Append(base, ["file:///d/1"]), table=table)
        answer = send(client, "ns", late, expect=expect, table=table)
        if table == "off":
            assert "carried over" not in answer["error"]["message"]
    client.close()


@pytest.mark.parametrize("value", ["yes", ""])
def test_property__must_be_true_or_false(api, namespace, unique, server, value):
    wrong = {REBASE: value}
    warehouse = {"name": unique("wh"), "location": f"file://{server.data}/x", "properties": wrong}
    api.create_table(namespace, bodies.table("t"))
    answers = [api.create_table(namespace, bodies.table("u", properties=wrong), expect=400),
               api.call("createWarehouse", expect=400, json=warehouse),
               api.commit(namespace, "t", [bodies.set_properties(**wrong)], expect=400)]
    sentence = f"The property {REBASE} is '{value}': it must be true or false, or be left out"
    assert all(answer.error["message"].endswith(sentence) for answer in answers)


# --- what is refused --------------------------------------------------------------------------


def overwrites(append):
    append.summary["operation"] = "overwrite"


def adds_deletes(append):
    append.added.append(append.delete_manifest("file:///d/deletes"))


def drops_a_manifest(append):
    append.kept = []


def has_a_manifest_twice(append):
    append.kept = append.kept * 2


def merges(append):
    """A merge append: its parent's file stands as EXISTING in a manifest of its own."""
    append.kept = []
    append.added.append(append.manifest(["file:///d/0"], number=2, sequence_number=1,
                                        status=ManifestEntryStatus.EXISTING,
                                        snapshot_id=append.parent))


def hides_an_existing_entry(append):
    manifest = append.manifest(["file:///d/0"], number=2, sequence_number=1,
                               status=ManifestEntryStatus.EXISTING, snapshot_id=append.parent)
    manifest[ADDED_FILES], manifest[EXISTING_FILES] = 1, 0
    manifest[ADDED_ROWS], manifest[ADDED_ROWS + 1] = 10, 0
    append.added.append(manifest)


def has_a_sequence_number_of_its_own(append):
    append.added = [append.manifest(["file:///d/late"], sequence_number=append.sequence_number)]


def claims_more_rows(append):
    append.added[0][ADDED_ROWS] += 1


def takes_a_manifest_of_another(append):
    append.added[0][SEQUENCE_NUMBER] = append.added[0][SEQUENCE_NUMBER + 1] = 1
    append.added[0][ADDED_SNAPSHOT_ID] = 4711


def adds_a_delete_file_as_data(append):
    append.added = [append.manifest(["file:///d/late"], content=DataFileContent.POSITION_DELETES)]


def sets_a_property_too(append):
    append.more_updates.append(bodies.set_properties(a="b"))


def tags_too(append):
    append.more_updates.append(bodies.set_ref(append.snapshot_id, "tag", "tag"))


def has_another_schema(append):
    append.metadata = {**append.metadata, "current-schema-id": 7}


def has_another_spec(append):
    append.added[0][SPEC_ID] = 5


def has_no_list(append):
    append.write_list = lambda: None


def has_its_list_elsewhere(append):
    append.list_path = "file:///etc/hostname"
    append.write_list = lambda: None


def has_a_list_that_is_none(append):
    append.write_list = lambda: Path(append.list_path.removeprefix("file://")).write_bytes(b"x")


def is_encrypted(append):
    plain = append.snapshot
    append.snapshot = lambda: {**plain(), "key-id": "k"}


def names_another_parent(append):
    plain = append.snapshot
    append.snapshot = lambda: {**plain(), "parent-snapshot-id": 5}


def asserts_nothing_of_the_branch(append):
    plain = append.body

    def body():
        made = plain()
        made["requirements"].pop(1)
        return made
    append.body = body


REFUSED = [
    (overwrites, "its operation is 'overwrite', not append"),
    (adds_deletes, "it adds a delete manifest"),
    (drops_a_manifest, "drops or merges a manifest of its parent"),
    (has_a_manifest_twice, "has a manifest of its parent twice"),
    (merges, "rewrites or removes files of its parent"),
    (hides_an_existing_entry, "an entry that is not ADDED"),
    (has_a_sequence_number_of_its_own, "a sequence number of its own"),
    (claims_more_rows, "adds 1 files of 11 rows, but it has 1 of 10"),
    (takes_a_manifest_of_another, "neither it nor its parent has added"),
    (adds_a_delete_file_as_data, "a delete file"),
    (sets_a_property_too, "does more than add one snapshot"),
    (tags_too, "does more than add one snapshot"),
    (has_another_schema, "written with schema 7, and the current one is 0"),
    (has_another_spec, "written with partition spec 5, and the default one is 0"),
    (has_no_list, "-list.avro"),
    (has_its_list_elsewhere, "outside of the table"),
    (has_a_list_that_is_none, "not an Avro file"),
    (is_encrypted, "its manifest list is encrypted"),
    (names_another_parent, "not the head of the branch that it asserts"),
    (asserts_nothing_of_the_branch, "has not one requirement assert-ref-snapshot-id"),
]


@pytest.mark.parametrize("spoil, reason", REFUSED, ids=[spoil.__name__ for spoil, _ in REFUSED])
def test_late_commit__is_refused_where_it(api, server, namespace, table, spoil, reason):
    """Rule 62."""
    late = Append(table, ["file:///d/late"])
    spoil(late)
    body = late.body()
    head = send(api, namespace, Append(table, ["file:///d/1"]))
    files = files_of(server)
    answer = send(api, namespace, body, expect=CONFLICT)
    assert reason in answer["error"]["message"]
    assert api.load_table(namespace, "t").json()["metadata-location"] == head["metadata-location"]
    assert files_of(server) == files
    assert planned(api, namespace) == ["file:///d/0", "file:///d/1"]


def test_late_append__is_refused_where_another_requirement_fails(api, server, namespace, table):
    late = Append(table, ["file:///d/late"])
    late.more_requirements.append({"type": "assert-default-spec-id", "default-spec-id": 3})
    send(api, namespace, Append(table, ["file:///d/1"]))
    body, files = late.body(), files_of(server)
    answer = send(api, namespace, body, expect=CONFLICT)
    assert answer["error"]["message"].startswith("Requirement failed: default partition spec")
    assert files_of(server) == files


def test_late_append__is_refused_where_the_table_has_the_snapshot_already(api, namespace, table):
    """Sent again without a key, its files would be in the table twice."""
    send(api, namespace, Append(table, ["file:///d/1"]))
    body = Append(table, ["file:///d/late"]).body()
    send(api, namespace, body)
    answer = send(api, namespace, body, expect=CONFLICT)
    assert "has snapshot" in answer["error"]["message"]


def test_late_append__is_refused_where_its_parent_was_expired(api, namespace, table):
    late = Append(table, ["file:///d/late"])
    send(api, namespace, Append(table, ["file:///d/1"]))
    api.commit(namespace, "t", [{"action": "remove-snapshots",
                                 "snapshot-ids": [table["current-snapshot-id"]]}])
    answer = send(api, namespace, late, expect=CONFLICT)
    assert "is not known any more" in answer["error"]["message"]


def test_late_append__is_refused_where_the_branch_is_gone(api, namespace, table):
    api.commit(namespace, "t", [bodies.set_ref(table["current-snapshot-id"], "dev")])
    late = Append(load(api, namespace), ["file:///d/late"], "dev")
    api.commit(namespace, "t", [{"action": "remove-snapshot-ref", "ref-name": "dev"}])
    answer = send(api, namespace, late, expect=CONFLICT)
    assert "the branch dev is gone" in answer["error"]["message"]


def test_late_append__is_refused_where_the_schema_has_changed(api, namespace, table):
    late = Append(table, ["file:///d/late"])
    changed = copy.deepcopy(bodies.schema(("id", "long"), ("data", "string"), ("new", "long")))
    api.commit(namespace, "t", [
        {"action": "add-schema", "schema": changed, "last-column-id": 3},
        {"action": "set-current-schema", "schema-id": -1}])
    send(api, namespace, Append(load(api, namespace), ["file:///d/1"]))
    answer = send(api, namespace, late, expect=CONFLICT)
    assert "written with schema 0, and the current one is 1" in answer["error"]["message"]


def test_late_append__is_refused_where_the_head_has_no_list_that_can_be_read(api, namespace,
                                                                             table):
    late = Append(table, ["file:///d/late"])
    head = table["current-snapshot-id"]
    api.commit(namespace, "t", [bodies.add_snapshot(5, 2, head), bodies.set_ref(5)])
    answer = send(api, namespace, late, expect=CONFLICT)
    assert "not carried over" in answer["error"]["message"]


def test_late_append__is_refused_in_format_version_1(api, namespace):
    made = api.create_table(namespace, bodies.table(
        "t", properties={REBASE: "true", "format-version": "1"})).json()["metadata"]
    first, late = bodies.add_snapshot(1, 0), Append(made, ["file:///d/late"])
    api.commit(namespace, "t", [first, bodies.set_ref(1)])
    answer = send(api, namespace, late, expect=CONFLICT)
    assert "format version 1" in answer["error"]["message"]
