"""/management/v1: warehouses, metrics reports, the change log, the purge queue."""

import pytest

import bodies
from api import Api


@pytest.fixture
def warehouse(api, server, unique):
    """A warehouse of the test's own: (name, location)."""
    name = unique("wh")
    location = f"file://{server.data}/{name}"
    api.call("createWarehouse", json={"name": name, "location": location}, expect=200)
    return name, location


def test_warehouses__are_made_shown_and_listed(api, warehouse):
    name, location = warehouse
    shown = api.call("loadWarehouse", warehouse=name, expect=200).json()
    assert shown == {"name": name, "location": location, "default": False, "properties": {}}
    listed = api.call("listWarehouses", expect=200).json()["warehouses"]
    assert shown in listed
    assert [one["name"] for one in listed if one["default"]] == ["default"]


def test_warehouses__keep_their_names_apart(api, contract, server, warehouse):
    name, location = warehouse
    other = Api(server.port, contract, prefix=name)
    other.create_namespace("same")
    made = other.create_table("same", bodies.table("t")).json()
    assert made["metadata"]["location"].startswith(location + "/")
    api.load_table("same", "t", expect=404)
    other.close()


def test_create__names_every_failure(api, unique, warehouse):
    name, location = warehouse
    answer = api.call("createWarehouse", json={"name": name, "location": location + "2"})
    assert (answer.status, answer.error["type"]) == (409, "AlreadyExistsException")
    for bad in ({}, [], {"name": unique("wh")}, {"location": location},
                {"name": 1, "location": location},
                {"name": "a/b", "location": location}, {"name": "", "location": location},
                {"name": "x" * 65, "location": location}, {"name": "..", "location": location},
                {"name": "namespaces", "location": location},
                {"name": unique("wh"), "location": "not a location"},
                {"name": unique("wh"), "location": "relative/path"},
                {"name": unique("wh"), "location": location + "3", "properties": {"a": 1}},
                {"name": unique("wh"), "location": location + "4", "default": "yes"}):
        answer = api.call("createWarehouse", json=bad)
        assert answer.status == 400, (bad, answer)


def test_alter__changes_properties_that_config_shows(api, warehouse):
    name, location = warehouse
    changed = api.call("alterWarehouse", warehouse=name, expect=200, json={
        "properties": {"defaults.clients": "4", "overrides.x": "y", "overrides.prefix": "no",
                       "secret": "z"}}).json()
    assert changed["location"] == location and changed["properties"]["secret"] == "z"
    config = api.send("GET", f"/v1/config?warehouse={name}").json()
    assert config["defaults"] == {"clients": "4"}
    assert config["overrides"]["x"] == "y" and config["overrides"]["prefix"] == name
    assert "secret" not in str(config)


def test_format_versions__of_a_warehouse_are_the_only_ones(api, contract, server, warehouse):
    """Rule 42: the list of allowed versions is asked at creation, registration and upgrade."""
    name, _ = warehouse
    api.call("alterWarehouse", warehouse=name, json={"properties": {
        "table-format-versions": "1,3"}}, expect=200)
    other = Api(server.port, contract, prefix=name)
    other.create_namespace("ns")
    answer = other.create_table("ns", bodies.table("t", properties={"format-version": "2"}),
                                expect=(400, "ValidationException"))
    assert answer.error["message"] == ("Format version 2 is not allowed in warehouse "
                                       f"{name}: use 1 or 3")
    other.create_table("ns", bodies.table("t", properties={"format-version": "1"}))
    upgrade = [{"action": "upgrade-format-version", "format-version": 2}]
    answer = other.commit("ns", "t", upgrade, expect=(400, "ValidationException"))
    assert answer.error["message"].endswith("use 1 or 3")
    gone = other.call("unregisterTable", namespace="ns", table="t", expect=200).json()
    api.call("alterWarehouse", warehouse=name, json={"properties": {
        "table-format-versions": "3"}}, expect=200)
    register = {"name": "t", "metadata-location": gone["metadata-location"]}
    answer = other.call("registerTable", namespace="ns", json=register,
                        expect=(400, "ValidationException"))
    assert answer.error["message"].endswith("use 3")
    assert other.create_table("ns", bodies.table("u")).json()["metadata"]["format-version"] == 3
    other.close()


