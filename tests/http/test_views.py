"""The view operations."""

from pathlib import Path

import pytest

import bodies


def create(api, namespace, name, expect=200, **more):
    return api.call("createView", namespace=namespace, json=bodies.view(name, **more),
                    expect=expect)


def replace(api, namespace, name, updates, requirements=(), expect=200):
    body = {"requirements": list(requirements), "updates": list(updates)}
    return api.call("replaceView", namespace=namespace, view=name, json=body, expect=expect)


def new_version(sql="select 2", **more):
    return [{"action": "add-view-version", "view-version": bodies.view_version(2, sql, **more)},
            {"action": "set-current-view-version", "view-version-id": -1}]


def test_create__answers_with_the_metadata_of_a_new_view(api, namespace):
    made = create(api, namespace, "v", properties={"comment": "x"}).json()
    metadata = made["metadata"]
    assert metadata["format-version"] == 1 and metadata["current-version-id"] == 1
    assert metadata["versions"][0]["representations"][0]["sql"] == "select 1"
    assert metadata["properties"] == {"comment": "x"}
    loaded = api.call("loadView", namespace=namespace, view="v", expect=200).json()
    assert loaded["metadata"] == metadata
    assert loaded["metadata-location"] == made["metadata-location"]
    assert made["metadata-location"].endswith(".gz.metadata.json")


def test_create__twice_or_over_a_table_is_a_conflict(api, namespace):
    """Rules 57, K14."""
    create(api, namespace, "v")
    answer = create(api, namespace, "v", (409, "AlreadyExistsException"))
    assert answer.error["message"] == f"View already exists: {namespace}.v"
    api.create_table(namespace, bodies.table("t"))
    answer = create(api, namespace, "t", (409, "AlreadyExistsException"))
    assert answer.error["message"] == f"Table with same name already exists: {namespace}.t"


def test_create__in_a_missing_namespace_is_not_found(api, unique):
    create(api, unique("no"), "v", (404, "NoSuchNamespaceException"))


def test_create__refuses_bad_requests(api, namespace):
    good = bodies.view("v")
    twice = bodies.view_version()
    twice["representations"] *= 2
    for change in ({"name": ""}, {"name": 1}, {"name": ".."}, {"schema": None}, {"schema": 1},
                   {"view-version": None}, {"view-version": {}}, {"properties": {"a": 1}},
                   {"view-version": bodies.view_version(representations=[])},
                   {"view-version": bodies.view_version(representations=["x"])},
                   {"view-version": twice}, {"location": 5}):
        answer = api.call("createView", namespace=namespace, json={**good, **change})
        assert answer.status == 400, (change, answer)
    assert api.call("listViews", namespace=namespace, expect=200).json()["identifiers"] == []


def test_create__outside_of_the_warehouse_is_forbidden(api, namespace, tmp_path):
    for location in (f"file://{tmp_path}", "s3://bucket/v", "file:///etc"):
        answer = create(api, namespace, "v", None, location=location)
        assert answer.status in (400, 403), (location, answer)


def test_list__shows_views_and_no_tables(api, namespace):
    create(api, namespace, "v")
    api.create_table(namespace, bodies.table("t"))
    listed = api.call("listViews", namespace=namespace, expect=200).json()["identifiers"]
    assert listed == [{"namespace": [namespace], "name": "v"}]


def test_list__of_a_missing_namespace_is_not_found(api, unique):
    api.call("listViews", namespace=unique("no"), expect=(404, "NoSuchNamespaceException"))


def test_load_exists_drop__of_a_missing_view(api, namespace):
    """Rule K16."""
    answer = api.call("loadView", namespace=namespace, view="no",
                      expect=(404, "NoSuchViewException"))
    assert answer.error["message"] == f"View does not exist: {namespace}.no"
    api.call("viewExists", namespace=namespace, view="no", expect=404)
    api.call("dropView", namespace=namespace, view="no", expect=(404, "NoSuchViewException"))
    replace(api, namespace, "no", new_version(), expect=(404, "NoSuchViewException"))


