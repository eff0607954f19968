"""updateTable: every update of the protocol, through HTTP. The rules in depth are unit tests."""

import pytest

import bodies


@pytest.fixture
def commit(api, namespace):
    api.create_table(namespace, bodies.table("t", properties={"format-version": "2"}))

    def run(*updates, expect=200):
        answer = api.commit(namespace, "t", updates, expect=expect)
        return answer.json()["metadata"] if answer.status == 200 else answer
    return run


def unchanged(api, namespace, commit_them):
    before = api.load_table(namespace, "t")
    commit_them()
    after = api.load_table(namespace, "t")
    assert after.body == before.body
    assert after.header("etag") == before.header("etag")


def test_uuid__cannot_be_reassigned(api, namespace, commit):
    """Rule 51."""
    uuid = api.load_table(namespace, "t").json()["metadata"]["table-uuid"]
    commit({"action": "assign-uuid", "uuid": uuid})
    other = "00000000-0000-4000-8000-000000000000"
    unchanged(api, namespace, lambda: commit({"action": "assign-uuid", "uuid": other},
                                             expect=(400, "ValidationException")))


def test_format__goes_up_and_never_down(commit):
    """Rules 42, 43."""
    assert commit({"action": "upgrade-format-version", "format-version": 3})["next-row-id"] == 0
    commit({"action": "upgrade-format-version", "format-version": 2}, expect=400)
    commit({"action": "upgrade-format-version", "format-version": 4}, expect=400)
    assert commit(bodies.set_properties(a="1"))["format-version"] == 3


def test_schema__is_added_made_current_and_removed(commit):
    """Rules 16, 24, K11."""
    wider = bodies.schema(("id", "long"), ("data", "string"), ("more", "int"))
    made = commit({"action": "add-schema", "schema": wider},
                  {"action": "set-current-schema", "schema-id": -1})
    assert made["current-schema-id"] == 1 and made["last-column-id"] == 3
    again = commit({"action": "add-schema", "schema": bodies.schema()},
                   {"action": "set-current-schema", "schema-id": 0})
    assert again["current-schema-id"] == 0 and len(again["schemas"]) == 2
    commit({"action": "remove-schemas", "schema-ids": [0]}, expect=400)
    left = commit({"action": "remove-schemas", "schema-ids": [1]})
    assert [schema["schema-id"] for schema in left["schemas"]] == [0]
    assert left["last-column-id"] == 3


def test_schema__unknown_ids_are_refused(api, namespace, commit):
    """Rules 17, 24."""
    unchanged(api, namespace, lambda: commit({"action": "set-current-schema", "schema-id": 9},
                                             expect=(400, "ValidationException")))
    unchanged(api, namespace, lambda: commit({"action": "set-current-schema", "schema-id": -1},
                                             expect=(400, "ValidationException")))


def test_spec__is_added_made_default_and_removed(commit):
    spec = {"spec-id": 5, "fields": [{"source-id": 1, "transform": "bucket[8]", "name": "b"}]}
    made = commit({"action": "add-spec", "spec": spec},
                  {"action": "set-default-spec", "spec-id": -1})
    assert made["default-spec-id"] == 1 and made["last-partition-id"] == 1000
    commit({"action": "remove-partition-specs", "spec-ids": [1]}, expect=400)
    left = commit({"action": "remove-partition-specs", "spec-ids": [0]})
    assert [one["spec-id"] for one in left["partition-specs"]] == [1]
    commit({"action": "set-default-spec", "spec-id": 77}, expect=400)


def test_sort_order__is_added_and_made_default(commit):
    order = {"order-id": 1, "fields": [{"source-id": 1, "transform": "identity",
                                        "direction": "desc", "null-order": "nulls-last"}]}
    made = commit({"action": "add-sort-order", "sort-order": order},
                  {"action": "set-default-sort-order", "sort-order-id": -1})
    assert made["default-sort-order-id"] == 1
    commit({"action": "set-default-sort-order", "sort-order-id": 77}, expect=400)


def test_snapshot__is_added_and_set_on_main(commit):
    made = commit(bodies.add_snapshot(5), bodies.set_ref(5))
    assert made["current-snapshot-id"] == 5 and made["last-sequence-number"] == 1
    assert [entry["snapshot-id"] for entry in made["snapshot-log"]] == [5]
    commit(bodies.add_snapshot(5, 2), expect=(400, "ValidationException"))


