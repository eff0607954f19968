"""What commits leave on disk: names, logs, compression, and the removal of old metadata."""

import gzip
import json
from pathlib import Path

import pytest

import bodies


def local(location):
    return Path(location.removeprefix("file://"))


def metadata_files(metadata_location):
    return sorted(path.name for path in local(metadata_location).parent.iterdir())


def test_commit__writes_a_new_numbered_file_each_time(api, namespace):
    """Rule 10."""
    location = api.create_table(namespace, bodies.table("t")).json()["metadata-location"]
    for number in (1, 2, 3):
        made = api.commit(namespace, "t", [bodies.set_properties(n=str(number))]).json()
        assert local(made["metadata-location"]).name.startswith(f"{number:05}-")
        assert made["metadata"]["metadata-log"][-1]["metadata-file"] == location
        location = made["metadata-location"]
    assert len(metadata_files(location)) == 4


def test_commit__keeps_the_log_within_previous_versions_max(api, namespace):
    """Rule 38."""
    api.create_table(namespace, bodies.table("t", properties={
        "write.metadata.previous-versions-max": "3"}))
    for number in range(8):
        made = api.commit(namespace, "t", [bodies.set_properties(n=str(number))]).json()
    assert len(made["metadata"]["metadata-log"]) == 3
    assert len(metadata_files(made["metadata-location"])) == 9


def test_delete_after_commit__leaves_max_plus_one_files_after_each_commit(api, namespace):
    """Rules 39, K12."""
    api.create_table(namespace, bodies.table("t", properties={
        "write.metadata.previous-versions-max": "3",
        "write.metadata.delete-after-commit.enabled": "true"}))
    for number in range(9):
        made = api.commit(namespace, "t", [bodies.set_properties(n=str(number))]).json()
        assert len(metadata_files(made["metadata-location"])) == min(number + 2, 4)
        for entry in made["metadata"]["metadata-log"]:
            assert local(entry["metadata-file"]).exists()


def test_gzip__is_written_and_read(api, namespace):
    """Rule 52."""
    for codec in ("gzip", "GZIP"):
        name = f"t_{codec}"
        made = api.create_table(namespace, bodies.table(name, properties={
            "write.metadata.compression-codec": codec})).json()
        assert made["metadata-location"].endswith(".gz.metadata.json")
        changed = api.commit(namespace, name, [bodies.set_properties(a="1")]).json()
        packed = local(changed["metadata-location"]).read_bytes()
        assert json.loads(gzip.decompress(packed)) == changed["metadata"]
        assert api.load_table(namespace, name).json()["metadata"] == changed["metadata"]


def test_unknown_codec__is_refused(api, namespace):
    """Rule 52."""
    answer = api.create_table(namespace, bodies.table("t", properties={
        "write.metadata.compression-codec": "lzma"}), expect=None)
    assert answer.status == 400, answer
    api.create_table(namespace, bodies.table("t"))
    before = api.load_table(namespace, "t").json()
    api.commit(namespace, "t", [bodies.set_properties(**{
        "write.metadata.compression-codec": "lzma"})], expect=400)
    assert api.load_table(namespace, "t").json() == before


def test_failed_commit__leaves_no_file(api, namespace):
    """Rule 10."""
    made = api.create_table(namespace, bodies.table("t")).json()
    before = metadata_files(made["metadata-location"])
    api.commit(namespace, "t", [bodies.set_properties(a="1"), bodies.set_ref(404)], expect=400)
    api.commit(namespace, "t", [bodies.set_properties(a="1")],
               [{"type": "assert-current-schema-id", "current-schema-id": 9}], expect=409)
    assert metadata_files(made["metadata-location"]) == before


def test_metadata_path__decides_where_metadata_goes(api, server, namespace):
    """Rule K17."""
    path = f"file://{server.data}/warehouse/meta_of_{namespace}"
    made = api.create_table(namespace, bodies.table("t", properties={
        "write.metadata.path": path})).json()
    assert made["metadata-location"].startswith(path + "/00000-")
    changed = api.commit(namespace, "t", [bodies.set_properties(a="1")]).json()
    assert changed["metadata-location"].startswith(path + "/00001-")


def test_metadata_path__must_stay_within_the_warehouse(api, namespace, tmp_path):
    answer = api.create_table(namespace, bodies.table("t", properties={
        "write.metadata.path": f"file://{tmp_path}/out"}), expect=None)
    assert answer.status in (400, 403), answer
    assert list(tmp_path.iterdir()) == []


def make_view(api, namespace):
    made = api.call("createView", namespace=namespace, json=bodies.view("kept"), expect=200)
    return made.json()["metadata-location"]


