"""Replacing a table as clients do it: one commit that takes main away and sets schema, spec and order
anew, under requirements that tell only of ids."""

import pytest

import bodies

WIDER = (("id", "long"), ("data", "string"), ("more", "int"))


@pytest.fixture
def base(api, namespace):
    """A partitioned table with one snapshot; its metadata."""
    spec = {"spec-id": 0, "fields": [
        {"source-id": 1, "field-id": 1000, "transform": "bucket[4]", "name": "id_bucket"}]}
    api.create_table(namespace, bodies.table("t", partition_spec=spec))
    return api.commit(namespace, "t", [bodies.add_snapshot(1), bodies.set_ref(1)]).json()["metadata"]


def replacement(base, schema, spec_fields=(), snapshot_id=None):
    """What the Java client sends for a replaceTable of `base`."""
    requirements = [
        {"type": "assert-table-uuid", "uuid": base["table-uuid"]},
        {"type": "assert-last-assigned-field-id",
         "last-assigned-field-id": base["last-column-id"]},
        {"type": "assert-last-assigned-partition-id",
         "last-assigned-partition-id": base["last-partition-id"]}]
    updates = [
        {"action": "remove-snapshot-ref", "ref-name": "main"},
        {"action": "add-schema", "schema": schema},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": {"spec-id": 0, "fields": list(spec_fields)}},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
        {"action": "set-default-sort-order", "sort-order-id": -1}]
    if snapshot_id:
        sequence_number = base["last-sequence-number"] + 1
        updates += [bodies.add_snapshot(snapshot_id, sequence_number), bodies.set_ref(snapshot_id)]
    return updates, requirements


def replace(api, namespace, *arguments, expect=200, **more):
    answer = api.commit(namespace, "t", *replacement(*arguments, **more), expect=expect)
    return answer.json().get("metadata", answer)


def test_replace__keeps_identity_and_history(api, namespace, base):
    """Rule K8: uuid, snapshots and log stay; schema, spec and order are the new ones."""
    made = replace(api, namespace, base, bodies.schema(*WIDER), snapshot_id=2)
    assert made["table-uuid"] == base["table-uuid"]
    assert [one["snapshot-id"] for one in made["snapshots"]] == [1, 2]
    assert [one["snapshot-id"] for one in made["snapshot-log"]] == [1, 2]
    assert made["current-snapshot-id"] == 2
    assert (made["current-schema-id"], made["default-spec-id"]) == (1, 1)
    assert made["partition-specs"][1]["fields"] == []


def test_replace__without_data_leaves_no_current_snapshot(api, namespace, base):
    """Rule K8: main is gone, what it pointed at is not."""
    made = replace(api, namespace, base, bodies.schema(*WIDER))
    assert made["current-snapshot-id"] == -1 and "main" not in made["refs"]
    assert [one["snapshot-id"] for one in made["snapshots"]] == [1]
    assert [one["snapshot-id"] for one in made["snapshot-log"]] == [1]


def test_replace__back_to_what_was_brings_back_the_ids(api, namespace, base):
    """Rule K8: schema 0 and spec 0 are there already."""
    made = replace(api, namespace, base, bodies.schema(*WIDER))
    again = replace(api, namespace, made, base["schemas"][0], base["partition-specs"][0]["fields"])
    assert (again["current-schema-id"], again["default-spec-id"]) == (0, 0)
    assert len(again["schemas"]) == len(again["partition-specs"]) == 2
    assert again["last-column-id"] == 3 and again["last-partition-id"] == 1000


def test_replace__of_one_base_by_two_goes_through(api, namespace, base):
    """Rule K9: neither assigns an id, so that each may come first."""
    narrow = replacement(base, bodies.schema(("id", "long")))
    same = replacement(base, bodies.schema())
    api.commit(namespace, "t", *narrow)
    made = api.commit(namespace, "t", *same).json()["metadata"]
    assert [one["name"] for one in made["schemas"][made["current-schema-id"]]["fields"]] == [
        "id", "data"]


def test_replace__of_one_base_by_two_fails_where_ids_were_assigned(api, namespace, base):
    """Rule K9: the second would give its column or field an id that is another's now."""
    failed = (409, "CommitFailedException")
    columns = replacement(base, bodies.schema(*WIDER))
    api.commit(namespace, "t", *columns)
    answer = api.commit(namespace, "t", *columns, expect=failed)
    assert "last assigned field id changed" in answer.error["message"]
    now = api.load_table(namespace, "t").json()["metadata"]
    fields = [{"source-id": 1, "field-id": 1001, "transform": "bucket[8]", "name": "id_bucket_8"}]
    parts = replacement(now, now["schemas"][1], fields)
    api.commit(namespace, "t", *parts)
    answer = api.commit(namespace, "t", *parts, expect=failed)
    assert "last assigned partition id changed" in answer.error["message"]
