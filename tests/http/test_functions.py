"""Functions: the protocol lists and loads, management puts and drops."""

import bodies


def put(api, namespace, name, body, expect=None):
    return api.call("putFunction", warehouse="default", namespace=namespace, function=name,
                    json=body, expect=expect)


def test_put__creates_then_replaces(api, namespace):
    first = bodies.function(doc="one")
    put(api, namespace, "f", first, 200)
    loaded = api.call("loadFunction", namespace=namespace, function="f", expect=200).json()
    assert loaded["metadata"]["doc"] == "one"
    assert loaded["metadata"]["definitions"] == first["definitions"]
    second = {**first, "doc": "two"}
    put(api, namespace, "f", second, 200)
    loaded = api.call("loadFunction", namespace=namespace, function="f", expect=200).json()
    assert loaded["metadata"]["doc"] == "two"


def test_put__cannot_change_the_uuid(api, namespace):
    put(api, namespace, "f", bodies.function(), 200)
    put(api, namespace, "f", bodies.function(), (400, "ValidationException"))


def test_list__shows_namespace_and_name(api, namespace):
    for name in ("b", "a"):
        put(api, namespace, name, bodies.function(), 200)
    listed = api.call("listFunctions", namespace=namespace, expect=200).json()["identifiers"]
    assert listed == [[namespace, "a"], [namespace, "b"]]


def test_list_and_load__of_what_is_missing(api, namespace, unique):
    api.call("listFunctions", namespace=unique("no"), expect=(404, "NoSuchNamespaceException"))
    answer = api.call("loadFunction", namespace=namespace, function="no",
                      expect=(404, "NoSuchFunctionException"))
    assert answer.error["message"] == f"Function does not exist: {namespace}.no"


def test_drop__forgets_the_function(api, namespace):
    put(api, namespace, "f", bodies.function(), 200)
    api.call("dropFunction", warehouse="default", namespace=namespace, function="f", expect=204)
    api.call("loadFunction", namespace=namespace, function="f",
             expect=(404, "NoSuchFunctionException"))
    api.call("dropFunction", warehouse="default", namespace=namespace, function="f",
             expect=(404, "NoSuchFunctionException"))


def test_functions__do_not_collide_with_tables(api, namespace):
    api.create_table(namespace, bodies.table("same"))
    put(api, namespace, "same", bodies.function(), 200)
    api.call("tableExists", namespace=namespace, table="same", expect=204)


def test_put__in_a_missing_namespace_or_warehouse_is_not_found(api, namespace, unique):
    put(api, unique("no"), "f", bodies.function(), (404, "NoSuchNamespaceException"))
    api.call("putFunction", warehouse="nobody", namespace=namespace, function="f",
             json=bodies.function(), expect=(404, "NoSuchWarehouseException"))


def test_put__refuses_what_breaks_the_udf_spec(api, namespace):
    good = bodies.function()
    definition = good["definitions"][0]
    bad = [{}, [], "x", {**good, "format-version": 2}, {**good, "function-uuid": "x"},
           {**good, "definitions": "x"},
           {**good, "definitions": [definition, definition]},
           {**good, "definitions": [{**definition, "definition-id": "string"}]},
           {**good, "definitions": [{**definition, "current-version-id": 7}]},
           {**good, "definitions": [{**definition, "function-type": "udtf"}]},
           {**good, "definitions": [{**definition, "versions": []}]},
           {**good, "properties": {"a": 1}}, {**good, "secure": "yes"}]
    for body in bad:
        answer = put(api, namespace, "f", body)
        assert answer.status == 400, (body, answer)
    assert api.call("listFunctions", namespace=namespace, expect=200).json()["identifiers"] == []


def test_drop_namespace__refuses_one_with_functions(api, unique):
    """Rule 56."""
    name = unique("ns")
    api.create_namespace(name)
    put(api, name, "f", bodies.function(), 200)
    api.call("dropNamespace", namespace=name, expect=(409, "NamespaceNotEmptyException"))
