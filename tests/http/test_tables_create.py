"""createTable and listTables."""

import bodies


def test_create__answers_with_the_metadata_of_a_new_table(api, namespace):
    """Rules 13, 48."""
    answer = api.create_table(namespace, bodies.table("t", properties={"owner": "ann"})).json()
    metadata = answer["metadata"]
    assert metadata["format-version"] == 2
    assert metadata["current-schema-id"] == 0
    assert [field["id"] for field in metadata["schemas"][0]["fields"]] == [1, 2]
    assert metadata["last-column-id"] == 2
    assert metadata["default-spec-id"] == 0 and metadata["last-partition-id"] == 999
    assert metadata["default-sort-order-id"] == 0
    assert metadata["properties"]["owner"] == "ann"
    assert metadata["properties"]["write.parquet.compression-codec"] == "zstd"
    assert answer["metadata-location"].startswith(metadata["location"] + "/metadata/00000-")


def test_create__makes_the_table_loadable_and_listed(api, namespace):
    made = api.create_table(namespace, bodies.table("t")).json()
    assert api.load_table(namespace, "t").json()["metadata"] == made["metadata"]
    listed = api.call("listTables", namespace=namespace, expect=200).json()["identifiers"]
    assert listed == [{"namespace": [namespace], "name": "t"}]
    api.call("tableExists", namespace=namespace, table="t", expect=204)


def test_create__assigns_all_field_ids_anew(api, namespace):
    """Rule 13."""
    schema = {"type": "struct", "schema-id": 7, "identifier-field-ids": [40], "fields": [
        {"id": 40, "name": "id", "type": "long", "required": True},
        {"id": 7, "name": "point", "required": False, "type": {"type": "struct", "fields": [
            {"id": 90, "name": "x", "type": "double", "required": False}]}}]}
    spec = {"spec-id": 5, "fields": [
        {"source-id": 40, "field-id": 1, "transform": "bucket[4]", "name": "id_bucket"}]}
    order = {"order-id": 9, "fields": [{"source-id": 40, "transform": "identity",
                                        "direction": "asc", "null-order": "nulls-first"}]}
    made = api.create_table(namespace, bodies.table("t", schema=schema, partition_spec=spec,
                                                    write_order=order)).json()["metadata"]
    fields = made["schemas"][0]["fields"]
    assert [field["id"] for field in fields] == [1, 2]
    assert fields[1]["type"]["fields"][0]["id"] == 3
    assert made["schemas"][0]["identifier-field-ids"] == [1]
    assert made["last-column-id"] == 3
    assert made["partition-specs"][0]["fields"][0]["source-id"] == 1
    assert made["partition-specs"][0]["fields"][0]["field-id"] == 1000
    assert made["sort-orders"][0]["order-id"] == 1
    assert made["sort-orders"][0]["fields"][0]["source-id"] == 1


def test_create__takes_the_format_version_from_the_properties(api, namespace):
    """Rule 42."""
    for version in (1, 2, 3):
        body = bodies.table(f"v{version}", properties={"format-version": str(version)})
        made = api.create_table(namespace, body).json()["metadata"]
        assert made["format-version"] == version
        assert "format-version" not in made["properties"]


def test_create__refuses_an_unknown_format_version(api, namespace):
    for version in ("4", "0", "-1", "two"):
        answer = api.create_table(namespace, bodies.table("t", properties={
            "format-version": version}), expect=None)
        assert answer.status == 400, answer
    api.call("tableExists", namespace=namespace, table="t", expect=404)


def test_create__in_a_missing_namespace_is_not_found(api, unique):
    """Rules K1, K6."""
    name = unique("no")
    answer = api.create_table(name, bodies.table("t"), expect=(404, "NoSuchNamespaceException"))
    assert answer.error["message"] == f"Namespace does not exist: {name}"


