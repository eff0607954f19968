"""Scans planned by the server name the files that PyIceberg's own planning names."""

import json
import threading

import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.expressions import (AlwaysTrue, And, EqualTo, GreaterThan, GreaterThanOrEqual, In,
                                   IsNaN, IsNull, LessThan, LessThanOrEqual, Not, NotEqualTo,
                                   NotIn, NotNaN, NotNull, NotStartsWith, Or, StartsWith)
from pyiceberg.expressions.visitors import bind
from pyiceberg.io.pyarrow import expression_to_pyarrow
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.table import DataScan
from pyiceberg.transforms import BucketTransform, IdentityTransform

import bodies
import planning_tables
from api import Api
from pyiceberg_traffic import catalog as pyiceberg_catalog

FILTERS = [
    AlwaysTrue(),
    EqualTo("id", 25), EqualTo("id", 5), NotEqualTo("id", 25), LessThan("id", 30),
    LessThanOrEqual("id", 199), GreaterThan("id", 190), GreaterThanOrEqual("id", 500),
    In("id", {21, 77, 150}), NotIn("id", {21, 77, 150}),
    EqualTo("name", "apple"), StartsWith("name", "ap"), NotStartsWith("name", "ap"),
    EqualTo("name", "ä"), EqualTo("name", ""), GreaterThan("name", "blue"), IsNull("name"),
    NotNull("name"), In("name", {"blue", "cherry"}), NotIn("name", {"apple", "banana"}),
    EqualTo("ts", "2024-01-02T03:00:00"), GreaterThan("ts", "2024-01-05T12:00:00"),
    LessThan("ts", "2024-01-01T00:00:00"),
    And(GreaterThanOrEqual("ts", "2024-01-02T00:00:00"), LessThan("ts", "2024-01-03T00:00:00")),
    IsNaN("amount"), NotNaN("amount"), GreaterThan("amount", 1e8), LessThan("amount", -5.0),
    IsNull("amount"), EqualTo("extra", 3), IsNull("extra"), NotNull("extra"),
    GreaterThan("point.lat", 80.0), IsNull("point.lat"),
    Or(EqualTo("id", 33), And(EqualTo("name", "cherry"), GreaterThan("id", 150))),
    Not(Or(LessThan("id", 100), StartsWith("name", "b"))),
    And(EqualTo("id", 44), EqualTo("name", "nobody")),
]


@pytest.fixture
def client(server, contract):
    with pyiceberg_catalog(server, contract) as plain:
        yield plain


def planner(server):
    """A PyIceberg catalog that lets the server plan."""
    return RestCatalog("planner", uri=f"http://127.0.0.1:{server.port}",
                       **{"scan-planning-mode": "server"})


@pytest.fixture
def evolved(client, namespace):
    return planning_tables.evolved_table(client, f"{namespace}.t")


def plan(api, namespace, body, table="t", expect=200):
    return api.call("planTableScan", namespace=namespace, table=table, json=body,
                    expect=expect).json()


def paths(answer):
    return sorted(task["data-file"]["file-path"] for task in answer["file-scan-tasks"])


def local_paths(table, **scan):
    return sorted(task.file.file_path for task in table.scan(**scan).plan_files())


def count_matches(table, path, expression):
    bound = bind(table.schema(), expression, case_sensitive=True)
    return pq.read_table(path.removeprefix("file://"), partitioning=None).filter(
        expression_to_pyarrow(bound)).num_rows


def filter_json(expression):
    return json.loads(expression.model_dump_json())


# --- the same files as a client that plans by itself -----------------------------------------------

def test_plan__names_the_files_that_pyiceberg_finds(api, namespace, evolved):
    assert len(evolved.specs()) == 2 and len(evolved.schemas()) == 2
    total = len(paths(plan(api, namespace, {})))
    pruned = 0
    for expression in FILTERS:
        got = paths(plan(api, namespace, {"filter": filter_json(expression)}))
        wanted = set(local_paths(evolved, row_filter=expression))
        assert len(got) == len(set(got)) and set(got) <= wanted, expression
        # PyIceberg keeps a file of a single value that a negation rules out.
        for path in wanted - set(got):
            assert isinstance(expression, (Not, NotEqualTo, NotIn, NotStartsWith)), expression
            assert count_matches(evolved, path, expression) == 0
        pruned += total - len(got)
    assert pruned > total  # the filters are of use