def make_function(api, namespace):
    names = {"warehouse": "default", "namespace": namespace, "function": "kept"}
    return api.call("putFunction", json=bodies.function(), expect=200,
                    **names).json()["metadata-location"]


def make_table(api, namespace):
    return api.create_table(namespace, bodies.table("kept")).json()["metadata-location"]


@pytest.mark.parametrize("make", [make_table, make_view, make_function])
def test_delete_after_commit__leaves_what_is_of_others(api, namespace, make):
    """Rule 39."""
    kept = make(api, namespace)
    api.create_table(namespace, bodies.table("t", properties={
        "write.metadata.previous-versions-max": "1",
        "write.metadata.delete-after-commit.enabled": "true"}))
    gone = api.call("unregisterTable", namespace=namespace, table="t", expect=200).json()
    claims = gone["metadata"]
    claims["metadata-log"] = [{"timestamp-ms": claims["last-updated-ms"], "metadata-file": kept}]
    location = local(gone["metadata-location"]).with_name("00001-claims.metadata.json")
    location.write_text(json.dumps(claims))
    api.call("registerTable", namespace=namespace, expect=200,
             json={"name": "t", "metadata-location": f"file://{location}"})
    made = api.commit(namespace, "t", [bodies.set_properties(a="1")]).json()
    assert kept not in json.dumps(made["metadata"]["metadata-log"])
    assert local(kept).exists()


def test_commit__to_a_lost_file_hears_of_it_as_a_load_does(api, namespace):
    """The cache still has the base; a commit on it would hide the loss."""
    table = api.create_table(namespace, bodies.table("t")).json()["metadata-location"]
    view = api.call("createView", namespace=namespace, json=bodies.view("v"),
                    expect=200).json()["metadata-location"]
    lost = (404, "NotFoundException")
    change = {"requirements": [], "updates": [bodies.set_properties(a="1")]}
    saved = [(local(location), local(location).read_bytes()) for location in (table, view)]
    for path, _ in saved:
        path.unlink()
    answers = [api.call("updateTable", namespace=namespace, table="t", json=change, expect=lost),
               api.call("replaceView", namespace=namespace, view="v", json=change, expect=lost)]
    for answer, (path, text) in zip(answers, saved):
        assert "Failed to open input stream for file" in answer.error["message"]
        path.write_bytes(text)
    api.commit(namespace, "t", [bodies.set_properties(a="1")])
    api.call("replaceView", namespace=namespace, view="v", json=change, expect=200)


def note(number):
    """Two hundred short ones are a history that commits share, and do not copy; from six long ones
    on it is put together once more."""
    return f"{number} " * (600 if number <= 200 else 6000)


def long_snapshot(number):
    return bodies.add_snapshot(number, number,
                               summary={"operation": "append", "note": note(number)})


def expect_whole(api, namespace, committed):
    """The answer, the file and a load tell the same; gives the metadata."""
    told = committed.json()
    loaded = api.load_table(namespace, "t")
    assert loaded.body == committed.body
    content = local(told["metadata-location"]).read_bytes()
    if told["metadata-location"].endswith(".gz.metadata.json"):
        content = gzip.decompress(content)
    assert json.loads(content) == told["metadata"]
    return told["metadata"]


def test_long_history__is_the_same_to_whoever_reads_it(api, namespace):
    """It stands in memory once for many commits, whose files and answers are written from it."""
    api.create_table(namespace, bodies.table("t", properties={"format-version": "2"}))
    numbers = list(range(1, 201))
    commits = [[long_snapshot(number) for number in numbers],
               [bodies.set_ref(200), bodies.set_ref(1, "first", "tag")],
               [bodies.set_properties(a="1")]]
    commits += [[long_snapshot(number), bodies.set_ref(number)] for number in range(201, 216)]
    commits += [[{"action": "remove-snapshots", "snapshot-ids": [2, 203]}],
                [bodies.set_properties(a="2")],
                [bodies.set_properties(**{"write.metadata.compression-codec": "gzip"})],
                [bodies.set_properties(a="3")]]
    for updates in commits:
        metadata = expect_whole(api, namespace, api.commit(namespace, "t", updates))
    left = [1, *range(3, 203), *range(204, 216)]
    assert [s["snapshot-id"] for s in metadata["snapshots"]] == left
    assert [s["summary"]["note"] for s in metadata["snapshots"]] == [note(n) for n in left]
    assert metadata["properties"]["a"] == "3"
    refs = api.load_table(namespace, "t", query={"snapshots": "refs"}).json()["metadata"]
    assert [s["snapshot-id"] for s in refs["snapshots"]] == [1, 215]
    assert refs["snapshot-log"] == metadata["snapshot-log"]
