"""Metadata may name any file in the world; a plan reads what the server's operator has opened."""

import copy
import shutil

import pytest
from pyiceberg.catalog.rest import RestCatalog

import planning_tables
from api import Api
from pyiceberg_traffic import catalog as pyiceberg_catalog

OUTSIDE = (403, "ForbiddenException")


@pytest.fixture
def own(own_server, contract, tmp_path):
    """A server with a directory of its own beside the warehouse, its client, and a source of
    manifests, all of them valid."""
    (tmp_path / "open").mkdir()
    server = own_server("--allow-location", f"file://{tmp_path}/open")
    api = Api(server.port, contract)
    api.data = server.data
    api.create_namespace("ns")
    with pyiceberg_catalog(server, contract) as client:
        source = client.create_table("ns.source", planning_tables.SCHEMA)
        source.append(planning_tables.rows(1, 5))
        [manifest] = source.current_snapshot().manifests(source.io)
        yield api, client, manifest
    api.close()


def local_path(location):
    return location.removeprefix("file:").replace("///", "/")


def make_table(client, name, manifest, directory=None, list_directory=None):
    """A table whose manifest lies in `directory`, and its list in `list_directory`."""
    table = client.create_table(f"ns.{name}", planning_tables.SCHEMA)
    inside = f"{table.location()}/metadata"
    moved = copy.deepcopy(manifest)
    moved[0] = f"{directory or inside}/m-{name}.avro"
    shutil.copy(local_path(manifest.manifest_path), local_path(moved[0]))
    location = f"{list_directory or inside}/list-{name}.avro"
    planning_tables.first_snapshot(client, table, [moved], location)
    return moved[0], location


def plan(api, name, expect):
    return api.call("planTableScan", namespace="ns", table=name, json={}, expect=expect)


def check_refused(api, name, path):
    answer = plan(api, name, OUTSIDE)
    assert path in answer.error["message"] and "--allow-location" in answer.error["message"]
    answer = api.call("explainPlan", warehouse="default", namespace="ns", table=name, json={},
                      expect=OUTSIDE)
    assert path in answer.error["message"]


def test_manifest__outside_of_what_is_open_is_not_read(own, tmp_path):
    api, client, manifest = own
    closed = f"file://{tmp_path}"
    path, _ = make_table(client, "m", manifest, directory=closed)
    check_refused(api, "m", path)
    _, path = make_table(client, "l", manifest, list_directory=closed)
    check_refused(api, "l", path)
    answer = api.call("listManifests", warehouse="default", namespace="ns", table="l",
                      expect=OUTSIDE)
    assert path in answer.error["message"]


def test_manifest__of_another_spelling_is_judged_by_where_it_lies(own, tmp_path):
    api, client, manifest = own
    make_table(client, "t", manifest, directory=f"file:{tmp_path}/open")
    assert len(plan(api, "t", 200).json()["file-scan-tasks"]) == 1
    path, _ = make_table(client, "u", manifest, directory=f"file://{tmp_path}/open/../")
    check_refused(api, "u", path)


def test_manifest__that_is_missing_outside_is_not_told_from_one_that_is_there(own, tmp_path):
    api, client, manifest = own
    path, _ = make_table(client, "t", manifest, directory=f"file://{tmp_path}")
    before = plan(api, "t", OUTSIDE).error["message"]
    (tmp_path / "m-t.avro").unlink()
    assert plan(api, "t", OUTSIDE).error["message"] == before


def test_manifest__in_memory_from_the_plan_of_another_is_not_used(own):
    """What one warehouse's plans have read, those of another must not get from the cache."""
    api, client, _ = own
    api.call("createWarehouse", expect=200, json={
        "name": "second", "location": f"file://{api.data}/second"})
    second = RestCatalog("second", uri=f"http://127.0.0.1:{api.port}", warehouse="second")
    second.create_namespace("ns")
    table = second.create_table("ns.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(1, 5))
    [theirs] = table.current_snapshot().manifests(table.io)
    assert api.call("planTableScan", prefix="second", namespace="ns", table="t", json={},
                    expect=200).json()["file-scan-tasks"]
    ours = client.create_table("ns.t", planning_tables.SCHEMA)
    planning_tables.first_snapshot(client, ours, [theirs], f"{ours.location()}/metadata/list.avro")
    check_refused(api, "t", theirs.manifest_path)
