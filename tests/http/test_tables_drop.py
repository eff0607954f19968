"""dropTable without purge; what purge does is in test_purge.py."""

from pathlib import Path

import bodies


def test_drop__forgets_the_table_and_leaves_its_files(api, namespace):
    made = api.create_table(namespace, bodies.table("t")).json()
    api.call("dropTable", namespace=namespace, table="t", expect=204)
    api.load_table(namespace, "t", expect=(404, "NoSuchTableException"))
    assert Path(made["metadata-location"].removeprefix("file://")).exists()


def test_drop__without_purge_ignores_gc_enabled(api, namespace):
    api.create_table(namespace, bodies.table("t", properties={"gc.enabled": "false"}))
    api.call("dropTable", namespace=namespace, table="t", query={"purgeRequested": "false"},
             expect=204)


def test_drop__of_a_missing_table_is_not_found(api, namespace):
    answer = api.call("dropTable", namespace=namespace, table="no",
                      expect=(404, "NoSuchTableException"))
    assert answer.error["message"] == f"Table does not exist: {namespace}.no"


def test_drop__of_a_view_is_no_table(api, namespace):
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    api.call("dropTable", namespace=namespace, table="v", expect=(404, "NoSuchTableException"))
    api.call("viewExists", namespace=namespace, view="v", expect=204)


def test_drop__with_a_bad_purge_flag_is_refused(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    api.call("dropTable", namespace=namespace, table="t", query={"purgeRequested": "perhaps"},
             expect=(400, "BadRequestException"))
    api.call("tableExists", namespace=namespace, table="t", expect=204)


def test_drop__frees_the_name_and_gives_the_next_table_a_fresh_location(api, namespace):
    first = api.create_table(namespace, bodies.table("t")).json()
    api.call("dropTable", namespace=namespace, table="t", expect=204)
    second = api.create_table(namespace, bodies.table("t")).json()
    assert second["metadata"]["table-uuid"] != first["metadata"]["table-uuid"]
    assert second["metadata-location"] != first["metadata-location"]
    assert Path(first["metadata-location"].removeprefix("file://")).exists()
