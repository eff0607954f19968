"""Plans, their parts, polls, cancellations, hang-ups and commits, all at once over HTTP: what the
sanitizers of a build have to say comes from this. Each plan is still that of one snapshot."""

import json
import socket
import threading

import pytest

import planning_tables
from api import Api
from pyiceberg_traffic import catalog as pyiceberg_catalog

ROUNDS = 30
APPENDS = 10
ROWS = 3


def call(api, operation_id, expect=200, **more):
    return api.call(operation_id, namespace="ns", table="t", expect=expect, **more)


def result_of(api, answer):
    """The answer, or what polling for it gives in the end."""
    plan_id = answer["plan-id"]
    while answer["status"] == "submitted":
        answer = call(api, "fetchPlanningResult", plan_id=plan_id).json()
    return answer


def count_rows(api):
    answer = call(api, "planTableScan", json={}).json()
    result = result_of(api, answer)
    tasks = result.get("file-scan-tasks", [])
    for token in result.get("plan-tasks", []):
        tasks += call(api, "fetchScanTasks", json={"plan-task": token}).json()["file-scan-tasks"]
    call(api, "cancelPlanning", plan_id=answer["plan-id"], expect=204)
    return sum(task["data-file"]["record-count"] for task in tasks)


def plan_often(api, *_):
    for _ in range(ROUNDS):
        rows = count_rows(api)
        assert rows % ROWS == 0 and ROWS <= rows <= (1 + APPENDS) * ROWS


def cancel_often(api, *_):
    for _ in range(ROUNDS):
        answer = call(api, "planTableScan", json={}).json()
        call(api, "cancelPlanning", plan_id=answer["plan-id"], expect=204)
        if answer["status"] == "submitted":
            assert call(api, "fetchPlanningResult", plan_id=answer["plan-id"]).json() == {
                "status": "cancelled"}


def hang_up_often(api, *_):
    body = json.dumps({"filter": True}).encode()
    head = (f"POST {api.target('planTableScan', namespace='ns', table='t')} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    for number in range(2 * ROUNDS):
        with socket.create_connection(("127.0.0.1", api.port)) as connection:
            connection.sendall(head + body)
            if number % 2:
                connection.recv(100)


def commit_often(_, client):
    table = client.load_table("ns.t")
    for seed in range(APPENDS):
        table.append(planning_tables.rows(seed, ROWS))


@pytest.mark.parametrize("options", [[], ["--plan-files", "2", "--cache-size", "0"],
                                     ["--plan-submit-files", "1", "--plan-files", "3"]])
def test_plans__commits_and_cancellations_go_together(own_server, contract, options):
    server = own_server("--plan-threads", "2", "--workers", "4", *options)
    api = Api(server.port, contract)
    api.create_namespace("ns")
    failures = []

    def run(work, client):
        one = api.clone()
        try:
            work(one, client)
        except BaseException as failure:
            failures.append(failure)
        finally:
            one.close()

    with pyiceberg_catalog(server, contract) as client:
        client.create_table("ns.t", planning_tables.SCHEMA).append(planning_tables.rows(0, ROWS))
        threads = [threading.Thread(target=run, args=(work, client))
                   for work in (plan_often, plan_often, cancel_often, hang_up_often, commit_often)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures, failures
    assert count_rows(api) == (1 + APPENDS) * ROWS
    api.close()
    server.stop()
    server.check_reports()