@pytest.mark.parametrize("versions", ["", "4", "2,", "two", "2 3", "0,1"])
def test_format_versions__that_are_no_list_are_refused(api, warehouse, versions):
    """Rule 42: a list is checked where the warehouse gets it."""
    name, _ = warehouse
    answer = api.call("alterWarehouse", warehouse=name, json={"properties": {
        "table-format-versions": versions}}, expect=(400, "BadRequestException"))
    assert "table-format-versions" in answer.error["message"]
    shown = api.call("loadWarehouse", warehouse=name, expect=200).json()
    assert shown["properties"] == {}


def test_alter_load_remove__of_a_missing_warehouse(api):
    for operation_id, body in (("loadWarehouse", None), ("alterWarehouse", {"properties": {}}),
                               ("removeWarehouse", None)):
        api.call(operation_id, warehouse="nobody", json=body,
                 expect=(404, "NoSuchWarehouseException"))


def test_alter__can_move_the_default_mark(fresh):
    server, api = fresh
    api.call("createWarehouse", json={"name": "second", "location": f"file://{server.data}/second",
                                      "default": True}, expect=200)
    assert api.send("GET", "/v1/config").json()["overrides"]["prefix"] == "second"
    api.call("alterWarehouse", warehouse="default", json={"default": True}, expect=200)
    assert api.send("GET", "/v1/config").json()["overrides"]["prefix"] == "default"
    listed = api.call("listWarehouses", expect=200).json()["warehouses"]
    assert [one["name"] for one in listed if one["default"]] == ["default"]


def test_create__opens_no_place_that_the_operator_has_not_opened(own_server, contract, tmp_path):
    server = own_server("--allow-location", f"file://{tmp_path}/open")
    api = Api(server.port, contract)
    data = f"file://{server.data}"
    for place in ("/", "file:///", "file:///etc", f"file://{tmp_path}/closed", data,
                  f"{data}/.", f"file://{tmp_path}", f"{data}/firn.db", f"{data}/firn.db-wal"):
        api.call("createWarehouse", json={"name": "w", "location": place},
                 expect=(403, "ForbiddenException"))
        api.call("alterWarehouse", warehouse="default", json={"location": place},
                 expect=(403, "ForbiddenException"))
    for place in (f"{data}/warehouse", f"{data}/warehouse/ns"):
        api.call("createWarehouse", json={"name": "w", "location": place},
                 expect=(409, "ConflictException"))
    for name, place in (("v", f"{data}/mine"), ("w", f"file://{tmp_path}/open")):
        api.call("createWarehouse", json={"name": name, "location": place}, expect=200)
    api.call("createWarehouse", json={"name": "x", "location": f"file://{tmp_path}/open/x"},
             expect=(409, "ConflictException"))
    api.close()


def test_remove__wants_an_empty_warehouse_that_is_not_the_default(api, contract, server, warehouse):
    name, _ = warehouse
    other = Api(server.port, contract, prefix=name)
    other.create_namespace("ns")
    api.call("removeWarehouse", warehouse=name, expect=(409, "ConflictException"))
    other.call("dropNamespace", namespace="ns", expect=204)
    api.call("removeWarehouse", warehouse=name, expect=204)
    other.call("listNamespaces", expect=(404, "NoSuchWarehouseException"))
    api.call("removeWarehouse", warehouse="default", expect=(409, "ConflictException"))
    other.close()


