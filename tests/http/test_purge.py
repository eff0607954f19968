"""dropTable with purgeRequested=true: every file that the metadata reaches is deleted, after the
drop has committed, and no other. Real manifests are written with PyIceberg."""

import time
from pathlib import Path

import pyarrow
import pytest

import bodies
from api import Api
from pyiceberg_traffic import catalog

PURGE_TIMEOUT_S = 30


def files_below(directory):
    return sorted(str(path.relative_to(directory)) for path in Path(directory).rglob("*")
                  if path.is_file())


def wait_until_purged(api):
    deadline = time.monotonic() + PURGE_TIMEOUT_S
    while True:
        queue = api.call("listPurges", expect=200).json()["purges"]
        if not queue:
            return
        assert time.monotonic() < deadline, f"still queued: {queue}"
        time.sleep(0.05)


def write_table(server, contract, name="ns.t", properties=None):
    """A table with three snapshots and a delete; its directory."""
    rows = pyarrow.table({"id": [1, 2, 3], "data": ["a", "b", "c"]})
    with catalog(server, contract) as client:
        table = client.create_table(name, schema=rows.schema, properties=properties or {})
        for _ in range(3):
            table.append(rows)
        table.delete("id = 2")
        assert table.scan().to_arrow().num_rows == 6
        return Path(table.location().removeprefix("file://"))


def drop(api, name="t", purge="true", expect=204):
    return api.call("dropTable", namespace="ns", table=name, query={"purgeRequested": purge},
                    expect=expect)


@pytest.fixture
def purged(fresh):
    server, api = fresh
    api.create_namespace("ns")
    return server, api


def test_purge__deletes_every_file(purged, contract):
    """Rule 60."""
    server, api = purged
    place = write_table(server, contract)
    names = files_below(place)
    assert sum(name.endswith(".parquet") for name in names) >= 4
    assert sum(name.endswith(".avro") for name in names) >= 8
    assert sum(name.endswith(".metadata.json") for name in names) >= 5
    drop(api)
    api.load_table("ns", "t", expect=(404, "NoSuchTableException"))
    wait_until_purged(api)
    assert files_below(place) == []


def test_purge__deletes_no_file_of_others(purged, contract):
    """Rule 60."""
    server, api = purged
    place = write_table(server, contract)
    neighbour = write_table(server, contract, "ns.t2")
    before = files_below(neighbour)
    (place / "data").mkdir(exist_ok=True)
    stranger = place / "data" / "not-in-any-manifest.parquet"
    stranger.write_text("kept")
    drop(api)
    wait_until_purged(api)
    assert files_below(neighbour) == before
    assert files_below(place) == [str(stranger.relative_to(place))]


def test_purge__deletes_expired_history_statistics_and_gzipped_metadata(purged, contract):
    """Rule 60."""
    server, api = purged
    place = write_table(server, contract,
                        properties={"write.metadata.compression-codec": "gzip"})
    puffin = place / "metadata" / "stats.puffin"
    puffin.write_bytes(b"PFA1")
    partition = place / "metadata" / "partition-stats.parquet"
    partition.write_bytes(b"x")
    snapshot = api.load_table("ns", "t").json()["metadata"]["current-snapshot-id"]
    api.commit("ns", "t", [
        {"action": "set-statistics", "statistics": {
            "snapshot-id": snapshot, "statistics-path": f"file://{puffin}",
            "file-size-in-bytes": 4, "file-footer-size-in-bytes": 1, "blob-metadata": []}},
        {"action": "set-partition-statistics", "partition-statistics": {
            "snapshot-id": snapshot, "statistics-path": f"file://{partition}",
            "file-size-in-bytes": 1}}])
    drop(api)
    wait_until_purged(api)
    assert files_below(place) == []


def test_purge__of_a_table_without_snapshots_deletes_its_metadata(purged):
    server, api = purged
    made = api.create_table("ns", bodies.table("t")).json()["metadata"]
    drop(api)
    wait_until_purged(api)
    assert files_below(made["location"].removeprefix("file://")) == []


def test_purge__of_a_table_that_is_registered_at_once_deletes_all_or_nothing(purged, contract):
    """A register that is answered with 200 keeps its files."""
    server, api = purged
    place = write_table(server, contract)
    location = api.load_table("ns", "t").json()["metadata-location"]
    before = files_below(place)
    drop(api)
    answer = api.call("registerTable", namespace="ns",
                      json={"name": "t", "metadata-location": location})
    assert answer.status in (409, 404), answer
    if answer.status == 409:
        assert "are being deleted" in answer.error["message"]
    wait_until_purged(api)
    assert files_below(place) == [], before
    api.call("registerTable", namespace="ns", expect=(404, "NotFoundException"),
             json={"name": "t", "metadata-location": location})


def test_purge__with_gc_disabled_is_refused_and_drops_nothing(purged, contract):
    """Rule 60."""
    server, api = purged
    place = write_table(server, contract, properties={"gc.enabled": "false"})
    before = files_below(place)
    answer = drop(api, expect=(400, "ValidationException"))
    assert "gc.enabled" in answer.error["message"]
    api.load_table("ns", "t")
    assert files_below(place) == before
    assert api.call("listPurges", expect=200).json()["purges"] == []