def test_load__of_a_table_is_no_view(api, namespace):
    """Rule K14."""
    api.create_table(namespace, bodies.table("t"))
    answer = api.call("loadView", namespace=namespace, view="t",
                      expect=(404, "NoSuchViewException"))
    assert answer.error["message"] == f"View does not exist: {namespace}.t"
    api.call("viewExists", namespace=namespace, view="t", expect=404)
    api.call("dropView", namespace=namespace, view="t", expect=(404, "NoSuchViewException"))
    api.call("tableExists", namespace=namespace, table="t", expect=204)


def test_load__of_a_view_whose_file_is_gone_says_which_file(api, namespace):
    location = create(api, namespace, "v").json()["metadata-location"]
    Path(location.removeprefix("file://")).unlink()
    answer = api.call("loadView", namespace=namespace, view="v", expect=(404, "NotFoundException"))
    assert answer.error["message"] == f"Failed to open input stream for file: {location}"


def test_replace__adds_a_version_and_logs_the_switch(api, namespace):
    """Rule K16."""
    uuid = create(api, namespace, "v").json()["metadata"]["view-uuid"]
    made = replace(api, namespace, "v", new_version(),
                   [{"type": "assert-view-uuid", "uuid": uuid.upper()}]).json()["metadata"]
    assert made["current-version-id"] == 2 and made["view-uuid"] == uuid
    assert [entry["version-id"] for entry in made["version-log"]] == [1, 2]


def test_replace__with_an_equal_version_reuses_its_id(api, namespace):
    """Rule 53."""
    create(api, namespace, "v")
    replace(api, namespace, "v", new_version())
    made = replace(api, namespace, "v", new_version("select 1")).json()["metadata"]
    assert made["current-version-id"] == 1 and len(made["versions"]) == 2
    assert [entry["version-id"] for entry in made["version-log"]] == [1, 2, 1]


def test_replace__under_a_wrong_uuid_conflicts(api, namespace):
    """Rule K16."""
    before = create(api, namespace, "v").json()
    wrong = {"type": "assert-view-uuid", "uuid": "00000000-0000-4000-8000-000000000000"}
    answer = replace(api, namespace, "v", new_version(), [wrong], (409, "CommitFailedException"))
    assert "UUID does not match" in answer.error["message"]
    now = api.call("loadView", namespace=namespace, view="v", expect=200).json()
    assert now["metadata-location"] == before["metadata-location"]


def test_replace__may_not_lose_a_dialect_silently(api, namespace):
    """Rule 54."""
    create(api, namespace, "v")
    answer = replace(api, namespace, "v", new_version(dialect="trino"), expect=None)
    assert answer.status == 400, answer
    replace(api, namespace, "v", [bodies.set_properties(**{
        "replace.drop-dialect.allowed": "true"}), *new_version(dialect="trino")])


def test_replace__takes_every_view_update(api, server, namespace):
    create(api, namespace, "v")
    uuid = api.call("loadView", namespace=namespace, view="v").json()["metadata"]["view-uuid"]
    moved = f"file://{server.data}/warehouse/moved_view_{namespace}"
    wider = bodies.schema(("id", "long"), ("more", "int"))
    made = replace(api, namespace, "v", [
        {"action": "assign-uuid", "uuid": uuid},
        {"action": "upgrade-format-version", "format-version": 1},
        {"action": "add-schema", "schema": wider},
        {"action": "set-location", "location": moved},
        bodies.set_properties(a="1", b="2"),
        {"action": "remove-properties", "removals": ["a"]},
        *new_version(schema_id=-1)]).json()["metadata"]
    assert made["location"] == moved and made["properties"] == {"b": "2"}
    assert made["versions"][-1]["schema-id"] == 1


def test_replace__with_unknown_updates_or_requirements_applies_nothing(api, namespace):
    before = create(api, namespace, "v").json()
    bad_updates = [{"action": "make-coffee"}, {}, "x", bodies.add_snapshot(1),
                   {"action": "set-current-view-version", "view-version-id": 9},
                   {"action": "add-view-version"}, {"action": "set-location", "location": ""}]
    for update in bad_updates:
        answer = replace(api, namespace, "v", [bodies.set_properties(a="1"), update], expect=None)
        assert answer.status == 400, (update, answer)
    for requirement in ({"type": "assert-weather"}, {"type": "assert-create"}, {}, 1):
        answer = replace(api, namespace, "v", new_version(), [requirement], expect=None)
        assert answer.status == 400, (requirement, answer)
    now = api.call("loadView", namespace=namespace, view="v", expect=200).json()
    assert now["metadata-location"] == before["metadata-location"]


