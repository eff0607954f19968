"""registerTable and unregisterTable."""

import gzip
import json
from pathlib import Path

import bodies
from api import Api


def local(location):
    return Path(location.removeprefix("file://"))


def register(api, namespace, name, location, expect=200, **more):
    body = {"name": name, "metadata-location": location, **more}
    return api.call("registerTable", namespace=namespace, json=body, expect=expect)


def unregistered(api, namespace, name="t"):
    """A table's files without a table: (metadata location, metadata)."""
    api.create_table(namespace, bodies.table(name))
    api.commit(namespace, name, [bodies.add_snapshot(1), bodies.set_ref(1)])
    answer = api.call("unregisterTable", namespace=namespace, table=name, expect=200).json()
    return answer["metadata-location"], answer["metadata"]


def test_unregister__forgets_the_table_and_leaves_its_files(api, namespace):
    location, metadata = unregistered(api, namespace)
    api.load_table(namespace, "t", expect=(404, "NoSuchTableException"))
    assert json.loads(local(location).read_text()) == metadata


def test_unregister__of_a_missing_table_is_not_found(api, namespace):
    api.call("unregisterTable", namespace=namespace, table="no",
             expect=(404, "NoSuchTableException"))


def test_register__takes_over_uuid_and_history(api, namespace):
    """Rules 38, K13."""
    location, metadata = unregistered(api, namespace)
    made = register(api, namespace, "again", location).json()
    assert made["metadata"] == metadata
    assert made["metadata-location"] == location
    assert api.load_table(namespace, "again").json()["metadata"] == metadata


def test_register__keeps_fields_that_nobody_knows(api, namespace):
    """Rule 51."""
    location, metadata = unregistered(api, namespace)
    metadata["from-the-future"] = {"big": 9223372036854775807, "null": None}
    odd = local(location).with_name("00009-odd.metadata.json")
    odd.write_text(json.dumps(metadata))
    register(api, namespace, "t", f"file://{odd}")
    changed = api.commit(namespace, "t", [bodies.set_properties(a="1")]).json()["metadata"]
    assert changed["from-the-future"] == {"big": 9223372036854775807, "null": None}


def test_register__reads_gzip_under_both_names(api, namespace):
    """Rule 52."""
    location, metadata = unregistered(api, namespace)
    for number, suffix in enumerate((".gz.metadata.json", ".metadata.json.gz")):
        packed = local(location).with_name(f"0001{number}-x{suffix}")
        packed.write_bytes(gzip.compress(json.dumps(metadata).encode()))
        made = register(api, namespace, f"t{number}", f"file://{packed}").json()
        assert made["metadata"]["table-uuid"] == metadata["table-uuid"]
        api.call("unregisterTable", namespace=namespace, table=f"t{number}", expect=200)


def test_register__of_a_taken_name_is_a_conflict(api, namespace):
    """Rule K13."""
    location, _ = unregistered(api, namespace)
    api.create_table(namespace, bodies.table("taken"))
    answer = register(api, namespace, "taken", location, (409, "AlreadyExistsException"))
    assert answer.error["message"] == f"Table already exists: {namespace}.taken"


def test_register__of_a_views_name_is_a_conflict(api, namespace):
    """Rule 57."""
    location, _ = unregistered(api, namespace)
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    for overwrite in (False, True):
        register(api, namespace, "v", location, (409, "AlreadyExistsException"),
                 overwrite=overwrite)


def test_register__with_overwrite_moves_the_pointer(api, namespace):
    location, metadata = unregistered(api, namespace)
    register(api, namespace, "t", location)
    newer = api.commit(namespace, "t", [bodies.set_properties(a="1")]).json()
    assert newer["metadata-location"] != location
    register(api, namespace, "t", location, overwrite=True)
    assert api.load_table(namespace, "t").json()["metadata"] == metadata


def test_register__in_a_missing_namespace_is_not_found(api, namespace, unique):
    location, _ = unregistered(api, namespace)
    register(api, unique("no"), "t", location, (404, "NoSuchNamespaceException"))


def test_register__of_a_missing_file_is_not_found(api, namespace):
    location, _ = unregistered(api, namespace)
    missing = location.replace("00001-", "00777-")
    answer = register(api, namespace, "t", missing, (404, "NotFoundException"))
    assert answer.error["message"] == f"Failed to open input stream for file: {missing}"


