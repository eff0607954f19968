"""Listings in pages."""

import base64

import pytest

import bodies


def pages(api, operation_id, size, query=None, **names):
    """All pages of a listing; the item lists."""
    token, found = "", []
    while token is not None:
        asked = {**(query or {}), "pageToken": token, "pageSize": str(size)}
        answer = api.call(operation_id, query=asked, expect=200, **names).json()
        items = answer.get("identifiers", answer.get("namespaces"))
        assert len(items) <= size
        found.append(items)
        token = answer.get("next-page-token")
        assert token != ""
        assert len(found) < 1000
    return found


def flat(lists):
    return [item for items in lists for item in items]


@pytest.fixture
def listings(api, unique):
    """(operation, names in the path, query) of every listing, each with 7 entries."""
    top = unique("pages")
    api.create_namespace(top)
    for number in range(7):
        api.create_namespace([top, f"n{number}"])
        api.create_table(top, bodies.table(f"t{number}"))
        api.call("createView", namespace=top, json=bodies.view(f"v{number}"), expect=200)
        api.call("putFunction", warehouse="default", namespace=top, function=f"f{number}",
                 json=bodies.function(), expect=200)
    return [("listNamespaces", {}, {"parent": top}), ("listTables", {"namespace": top}, {}),
            ("listViews", {"namespace": top}, {}), ("listFunctions", {"namespace": top}, {})]


def test_pages__together_are_the_whole_list(api, listings):
    """Rule 59."""
    for operation_id, names, query in listings:
        whole = api.call(operation_id, query=query, expect=200, **names).json()
        assert whole.get("next-page-token") is None
        whole = whole.get("identifiers", whole.get("namespaces"))
        assert len(whole) == 7
        for size in (1, 2, 3, 7, 8, 10000):
            assert flat(pages(api, operation_id, size, query, **names)) == whole


def test_first_page__is_asked_for_with_an_empty_token(api, listings):
    """Rule K21."""
    for operation_id, names, query in listings:
        answer = api.call(operation_id, query={**query, "pageToken": ""}, expect=200, **names)
        items = answer.json().get("identifiers", answer.json().get("namespaces"))
        assert len(items) == 7
        small = api.call(operation_id, query={**query, "pageToken": "", "pageSize": "3"},
                         expect=200, **names).json()
        assert small.get("identifiers", small.get("namespaces")) == items[:3]
        assert small["next-page-token"]


def test_page_size__without_a_token_does_not_cut_the_list(api, listings):
    """Rule 59."""
    for operation_id, names, query in listings:
        answer = api.call(operation_id, query={**query, "pageSize": "2"}, expect=200, **names)
        items = answer.json().get("identifiers", answer.json().get("namespaces"))
        assert len(items) == 7


def test_pages__are_stable_while_names_come_and_go(api, namespace):
    """Rule 59."""
    for number in range(10):
        api.create_table(namespace, bodies.table(f"t{number}"))
    first = api.call("listTables", namespace=namespace, expect=200,
                     query={"pageToken": "", "pageSize": "4"}).json()
    api.call("dropTable", namespace=namespace, table="t3", expect=204)
    api.call("dropTable", namespace=namespace, table="t0", expect=204)
    api.create_table(namespace, bodies.table("a-before"))
    api.create_table(namespace, bodies.table("t55"))
    rest, token = [], first["next-page-token"]
    while token:
        page = api.call("listTables", namespace=namespace, expect=200,
                        query={"pageToken": token, "pageSize": "4"}).json()
        rest += [item["name"] for item in page["identifiers"]]
        token = page.get("next-page-token")
    assert [item["name"] for item in first["identifiers"]] == ["t0", "t1", "t2", "t3"]
    assert rest == ["t4", "t5", "t55", "t6", "t7", "t8", "t9"]