def test_snapshot__with_a_stale_sequence_number_is_a_conflict_to_retry(commit):
    """Rule 8."""
    commit(bodies.add_snapshot(5, 3), bodies.set_ref(5))
    commit(bodies.add_snapshot(6, 3, 5), expect=(409, "CommitFailedException"))


def test_snapshot__with_a_stale_first_row_id_is_a_conflict_to_retry(commit):
    """Rules 8, 44."""
    commit({"action": "upgrade-format-version", "format-version": 3})
    made = commit(bodies.add_snapshot(5, 1, **{"first-row-id": 0, "added-rows": 10}),
                  bodies.set_ref(5))
    assert made["next-row-id"] == 10
    commit(bodies.add_snapshot(6, 2, 5, **{"first-row-id": 0, "added-rows": 10}),
           expect=(409, "CommitFailedException"))


def test_snapshot__ids_of_64_bits_stay_exact(commit):
    """Rule 51."""
    for number, snapshot_id in enumerate((9223372036854775807, 9007199254740993), start=1):
        made = commit(bodies.add_snapshot(snapshot_id, number), bodies.set_ref(snapshot_id))
        assert made["current-snapshot-id"] == snapshot_id


def test_refs__are_set_with_retention_and_removed(commit):
    """Rule 29."""
    commit(bodies.add_snapshot(5), bodies.set_ref(5))
    branch = {**bodies.set_ref(5, "audit"), "max-ref-age-ms": 1000, "max-snapshot-age-ms": 2000,
              "min-snapshots-to-keep": 3}
    made = commit(branch)
    assert made["refs"]["audit"] == {"snapshot-id": 5, "type": "branch", "max-ref-age-ms": 1000,
                                     "max-snapshot-age-ms": 2000, "min-snapshots-to-keep": 3}
    assert "audit" not in commit({"action": "remove-snapshot-ref", "ref-name": "audit"})["refs"]
    commit(bodies.set_ref(99), expect=(400, "ValidationException"))
    commit(bodies.set_ref(5, "main", "tag"), expect=(400, "ValidationException"))
    commit({**bodies.set_ref(5, "tagged", "tag"), "min-snapshots-to-keep": 3}, expect=400)


def test_snapshots__are_removed_with_what_hangs_on_them(commit):
    """Rule 33."""
    commit(bodies.add_snapshot(5, 1), bodies.set_ref(5))
    commit(bodies.add_snapshot(6, 2, 5), bodies.set_ref(6), bodies.set_ref(5, "old", "tag"))
    commit({"action": "set-statistics", "statistics": statistics(5)})
    made = commit({"action": "remove-snapshots", "snapshot-ids": [5, 404]})
    assert [one["snapshot-id"] for one in made["snapshots"]] == [6]
    assert list(made["refs"]) == ["main"]
    assert made.get("statistics", []) == []


def statistics(snapshot_id):
    return {"snapshot-id": snapshot_id, "statistics-path": "file:///nowhere/a.puffin",
            "file-size-in-bytes": 100, "file-footer-size-in-bytes": 10, "blob-metadata": [
                {"type": "apache-datasketches-theta-v1", "snapshot-id": snapshot_id,
                 "sequence-number": 1, "fields": [1], "properties": {"ndv": "3"}}]}


def test_statistics__of_both_kinds_are_set_replaced_and_removed(commit):
    """Rule 40."""
    commit(bodies.add_snapshot(5, 1), bodies.set_ref(5))
    commit({"action": "set-statistics", "statistics": statistics(5)})
    made = commit({"action": "set-statistics", "statistics": statistics(5)})
    assert len(made["statistics"]) == 1
    partition = {"snapshot-id": 5, "statistics-path": "file:///nowhere/p.parquet",
                 "file-size-in-bytes": 7}
    made = commit({"action": "set-partition-statistics", "partition-statistics": partition})
    assert made["partition-statistics"] == [partition]
    made = commit({"action": "remove-statistics", "snapshot-id": 5},
                  {"action": "remove-partition-statistics", "snapshot-id": 5})
    assert made.get("statistics", []) == [] and made.get("partition-statistics", []) == []


def test_properties__are_set_and_removed(commit):
    assert commit(bodies.set_properties(a="1", b="2"))["properties"]["a"] == "1"
    made = commit({"action": "remove-properties", "removals": ["a", "not-there"]})
    assert "a" not in made["properties"] and made["properties"]["b"] == "2"


