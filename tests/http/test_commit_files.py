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
