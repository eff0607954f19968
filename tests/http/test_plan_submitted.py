"""Plans that are made behind and polled for, where the operator has turned that on."""

import sqlite3
import time

import pytest

import bodies
import planning_tables
from api import Api
from pyiceberg_traffic import catalog as pyiceberg_catalog

GONE = (404, "NoSuchPlanIdException")
POLL_LIMIT_S = 60


@pytest.fixture
def submits(own_server, contract):
    """A server that submits plans of more than two files, its client, and a table of six."""
    server = own_server("--plan-submit-files", "2")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    with pyiceberg_catalog(server, contract) as client:
        table = client.create_table("ns.t", planning_tables.SCHEMA)
        for seed in range(6):
            table.append(planning_tables.rows(seed, 4))
        yield server, api, client
    api.close()


def call(api, operation_id, expect=200, table="t", **more):
    return api.call(operation_id, namespace="ns", table=table, expect=expect, **more)


def submit(api, body=None):
    answer = call(api, "planTableScan", json=body or {}).json()
    assert answer.keys() == {"status", "plan-id"} and answer["status"] == "submitted"
    return answer["plan-id"]


def fetch(api, plan_id, expect=200):
    return call(api, "fetchPlanningResult", expect=expect, plan_id=plan_id)


def poll(api, plan_id):
    """The first answer that is another than "submitted"."""
    deadline = time.monotonic() + POLL_LIMIT_S
    while (answer := fetch(api, plan_id).json()) == {"status": "submitted"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def paths(answer):
    return sorted(task["data-file"]["file-path"] for task in answer["file-scan-tasks"])


def local_paths(table, **scan):
    return sorted(task.file.file_path for task in table.scan(**scan).plan_files())


def edit(server, statement, *values):
    """Changes the database of a server that is stopped; how many rows."""
    with sqlite3.connect(server.data / "firn.db") as database:
        return database.execute(statement, values).rowcount


def in_order(answer):
    """Threads read manifests side by side: the tasks of a plan come in any order."""
    tasks = sorted(answer["file-scan-tasks"], key=lambda task: task["data-file"]["file-path"])
    return {**answer, "file-scan-tasks": tasks}


def test_submitted_plan__is_polled_for(submits):
    _, api, client = submits
    table = client.load_table("ns.t")
    for row_filter, body in (("id >= 0", {}), ("id < 60", {"filter": {
            "type": "lt", "term": "id", "value": 60}, "stats-fields": ["id"]})):
        plan_id = submit(api, body)
        assert len(plan_id) <= 200
        answer = poll(api, plan_id)
        assert answer["status"] == "completed" and "plan-id" not in answer
        assert paths(answer) == local_paths(table, row_filter=row_filter) != []
        assert in_order(poll(api, plan_id)) == in_order(answer)  # as often as it is asked for


def test_small_plan__is_answered_at_once(submits):
    _, api, client = submits
    table = client.create_table("ns.small", planning_tables.SCHEMA)
    for expected in range(3):
        answer = call(api, "planTableScan", table="small", json={}).json()
        assert answer["status"] == "completed" and len(answer["file-scan-tasks"]) == expected
        table.append(planning_tables.rows(expected, 4))
    assert call(api, "planTableScan", table="small", json={}).json()["status"] == "submitted"


def test_submitted_plan__stays_with_its_snapshot_and_schema(submits):
    _, api, client = submits
    table = client.load_table("ns.t")
    expected = local_paths(table, row_filter="x > 0.0")
    plan_id = submit(api, {"filter": {"type": "gt", "term": "x", "value": 0.0}})
    with table.update_schema() as update:
        update.rename_column("x", "y")
    table.append(planning_tables.rows(9, 4).rename_columns(["id", "name", "ts", "y", "point"]))
    assert paths(poll(api, plan_id)) == expected


def test_large_submitted_plan__comes_in_parts(own_server, contract):
    server = own_server("--plan-submit-files", "1", "--plan-files", "2")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    with pyiceberg_catalog(server, contract) as client:
        table = client.create_table("ns.t", planning_tables.SCHEMA)
        for seed in range(5):
            table.append(planning_tables.rows(seed, 4))
        answer = poll(api, submit(api))
        found = []
        for task in answer["plan-tasks"]:
            found += paths(call(api, "fetchScanTasks", json={"plan-task": task}).json())
        assert sorted(found) == local_paths(table)
    api.close()


def test_submitted_plan__outlives_the_server(submits, own_server, contract):
    server, api, client = submits
    expected = local_paths(client.load_table("ns.t"))
    plan_id = submit(api)
    api.close()
    server.stop()
    # As a server leaves it that died before it was done.
    assert edit(server, "UPDATE submitted_plans SET state = 0") == 1
    again = own_server()  # without the option: what was promised is kept
    api = Api(again.port, contract)
    assert fetch(api, plan_id).json() == {"status": "submitted"}
    assert paths(poll(api, plan_id)) == expected
    api.close()


def test_submitted_plan__that_fails_says_why(submits):
    _, api, client = submits
    table = client.load_table("ns.t")
    manifest = table.current_snapshot().manifests(table.io)[0]
    table.io.delete(manifest.manifest_path)
    plan_id = submit(api)
    answer = poll(api, plan_id)
    assert answer.keys() == {"status", "error"} and answer["status"] == "failed"
    assert answer["error"]["type"] == "NotFoundException" and answer["error"]["code"] == 404
    assert manifest.manifest_path in answer["error"]["message"]
    call(api, "cancelPlanning", plan_id=plan_id, expect=204)
    assert poll(api, plan_id) == answer
    # What is wrong with the request is said at once.
    call(api, "planTableScan", expect=400, json={"filter": {"type": "is-null", "term": "none"}})


def test_cancelled_plan__is_cancelled(submits):
    _, api, _ = submits
    plan_id, other = submit(api), submit(api)
    for _ in range(2):
        call(api, "cancelPlanning", plan_id=plan_id, expect=204)
        assert fetch(api, plan_id).json() == {"status": "cancelled"}
    assert poll(api, other)["status"] == "completed"
    call(api, "cancelPlanning", plan_id=other, expect=204)
    assert fetch(api, other).json() == {"status": "cancelled"}


def test_plan_id__of_another_table_or_a_dropped_one_is_none(submits):
    _, api, client = submits
    plan_id = submit(api)
    api.create_table("ns", bodies.table("other"))
    call(api, "fetchPlanningResult", table="other", plan_id=plan_id, expect=GONE)
    call(api, "cancelPlanning", table="other", plan_id=plan_id, expect=GONE)
    poll(api, plan_id)
    client.drop_table("ns.t")
    fetch(api, plan_id, expect=(404, "NoSuchTableException"))


def test_completed_plan__of_a_snapshot_that_is_gone_is_none(submits):
    _, api, client = submits
    plan_id = submit(api)
    poll(api, plan_id)
    table = client.load_table("ns.t")
    old = table.current_snapshot().snapshot_id
    table.append(planning_tables.rows(9, 4))
    table.maintenance.expire_snapshots().by_id(old).commit()
    fetch(api, plan_id, expect=GONE)


def test_expired_plan__is_gone(submits, own_server, contract):
    server, api, _ = submits
    plan_id = submit(api)
    poll(api, plan_id)
    api.close()
    server.stop()
    assert edit(server, "UPDATE submitted_plans SET expires_ms = 1") == 1
    again = own_server("--plan-submit-files", "2")
    api = Api(again.port, contract)
    fetch(api, plan_id, expect=GONE)
    call(api, "cancelPlanning", plan_id=plan_id, expect=204)  # as for any id that was given
    newer = submit(api)
    poll(api, newer)
    api.close()
    again.stop()
    # The next one has swept it away.
    assert edit(again, "UPDATE submitted_plans SET expires_ms = 2") == 1


def test_large_request__is_planned_at_once(submits):
    """No row of the database may become as large as a request."""
    _, api, _ = submits
    long = {"type": "not-eq", "term": "name", "value": "x" * 300_000}
    answer = call(api, "planTableScan", json={"filter": long}).json()
    assert answer["status"] == "completed" and len(answer["file-scan-tasks"]) == 6


def test_rows__past_the_limit_are_planned_at_once(submits, own_server, contract):
    server, api, _ = submits
    plan_id = submit(api)
    poll(api, plan_id)
    api.close()
    server.stop()
    later = time.time_ns() // 10 ** 6 + 10 ** 6
    edit(server, """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9998)
                    INSERT INTO submitted_plans SELECT 'x' || i, 1, '', '', ? FROM n""", later)
    again = own_server("--plan-submit-files", "2")
    api = Api(again.port, contract)
    submit(api)  # the ten thousandth
    assert call(api, "planTableScan", json={}).json()["status"] == "completed"
    api.close()


def test_counters__tell_submitted_plans(submits):
    _, api, _ = submits

    def counters():
        return api.call("getCounters", expect=200).json()["counters"]

    before = counters()
    poll(api, submit(api))
    cancelled = submit(api)
    call(api, "cancelPlanning", plan_id=cancelled, expect=204)
    after = counters()
    grown = {name: after[name] - before[name] for name in after}
    assert grown["plans-started"] == grown["plans-submitted"] == 2
    assert grown["plans-completed"] in (1, 2) and grown["plans-failed"] == 0
    assert grown["file-tasks-written"] == 6  # of the answer, not of the job
