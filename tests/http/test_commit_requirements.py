"""updateTable: every requirement, kept and broken. A broken one conflicts and changes nothing."""

import pytest

import bodies

CHANGE = [bodies.set_properties(touched="yes")]


def tried(api, namespace, requirement, expect):
    """Commits under one requirement and checks that a refusal changed nothing."""
    before = api.load_table(namespace, "t").json()
    answer = api.commit(namespace, "t", CHANGE, [requirement], expect=expect)
    if answer.status != 200:
        assert api.load_table(namespace, "t").json() == before
    return answer


@pytest.fixture
def table(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    return api.commit(namespace, "t", [bodies.add_snapshot(11), bodies.set_ref(11),
                                       bodies.set_ref(11, "release", "tag")]).json()["metadata"]


def conflict(kind, **values):
    return {"type": kind, **{key.replace("_", "-"): value for key, value in values.items()}}


FAILED = (409, "CommitFailedException")


def test_uuid__compares_without_case(api, namespace, table):
    """Rules 3, K2."""
    uuid = table["table-uuid"]
    tried(api, namespace, conflict("assert-table-uuid", uuid=uuid.upper()), 200)
    other = "00000000-0000-4000-8000-000000000000"
    answer = tried(api, namespace, conflict("assert-table-uuid", uuid=other), FAILED)
    assert "UUID does not match" in answer.error["message"]


def test_create__fails_where_the_table_exists(api, namespace, table):
    """Rules 2, K2."""
    answer = tried(api, namespace, {"type": "assert-create"}, FAILED)
    assert answer.error["message"].startswith("Requirement failed: table already exists")


def test_create__must_stand_alone(api, namespace, unique):
    """Rule 2."""
    requirements = [{"type": "assert-create"},
                    conflict("assert-current-schema-id", current_schema_id=0)]
    answer = api.commit(namespace, unique("new"), CHANGE, requirements, expect=400)
    assert "Invalid create requirements" in answer.error["message"]


def test_ref__must_be_where_the_requirement_says(api, namespace, table):
    """Rule 4."""
    for ref in ("main", "release"):
        tried(api, namespace, {"type": "assert-ref-snapshot-id", "ref": ref, "snapshot-id": 11},
              200)
        tried(api, namespace, {"type": "assert-ref-snapshot-id", "ref": ref, "snapshot-id": 12},
              FAILED)
        tried(api, namespace, {"type": "assert-ref-snapshot-id", "ref": ref, "snapshot-id": None},
              FAILED)


def test_ref__null_means_that_it_must_not_exist(api, namespace, table):
    """Rule 4."""
    tried(api, namespace, {"type": "assert-ref-snapshot-id", "ref": "no", "snapshot-id": None}, 200)
    tried(api, namespace, {"type": "assert-ref-snapshot-id", "ref": "no", "snapshot-id": 11},
          FAILED)


def test_ids__must_be_those_of_the_table(api, namespace, table):
    """Rule K2."""
    cases = [
        ("assert-current-schema-id", "current-schema-id", 0, "current schema changed"),
        ("assert-last-assigned-field-id", "last-assigned-field-id", 2,
         "last assigned field id changed"),
        ("assert-last-assigned-partition-id", "last-assigned-partition-id", 999,
         "last assigned partition id changed"),
        ("assert-default-spec-id", "default-spec-id", 0, "default partition spec changed"),
        ("assert-default-sort-order-id", "default-sort-order-id", 0, "default sort order changed"),
    ]
    for kind, member, right, message in cases:
        tried(api, namespace, {"type": kind, member: right}, 200)
        answer = tried(api, namespace, {"type": kind, member: right + 1}, FAILED)
        assert message in answer.error["message"]


def test_all__are_checked_before_anything_is_applied(api, namespace, table):
    """Rule 1."""
    good = conflict("assert-current-schema-id", current_schema_id=0)
    bad = conflict("assert-default-spec-id", default_spec_id=5)
    before = api.load_table(namespace, "t").json()
    api.commit(namespace, "t", CHANGE, [good, bad], expect=FAILED)
    assert api.load_table(namespace, "t").json() == before


def test_all__are_checked_against_the_table_as_it_was_before_the_commit(api, namespace, table):
    """Rule 1."""
    wider = bodies.schema(("id", "long"), ("data", "string"), ("more", "int"))
    updates = [{"action": "add-schema", "schema": wider},
               {"action": "set-current-schema", "schema-id": -1}]
    made = api.commit(namespace, "t", updates,
                      [conflict("assert-current-schema-id", current_schema_id=0)]).json()
    assert made["metadata"]["current-schema-id"] == 1


def test_unknown_or_malformed__is_refused_as_a_whole(api, namespace, table):
    """Rule 6."""
    before = api.load_table(namespace, "t").json()
    for requirement in ({"type": "assert-weather"}, {"type": 7}, {}, "assert-create", None,
                        {"type": "assert-table-uuid"}, {"type": "assert-table-uuid", "uuid": 1},
                        {"type": "assert-view-uuid", "uuid": table["table-uuid"]},
                        {"type": "assert-ref-snapshot-id", "snapshot-id": 1},
                        {"type": "assert-current-schema-id", "current-schema-id": "0"},
                        {"type": "assert-current-schema-id", "current-schema-id": 1.5}):
        answer = api.commit(namespace, "t", CHANGE, [requirement], expect=None)
        assert answer.status == 400, (requirement, answer)
    assert api.load_table(namespace, "t").json() == before


def test_commit__to_a_missing_table_is_not_found(api, namespace):
    """Rule K3."""
    answer = api.commit(namespace, "no", CHANGE, expect=(404, "NoSuchTableException"))
    assert answer.error["message"] == f"Table does not exist: {namespace}.no"


def test_commit__to_a_view_is_no_table(api, namespace):
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    api.commit(namespace, "v", CHANGE, expect=(404, "NoSuchTableException"))


def test_commit__that_creates_where_a_view_is_conflicts(api, namespace):
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    answer = api.commit(namespace, "v", CHANGE, [{"type": "assert-create"}], expect=409)
    assert answer.error["message"].endswith(f"View with same name already exists: {namespace}.v")


def test_commit__that_creates_in_a_missing_namespace_is_not_found(api, namespace, unique):
    staged = api.create_table(namespace, bodies.table("t9", stage_create=True)).json()["metadata"]
    updates = [{"action": "assign-uuid", "uuid": staged["table-uuid"]},
               {"action": "add-schema", "schema": staged["schemas"][0]},
               {"action": "set-current-schema", "schema-id": -1},
               {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}},
               {"action": "set-default-spec", "spec-id": -1},
               {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
               {"action": "set-default-sort-order", "sort-order-id": -1},
               {"action": "set-location", "location": staged["location"]}]
    api.commit(unique("no"), "t9", updates, [{"type": "assert-create"}],
               expect=(404, "NoSuchNamespaceException"))