def test_metrics__are_kept_newest_first(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    for report in (bodies.scan_report(), bodies.commit_report()):
        api.call("reportMetrics", namespace=namespace, table="t", json=report, expect=204)
    kept = api.call("listMetricsReports", warehouse="default", namespace=namespace, table="t",
                    expect=200).json()["reports"]
    assert [one["report"] for one in kept] == [bodies.commit_report(), bodies.scan_report()]
    one = api.call("listMetricsReports", warehouse="default", namespace=namespace, table="t",
                   query={"limit": "1"}, expect=200).json()["reports"]
    assert len(one) == 1


def test_metrics__are_bounded_for_each_table(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    for number in range(105):
        report = {**bodies.commit_report(), "snapshot-id": number}
        api.call("reportMetrics", namespace=namespace, table="t", json=report, expect=204)
    kept = api.call("listMetricsReports", warehouse="default", namespace=namespace, table="t",
                    query={"limit": "100"}, expect=200).json()["reports"]
    assert [one["report"]["snapshot-id"] for one in kept] == list(range(104, 4, -1))


def test_metrics__name_every_failure(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    for body in ({}, [], {"report-type": "scan-report"},
                 {**bodies.scan_report(), "report-type": "weather"},
                 {**bodies.commit_report(), "metrics": "x"},
                 {**bodies.commit_report(), "snapshot-id": "1"}):
        answer = api.call("reportMetrics", namespace=namespace, table="t", json=body)
        assert answer.status == 400, (body, answer)
    api.call("reportMetrics", namespace=namespace, table="no", json=bodies.scan_report(),
             expect=(404, "NoSuchTableException"))
    # Of a commit that will create the table: taken, and of no table that it could be kept with.
    api.call("reportMetrics", namespace=namespace, table="no", json=bodies.commit_report(), expect=204)
    big = {**bodies.scan_report(), "metadata": {"x": "y" * 300000}}
    api.call("reportMetrics", namespace=namespace, table="t", json=big,
             expect=(413, "PayloadTooLargeException"))
    api.call("listMetricsReports", warehouse="default", namespace=namespace, table="no",
             expect=(404, "NoSuchTableException"))


def test_changes__tell_every_change_in_order(fresh):
    _, api = fresh
    api.create_namespace("ns")
    made = api.create_table("ns", bodies.table("t")).json()
    changed = api.commit("ns", "t", [bodies.set_properties(a="1")]).json()
    api.call("createView", namespace="ns", json=bodies.view("v"), expect=200)
    api.call("dropTable", namespace="ns", table="t", expect=204)
    log = api.call("listChanges", expect=200).json()["changes"]
    told = [one for one in log if one["namespace"]]
    assert [one["operation"] for one in told] == ["createNamespace", "createTable", "updateTable",
                                                  "createView", "dropTable"]
    assert [one["sequence"] for one in log] == sorted({one["sequence"] for one in log})
    commit = told[2]
    assert commit["old-location"] == made["metadata-location"]
    assert commit["new-location"] == changed["metadata-location"]
    assert commit["uuid"] == made["metadata"]["table-uuid"] and commit["name"] == "t"
    assert commit["actor"] and commit["request-id"] and commit["time-ms"] > 1600000000000
    after = api.call("listChanges", query={"after": str(commit["sequence"])}, expect=200).json()
    assert [one["operation"] for one in after["changes"]] == ["createView", "dropTable"]
    few = api.call("listChanges", query={"limit": "1"}, expect=200).json()["changes"]
    assert few == log[:1]


def test_changes__know_nothing_of_refused_or_empty_changes(fresh):
    _, api = fresh
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    before = api.call("listChanges", expect=200).json()
    api.create_table("ns", bodies.table("t"), expect=409)
    api.commit("ns", "t", [bodies.set_ref(9)], expect=400)
    api.commit("ns", "t", [])
    assert api.call("listChanges", expect=200).json() == before


def test_changes_and_purges__refuse_bad_limits(api):
    for operation_id in ("listChanges", "listPurges"):
        for limit in ("0", "-1", "x", "10001", ""):
            api.call(operation_id, query={"limit": limit}, expect=(400, "BadRequestException"))
    api.call("listChanges", query={"after": "-1"}, expect=(400, "BadRequestException"))
    api.call("listChanges", query={"warehouse": "nobody"},
             expect=(404, "NoSuchWarehouseException"))
    own = api.call("listChanges", query={"warehouse": "default", "limit": "5"}, expect=200).json()
    assert len(own["changes"]) <= 5
