"""Names, as docs/names.md tells them: one test for each of its rows."""

import re
from urllib.parse import quote

import pytest

import bodies
from api import Api, encode
from raw_http import checked

ODD = ["a b", "a+b", "a/b", "a%2Fb", "a.b", "...", "'\"`", "%", "a?b#c", "a\\b", "日本語", "e\u0301",
       "\u00e9", "\u0085", "🦆", " ", "ß", "İ"]


def table_path(namespace, raw_name):
    return f"/v1/default/namespaces/{namespace}/tables/{raw_name}"


def listed(api, namespace):
    answer = api.call("listTables", namespace=namespace, expect=200).json()
    return [item["name"] for item in answer["identifiers"]]


def uuid_of(api, namespace, name):
    return api.load_table(namespace, name).json()["metadata"]["table-uuid"]


def refused(answer):
    assert answer.status == 400, answer
    assert answer.error["type"] == "BadRequestException"


# --- characters -----------------------------------------------------------------------------------

def test_name__has_1_to_4096_bytes_of_utf8(api, contract, server, namespace):
    """Rule N1: é has two bytes, so that 2048 of them fill a name."""
    for name in ("x", "x" * 4096, "é" * 2048):
        api.create_table(namespace, bodies.table(name))
        api.call("tableExists", namespace=namespace, table=name, expect=204)
    for name in ("", "x" * 4097, "é" * 2048 + "x"):
        refused(api.create_table(namespace, bodies.table(name), expect=None))
        refused(api.call("createNamespace", json={"namespace": [name]}))
        refused(api.call("createView", namespace=namespace, json=bodies.view(name)))
    refused(checked(contract, server.port, "GET", table_path(namespace, "%FF")))


@pytest.mark.parametrize("name", ["\x00", "a\x1fb", "a\nb", "\x7f", ".", ".."])
def test_name__has_no_controls_and_is_no_dot(api, namespace, name):
    """Rule N2: what is refused."""
    refused(api.create_table(namespace, bodies.table(name), expect=None))
    refused(api.call("createNamespace", json={"namespace": [namespace, name]}))
    refused(api.call("createView", namespace=namespace, json=bodies.view(name)))


def test_name__may_be_anything_else_and_comes_back_unchanged(api, namespace):
    """Rules N2, N3: in answers, listings and messages, of tables and of namespaces."""
    for name in ODD:
        api.create_table(namespace, bodies.table(name))
        levels = [namespace, name]
        assert api.create_namespace(levels)["namespace"] == levels
        taken = api.create_table(namespace, bodies.table(name), expect=409)
        assert taken.error["message"] == f"Table already exists: {namespace}.{name}"
    assert sorted(listed(api, namespace)) == sorted(ODD)
    below = api.call("listNamespaces", query={"parent": namespace}, expect=200).json()["namespaces"]
    assert sorted(below) == sorted([namespace, name] for name in ODD)


# --- levels ---------------------------------------------------------------------------------------

def test_levels__are_a_list_of_1_to_32(api, unique):
    """Rule N4: a dot in a level is no second level."""
    top = unique("top")
    api.create_namespace(top)
    api.create_namespace([top, "b"])
    api.create_namespace(f"{top}.b")
    api.create_table([top, "b"], bodies.table("t"))
    api.call("tableExists", namespace=f"{top}.b", table="t", expect=404)
    refused(api.call("createNamespace", json={"namespace": []}))
    refused(api.call("createNamespace", json={"namespace": ["x"] * 33}))
    deep = [unique("deep")] * 32
    for depth in range(1, 33):
        api.create_namespace(deep[:depth])


def test_levels__are_joined_by_the_separator_that_config_says(api, unique):
    """Rule N5: in a path and in `parent`."""
    separator = api.send("GET", "/v1/config").json()["overrides"]["namespace-separator"]
    assert separator == "%1F"
    top = unique("top")
    api.create_namespace(top)
    api.create_namespace([top, "b"])
    api.create_namespace([top, "b", "c"])
    path = f"/v1/default/namespaces/{top}"
    assert api.send("GET", f"{path}{separator}b").json()["namespace"] == [top, "b"]
    assert api.send("GET", f"{path}.b").status == 404
    found = api.send("GET", f"/v1/default/namespaces?parent={top}{separator}b").json()
    assert found["namespaces"] == [[top, "b", "c"]]


@pytest.mark.parametrize("segment", ["%1F", "a%1F", "%1Fa", "a%1F%1Fb"])
def test_levels__are_never_empty(api, segment):
    """Rule N6: wherever the separator stands."""
    refused(api.send("GET", f"/v1/default/namespaces/{segment}"))
    refused(api.send("GET", f"/v1/default/namespaces?parent={segment}"))