def test_create__of_a_taken_name_is_a_conflict(api, namespace):
    """Rule K1."""
    api.create_table(namespace, bodies.table("t"))
    answer = api.create_table(namespace, bodies.table("t"), expect=(409, "AlreadyExistsException"))
    assert answer.error["message"] == f"Table already exists: {namespace}.t"


def test_create__of_a_views_name_is_a_conflict(api, namespace):
    """Rules 57, K14."""
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    answer = api.create_table(namespace, bodies.table("v"), expect=(409, "AlreadyExistsException"))
    assert answer.error["message"] == f"View with same name already exists: {namespace}.v"


def test_stage_create__stores_nothing(api, namespace):
    """Rule 14."""
    staged = api.create_table(namespace, bodies.table("t", stage_create=True)).json()
    assert staged.get("metadata-location") is None
    assert staged["metadata"]["table-uuid"] and staged["metadata"]["location"]
    api.call("tableExists", namespace=namespace, table="t", expect=404)
    assert api.call("listTables", namespace=namespace, expect=200).json()["identifiers"] == []


def test_stage_create__leaves_the_name_to_whoever_comes_first(api, namespace):
    """Rule K7."""
    staged = api.create_table(namespace, bodies.table("t", stage_create=True)).json()["metadata"]
    winner = api.create_table(namespace, bodies.table("t")).json()["metadata"]
    answer = api.commit(namespace, "t", creation(staged), [{"type": "assert-create"}],
                        expect=(409, "CommitFailedException"))
    assert answer.error["message"].startswith("Requirement failed: table already exists")
    assert api.load_table(namespace, "t").json()["metadata"] == winner


def test_stage_create__becomes_a_table_by_its_commit(api, namespace):
    """Rule K7."""
    staged = api.create_table(namespace, bodies.table("t", stage_create=True)).json()["metadata"]
    made = api.commit(namespace, "t", creation(staged), [{"type": "assert-create"}]).json()
    assert made["metadata"]["table-uuid"] == staged["table-uuid"]
    assert made["metadata"]["location"] == staged["location"]
    api.call("tableExists", namespace=namespace, table="t", expect=204)


def creation(staged):
    """The updates that a client sends to turn a staged create into a table."""
    return [
        {"action": "assign-uuid", "uuid": staged["table-uuid"]},
        {"action": "upgrade-format-version", "format-version": staged["format-version"]},
        {"action": "add-schema", "schema": staged["schemas"][0]},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": staged["partition-specs"][0]},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": staged["sort-orders"][0]},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-location", "location": staged["location"]},
        {"action": "set-properties", "updates": staged["properties"]},
    ]


def test_create__at_a_location_that_is_too_long_says_so(api, server, namespace):
    location = f"file://{server.data}/warehouse/{'q' * 256}"
    answer = api.create_table(namespace, bodies.table("t", location=location),
                              expect=(400, "BadRequestException"))
    assert "255 bytes" in answer.error["message"]
    api.load_table(namespace, "t", expect=404)


def test_create__at_a_location_of_its_own_keeps_the_spelling(api, server, namespace):
    location = f"file://{server.data}/warehouse/elsewhere/{namespace}"
    made = api.create_table(namespace, bodies.table("t", location=location + "/")).json()
    assert made["metadata"]["location"] == location


def test_create__outside_of_the_warehouse_is_forbidden(api, server, namespace, tmp_path):
    inside = f"file://{server.data}/warehouse"
    for location in ("file:///etc", f"file://{tmp_path}", inside + "/../../x", inside + "2/t",
                     inside + "/a/%2E%2E/%2e%2e/%2e%2e/x", "s3://bucket/t", "http://host/t",
                     "gs://bucket/t", "relative/path", "../up"):
        answer = api.create_table(namespace, bodies.table("t", location=location), expect=None)
        assert answer.status in (400, 403), (location, answer)
    api.call("tableExists", namespace=namespace, table="t", expect=404)


