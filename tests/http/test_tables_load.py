"""loadTable and tableExists."""

import uuid
from pathlib import Path

import bodies
from api import Api


def history(api, namespace, name="t"):
    """A table with three snapshots; a tag holds the first, main the third, nothing the second."""
    api.create_table(namespace, bodies.table(name))
    api.commit(namespace, name, [bodies.add_snapshot(1, 1), bodies.set_ref(1),
                                 bodies.set_ref(1, "first", "tag")])
    api.commit(namespace, name, [bodies.add_snapshot(2, 2, 1), bodies.set_ref(2)])
    return api.commit(namespace, name, [bodies.add_snapshot(3, 3, 2), bodies.set_ref(3)]).json()


def ids(answer):
    return sorted(item["snapshot-id"] for item in answer.json()["metadata"]["snapshots"])


def test_load__with_all_snapshots_is_the_default(api, namespace):
    history(api, namespace)
    assert ids(api.load_table(namespace, "t")) == [1, 2, 3]
    assert ids(api.load_table(namespace, "t", query={"snapshots": "all"})) == [1, 2, 3]


def test_load__with_refs_has_only_referenced_snapshots_and_the_whole_log(api, namespace):
    """Rule 41."""
    made = history(api, namespace)
    answer = api.load_table(namespace, "t", query={"snapshots": "refs"})
    assert ids(answer) == [1, 3]
    assert answer.json()["metadata-location"] == made["metadata-location"]
    assert [item["snapshot-id"] for item in answer.json()["metadata"]["snapshot-log"]] == [1, 2, 3]


def test_load__with_refs_survives_statistics_of_a_historical_snapshot(api, namespace):
    """Rule 41."""
    history(api, namespace)
    statistics = {"snapshot-id": 2, "statistics-path": "file:///nowhere/s.puffin",
                  "file-size-in-bytes": 10, "file-footer-size-in-bytes": 5, "blob-metadata": []}
    api.commit(namespace, "t", [{"action": "set-statistics", "statistics": statistics}])
    answer = api.load_table(namespace, "t", query={"snapshots": "refs"})
    assert ids(answer) == [1, 3]


def test_load__with_an_unknown_snapshots_mode_is_refused(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    api.load_table(namespace, "t", query={"snapshots": "some"},
                   expect=(400, "BadRequestException"))


def test_load__is_what_the_file_says(api, namespace):
    made = history(api, namespace)
    stored = Path(made["metadata-location"].removeprefix("file://")).read_text()
    assert api.load_table(namespace, "t").body.find(stored.encode().strip()) > 0


def test_load__of_a_missing_table_names_it(api, namespace):
    answer = api.load_table(namespace, "no", expect=(404, "NoSuchTableException"))
    assert answer.error["message"] == f"Table does not exist: {namespace}.no"


def test_load__in_a_missing_namespace_is_not_found(api, unique):
    answer = api.load_table(unique("no"), "t", expect=404)
    assert answer.error["type"] in ("NoSuchTableException", "NoSuchNamespaceException")


def test_load__of_a_view_is_no_table(api, namespace):
    """Rule K14."""
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    answer = api.load_table(namespace, "v", expect=(404, "NoSuchTableException"))
    assert answer.error["message"] == f"Table does not exist: {namespace}.v"
    api.call("tableExists", namespace=namespace, table="v", expect=404)


def test_load__of_a_table_whose_file_is_gone_says_which_file(api, namespace):
    """Rule K5."""
    made = api.create_table(namespace, bodies.table("t")).json()
    location = made["metadata-location"]
    api.load_table(namespace, "t")
    Path(location.removeprefix("file://")).unlink()
    answer = api.load_table(namespace, "t", expect=(404, "NotFoundException"))
    assert answer.error["message"] == f"Failed to open input stream for file: {location}"


def test_load__of_a_damaged_file_is_a_named_error(api, namespace):
    made = api.create_table(namespace, bodies.table("t")).json()
    path = Path(made["metadata-location"].removeprefix("file://"))
    path.write_text(path.read_text()[:100])
    answer = api.load_table(namespace, "t", expect=None)
    # What is held in memory under this location was true when it was written.
    assert answer.status in (200, 500), answer
    if answer.status == 500:
        assert answer.error["type"] == "CorruptDataException"


def test_commit__to_a_table_with_damaged_metadata_fails_for_good_until_it_is_mended(
        own_server, contract):
    """400 is no outcome that Java takes for unknown (500, 502, 503, 504), and no full disk (507)."""
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("ns")
    location = api.create_table("ns", bodies.table("t")).json()["metadata-location"]
    api.create_table("ns", bodies.table("whole"))
    path = Path(location.removeprefix("file://"))
    text = path.read_text()
    path.write_text(text[:100])
    api.close()
    server.restart()
    api = Api(server.port, contract)
    change = [{"action": "set-properties", "updates": {"a": "1"}}]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        answer = api.commit("ns", "t", change, headers=key, expect=(400, "CorruptDataException"))
        assert answer.error["message"].startswith(f"metadata file {location}: ")
    changes = [{"identifier": {"namespace": ["ns"], "name": name}, "requirements": [],
                "updates": change} for name in ("whole", "t")]
    api.call("commitTransaction", json={"table-changes": changes},
             expect=(400, "CorruptDataException"))
    api.call("dropTable", namespace="ns", table="t", query={"purgeRequested": "true"},
             expect=(400, "CorruptDataException"))
    api.load_table("ns", "t", expect=(500, "CorruptDataException"))
    assert "a" not in api.load_table("ns", "whole").json()["metadata"].get("properties", {})
    api.commit("ns", "whole", change)
    path.write_text(text)
    api.commit("ns", "t", change, headers=key)
    api.close()
    server.stop()


def test_load__ignores_headers_about_credentials(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    answer = api.load_table(namespace, "t", headers={
        "X-Iceberg-Access-Delegation": "vended-credentials,remote-signing"})
    assert "storage-credentials" not in answer.json()


def test_load__takes_a_plus_in_a_path_literally_and_then_as_a_space(api, namespace):
    """Rule 58."""
    api.create_table(namespace, bodies.table("a b"))
    answer = api.send("GET", f"/v1/default/namespaces/{namespace}/tables/a+b")
    assert answer.status == 200
    api.create_table(namespace, bodies.table("a+b"))
    literal = api.send("GET", f"/v1/default/namespaces/{namespace}/tables/a+b")
    assert literal.json()["metadata"]["table-uuid"] != answer.json()["metadata"]["table-uuid"]


def test_exists__tells_present_from_missing(api, namespace):
    """Rule 59."""
    api.create_table(namespace, bodies.table("t"))
    api.call("tableExists", namespace=namespace, table="t", expect=204)
    api.call("tableExists", namespace=namespace, table="no", expect=404)