def test_levels__are_joined_by_dots_in_messages(api, unique):
    """Rule N7: as clients print them."""
    top = unique("no")
    answer = api.load_table([top, "b.c"], "t", expect=404)
    assert answer.error["message"] == f"Table does not exist: {top}.b.c.t"


# --- paths and queries ----------------------------------------------------------------------------

def test_segment__is_decoded_once(api, contract, server, namespace):
    """Rule N8: `%252F` is the name `%2F`, and `%2f` is a slash as `%2F` is."""
    api.create_table(namespace, bodies.table("a%2Fb"))
    found = checked(contract, server.port, "GET", table_path(namespace, "a%252Fb"))
    assert found.json()["metadata"]["table-uuid"] == uuid_of(api, namespace, "a%2Fb")
    for spelling in ("a%2Fb", "a%2fb"):
        assert checked(contract, server.port, "GET", table_path(namespace, spelling)).status == 404


def test_slash__is_part_of_a_name_where_it_is_encoded(api, contract, server, namespace):
    """Rule N9: a plain slash ends the segment."""
    api.create_table(namespace, bodies.table("a/b"))
    for spelling in ("a%2Fb", "a%2fb"):
        assert checked(contract, server.port, "GET", table_path(namespace, spelling)).status == 200
    plain = checked(contract, server.port, "GET", table_path(namespace, "a/b"))
    assert (plain.status, plain.error["type"]) == (404, "NoSuchRouteException")


def test_encoding__may_be_more_or_less_than_needed(api, contract, server, namespace):
    """Rule N10: letters encoded, bytes above 0x7F bare."""
    api.create_table(namespace, bodies.table("ab"))
    api.create_table(namespace, bodies.table("é"))
    assert checked(contract, server.port, "GET", table_path(namespace, "%61%62")).status == 200
    assert checked(contract, server.port, "GET", table_path(namespace, "é")).status == 200


@pytest.mark.parametrize("segment", ["%", "%4", "%zz", "a%", "%%41", "%00", "a%00b", "%FF",
                                     "%C3", "%C0%AF", "%ED%A0%80"])
def test_encoding__that_is_none_is_refused(contract, server, namespace, segment):
    """Rule N11: in every place of the path."""
    refused(checked(contract, server.port, "GET", table_path(namespace, segment)))
    refused(checked(contract, server.port, "GET", f"/v1/default/namespaces/{segment}"))


def test_plus__is_itself_and_then_a_space(api, unique):
    """Rules N12, 58: a plus sign is taken literally first, `%2B` and `%20` are never anything else."""
    space = f"{unique('ns')} x"
    api.create_namespace(space)
    java = f"/v1/default/namespaces/{space.replace(' ', '+')}"
    assert api.send("GET", java).json()["namespace"] == [space]
    assert api.send("POST", f"{java}/tables", json=bodies.table("a b")).status == 200
    assert api.send("GET", f"{java}/tables/a+b").status == 200
    assert api.send("GET", f"{java}/tables/a%2Bb").status == 404
    api.create_table(space, bodies.table("p+q"))
    assert api.send("GET", f"/v1/default/namespaces/{encode(space)}/tables/p+q").status == 200
    assert api.send("GET", f"/v1/default/namespaces/{encode(space)}/tables/p%20q").status == 404


def test_plus__is_the_plus_sign_where_both_are_there(api, namespace):
    """Rule N13: the space is reached with `%20`."""
    for name in ("a b", "a+b"):
        api.create_table(namespace, bodies.table(name))
    for spelling, name in (("a+b", "a+b"), ("a%2Bb", "a+b"), ("a%20b", "a b")):
        found = api.send("GET", table_path(namespace, spelling)).json()
        assert found["metadata"]["table-uuid"] == uuid_of(api, namespace, name), spelling


def test_plus__in_a_query_is_a_space(api, unique):
    """Rule N14: `parent` is a value of a form."""
    stem = unique("q")
    for name in (f"{stem} x", f"{stem}+x"):
        api.create_namespace(name)
        api.create_namespace([name, "child"])
    for spelling, name in ((f"{stem}+x", f"{stem} x"), (f"{stem}%2Bx", f"{stem}+x")):
        found = api.send("GET", f"/v1/default/namespaces?parent={spelling}").json()
        assert found["namespaces"] == [[name, "child"]], spelling


# --- Unicode and case -----------------------------------------------------------------------------

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def test_unicode__is_not_normalized(api, namespace):
    """Rules N15, 58: each spelling is found by its own bytes only."""
    api.create_table(namespace, bodies.table(COMPOSED))
    api.call("tableExists", namespace=namespace, table=DECOMPOSED, expect=404)
    api.create_table(namespace, bodies.table(DECOMPOSED))
    assert uuid_of(api, namespace, COMPOSED) != uuid_of(api, namespace, DECOMPOSED)
    assert sorted(listed(api, namespace)) == [DECOMPOSED, COMPOSED]
    for name in (COMPOSED, DECOMPOSED):
        api.create_namespace([namespace, name])
        api.call("createView", namespace=[namespace, name], json=bodies.view("v"), expect=200)