def test_create__within_another_tables_location_is_refused(api, namespace):
    """Rule 50."""
    first = api.create_table(namespace, bodies.table("a")).json()["metadata"]["location"]
    api.create_table(namespace, bodies.table("b", location=f"{first}/inner"),
                     expect=(400, "ValidationException"))
    api.create_table(namespace, bodies.table("c", location=f"{first}2"))


def test_create__refuses_bad_requests(api, namespace):
    field = {"id": 1, "name": "id", "type": "long", "required": False}
    bad = [
        {}, {"name": "t"}, {"schema": bodies.schema()}, {"name": 1, "schema": bodies.schema()},
        bodies.table(""), bodies.table("."), bodies.table(".."), bodies.table("a\x1fb"),
        bodies.table("t", schema={"type": "struct"}),
        bodies.table("t", schema={"type": "struct", "fields": [{**field, "type": "number"}]}),
        bodies.table("t", schema={"type": "struct", "fields": [{**field, "id": 2 ** 40}]}),
        bodies.table("t", schema={"type": "struct", "fields": [field, field]}),
        bodies.table("t", schema="struct"), bodies.table("t", properties={"a": 1}),
        bodies.table("t", properties=[]), bodies.table("t", stage_create="yes"),
        bodies.table("t", location=7),
        bodies.table("t", partition_spec={"fields": [
            {"source-id": 99, "transform": "identity", "name": "p"}]}),
        bodies.table("t", partition_spec={"fields": [
            {"source-id": 1, "transform": "bucket[0]", "name": "p"}]}),
        bodies.table("t", write_order={"order-id": 1, "fields": [
            {"source-id": 1, "transform": "identity", "direction": "up",
             "null-order": "nulls-first"}]}),
    ]
    for body in bad:
        answer = api.create_table(namespace, body, expect=None)
        assert answer.status == 400, (body, answer)
        assert answer.error["type"] in ("BadRequestException", "ValidationException")
    assert api.call("listTables", namespace=namespace, expect=200).json()["identifiers"] == []


def test_create__in_format_2_refuses_types_of_format_3(api, namespace):
    """Rule 25."""
    for kind in ("variant", "timestamp_ns", "unknown", "geometry"):
        answer = api.create_table(namespace, bodies.table("t", schema=bodies.schema(("x", kind))),
                                  expect=None)
        assert answer.status == 400, (kind, answer)
        made = api.create_table(namespace, bodies.table(
            f"v3_{kind}", schema=bodies.schema(("id", "long"), ("x", kind)),
            properties={"format-version": "3"}))
        assert made.json()["metadata"]["format-version"] == 3


def test_names__with_odd_characters_come_back_unchanged(api, namespace):
    odd = ["a b", "a+b", "a/b", "a%2Fb", "a.b", "日本語", "a?b#c", "a\\b", "%", "🦆", "x" * 4096]
    for name in odd:
        api.create_table(namespace, bodies.table(name))
        api.load_table(namespace, name)
        api.call("tableExists", namespace=namespace, table=name, expect=204)
    listed = api.call("listTables", namespace=namespace, expect=200).json()["identifiers"]
    assert sorted(item["name"] for item in listed) == sorted(odd)


def test_names__differ_by_case(api, namespace):
    api.create_table(namespace, bodies.table("T"))
    api.create_table(namespace, bodies.table("t"))
    first = api.load_table(namespace, "T").json()["metadata"]
    second = api.load_table(namespace, "t").json()["metadata"]
    assert first["table-uuid"] != second["table-uuid"]
    assert first["location"] != second["location"]


def test_list__of_a_missing_namespace_is_not_found(api, unique):
    api.call("listTables", namespace=unique("no"), expect=(404, "NoSuchNamespaceException"))


def test_list__has_no_views(api, namespace):
    """Rule K18."""
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    assert api.call("listTables", namespace=namespace, expect=200).json()["identifiers"] == []
