"""commitTransaction: all or nothing over many tables."""

from pathlib import Path

import bodies
from test_tables_create import creation


def change(namespace, name, *updates, requirements=()):
    return {"identifier": {"namespace": [namespace], "name": name},
            "requirements": list(requirements), "updates": list(updates)}


def commit(api, changes, expect=204):
    return api.call("commitTransaction", json={"table-changes": changes}, expect=expect)


def warehouse_files(server):
    return sorted(str(path) for path in (server.data / "warehouse").rglob("*") if path.is_file())


def test_transaction__changes_many_tables_at_once(api, namespace):
    """Rule 11."""
    names = [f"t{number}" for number in range(5)]
    for name in names:
        api.create_table(namespace, bodies.table(name))
    commit(api, [change(namespace, name, bodies.set_properties(done=name)) for name in names])
    for name in names:
        loaded = api.load_table(namespace, name).json()["metadata"]
        assert loaded["properties"]["done"] == name


def test_transaction__creates_and_changes_together(api, namespace):
    api.create_table(namespace, bodies.table("old"))
    staged = api.create_table(namespace, bodies.table("new", stage_create=True)).json()["metadata"]
    commit(api, [change(namespace, "old", bodies.set_properties(a="1")),
                 change(namespace, "new", *creation(staged),
                        requirements=[{"type": "assert-create"}])])
    assert api.load_table(namespace, "new").json()["metadata"]["table-uuid"] == staged["table-uuid"]
    assert api.load_table(namespace, "old").json()["metadata"]["properties"]["a"] == "1"


def test_failed_transaction__changes_nothing_and_leaves_no_files(api, server, namespace):
    """Rule 11."""
    for name in ("a", "b", "c"):
        api.create_table(namespace, bodies.table(name))
    staged = api.create_table(namespace, bodies.table("new", stage_create=True)).json()["metadata"]
    create = change(namespace, "new", *creation(staged), requirements=[{"type": "assert-create"}])
    before = {name: api.load_table(namespace, name).json() for name in ("a", "b", "c")}
    files = warehouse_files(server)
    good = change(namespace, "a", bodies.set_properties(x="1"))
    failures = [
        (change(namespace, "b", bodies.set_ref(404)), (400, "ValidationException")),
        (change(namespace, "b", bodies.set_properties(x="1"), requirements=[
            {"type": "assert-current-schema-id", "current-schema-id": 9}]),
         (409, "CommitFailedException")),
        (change(namespace, "gone", bodies.set_properties(x="1")), (404, "NoSuchTableException")),
        (change(namespace, "c", bodies.set_properties(x="1"),
                requirements=[{"type": "assert-create"}]), (409, "CommitFailedException")),
        (change(namespace, "b", {"action": "make-coffee"}), (400, "BadRequestException")),
    ]
    for bad, expect in failures:
        commit(api, [good, create, bad], expect)
        commit(api, [bad, good, create], expect)
    for name, was in before.items():
        assert api.load_table(namespace, name).json() == was
    api.call("tableExists", namespace=namespace, table="new", expect=404)
    assert warehouse_files(server) == files


def test_transaction__names_each_table_once(api, namespace):
    """Rule 11."""
    api.create_table(namespace, bodies.table("t"))
    one = change(namespace, "t", bodies.set_properties(a="1"))
    commit(api, [one, one], (400, "BadRequestException"))
    loaded = api.load_table(namespace, "t").json()["metadata"]
    assert "a" not in loaded["properties"]


def test_transaction__on_a_view_is_not_found(api, namespace):
    """Rule K14."""
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    commit(api, [change(namespace, "v", bodies.set_properties(a="1"))],
           (404, "NoSuchTableException"))
    answer = commit(api, [change(namespace, "v", bodies.set_properties(a="1"),
                                 requirements=[{"type": "assert-create"}])], None)
    assert answer.status == 409, answer
    assert answer.error["message"].endswith(f"View with same name already exists: {namespace}.v")


def test_transaction__wants_identified_changes(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    for body in ({}, [], {"table-changes": {}}, {"table-changes": ["x"]},
                 {"table-changes": [{"requirements": [], "updates": []}]},
                 {"table-changes": [change("", "t")]},
                 {"table-changes": [{"identifier": {"namespace": [namespace], "name": "t"}}]}):
        answer = api.call("commitTransaction", json=body)
        assert answer.status == 400, (body, answer)


def test_transaction__has_a_ceiling(api, namespace):
    commit(api, [change(namespace, f"t{number}") for number in range(1001)], 400)


def test_transaction__that_changes_nothing_keeps_the_files(api, namespace):
    made = api.create_table(namespace, bodies.table("t")).json()
    commit(api, [change(namespace, "t")])
    now = api.load_table(namespace, "t").json()
    assert now["metadata-location"] == made["metadata-location"]


def test_transaction__deletes_old_metadata_only_after_it(api, namespace):
    """Rule 11."""
    limited = {"write.metadata.previous-versions-max": "1",
               "write.metadata.delete-after-commit.enabled": "true"}
    for name in ("a", "b"):
        api.create_table(namespace, bodies.table(name, properties=limited))
    for turn in range(3):
        commit(api, [change(namespace, name, bodies.set_properties(n=str(turn)))
                     for name in ("a", "b")])
    for name in ("a", "b"):
        location = api.load_table(namespace, name).json()["metadata-location"]
        assert len(list(Path(location.removeprefix("file://")).parent.iterdir())) == 2
