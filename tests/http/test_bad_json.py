"""Bodies that are not what they should be: a named error, and nothing changes."""

import json

import pytest

import bodies
from raw_http import exchange

BROKEN = [
    b"", b" ", b"{", b"}", b"nonsense", b'{"namespace": ["a"]', b'{"namespace": ["a"]}}',
    b'{"namespace": ["a",]}', b"{'namespace': ['a']}", b'{"namespace": ["a"]} x',
    b'{"namespace": ["a"], "properties": {"x": NaN}}', b'{"namespace": ["\xff\xfe"]}',
    b'{"namespace": ["\\ud800"]}', b'{"namespace": ["\\u0000"]}', b'{"namespace": ["a\tb"]}',
    b'\xef\xbb\xbf{"namespace": ["a"]', b"\x00", b'{"namespace": ["a"]}\x00', b"\x1f\x8b\x08\x00",
    '{"namespace": ["a"]}'.encode("utf-16"), b'"text"', b"17", b"null", b"true", b"[]",
    b'[{"namespace": ["a"]}]',
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_broken_body__is_refused_by_every_change(api, namespace, body):
    api.create_table(namespace, bodies.table("t"))
    before = api.load_table(namespace, "t").json()
    names = {"namespace": namespace, "table": "t", "view": "v"}
    for operation_id in ("createNamespace", "updateProperties", "createTable", "updateTable",
                         "registerTable", "renameTable", "commitTransaction", "createView",
                         "registerView", "renameView", "reportMetrics", "createWarehouse"):
        answer = api.send("POST", api.target(operation_id, **names), body=body,
                          headers={"Content-Type": "application/json"})
        assert answer.status == 400, (operation_id, answer)
        assert answer.error["type"] in ("BadRequestException", "ValidationException")
    assert api.load_table(namespace, "t").json() == before


def test_every_truncation__of_a_commit_is_refused(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    before = api.load_table(namespace, "t").body
    whole = json.dumps({"requirements": [], "updates": [bodies.set_properties(a="é\u2713")]},
                       ensure_ascii=False).encode()
    target = api.target("updateTable", namespace=namespace, table="t")
    for size in range(len(whole)):
        answer = api.send("POST", target, body=whole[:size],
                          headers={"Content-Type": "application/json"})
        assert answer.status == 400, (size, answer)
    assert api.load_table(namespace, "t").body == before


def test_duplicate_keys__are_refused(api, unique):
    name = unique("ns")
    for body in (f'{{"namespace": ["{name}"], "namespace": ["{name}2"]}}',
                 f'{{"namespace": ["{name}"], "properties": {{"a": "1", "a": "2"}}}}',
                 f'{{"namespace": ["{name}"], "n\\u0061mespace": ["{name}2"]}}'):
        answer = api.send("POST", api.target("createNamespace"), body=body,
                          headers={"Content-Type": "application/json"})
        assert answer.status == 400, (body, answer)
    api.call("namespaceExists", namespace=name, expect=404)


@pytest.mark.parametrize("depth", [513, 5000, 200000, 3000000])
def test_deep_nesting__is_refused(api, namespace, depth):
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        nested = opening * depth + "1" + closing * depth
        answer = api.send("POST", api.target("createNamespace"),
                          body='{"namespace": ["deep"], "properties": ' + nested + "}",
                          headers={"Content-Type": "application/json"})
        assert answer.status == 400, answer
        unclosed = api.send("POST", api.target("createNamespace"), body=opening * depth,
                            headers={"Content-Type": "application/json"})
        assert unclosed.status == 400, unclosed


def nested_type(depth):
    kind = "long"
    for level in range(depth):
        kind = {"type": "list", "element-id": level + 2, "element": kind,
                "element-required": False}
    return kind


def test_deep_schemas__are_kept_or_refused_and_never_crash(server, api, namespace):
    # The JSON readers on this side give up long before the server does: only the status is read.
    for depth in (10, 100, 200, 250, 400, 500):
        schema = {"type": "struct", "fields": [{"id": 1, "name": "x", "required": False,
                                                "type": nested_type(depth)}]}
        body = json.dumps(bodies.table(f"t{depth}", schema=schema)).encode()
        answer = exchange(server.port, "POST", api.target("createTable", namespace=namespace),
                          [("Content-Type", "application/json")], body)
        assert answer.status == (200 if depth <= 100 else answer.status), (depth, answer)
        assert answer.status in (200, 400), (depth, answer)
        loaded = exchange(server.port, "GET",
                          api.target("loadTable", namespace=namespace, table=f"t{depth}"))
        assert loaded.status == (200 if answer.status == 200 else 404), (depth, loaded)


EDGES = ["9223372036854775808", "-9223372036854775809", "99999999999999999999999", "1.0", "1e2",
         "1.5", "-0.5", '"1"', "true", "[]", "{}", "1e400", "0x10", "01", "+1", "Infinity"]


@pytest.mark.parametrize("number", EDGES)
def test_numbers_that_are_no_64_bit_integers__are_refused(api, namespace, number):
    api.create_table(namespace, bodies.table("t"))
    target = api.target("updateTable", namespace=namespace, table="t")
    before = api.load_table(namespace, "t").body
    requirement = ('{"requirements": [{"type": "assert-ref-snapshot-id", "ref": "main", '
                   '"snapshot-id": %s}], "updates": []}' % number)
    snapshot = json.dumps({"requirements": [], "updates": [bodies.add_snapshot(77)]})
    for body in (requirement, snapshot.replace("77", number, 1)):
        answer = api.send("POST", target, body=body, headers={"Content-Type": "application/json"})
        assert answer.status == 400, (body, answer)
    assert api.load_table(namespace, "t").body == before


@pytest.mark.parametrize("number", ["2147483648", "-2147483649", "4294967296", "1.0", '"0"'])
def test_numbers_that_are_no_32_bit_integers__are_refused(api, namespace, number):
    api.create_table(namespace, bodies.table("t"))
    target = api.target("updateTable", namespace=namespace, table="t")
    body = '{"requirements": [], "updates": [{"action": "set-current-schema", "schema-id": %s}]}'
    answer = api.send("POST", target, body=body % number,
                      headers={"Content-Type": "application/json"})
    assert answer.status == 400, answer


def test_edges_of_64_bits__are_kept(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    for number, snapshot_id in enumerate((9223372036854775807, 9007199254740993, 0), start=1):
        made = api.commit(namespace, "t", [bodies.add_snapshot(snapshot_id, number),
                                           bodies.set_ref(snapshot_id)]).json()
        assert made["metadata"]["current-snapshot-id"] == snapshot_id
        assert f'"current-snapshot-id":{snapshot_id}' in api.load_table(
            namespace, "t").body.decode().replace(" ", "")


def test_unknown_members__are_ignored(api, unique):
    name = unique("ns")
    api.call("createNamespace", json={"namespace": [name], "future": {"a": [1]}}, expect=200)


def test_strings__with_every_escape_come_back(api, unique):
    name = unique("ns")
    text = "\" \\ / \b \f \n \r \t \u00e9 \u2028 \U0001f986 \x7f"
    api.create_namespace(name, {"k": text, text: "v"})
    loaded = api.call("loadNamespaceMetadata", namespace=name, expect=200).json()
    assert loaded["properties"] == {"k": text, text: "v"}
