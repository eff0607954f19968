"""The namespace operations."""

import bodies


def test_create__answers_with_levels_and_properties(api, unique):
    name = unique("ns")
    made = api.create_namespace(name, {"owner": "ann", "comment": "été ✓"})
    assert made == {"namespace": [name], "properties": {"owner": "ann", "comment": "été ✓"}}
    loaded = api.call("loadNamespaceMetadata", namespace=name, expect=200).json()
    assert loaded == made


def test_create__twice_is_a_conflict(api, namespace):
    """Rule K1."""
    answer = api.call("createNamespace", json={"namespace": [namespace]},
                      expect=(409, "AlreadyExistsException"))
    assert answer.error["message"].startswith("Namespace already exists")


def test_create__in_a_missing_parent_is_not_found(api, unique):
    """Rule 56."""
    parent = unique("no")
    answer = api.call("createNamespace", json={"namespace": [parent, "child"]},
                      expect=(404, "NoSuchNamespaceException"))
    assert answer.error["message"] == f"Namespace does not exist: {parent}"


def test_create__nests_to_many_levels(api, unique):
    levels = []
    for _ in range(12):
        levels.append(unique("deep"))
        api.create_namespace(levels)
    assert api.call("loadNamespaceMetadata", namespace=levels,
                    expect=200).json()["namespace"] == levels


def test_create__without_levels_is_refused(api):
    api.call("createNamespace", json={"namespace": []}, expect=(400, "BadRequestException"))


def test_create__with_too_many_levels_is_refused(api):
    api.call("createNamespace", json={"namespace": ["x"] * 33}, expect=(400, "BadRequestException"))


def test_create__wants_strings(api):
    for body in ({"namespace": "flat"}, {"namespace": [1]}, {"namespace": None}, {},
                 {"namespace": ["a"], "properties": {"n": 1}},
                 {"namespace": ["a"], "properties": []}, []):
        answer = api.call("createNamespace", json=body)
        assert answer.status == 400, (body, answer)


def test_create__refuses_names_that_paths_cannot_hold(api):
    for name in ("", ".", "..", "a\x00b", "a\x1fb", "tab\there", "x" * 4097):
        answer = api.call("createNamespace", json={"namespace": [name]})
        assert answer.status == 400, (name[:20], answer)
        assert answer.error["type"] == "BadRequestException"


def test_names__with_odd_characters_come_back_unchanged(api, unique):
    stem = unique("odd")
    for odd in ("a b", "a+b", "a/b", "a%2Fb", "a.b", "ä/ö", "日本語", "a?b#c", "a\\b", "'\"", "%",
                "e\u0301", "🦆"):
        name = f"{stem}{odd}"
        api.create_namespace(name)
        assert api.call("loadNamespaceMetadata", namespace=name,
                        expect=200).json()["namespace"] == [name]
        api.call("namespaceExists", namespace=name, expect=204)
        assert [name] in api.call("listNamespaces", expect=200).json()["namespaces"]
        api.call("dropNamespace", namespace=name, expect=204)
        api.call("namespaceExists", namespace=name, expect=404)


def test_exists__tells_present_from_missing(api, namespace, unique):
    """Rule 59."""
    api.call("namespaceExists", namespace=namespace, expect=204)
    api.call("namespaceExists", namespace=unique("no"), expect=404)


def test_load__of_a_missing_one_names_it(api, unique):
    name = unique("no")
    answer = api.call("loadNamespaceMetadata", namespace=[name, "b"],
                      expect=(404, "NoSuchNamespaceException"))
    assert answer.error["message"] == f"Namespace does not exist: {name}.b"


def test_list__shows_only_direct_children(api, unique):
    top = unique("ns")
    for levels in ([top], [top, "a"], [top, "b"], [top, "a", "x"]):
        api.create_namespace(levels)
    listed = api.call("listNamespaces", query={"parent": top}, expect=200).json()["namespaces"]
    assert sorted(listed) == [[top, "a"], [top, "b"]]
    below = api.call("listNamespaces", query={"parent": f"{top}\x1fa"}, expect=200).json()
    assert below["namespaces"] == [[top, "a", "x"]]
    roots = api.call("listNamespaces", expect=200).json()["namespaces"]
    assert [top] in roots and all(len(levels) == 1 for levels in roots)