def test_pages__may_change_their_size_on_the_way(api, listings):
    operation_id, names, query = listings[1]
    first = api.call(operation_id, query={**query, "pageToken": "", "pageSize": "2"}, expect=200,
                     **names).json()
    rest = api.call(operation_id, expect=200, **names, query={
        **query, "pageToken": first["next-page-token"], "pageSize": "100"}).json()
    assert len(first["identifiers"]) == 2 and len(rest["identifiers"]) == 5


def test_bad_token__is_refused_in_every_listing(api, listings):
    """Rule 59."""
    forged = base64.urlsafe_b64encode(b"\x01Tt3\x00").decode().rstrip("=")
    for operation_id, names, query in listings:
        for token in ("x", "5", "%00", "AAAA", forged, "ä", "=" * 10, "A" * 10000):
            api.call(operation_id, query={**query, "pageToken": token},
                     expect=(400, "BadRequestException"), **names)


def test_token__of_another_listing_is_refused(api, listings):
    tokens = []
    for operation_id, names, query in listings:
        page = api.call(operation_id, query={**query, "pageToken": "", "pageSize": "1"},
                        expect=200, **names).json()
        tokens.append(page["next-page-token"])
    for position, (operation_id, names, query) in enumerate(listings):
        api.call(operation_id, query={**query, "pageToken": tokens[position - 1]},
                 expect=(400, "BadRequestException"), **names)


def first_token(api, operation_id, query=None, **names):
    page = api.call(operation_id, expect=200, query={**(query or {}), "pageToken": "",
                                                     "pageSize": "1"}, **names).json()
    return page["next-page-token"]


def test_token__of_another_namespace_is_refused(api, unique):
    one, other = unique("ns"), unique("ns")
    for namespace in (one, other):
        api.create_namespace(namespace)
        for i in range(3):
            api.create_namespace([namespace, f"n{i}"])
            api.create_table(namespace, bodies.table(f"t{i}"))
    refused = (400, "BadRequestException")
    tables = first_token(api, "listTables", namespace=one)
    api.call("listTables", namespace=other, query={"pageToken": tables}, expect=refused)
    children = first_token(api, "listNamespaces", query={"parent": one})
    for parent in ({}, {"parent": other}, {"parent": ""}):
        api.call("listNamespaces", query={**parent, "pageToken": children}, expect=refused)


def test_token__goes_on_however_the_namespace_was_sent(api, unique):
    parent = unique("a b")
    api.create_namespace(parent)
    for i in range(3):
        api.create_namespace([parent, f"n{i}"])
        api.create_table(parent, bodies.table(f"t{i}"))
    plus = f"/v1/default/namespaces/{parent.replace(' ', '+')}/tables"
    twice = f"/v1/default/namespaces?parent={parent.replace(' ', '%2520')}&"
    for target, member in ((plus + "?", "identifiers"), (twice, "namespaces")):
        token, seen = "", 0
        while token is not None:
            answer = api.send("GET", f"{target}pageSize=1&pageToken={token}")
            assert answer.status == 200, answer
            seen += len(answer.json()[member])
            token = answer.json().get("next-page-token")
        assert seen == 3, target


def test_bad_page_size__is_refused(api, listings):
    """Rule 59."""
    for operation_id, names, query in listings:
        for size in ("0", "-1", "x", "", "1.5", "99999999999999999999", "1e3", " 1"):
            api.call(operation_id, query={**query, "pageToken": "", "pageSize": size},
                     expect=(400, "BadRequestException"), **names)


def test_large_page_size__is_an_upper_bound(api, listings):
    for operation_id, names, query in listings:
        api.call(operation_id, query={**query, "pageToken": "", "pageSize": "2147483647"},
                 expect=200, **names)


def test_odd_names__survive_the_token(api, namespace):
    odd = sorted(["a b", "a/b", "ä", "日本", "🦆", "%", "x" * 4096, "'"],
                 key=lambda name: name.encode())
    for name in odd:
        api.create_table(namespace, bodies.table(name))
    listed = flat(pages(api, "listTables", 1, namespace=namespace))
    assert [item["name"] for item in listed] == odd