def test_plan__of_every_snapshot_is_that_snapshots(api, namespace, evolved):
    for snapshot in evolved.snapshots():
        answer = plan(api, namespace, {"snapshot-id": snapshot.snapshot_id,
                                       "use-snapshot-schema": True})
        assert paths(answer) == local_paths(evolved, snapshot_id=snapshot.snapshot_id)


def test_pyiceberg__reads_the_same_rows_by_the_servers_plan(server, client, namespace,
                                                            monkeypatch):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA,
                                partition_spec=planning_tables.BY_DAY_AND_BUCKET)
    for seed in range(3):
        table.append(planning_tables.rows(seed, 30))
    remote = planner(server).load_table(f"{namespace}.t")
    scans = []
    for expression in (AlwaysTrue(), EqualTo("id", 25), IsNull("name"), StartsWith("name", "ap"),
                       GreaterThan("ts", "2024-01-04T12:00:00"), IsNaN("x")):
        scans.append((expression, table.scan(row_filter=expression).to_arrow().to_pylist()))
    assert any(expected for _, expected in scans)

    def refuse(self):
        raise AssertionError("the client planned by itself")

    monkeypatch.setattr(DataScan, "_plan_files_local", refuse)
    for expression, expected in scans:
        got = remote.scan(row_filter=expression).to_arrow().to_pylist()
        assert sorted(map(str, got)) == sorted(map(str, expected)), expression


# --- what a task says ------------------------------------------------------------------------------

def test_task__has_partition_sizes_and_a_residual(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA,
                                partition_spec=planning_tables.BY_DAY_AND_BUCKET)
    table.append(planning_tables.rows(1, 30))
    day = {"type": "and", "left": {"type": "gt-eq", "term": "ts", "value": "2024-01-02T00:00:00"},
           "right": {"type": "lt", "term": "ts", "value": "2024-01-03T00:00:00"}}
    later = {"type": "gt-eq", "term": "ts", "value": "2024-01-02T12:00:00"}
    files = {task.file.file_path: task.file for task in table.scan().plan_files()}
    answer = plan(api, namespace, {"filter": day})
    assert answer["file-scan-tasks"]
    for task in answer["file-scan-tasks"]:
        file = files[task["data-file"]["file-path"]]
        assert task["residual-filter"] is True  # the partition proves the whole filter
        assert task["data-file"]["partition"] == ["2024-01-02", file.partition[1]]
        assert task["data-file"]["record-count"] == file.record_count
        assert task["data-file"]["file-size-in-bytes"] == file.file_size_in_bytes
        assert task["data-file"]["split-offsets"] == file.split_offsets
        assert "value-counts" not in task["data-file"]
    residuals = {task["data-file"]["partition"][0]: task["residual-filter"]
                 for task in plan(api, namespace, {"filter": later})["file-scan-tasks"]}
    assert residuals.pop("2024-01-02") == later
    assert residuals and set(residuals.values()) == {True}


def test_stats_fields__come_where_they_are_asked_for_and_only_they(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(1, 30))
    [file] = [task.file for task in table.scan().plan_files()]
    answer = plan(api, namespace, {"stats-fields": ["id", "point.lat"],
                                   "filter": {"type": "not-null", "term": "name"}})
    [task] = answer["file-scan-tasks"]
    counts = task["data-file"]["value-counts"]
    assert dict(zip(counts["keys"], counts["values"])) == {key: file.value_counts[key]
                                                          for key in (1, 6)}
    bounds = task["data-file"]["lower-bounds"]
    assert dict(zip(bounds["keys"], bounds["values"])) == {
        key: bound.hex().upper() for key, bound in file.lower_bounds.items() if key in (1, 6)}