def test_location__must_stay_within_the_warehouse(api, server, namespace, commit):
    inside = f"file://{server.data}/warehouse/moved/{namespace}"
    assert commit({"action": "set-location", "location": inside})["location"] == inside
    for location in ("file:///etc", "s3://bucket/x", f"file://{server.data}/warehouse/../../x"):
        answer = commit({"action": "set-location", "location": location}, expect=None)
        assert answer.status in (400, 403), (location, answer)


def test_encryption_keys__are_added_once_and_removed(commit):
    """Rule 49."""
    commit({"action": "upgrade-format-version", "format-version": 3})
    key = {"key-id": "k1", "encrypted-key-metadata": "c2VjcmV0", "encrypted-by-id": "kms"}
    for _ in range(2):
        made = commit({"action": "add-encryption-key", "encryption-key": key})
        assert made["encryption-keys"] == [key]
    assert commit({"action": "remove-encryption-key",
                   "key-id": "k1"}).get("encryption-keys", []) == []


def test_unknown_or_malformed_update__applies_nothing(api, namespace, commit):
    """Rule 6."""
    bad = [{"action": "make-coffee"}, {"action": 1}, {}, "x", None, [],
           {"action": "set-properties"}, {"action": "set-properties", "updates": {"a": 1}},
           {"action": "add-schema"}, {"action": "add-schema", "schema": 1},
           {"action": "set-current-schema", "schema-id": "0"},
           {"action": "add-snapshot", "snapshot": {}},
           {"action": "add-view-version", "view-version": bodies.view_version()},
           {"action": "remove-snapshots", "snapshot-ids": ["5"]},
           {"action": "set-snapshot-ref", "ref-name": "x", "type": "twig", "snapshot-id": 1},
           {"action": "set-snapshot-ref", "ref-name": "", "type": "tag", "snapshot-id": 1},
           {"action": "set-location", "location": ""},
           {"action": "upgrade-format-version", "format-version": 2147483648}]
    for update in bad:
        def run(update=update):
            answer = commit(bodies.set_properties(applied="no"), update, expect=None)
            assert answer.status == 400, (update, answer)
        unchanged(api, namespace, run)


def test_commit__wants_lists(api, namespace, commit):
    for body in ({}, [], {"requirements": [], "updates": {}}, {"requirements": 1, "updates": []},
                 {"updates": "x", "requirements": []}):
        answer = api.call("updateTable", namespace=namespace, table="t", json=body)
        assert answer.status == 400, (body, answer)


def test_commit__that_changes_nothing_keeps_file_and_etag(api, namespace, commit):
    """Rule 7."""
    uuid = commit(bodies.add_snapshot(5), bodies.set_ref(5))["table-uuid"]
    unchanged(api, namespace, lambda: commit())
    unchanged(api, namespace, lambda: commit({"action": "assign-uuid", "uuid": uuid}))
    unchanged(api, namespace, lambda: commit(bodies.set_ref(5)))
    unchanged(api, namespace, lambda: commit({"action": "set-current-schema", "schema-id": 0}))
    unchanged(api, namespace, lambda: commit({"action": "upgrade-format-version",
                                              "format-version": 2}))
    unchanged(api, namespace, lambda: commit({"action": "remove-snapshots",
                                              "snapshot-ids": [404]}))


def test_commit__for_another_identifier_than_the_path_is_refused(api, namespace, commit):
    body = {"identifier": {"namespace": [namespace], "name": "other"}, "requirements": [],
            "updates": [bodies.set_properties(a="1")]}
    answer = api.call("updateTable", namespace=namespace, table="t", json=body)
    assert answer.status == 400, answer


def test_commit__of_large_metadata_is_answered_as_a_load_is(api, namespace, commit):
    """Its answer is made of pieces, a load's is one."""
    commit(bodies.set_properties(note="x" * 300_000))
    committed = api.commit(namespace, "t", [bodies.set_properties(a="1")])
    loaded = api.load_table(namespace, "t")
    assert committed.json()["metadata"]["properties"]["a"] == "1"
    assert committed.body == loaded.body
    assert committed.header("etag") == loaded.header("etag")
    assert committed.header("content-type") == loaded.header("content-type")
