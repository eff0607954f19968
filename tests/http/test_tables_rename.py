"""renameTable."""

import bodies


def identifier(namespace, name):
    levels = [namespace] if isinstance(namespace, str) else namespace
    return {"namespace": levels, "name": name}


def rename(api, source, destination, expect=204):
    return api.call("renameTable", expect=expect,
                    json={"source": identifier(*source), "destination": identifier(*destination)})


def test_rename__keeps_uuid_location_and_files(api, namespace):
    """Rule 57."""
    made = api.create_table(namespace, bodies.table("a")).json()
    rename(api, (namespace, "a"), (namespace, "b"))
    api.load_table(namespace, "a", expect=(404, "NoSuchTableException"))
    moved = api.load_table(namespace, "b").json()
    assert moved["metadata"] == made["metadata"]
    assert moved["metadata-location"] == made["metadata-location"]


def test_rename__moves_between_namespaces(api, namespace, unique):
    """Rule 57."""
    other = unique("ns")
    api.create_namespace(other)
    api.create_table(namespace, bodies.table("a"))
    rename(api, (namespace, "a"), (other, "z"))
    assert api.call("listTables", namespace=namespace, expect=200).json()["identifiers"] == []
    listed = api.call("listTables", namespace=other, expect=200).json()["identifiers"]
    assert listed == [identifier(other, "z")]
    api.commit(other, "z", [bodies.set_properties(a="1")])


def test_rename__onto_a_table_is_a_conflict(api, namespace):
    """Rules K6, K15."""
    api.create_table(namespace, bodies.table("a"))
    api.create_table(namespace, bodies.table("b"))
    answer = rename(api, (namespace, "a"), (namespace, "b"), (409, "AlreadyExistsException"))
    assert answer.error["message"] == (f"Cannot rename {namespace}.a to {namespace}.b. "
                                       "Table already exists")
    api.load_table(namespace, "a")


def test_rename__onto_a_view_is_a_conflict(api, namespace):
    """Rule K15."""
    api.create_table(namespace, bodies.table("a"))
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    answer = rename(api, (namespace, "a"), (namespace, "v"), (409, "AlreadyExistsException"))
    assert answer.error["message"].endswith("View already exists")


def test_rename__of_a_missing_table_is_not_found(api, namespace):
    """Rule K6."""
    answer = rename(api, (namespace, "no"), (namespace, "b"), (404, "NoSuchTableException"))
    assert answer.error["message"] == f"Table does not exist: {namespace}.no"


def test_rename__into_a_missing_namespace_is_not_found(api, namespace, unique):
    """Rule K6."""
    api.create_table(namespace, bodies.table("a"))
    other = unique("no")
    answer = rename(api, (namespace, "a"), (other, "a"), (404, "NoSuchNamespaceException"))
    assert answer.error["message"] == f"Namespace does not exist: {other}"
    api.load_table(namespace, "a")


def test_rename__to_itself_and_by_case_is_allowed(api, namespace):
    """Rule 57."""
    api.create_table(namespace, bodies.table("a"))
    rename(api, (namespace, "a"), (namespace, "a"))
    rename(api, (namespace, "a"), (namespace, "A"))
    api.load_table(namespace, "A")


def test_rename__frees_the_old_name(api, namespace):
    first = api.create_table(namespace, bodies.table("a")).json()["metadata"]
    rename(api, (namespace, "a"), (namespace, "b"))
    second = api.create_table(namespace, bodies.table("a")).json()["metadata"]
    assert first["location"] != second["location"]


def test_rename__wants_two_identifiers(api, namespace):
    good = identifier(namespace, "a")
    for body in ({}, {"source": good}, {"destination": good}, {"source": "a", "destination": "b"},
                 {"source": good, "destination": {"namespace": [], "name": "b"}},
                 {"source": good, "destination": identifier(namespace, "")},
                 {"source": good, "destination": identifier(namespace, "..")}, [], "x"):
        answer = api.call("renameTable", json=body)
        assert answer.status == 400, (body, answer)