def test_register__of_what_is_no_metadata_is_refused(api, namespace):
    location, metadata = unregistered(api, namespace)
    without = dict(metadata)
    del without["partition-specs"]
    newer = dict(metadata, **{"format-version": 9})
    dangling = dict(metadata, **{"current-schema-id": 77})
    wrong = [b"", b"not json", b"[]", b"{}", b'{"format-version": 2}', b"\x00\xff" * 50,
             json.dumps(metadata).encode()[:-30], json.dumps(without).encode(),
             json.dumps(newer).encode(), json.dumps(dangling).encode()]
    for number, content in enumerate(wrong):
        path = local(location).with_name(f"bad-{number}.metadata.json")
        path.write_bytes(content)
        answer = register(api, namespace, "t", f"file://{path}", expect=None)
        assert answer.status == 400, (content[:60], answer)
        assert answer.error["type"] in ("BadRequestException", "ValidationException")
    broken = local(location).with_name("bad.gz.metadata.json")
    broken.write_bytes(gzip.compress(json.dumps(metadata).encode())[:-20])
    assert register(api, namespace, "t", f"file://{broken}", expect=None).status == 400
    api.call("tableExists", namespace=namespace, table="t", expect=404)


def test_register__of_a_view_file_is_refused(api, namespace):
    view = api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200).json()
    answer = register(api, namespace, "t", view["metadata-location"], expect=None)
    assert answer.status == 400, answer


def test_register__of_a_directory_is_refused(api, namespace):
    location, _ = unregistered(api, namespace)
    answer = register(api, namespace, "t", location.rpartition("/")[0], expect=None)
    assert answer.status in (400, 404), answer


def test_register__outside_of_the_warehouse_is_forbidden(api, namespace, tmp_path):
    location, metadata = unregistered(api, namespace)
    outside = tmp_path / "00000-x.metadata.json"
    outside.write_text(json.dumps(metadata))
    base = location.rpartition("/")[0]
    for bad in (f"file://{outside}", f"{base}/../../../../../../../../etc/passwd",
                "s3://bucket/00000-x.metadata.json", "http://127.0.0.1/x", "/etc/passwd", "x"):
        answer = register(api, namespace, "t", bad, expect=None)
        assert answer.status in (400, 403), (bad, answer)
        assert "root:" not in answer.body.decode()


def test_register__of_a_live_tables_file_is_refused(api, namespace):
    made = api.create_table(namespace, bodies.table("t")).json()
    answer = register(api, namespace, "twin", made["metadata-location"], expect=None)
    assert answer.status in (400, 409), answer
    api.call("tableExists", namespace=namespace, table="twin", expect=404)


def test_register__with_overwrite_of_another_tables_file_is_refused(api, namespace):
    first = api.create_table(namespace, bodies.table("a")).json()
    second = api.create_table(namespace, bodies.table("b")).json()
    answer = register(api, namespace, "a", second["metadata-location"], expect=None,
                      overwrite=True)
    assert answer.status in (400, 409), answer
    assert api.load_table(namespace, "a").json()["metadata"] == first["metadata"]


def test_register__wants_name_and_location(api, namespace):
    for body in ({}, {"name": "t"}, {"metadata-location": "file:///x"},
                 {"name": 1, "metadata-location": "file:///x"},
                 {"name": "t", "metadata-location": ""}, {"name": "t", "metadata-location": None},
                 {"name": "t", "metadata-location": "file:///x", "overwrite": "yes"}):
        answer = api.call("registerTable", namespace=namespace, json=body)
        assert answer.status == 400, (body, answer)


# --- symbolic links ----------------------------------------------------------------------------

def test_register__of_a_file_behind_a_link_out_of_the_warehouse_is_forbidden(
        api, server, namespace, tmp_path):
    location, metadata = unregistered(api, namespace)
    table = local(location).parent.parent
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "00000-x.metadata.json").write_text(json.dumps(metadata))
    (table / "out").symlink_to(outside)
    (table / "metadata" / "00007-x.metadata.json").symlink_to(outside / "00000-x.metadata.json")
    for name in ("out/00000-x.metadata.json", "metadata/00007-x.metadata.json"):
        answer = register(api, namespace, "t", f"file://{table}/{name}",
                          expect=(403, "ForbiddenException"))
        assert "symbolic link" in answer.error["message"]
    api.create_table(namespace, bodies.table("u", location=f"file://{table}/out/u"),
                     expect=(403, "ForbiddenException"))
    assert [path.name for path in outside.iterdir()] == ["00000-x.metadata.json"]
    (table / "in").symlink_to(table / "metadata")
    register(api, namespace, "t", f"file://{table}/in/{local(location).name}")


def test_commit__does_not_write_through_a_link_that_came_later(api, namespace, tmp_path):
    made = api.create_table(namespace, bodies.table("t")).json()
    metadata = local(made["metadata-location"]).parent
    outside = tmp_path / "outside"
    metadata.rename(outside)
    metadata.symlink_to(outside)
    api.commit(namespace, "t", [bodies.set_properties(a="1")], expect=(403, "ForbiddenException"))
    assert len(list(outside.iterdir())) == 1


def test_data_directory__may_itself_be_a_link(own_server, contract, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("ns")
    location = api.create_table("ns", bodies.table("t")).json()["metadata-location"]
    api.commit("ns", "t", [bodies.set_properties(a="1")])
    api.call("unregisterTable", namespace="ns", table="t", expect=200)
    register(api, "ns", "u", location)
    api.close()