def test_null_partition__is_null_in_its_place(api, client, namespace):
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "name_part"),
                         PartitionField(1, 1001, BucketTransform(1), "id_bucket"))
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA, partition_spec=spec)
    table.append(planning_tables.rows(1, 30))
    answer = plan(api, namespace, {"filter": {"type": "is-null", "term": "name"}})
    assert [task["data-file"]["partition"] for task in answer["file-scan-tasks"]] == [[None, 0]]
    named = plan(api, namespace, {"filter": {"type": "eq", "term": "name", "value": "\u00e4"}})
    assert [task["data-file"]["partition"] for task in named["file-scan-tasks"]] == [["ä", 0]]


def test_min_rows__stops_when_they_are_there(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    for seed in range(4):
        table.append(planning_tables.rows(seed, 10))
    # Also where the manifests are read by several threads: they do not come in the same order.
    found = [len(paths(plan(api, namespace, {"min-rows-requested": 15}))) for _ in range(200)]
    assert found == [2] * 200
    assert len(paths(plan(api, namespace, {"min-rows-requested": 1000}))) == 4
    # A filter may leave fewer rows of a file: no file is held back then.
    unsure = {"min-rows-requested": 1, "filter": {"type": "gt", "term": "id", "value": 50}}
    assert len(paths(plan(api, namespace, unsure))) == 4


# --- deletes ---------------------------------------------------------------------------------------

def test_deletes__are_attached_to_the_files_that_they_apply_to(api, server, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(1, 10))
    table.append(planning_tables.rows(2, 10))
    first, second = sorted((task.file for task in table.scan().plan_files()),
                           key=lambda file: file.file_path)
    table = planning_tables.add_deletes(client, table, [
        planning_tables.position_deletes(table, first, [0, 3], "pos"),
        planning_tables.equality_deletes(table, planning_tables.NO_PARTITION, [100000], "far"),
        planning_tables.equality_deletes(table, planning_tables.NO_PARTITION, [0, 199], "near")])
    table.append(planning_tables.rows(3, 10))  # newer than the deletes
    answer = plan(api, namespace, {})
    deletes = [file["file-path"].rpartition("/")[2] for file in answer["delete-files"]]
    assert sorted(deletes) == ["near.parquet", "pos.parquet"]  # no file holds an id of the third
    told = {task["data-file"]["file-path"]:
            sorted(deletes[i] for i in task.get("delete-file-references", []))
            for task in answer["file-scan-tasks"]}
    assert told.pop(first.file_path) == ["near.parquet", "pos.parquet"]
    assert told.pop(second.file_path) == ["near.parquet"]
    assert list(told.values()) == [[]]
    near = answer["delete-files"][deletes.index("near.parquet")]
    assert near["content"] == "equality-deletes" and near["equality-ids"] == [1]
    # "Delete files are only returned with tasks that reference them", and the filter rules them out.
    answer = plan(api, namespace, {"filter": {"type": "eq", "term": "id", "value": 100000}})
    assert answer["file-scan-tasks"] == [] and "delete-files" not in answer


def test_position_deletes__are_applied_by_pyiceberg(server, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(1, 10))
    [file] = [task.file for task in table.scan().plan_files()]
    table = planning_tables.add_deletes(client, table, [
        planning_tables.position_deletes(table, file, [0, 3], "pos")])
    remote = planner(server).load_table(f"{namespace}.t")
    expected = table.scan().to_arrow().to_pylist()
    assert len(expected) == 8
    assert str(remote.scan().to_arrow().to_pylist()) == str(expected)


# --- ranges of appends -----------------------------------------------------------------------------

def test_range__is_of_appends_after_its_start(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    files = [set()]
    for seed in range(4):
        table.append(planning_tables.rows(seed, 5))
        files.append(set(local_paths(table)))
    ids = [snapshot.snapshot_id for snapshot in table.snapshots()]

    def planned(start, end):
        return set(paths(plan(api, namespace, {"start-snapshot-id": ids[start],
                                               "end-snapshot-id": ids[end]})))

    assert planned(0, 3) == files[4] - files[1]
    assert planned(1, 2) == files[3] - files[2]
    assert planned(2, 2) == set()


def test_range__leaves_out_what_a_deletion_rewrote(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(1, 20))
    before = set(local_paths(table))
    table.append(planning_tables.rows(2, 20))
    added = set(local_paths(table)) - before
    table.delete("id < 100")
    ids = [snapshot.snapshot_id for snapshot in table.snapshots()]
    answer = plan(api, namespace, {"start-snapshot-id": ids[0], "end-snapshot-id": ids[-1]})
    assert set(paths(answer)) == added


def test_plans__made_while_others_commit_are_of_one_snapshot(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(0, 5))
    answers, is_over = [], threading.Event()

    def keep_planning(one):
        while not is_over.is_set():
            answers.append(paths(plan(one, namespace, {})))
        one.close()

    threads = [threading.Thread(target=keep_planning, args=(api.clone(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seed in range(1, 6):
        table.append(planning_tables.rows(seed, 5))
    is_over.set()
    for thread in threads:
        thread.join()
    whole = [local_paths(table, snapshot_id=one.snapshot_id) for one in table.snapshots()]
    assert len(whole) == 6 and len(answers) > 6
    for answer in answers:
        assert answer in whole


# --- what the client gets wrong --------------------------------------------------------------------

def wrong_requests(ids):
    def range_of(start, end):
        return {"start-snapshot-id": start, "end-snapshot-id": end}

    return [
        ({"filter": {"type": "eq", "term": "nope", "value": 1}}, "nope"),
        ({"filter": {"type": "eq", "term": "id", "value": "x"}}, "id"),
        ({"filter": {"type": "like", "term": "id", "value": "x"}}, "like"),
        ({"filter": {"type": "eq", "term": "ID", "value": 1}}, "ID"),
        ({"filter": 17}, "17"),
        ({"select": ["id", "nope"]}, "nope"),
        ({"select": [1]}, "select"),
        ({"stats-fields": ["nope"]}, "nope"),
        ({"snapshot-id": 4711}, "4711"),
        ({"snapshot-id": "x"}, "snapshot-id"),
        ({"start-snapshot-id": ids[0]}, "end-snapshot-id"),
        ({"end-snapshot-id": ids[0]}, "start-snapshot-id"),
        (range_of(ids[1], ids[0]), "ancestor"),
        (range_of(4711, ids[1]), "ancestor"),
        (range_of(ids[0], 4711), "4711"),
        ({**range_of(ids[0], ids[1]), "snapshot-id": ids[1]}, "both"),
        ({"min-rows-requested": -1}, "min-rows-requested"),
        ({"case-sensitive": "yes"}, "case-sensitive"),
        ([], "object"),
    ]


def test_wrong_request__is_refused_with_what_is_wrong(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    for seed in range(2):
        table.append(planning_tables.rows(seed, 5))
    ids = [snapshot.snapshot_id for snapshot in table.snapshots()]
    for body, word in wrong_requests(ids):
        answer = api.call("planTableScan", namespace=namespace, table="t", json=body)
        assert answer.status == 400, (body, answer)
        assert word in answer.error["message"], (body, answer)
    insensitive = {"filter": {"type": "lt-eq", "term": "ID", "value": 200}, "select": ["NAME"],
                   "case-sensitive": False}
    assert len(paths(plan(api, namespace, insensitive))) == 2


def test_table__that_is_not_there(api, namespace):
    for operation_id, body in (("planTableScan", {}), ("fetchScanTasks", {"plan-task": "x"}),
                               ("fetchPlanningResult", None), ("cancelPlanning", None)):
        api.call(operation_id, namespace=namespace, table="none", plan_id="p", json=body,
                 expect=(404, "NoSuchTableException"))


def test_empty_table__has_an_empty_plan(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    answer = plan(api, namespace, {})
    assert answer["status"] == "completed" and answer["file-scan-tasks"] == []


def test_missing_manifest__is_named(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(1, 5))
    [manifest] = table.current_snapshot().manifests(table.io)
    table.io.delete(manifest.manifest_path)
    answer = api.call("planTableScan", namespace=namespace, table="t", json={},
                      expect=(404, "NotFoundException"))
    assert manifest.manifest_path in answer.error["message"]


def test_damaged_manifest__is_named(api, client, namespace):
    table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
    table.append(planning_tables.rows(1, 5))
    [manifest] = table.current_snapshot().manifests(table.io)
    path = manifest.manifest_path.removeprefix("file://")
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data[:-30])
    answer = api.call("planTableScan", namespace=namespace, table="t", json={},
                      expect=(500, "CorruptDataException"))
    assert manifest.manifest_path in answer.error["message"]


# --- plan ids and plan tasks -----------------------------------------------------------------------

def test_plan_id__can_be_cancelled_and_has_no_result_left(api, namespace, unique):
    api.create_table(namespace, bodies.table("t"))
    api.create_table(namespace, bodies.table("other"))
    plan_id = plan(api, namespace, {})["plan-id"]
    assert len(plan_id) <= 200
    for _ in range(2):
        api.call("cancelPlanning", namespace=namespace, table="t", plan_id=plan_id, expect=204)
    missing = (404, "NoSuchPlanIdException")
    api.call("fetchPlanningResult", namespace=namespace, table="t", plan_id=plan_id,
             expect=missing)
    api.call("cancelPlanning", namespace=namespace, table="other", plan_id=plan_id, expect=missing)
    changed = plan_id[:-5] + ("A" if plan_id[-5] != "A" else "B") + plan_id[-4:]
    for wrong in ("x", changed, plan_id + "AAAA", "not base64!", "é"):
        for operation_id in ("cancelPlanning", "fetchPlanningResult"):
            api.call(operation_id, namespace=namespace, table="t", plan_id=wrong, expect=missing)


def fetch_all(api, namespace, answer):
    """Every part of an answer, and how many files each had."""
    found, sizes = [], []
    for task in answer["plan-tasks"]:
        part = api.call("fetchScanTasks", namespace=namespace, table="t",
                        json={"plan-task": task}, expect=200).json()
        found += paths(part)
        sizes.append(len(paths(part)))
    return sorted(found), sizes


def test_large_plan__comes_in_parts_that_outlive_the_server_and_commits(own_server, contract):
    server = own_server("--plan-files", "5")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    with pyiceberg_catalog(server, contract) as client:
        table = client.create_table("ns.t", planning_tables.SCHEMA,
                                    partition_spec=planning_tables.BY_DAY_AND_BUCKET)
        for seed in range(4):
            table.append(planning_tables.rows(seed, 2))
        expression = GreaterThanOrEqual("ts", "2024-01-02T00:00:00")
        expected = local_paths(table, row_filter=expression)
        answer = plan(api, "ns", {"filter": filter_json(expression), "stats-fields": ["x"]})
        assert "file-scan-tasks" not in answer and len(answer["plan-tasks"]) > 1
        with table.update_schema() as update:
            update.rename_column("ts", "at")
        table.append(planning_tables.rows(5, 2).rename_columns(["id", "name", "at", "x",
                                                               "point"]))
        remote = planner(server).load_table("ns.t")
        assert sorted(task.file.file_path for task in remote.scan().plan_files()) == \
            local_paths(client.load_table("ns.t"))
    api.close()
    server.stop()
    again = own_server("--plan-files", "1000")
    api = Api(again.port, contract)
    found, sizes = fetch_all(api, "ns", answer)
    assert found == expected and max(sizes) <= 5
    check_wrong_tasks(api, answer["plan-tasks"][0])
    api.close()


def check_wrong_tasks(api, task):
    missing = (404, "NoSuchPlanTaskException")
    api.create_table("ns", bodies.table("other"))
    changed = task[:40] + ("A" if task[40] != "A" else "B") + task[41:]
    for wrong in ("", "x", changed, task[:-4], task + "AAAA", "é"):
        api.call("fetchScanTasks", namespace="ns", table="t", json={"plan-task": wrong},
                 expect=missing)
    api.call("fetchScanTasks", namespace="ns", table="other", json={"plan-task": task},
             expect=missing)
    api.call("fetchScanTasks", namespace="ns", table="t", json={}, expect=400)
    api.call("dropTable", namespace="ns", table="t", expect=204)
    api.call("fetchScanTasks", namespace="ns", table="t", json={"plan-task": task},
             expect=(404, "NoSuchTableException"))


# --- counters --------------------------------------------------------------------------------------

def counters(api):
    return api.call("getCounters", expect=200).json()["counters"]


def grown(before, after):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def test_counters__say_what_a_plan_did(fresh):
    server, api = fresh
    with pyiceberg_catalog(server, api.contract) as client:
        client.create_namespace("ns")
        planning_tables.evolved_table(client, "ns.t")
    before = counters(api)
    assert set(before.values()) == {0}
    files = len(plan(api, "ns", {})["file-scan-tasks"])
    after = counters(api)
    first = grown(before, after)
    assert first["plans-started"] == first["plans-completed"] == 1
    assert first["file-tasks-written"] == files > 0
    assert first["planning-files-read"] == first["manifests-read"] + 1
    assert first["planning-bytes-inflated"] > first["manifests-read"]
    assert set(first) == {"plans-started", "plans-completed", "file-tasks-written",
                          "manifests-read", "planning-files-read", "planning-bytes-read",
                          "planning-bytes-inflated",
                          "manifests-skipped"}  # those of files that were all deleted
    day = {"type": "eq", "term": "ts", "value": "2024-01-02T03:00:00"}
    kept = len(plan(api, "ns", {"filter": day})["file-scan-tasks"])
    second = grown(after, counters(api))
    assert second["files-skipped"] > 0 and kept < files
    assert second["manifests-read"] + second.get("manifests-skipped", 0) >= first["manifests-read"]


def test_counters__tell_whether_deletes_were_indexed_or_kept(fresh):
    server, api = fresh
    with pyiceberg_catalog(server, api.contract) as client:
        client.create_namespace("ns")
        table = client.create_table("ns.t", planning_tables.SCHEMA)
        table.append(planning_tables.rows(1, 30))
        [file] = [task.file for task in table.scan().plan_files()]
        table = planning_tables.add_deletes(client, table, [
            planning_tables.position_deletes(table, file, [0, 3], "pos")])
        for kept in (0, 1, 1):
            before = counters(api)
            tasks = plan(api, "ns", {})["file-scan-tasks"]
            assert [0] in [task.get("delete-file-references") for task in tasks]
            done = grown(before, counters(api))
            assert done.get("delete-indexes-built", 0) == 1 - kept
            assert done.get("delete-indexes-from-cache", 0) == kept
            if kept == 1:  # a commit that adds no deletes
                table.append(planning_tables.rows(2, 10))


def test_counters__tell_failed_plans_and_parts(own_server, contract):
    server = own_server("--plan-files", "1")
    api = Api(server.port, contract)
    with pyiceberg_catalog(server, contract) as client:
        client.create_namespace("ns")
        planning_tables.evolved_table(client, "ns.t")
    start = counters(api)
    tasks = plan(api, "ns", {})["plan-tasks"]
    for task in tasks:
        api.call("fetchScanTasks", namespace="ns", table="t", json={"plan-task": task}, expect=200)
    api.call("fetchScanTasks", namespace="ns", table="t", json={"plan-task": "x"}, expect=404)
    plan(api, "ns", {"filter": {"type": "eq", "term": "nothing", "value": 1}}, expect=400)
    plan(api, "ns", {}, table="missing", expect=404)
    done = grown(start, counters(api))
    assert done["plans-started"] == 2 and done["plans-completed"] == done["plans-failed"] == 1
    assert done["plan-tasks-written"] == len(tasks)
    assert done["plan-parts-started"] == len(tasks) + 1
    assert done["plan-parts-completed"] == len(tasks) and done["plan-parts-failed"] == 1
    api.close()