def test_purge__goes_on_after_a_kill(purged, contract):
    server, api = purged
    places = [write_table(server, contract, f"ns.t{number}") for number in range(4)]
    for number in range(4):
        drop(api, f"t{number}")
    api.close()
    server.kill()
    server.start()
    wait_until_purged(api)
    for place in places:
        assert files_below(place) == []


def test_purge__goes_on_after_a_stop(purged, contract):
    server, api = purged
    places = [write_table(server, contract, f"ns.t{number}") for number in range(3)]
    for number in range(3):
        drop(api, f"t{number}")
    api.close()
    server.restart()
    wait_until_purged(api)
    for place in places:
        assert files_below(place) == []


def test_purge__finds_files_gone_already_and_ends(purged, contract):
    server, api = purged
    place = write_table(server, contract)
    for path in list((place / "data").rglob("*.parquet"))[:2]:
        path.unlink()
    drop(api)
    wait_until_purged(api)
    assert files_below(place) == []


def wait_for_an_attempt(api):
    deadline = time.monotonic() + PURGE_TIMEOUT_S
    while True:
        queue = api.call("listPurges", expect=200).json()["purges"]
        if queue and queue[0]["attempts"]:
            return queue[0]
        assert time.monotonic() < deadline, f"not tried: {queue}"
        time.sleep(0.05)


def test_purge__shows_the_files_that_it_must_leave(own_server, contract, tmp_path):
    """Rule 60."""
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("ns")
    outside = tmp_path / "outside"
    place = write_table(server, contract, properties={"write.data.path": f"file://{outside}"})
    written = files_below(outside)
    drop(api)
    entry = wait_for_an_attempt(api)
    assert entry["files-left"] == len(written) > 0
    assert f"file://{outside}" in entry["reason"] and "--allow-location" in entry["reason"]
    assert files_below(outside) == written
    assert any(name.endswith(".avro") for name in files_below(place))
    api.close()
    server.stop()
    server.arguments += ["--allow-location", f"file://{outside}"]
    server.start()
    wait_until_purged(api)
    assert files_below(outside) == files_below(place) == []
    api.close()


def test_purge__follows_no_path_out_of_the_warehouse(purged, tmp_path):
    server, api = purged
    precious = tmp_path / "precious.avro"
    precious.write_text("kept")
    api.create_table("ns", bodies.table("t"))
    outside = bodies.snapshot(1)
    outside["manifest-list"] = f"file://{precious}"
    api.commit("ns", "t", [{"action": "add-snapshot", "snapshot": outside}, bodies.set_ref(1)],
               expect=None)
    drop(api)
    deadline = time.monotonic() + 3
    while api.call("listPurges").json()["purges"] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert precious.read_text() == "kept"


def test_purge__of_a_registered_copy_leaves_the_live_tables_files(purged, contract):
    server, api = purged
    place = write_table(server, contract)
    api.call("renameTable", expect=204, json={
        "source": {"namespace": ["ns"], "name": "t"},
        "destination": {"namespace": ["ns"], "name": "renamed"}})
    before = files_below(place)
    other = Api(server.port, contract)
    other.create_table("ns", bodies.table("t"))
    drop(other)
    wait_until_purged(other)
    assert files_below(place) == before
    other.close()


def statistics_at(path):
    return {"action": "set-statistics", "statistics": {
        "snapshot-id": 1, "statistics-path": path, "file-size-in-bytes": 1,
        "file-footer-size-in-bytes": 1, "blob-metadata": []}}


def drop_table_that_claims(api, path):
    """Drops and purges a table whose metadata names a file that is not its own."""
    api.create_table("ns", bodies.table("claims"))
    api.commit("ns", "claims", [bodies.add_snapshot(1), statistics_at(path)])
    drop(api, "claims")
    wait_until_purged(api)


def test_purge__leaves_what_lies_in_another_tables_place(purged):
    server, api = purged
    kept = api.create_table("ns", bodies.table("kept")).json()["metadata-location"]
    drop_table_that_claims(api, kept)
    assert Path(kept.removeprefix("file://")).exists()
    api.call("loadTable", namespace="ns", table="kept", expect=200)


def test_purge__leaves_the_servers_own_database(own_server, contract, tmp_path):
    server = own_server("--allow-location", f"file://{tmp_path}")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    for name in ("firn.db", "firn.db-wal", "firn.db.lock"):
        drop_table_that_claims(api, f"file://{server.data}/./{name}")
        assert (server.data / name).exists()
    inside = bodies.table("t", location=f"file://{server.data}/firn.db/t")
    api.create_table("ns", inside, (403, "ForbiddenException"))
    api.close()


def test_purge__deletes_the_tables_own_files_after_its_warehouse_moved(purged):
    server, api = purged
    place = Path(api.create_table("ns", bodies.table("t")).json()["metadata"]["location"]
                 .removeprefix("file://"))
    api.call("alterWarehouse", warehouse="default", expect=200,
             json={"location": f"file://{server.data}/elsewhere"})
    drop(api)
    wait_until_purged(api)
    assert files_below(place) == []