def test_replace__that_changes_nothing_keeps_the_file(api, namespace):
    before = create(api, namespace, "v").json()
    uuid = before["metadata"]["view-uuid"]
    for updates in ([], [{"action": "assign-uuid", "uuid": uuid}],
                    [{"action": "set-current-view-version", "view-version-id": 1}]):
        after = replace(api, namespace, "v", updates).json()
        assert after["metadata-location"] == before["metadata-location"], updates


def test_drop__forgets_the_view(api, namespace):
    create(api, namespace, "v")
    api.call("viewExists", namespace=namespace, view="v", expect=204)
    api.call("dropView", namespace=namespace, view="v", expect=204)
    api.call("viewExists", namespace=namespace, view="v", expect=404)


@pytest.mark.parametrize("purge", ["true", "false"])
def test_drop__does_not_mind_being_asked_to_purge(api, namespace, purge):
    """Rule 60: engines ask so for views, too, which have no files but their metadata."""
    create(api, namespace, "v", properties={"gc.enabled": "false"})
    answer = api.send("DELETE", f"{api.target('dropView', namespace=namespace, view='v')}"
                      f"?purgeRequested={purge}", check_request=False)
    assert answer.status == 204, answer
    api.call("viewExists", namespace=namespace, view="v", expect=404)


def rename(api, source, destination, expect=204):
    def identifier(pair):
        return {"namespace": [pair[0]], "name": pair[1]}
    return api.call("renameView", expect=expect, json={"source": identifier(source),
                                                       "destination": identifier(destination)})


def test_rename__moves_and_keeps_the_uuid(api, namespace, unique):
    other = unique("ns")
    api.create_namespace(other)
    made = create(api, namespace, "v").json()
    rename(api, (namespace, "v"), (other, "w"))
    moved = api.call("loadView", namespace=other, view="w", expect=200).json()
    assert moved["metadata"] == made["metadata"]
    api.call("viewExists", namespace=namespace, view="v", expect=404)


def test_rename__names_every_failure(api, namespace, unique):
    """Rule K15."""
    create(api, namespace, "a")
    create(api, namespace, "b")
    api.create_table(namespace, bodies.table("t"))
    answer = rename(api, (namespace, "a"), (namespace, "b"), (409, "AlreadyExistsException"))
    assert answer.error["message"] == (f"Cannot rename {namespace}.a to {namespace}.b. "
                                       "View already exists")
    answer = rename(api, (namespace, "a"), (namespace, "t"), (409, "AlreadyExistsException"))
    assert answer.error["message"].endswith("Table already exists")
    rename(api, (namespace, "no"), (namespace, "z"), (404, "NoSuchViewException"))
    rename(api, (namespace, "t"), (namespace, "z"), (404, "NoSuchViewException"))
    rename(api, (namespace, "a"), (unique("no"), "z"), (404, "NoSuchNamespaceException"))


def register(api, namespace, name, location, expect=200):
    return api.call("registerView", namespace=namespace, expect=expect,
                    json={"name": name, "metadata-location": location})


def test_register__takes_over_a_dropped_view(api, namespace):
    """Rule K18."""
    made = create(api, namespace, "v").json()
    api.call("dropView", namespace=namespace, view="v", expect=204)
    again = register(api, namespace, "again", made["metadata-location"]).json()
    assert again == made


def test_register__names_every_failure(api, namespace, unique, tmp_path):
    """Rule K14."""
    made = create(api, namespace, "v").json()
    table = api.create_table(namespace, bodies.table("t")).json()
    location = made["metadata-location"]
    register(api, namespace, "v", location, (409, "AlreadyExistsException"))
    register(api, namespace, "t", location, (409, "AlreadyExistsException"))
    register(api, unique("no"), "x", location, (404, "NoSuchNamespaceException"))
    missing = location.replace("00000-", "00777-")
    register(api, namespace, "x", missing, (404, "NotFoundException"))
    assert register(api, namespace, "x", table["metadata-location"], None).status == 400
    for bad in (f"file://{tmp_path}/v.metadata.json", "s3://b/v.metadata.json", "", "x"):
        answer = register(api, namespace, "x", bad, None)
        assert answer.status in (400, 403), (bad, answer)
