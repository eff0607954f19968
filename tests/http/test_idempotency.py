"""Idempotency-Key: a change that is asked for twice happens once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import bodies


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def twice(api, operation_id, expect, **arguments):
    """Sends the same request twice under one key; both answers, which must agree."""
    headers = key()
    first = api.call(operation_id, expect=expect, headers=headers, **arguments)
    second = api.call(operation_id, expect=expect, headers=headers, **arguments)
    assert second.status == first.status
    if first.body:
        assert second.json() == first.json()
    assert second.header("etag") == first.header("etag")
    return first


def names(namespace, name):
    return {"namespace": [namespace], "name": name}


def test_replay__of_namespace_changes(api, unique):
    name = unique("ns")
    twice(api, "createNamespace", 200, json={"namespace": [name], "properties": {"a": "1"}})
    twice(api, "updateProperties", 200, namespace=name,
          json={"removals": ["a", "z"], "updates": {"b": "2"}})
    twice(api, "dropNamespace", 204, namespace=name)


def test_replay__of_a_key_in_another_case(api, namespace):
    text = str(uuid.uuid4())
    body = bodies.table("t")
    answers = [api.call("createTable", expect=200, namespace=namespace, json=body,
                        headers={"Idempotency-Key": key}).json()
               for key in (text.upper(), text, text.upper())]
    assert answers[0] == answers[1] == answers[2]


def test_replay__of_table_changes(api, namespace):
    made = twice(api, "createTable", 200, namespace=namespace, json=bodies.table("t")).json()
    twice(api, "updateTable", 200, namespace=namespace, table="t",
          json={"requirements": [{"type": "assert-ref-snapshot-id", "ref": "main",
                                  "snapshot-id": None}],
                "updates": [bodies.add_snapshot(1), bodies.set_ref(1)]})
    twice(api, "renameTable", 204, json={"source": names(namespace, "t"),
                                         "destination": names(namespace, "u")})
    twice(api, "unregisterTable", 200, namespace=namespace, table="u")
    twice(api, "registerTable", 200, namespace=namespace,
          json={"name": "v", "metadata-location": made["metadata-location"]})
    twice(api, "dropTable", 204, namespace=namespace, table="v")


def test_replay__of_view_changes(api, namespace):
    made = twice(api, "createView", 200, namespace=namespace, json=bodies.view("v")).json()
    version = {"action": "add-view-version", "view-version": bodies.view_version(2, "select 2")}
    current = {"action": "set-current-view-version", "view-version-id": -1}
    twice(api, "replaceView", 200, namespace=namespace, view="v",
          json={"requirements": [], "updates": [version, current]})
    twice(api, "renameView", 204, json={"source": names(namespace, "v"),
                                        "destination": names(namespace, "w")})
    twice(api, "dropView", 204, namespace=namespace, view="w")
    twice(api, "registerView", 200, namespace=namespace,
          json={"name": "x", "metadata-location": made["metadata-location"]})


def test_replay__of_a_transaction(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    body = {"table-changes": [{
        "identifier": names(namespace, "t"),
        "requirements": [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": None}],
        "updates": [bodies.add_snapshot(1), bodies.set_ref(1)]}]}
    twice(api, "commitTransaction", 204, json=body)


def test_replay__of_management_changes(api, server, namespace, unique):
    name = unique("wh")
    twice(api, "putFunction", 200, warehouse="default", namespace=namespace, function="f",
          json=bodies.function())
    twice(api, "dropFunction", 204, warehouse="default", namespace=namespace, function="f")
    twice(api, "createWarehouse", 200,
          json={"name": name, "location": f"file://{server.data}/{name}"})
    twice(api, "alterWarehouse", 200, warehouse=name, json={"properties": {"a": "1"}})
    twice(api, "removeWarehouse", 204, warehouse=name)


def test_replay__of_a_create_shows_the_table_as_it_was_made(api, namespace):
    headers, body = key(), bodies.table("t")
    first = api.create_table(namespace, body, headers=headers).json()
    api.commit(namespace, "t", [bodies.set_properties(later="1")])
    again = api.create_table(namespace, body, headers=headers).json()
    assert again == first


def test_replay__of_an_error_stays_that_error(api, namespace):
    """Rule 12."""
    headers, body = key(), bodies.table("t")
    api.create_table(namespace, bodies.table("t"))
    refused = api.create_table(namespace, body, (409, "AlreadyExistsException"), headers=headers)
    api.call("dropTable", namespace=namespace, table="t", expect=204)
    again = api.create_table(namespace, body, (409, "AlreadyExistsException"), headers=headers)
    assert again.json() == refused.json()
    api.create_table(namespace, body, headers=key())


def test_replay__of_a_staged_create_stores_nothing(api, namespace):
    headers, body = key(), bodies.table("t", stage_create=True)
    for _ in range(2):
        api.create_table(namespace, body, headers=headers)
    api.call("tableExists", namespace=namespace, table="t", expect=404)


def test_replay__of_a_large_staged_create_answers_in_full(api, namespace):
    headers = key()
    wide = bodies.schema(*((f"column_number_{i}", "string") for i in range(2000)))
    body = bodies.table("t", schema=wide, stage_create=True)
    first, second = (api.create_table(namespace, body, headers=headers).json() for _ in range(2))
    assert len(first["metadata"]["schemas"][0]["fields"]) == 2000
    assert first == second
    api.create_table(namespace, bodies.table("u"), (400, "BadRequestException"), headers=headers)


def test_replay__of_a_staged_create_gives_one_uuid_and_location(fresh):
    server, api = fresh
    api.create_namespace("ns")
    headers, body = key(), bodies.table("t", stage_create=True, properties={"a": "1"})
    first = api.create_table("ns", body, headers=headers).json()
    api.create_table("ns", bodies.table("t"))
    api.close()
    server.restart()
    assert api.create_table("ns", body, headers=headers).json() == first


def test_replay__of_many_properties_answers_in_full(api, namespace):
    headers = key()
    names_set = [f"a_rather_long_key_{i:05}" for i in range(4000)]
    for _ in range(2):
        answer = api.call("updateProperties", expect=200, namespace=namespace, headers=headers,
                          json={"updates": dict.fromkeys(names_set, "v"),
                                "removals": ["z"]}).json()
        assert answer["updated"] == names_set
        assert sorted(answer["removed"] + answer["missing"]) == ["z"]


def test_key__with_another_request_is_refused(api, namespace, unique):
    """Rule 12."""
    headers = key()
    api.create_table(namespace, bodies.table("t"), headers=headers)
    api.create_table(namespace, bodies.table("u"), (400, "BadRequestException"), headers=headers)
    api.call("createNamespace", json={"namespace": [unique("ns")]}, headers=headers,
             expect=(400, "BadRequestException"))
    api.call("dropTable", namespace=namespace, table="t", headers=headers,
             expect=(400, "BadRequestException"))
    api.call("tableExists", namespace=namespace, table="u", expect=404)
    api.call("tableExists", namespace=namespace, table="t", expect=204)


@pytest.mark.parametrize("bad", ["not-a-uuid", "1", "x" * 65, "x" * 4000])
def test_key__must_be_a_uuid(api, namespace, bad):
    answer = api.create_table(namespace, bodies.table("t"), expect=(400, "BadRequestException"),
                              headers={"Idempotency-Key": bad})
    assert "Idempotency-Key" in answer.error["message"]
    api.call("tableExists", namespace=namespace, table="t", expect=404)


def test_key__on_a_read_means_nothing(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    headers = key()
    api.load_table(namespace, "t", headers=headers)
    api.call("listTables", namespace=namespace, headers=headers, expect=200)


def test_key__used_by_many_at_once_runs_once(api, namespace):
    """Rule 12."""
    api.create_table(namespace, bodies.table("t"))
    headers = key()
    body = {"requirements": [], "updates": [bodies.add_snapshot(1), bodies.set_ref(1)]}

    def work(_):
        client = api.clone()
        try:
            return client.call("updateTable", namespace=namespace, table="t", json=body,
                               headers=headers)
        finally:
            client.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    assert {answer.status for answer in answers} <= {200, 429}
    assert len({answer.json()["metadata-location"] for answer in answers
                if answer.status == 200}) == 1
    loaded = api.load_table(namespace, "t").json()["metadata"]
    assert len(loaded["metadata-log"]) == 1


def test_replay__works_after_a_restart_and_after_a_kill(fresh):
    server, api = fresh
    api.create_namespace("ns")
    headers = [key() for _ in range(3)]
    first = api.create_table("ns", bodies.table("t"), headers=headers[0]).json()
    commit = [bodies.add_snapshot(1), bodies.set_ref(1)]
    second = api.commit("ns", "t", commit, headers=headers[1]).json()
    api.create_table("ns", bodies.table("t"), 409, headers=headers[2])
    for ended in ("stopped", "killed"):
        api.close()
        server.stop() if ended == "stopped" else server.kill()
        server.start()
        assert api.create_table("ns", bodies.table("t"), headers=headers[0]).json() == first
        assert api.commit("ns", "t", commit, headers=headers[1]).json() == second
        api.create_table("ns", bodies.table("t"), 409, headers=headers[2])


UNKNOWN = (500, "CommitStateUnknownException")


def remove_file(location):
    Path(location.removeprefix("file://")).unlink()


def test_replay__after_the_file_is_gone_never_says_that_nothing_was_done(fresh):
    """Whether the cache still has it or not; a 404 would let a client delete what it committed."""
    server, api = fresh
    api.create_namespace("ns")
    headers = [key() for _ in range(4)]
    table = api.create_table("ns", bodies.table("t"), headers=headers[0]).json()
    body = bodies.view("v")
    view = api.call("createView", namespace="ns", json=body, headers=headers[1],
                    expect=200).json()
    gone = api.create_table("ns", bodies.table("u")).json()
    api.call("unregisterTable", namespace="ns", table="u", headers=headers[2], expect=200)
    commit = [bodies.set_properties(a="1")]
    moved = api.commit("ns", "t", commit, headers=headers[3]).json()
    api.call("renameTable", expect=204, json={"source": names("ns", "t"),
                                              "destination": names("ns", "other")})
    for one in (table, view, gone, moved):
        remove_file(one["metadata-location"])
    for _ in range(2):
        for answer in (
                api.create_table("ns", bodies.table("t"), UNKNOWN, headers=headers[0]),
                api.call("createView", namespace="ns", json=body, headers=headers[1], expect=UNKNOWN),
                api.call("unregisterTable", namespace="ns", table="u", headers=headers[2],
                         expect=UNKNOWN),
                api.commit("ns", "t", commit, expect=UNKNOWN, headers=headers[3])):
            assert "was carried out" in answer.error["message"]
        api.close()
        server.restart()


def test_replay__of_a_commit_whose_file_is_gone_shows_the_table_as_it_is(api, namespace):
    made = api.create_table(namespace, bodies.table("t")).json()
    same = [{"type": "assert-table-uuid", "uuid": made["metadata"]["table-uuid"]}]
    headers, commit = key(), [bodies.set_properties(a="1")]
    first = api.commit(namespace, "t", commit, same, headers=headers).json()
    later = api.commit(namespace, "t", [bodies.set_properties(b="2")]).json()
    remove_file(first["metadata-location"])
    again = api.commit(namespace, "t", commit, same, headers=headers).json()
    assert again["metadata-location"] == later["metadata-location"]
    api.call("dropTable", namespace=namespace, table="t", expect=204)
    api.create_table(namespace, bodies.table("t"))
    api.commit(namespace, "t", commit, same, expect=UNKNOWN, headers=headers)