def test_listing__is_ordered_by_bytes(api, namespace):
    """Rule N16: upper before lower case, and UTF-8's order of code points."""
    names = ["b", "B", "a", "A", "é", "z", "日", "🦆", "_", "~"]
    for name in names:
        api.create_table(namespace, bodies.table(name))
    assert listed(api, namespace) == sorted(names, key=lambda name: name.encode())


def test_names__are_case_sensitive(api, namespace):
    """Rules N17, 58: of every kind."""
    api.create_table(namespace, bodies.table("Orders"))
    api.load_table(namespace, "orders", expect=(404, "NoSuchTableException"))
    api.create_table(namespace, bodies.table("orders"))
    assert uuid_of(api, namespace, "Orders") != uuid_of(api, namespace, "orders")
    api.call("createView", namespace=namespace, json=bodies.view("ORDERS"), expect=200)
    api.call("viewExists", namespace=namespace, view="oRDERS", expect=404)
    api.call("namespaceExists", namespace=namespace.upper(), expect=404)
    api.create_namespace([namespace, "Child"])
    api.create_namespace([namespace, "child"])
    for name in ("F", "f"):
        api.call("putFunction", warehouse="default", namespace=namespace, function=name,
                 json=bodies.function(), expect=200)
    for upper, lower in (("É", "é"), ("İ", "i"), ("ẞ", "ß")):
        api.create_table(namespace, bodies.table(upper))
        api.create_table(namespace, bodies.table(lower))


def test_rename__may_change_the_case_alone(api, namespace):
    """Rule N18: of a table and of a view."""
    api.create_table(namespace, bodies.table("t"))
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    for operation_id, name in (("renameTable", "t"), ("renameView", "v")):
        api.call(operation_id, expect=204, json={
            "source": {"namespace": [namespace], "name": name},
            "destination": {"namespace": [namespace], "name": name.upper()}})
    assert listed(api, namespace) == ["T"]
    api.call("viewExists", namespace=namespace, view="V", expect=204)


# --- who shares names, and folders ----------------------------------------------------------------

def test_kinds__share_names_or_do_not(api, namespace):
    """Rule N19: tables with views only."""
    api.create_table(namespace, bodies.table("b"))
    assert api.call("createView", namespace=namespace, json=bodies.view("b")).status == 409
    api.create_namespace([namespace, "b"])
    api.call("putFunction", warehouse="default", namespace=namespace, function="b",
             json=bodies.function(), expect=200)
    api.create_table([namespace, "b"], bodies.table("b"))


def test_warehouse_names__are_plain_and_case_sensitive(api, contract, server, unique):
    """Rule N20: 64 characters of the plain ones, no dot in front, no word of the routes."""
    stem = unique("Wh.A-")
    longest = stem + "x" * (64 - len(stem))
    for name in (stem, longest):
        body = {"name": name, "location": f"file://{server.data}/{name}"}
        api.call("createWarehouse", json=body, expect=200)
    other = Api(server.port, contract, prefix=stem.lower())
    other.call("listNamespaces", expect=(404, "NoSuchWarehouseException"))
    other.close()
    for name in (longest + "x", "", ".x", "a b", "a/b", "é", "namespaces", "tables", "config"):
        body = {"name": name, "location": f"file://{server.data}/refused"}
        refused(api.call("createWarehouse", json=body))


def test_folders__are_never_shared(api, namespace):
    """Rule N21: odd names and long ones have a digest."""
    names = [*ODD, "plain_1-x.y", ".hidden", "x" * 400, "x" * 401, "a_b"]
    locations = {}
    for name in names:
        made = api.create_table(namespace, bodies.table(name)).json()["metadata"]["location"]
        locations[name] = made.rpartition("/")[2]
    assert len(set(locations.values())) == len(names)
    for name, folder in locations.items():
        is_plain = name in ("plain_1-x.y", "a.b", "a_b")
        assert folder == name if is_plain else re.search("-[0-9a-f]{10}$", folder), (name, folder)
        assert quote(folder, safe="") == folder and len(folder) < 200
        assert not folder.startswith(".")


def test_folders__keep_the_case(api, namespace):
    """Rule N22: of names that differ in nothing else."""
    for name in ("T", "t"):
        made = api.create_table(namespace, bodies.table(name)).json()["metadata"]["location"]
        assert made.endswith(f"/{namespace}/{name}")