def test_list__of_an_empty_parent_is_the_top(api, namespace):
    assert [namespace] in api.call("listNamespaces", query={"parent": ""},
                                   expect=200).json()["namespaces"]


def test_list__of_a_missing_parent_is_not_found(api, unique):
    """Rule 56."""
    api.call("listNamespaces", query={"parent": unique("no")},
             expect=(404, "NoSuchNamespaceException"))


def test_drop__removes_an_empty_namespace(api, unique):
    name = unique("ns")
    api.create_namespace(name)
    api.call("dropNamespace", namespace=name, expect=204)
    api.call("loadNamespaceMetadata", namespace=name, expect=(404, "NoSuchNamespaceException"))
    api.call("dropNamespace", namespace=name, expect=(404, "NoSuchNamespaceException"))


def test_drop__refuses_one_that_holds_anything(api, unique):
    """Rules 56, K18."""
    for kind in ("namespace", "table", "view"):
        name = unique("ns")
        api.create_namespace(name)
        if kind == "namespace":
            api.create_namespace([name, "child"])
        elif kind == "table":
            api.create_table(name, bodies.table("t"))
        else:
            api.call("createView", namespace=name, json=bodies.view("v"), expect=200)
        answer = api.call("dropNamespace", namespace=name,
                          expect=(409, "NamespaceNotEmptyException"))
        assert "is not empty" in answer.error["message"]
        api.call("namespaceExists", namespace=name, expect=204)


def test_drop__is_not_blocked_by_a_staged_create(api, unique):
    """Rule 14."""
    name = unique("ns")
    api.create_namespace(name)
    api.create_table(name, bodies.table("t", stage_create=True))
    api.call("dropNamespace", namespace=name, expect=204)


def test_update_properties__sets_removes_and_reports(api, unique):
    name = unique("ns")
    api.create_namespace(name, {"a": "1", "b": "2"})
    changed = api.call("updateProperties", namespace=name, expect=200,
                       json={"removals": ["b", "gone"], "updates": {"a": "9", "c": "3"}}).json()
    assert sorted(changed["updated"]) == ["a", "c"]
    assert changed["removed"] == ["b"]
    assert changed["missing"] == ["gone"]
    loaded = api.call("loadNamespaceMetadata", namespace=name, expect=200).json()
    assert loaded["properties"] == {"a": "9", "c": "3"}


def test_update_properties__of_a_key_set_and_removed_is_unprocessable(api, unique):
    name = unique("ns")
    api.create_namespace(name, {"a": "1"})
    api.call("updateProperties", namespace=name, json={"removals": ["a"], "updates": {"a": "2"}},
             expect=(422, "UnprocessableEntityException"))
    loaded = api.call("loadNamespaceMetadata", namespace=name, expect=200).json()
    assert loaded["properties"] == {"a": "1"}


def test_update_properties__of_a_missing_namespace_is_not_found(api, unique):
    api.call("updateProperties", namespace=unique("no"), json={"updates": {"a": "1"}},
             expect=(404, "NoSuchNamespaceException"))


def test_update_properties__wants_strings(api, namespace):
    for body in ({"updates": {"a": 1}}, {"updates": ["a"]}, {"removals": {"a": 1}},
                 {"removals": [1]}, [], "text"):
        answer = api.call("updateProperties", namespace=namespace, json=body)
        assert answer.status == 400, (body, answer)
    loaded = api.call("loadNamespaceMetadata", namespace=namespace, expect=200).json()
    assert loaded["properties"] == {}


def test_create__of_what_no_url_can_name_is_refused(api, namespace):
    """What is made can be loaded and dropped, with the longest table in it."""
    level = "é" * 2048
    api.create_namespace([level])
    api.call("createNamespace", json={"namespace": [level, level]},
             expect=(400, "BadRequestException"))
    table = "ü" * 2048
    api.create_table([level], bodies.table(table))
    api.create_table(namespace, bodies.table("t"))
    for kind in ("Table", "View"):
        api.call(f"rename{kind}", expect=(400, "BadRequestException"),
                 json={"source": {"namespace": [namespace], "name": "t"},
                       "destination": {"namespace": [level, level], "name": "t"}})
    api.load_table([level], table)
    api.call("dropTable", namespace=[level], table=table, expect=204)
    api.call("dropNamespace", namespace=[level], expect=204)
