"""Soft delete: what a warehouse keeps of its drops, /management/v1/…/dropped, undrop and
forget-dropped, and the command `firn undrop`."""

import json
import os
import subprocess
import time
import uuid
from pathlib import Path

import pytest

import bodies
from api import Api
from test_purge import files_below, wait_until_purged

KEPT = "soft-delete-retention"
WAIT_S = 30


@pytest.fixture
def keep(api, contract, server, unique):
    """A warehouse of the test's own that keeps drops for a day, with the namespace ns: its client."""
    name = unique("wh")
    api.call("createWarehouse", expect=200, json={
        "name": name, "location": f"file://{server.data}/{name}", "properties": {KEPT: "1d"}})
    client = Api(server.port, contract, prefix=name)
    client.create_namespace("ns")
    yield client
    client.close()


def drop(keep, name="t", purge=None, **more):
    query = {"purgeRequested": purge} if purge else None
    keep.call("dropTable", namespace="ns", table=name, query=query, expect=204, **more)


def dropped(keep, **query):
    return keep.call("listDropped", warehouse=keep.prefix, query=query, expect=200).json()


def undrop(keep, expect=200, name="t", headers=None, **more):
    body = {"namespace": ["ns"], "name": name} if name else {}
    return keep.call("undrop", warehouse=keep.prefix, json={**body, **more}, headers=headers,
                     expect=expect)


def forget(keep, expect=200, name="t", **more):
    return keep.call("forgetDropped", warehouse=keep.prefix, expect=expect,
                     json={"namespace": ["ns"], "name": name, **more})


def make(keep, name="t"):
    """Made and changed once: its metadata and where that is."""
    keep.create_table("ns", bodies.table(name))
    return keep.commit("ns", name, [{"action": "set-properties", "updates": {"x": "1"}}]).json()


def changes(api, keep):
    listed = api.call("listChanges", query={"warehouse": keep.prefix}, expect=200).json()
    return [one for one in listed["changes"] if one["operation"] != "createWarehouse"]


def test_undrop__brings_back_the_same_table(api, keep):
    """Rule 63."""
    made = make(keep)
    drop(keep)
    keep.load_table("ns", "t", expect=(404, "NoSuchTableException"))
    assert keep.call("listTables", namespace="ns", expect=200).json()["identifiers"] == []
    row, = dropped(keep)["dropped"]
    assert row["kept-until-ms"] - row["dropped-ms"] == 24 * 3600 * 1000
    assert {key: row[key] for key in ("type", "namespace", "name", "uuid", "location",
                                      "metadata-location", "purge-requested")} == {
        "type": "table", "namespace": ["ns"], "name": "t", "purge-requested": False,
        "uuid": made["metadata"]["table-uuid"], "location": made["metadata"]["location"],
        "metadata-location": made["metadata-location"]}
    answer = undrop(keep).json()
    assert answer == {"type": "table", "namespace": ["ns"], "name": "t", "purge-requested": False,
                      "uuid": made["metadata"]["table-uuid"],
                      "metadata-location": made["metadata-location"]}
    listed = keep.call("listTables", namespace="ns", expect=200).json()["identifiers"]
    assert listed == [{"namespace": ["ns"], "name": "t"}]
    loaded = keep.load_table("ns", "t").json()
    assert loaded["metadata-location"] == made["metadata-location"]
    assert loaded["metadata"] == made["metadata"]
    assert dropped(keep) == {"dropped": [], "next-page-token": None}
    log = [(one["operation"], one["name"], one["old-location"], one["new-location"])
           for one in changes(api, keep)[-2:]]
    assert log == [("dropTable", "t", made["metadata-location"], None),
                   ("undrop", "t", None, made["metadata-location"])]
    keep.commit("ns", "t", [{"action": "set-properties", "updates": {"x": "2"}}])


def test_undrop__brings_back_a_view(keep):
    keep.call("createView", namespace="ns", json=bodies.view("v"), expect=200)
    before = keep.call("loadView", namespace="ns", view="v", expect=200).json()
    keep.call("dropView", namespace="ns", view="v", expect=204)
    keep.call("loadView", namespace="ns", view="v", expect=(404, "NoSuchViewException"))
    assert dropped(keep)["dropped"][0]["type"] == "view"
    assert undrop(keep, name="v").json()["type"] == "view"
    assert keep.call("loadView", namespace="ns", view="v", expect=200).json() == before


def test_drop__is_final_where_the_warehouse_keeps_nothing(api, namespace):
    """Rule 63."""
    api.create_table(namespace, bodies.table("t"))
    api.call("dropTable", namespace=namespace, table="t", expect=204)
    listed = api.call("listDropped", warehouse="default", expect=200).json()["dropped"]
    assert [row for row in listed if row["namespace"] == [namespace]] == []
    api.call("undrop", warehouse="default", json={"namespace": [namespace], "name": "t"},
             expect=(404, "NoSuchTableException"))


def test_name__is_free_at_once_and_the_place_is_not(keep):
    """Rule 63."""
    made = make(keep)
    place = made["metadata"]["location"]
    drop(keep, purge="true")
    again = keep.create_table("ns", bodies.table("t")).json()["metadata"]
    assert again["location"].startswith(place + "-")
    answer = keep.create_table("ns", bodies.table("u", location=place),
                               expect=(400, "ValidationException"))
    assert "of table ns.t, which was dropped and is kept" in answer.error["message"]
    verdict = keep.call("checkRegister", warehouse=keep.prefix, expect=200, json={
        "type": "table", "namespace": ["ns"], "name": "back",
        "metadata-location": made["metadata-location"]}).json()
    assert verdict["state"] == "refused" and "is kept until" in verdict["reason"]
    answer = keep.call("registerTable", namespace="ns", expect=409, json={
        "name": "u", "metadata-location": made["metadata-location"]})
    assert "bring it back instead" in answer.error["message"]


def test_undrop__onto_a_taken_name_needs_another(keep):
    """Rule 63."""
    made = make(keep)
    drop(keep)
    keep.create_table("ns", bodies.table("t"))
    answer = undrop(keep, expect=(409, "AlreadyExistsException"))
    assert answer.error["message"].endswith("Table already exists: ns.t")
    undrop(keep, expect=(404, "NoSuchNamespaceException"),
           destination={"namespace": ["no"], "name": "t"})
    keep.create_namespace(["ns", "deep"])
    there = {"namespace": ["ns", "deep"], "name": "old"}
    answer = undrop(keep, destination=there).json()
    assert (answer["namespace"], answer["name"]) == (["ns", "deep"], "old")
    assert keep.load_table(["ns", "deep"], "old").json()["metadata"] == made["metadata"]


def test_namespace_and_warehouse__cannot_go_meanwhile(keep):
    """Rule 63."""
    make(keep)
    drop(keep)
    answer = keep.call("dropNamespace", namespace="ns", expect=(409, "NamespaceNotEmptyException"))
    assert "the table ns.t was dropped and can be brought back until 2" in answer.error["message"]
    keep.call("removeWarehouse", warehouse=keep.prefix, expect=409)
    forget(keep)
    keep.call("dropNamespace", namespace="ns", expect=204)
    keep.call("removeWarehouse", warehouse=keep.prefix, expect=204)


def test_undrop__of_a_name_that_was_dropped_twice_takes_a_uuid(keep):
    uuids = []
    for _ in range(2):
        uuids.append(make(keep)["metadata"]["table-uuid"])
        drop(keep)
    answer = undrop(keep, expect=409)
    assert all(one in answer.error["message"] for one in uuids)
    assert undrop(keep, name=None, uuid=uuids[0].upper()).json()["uuid"] == uuids[0]
    assert [row["uuid"] for row in dropped(keep)["dropped"]] == [uuids[1]]


def test_undrop__of_a_name_that_was_dropped_often_says_that_there_are_more(keep):
    uuids = []
    for _ in range(4):
        uuids.append(make(keep)["metadata"]["table-uuid"])
        drop(keep)
    message = undrop(keep, expect=409).error["message"]
    assert [one in message for one in uuids] == [False, True, True, True], message
    assert message.endswith(", and others (firn undrop --list)"), message


def test_undrop__with_a_key_happens_once(keep):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    make(keep)
    drop(keep)
    first = undrop(keep, headers=key)
    drop(keep)
    assert undrop(keep, headers=key).json() == first.json()
    keep.load_table("ns", "t", expect=404)
    assert len(dropped(keep)["dropped"]) == 1


def test_forget__purges_where_the_drop_asked_for_it(api, keep):
    """Rule 63."""
    purged, left = (Path(make(keep, name)["metadata"]["location"].removeprefix("file://"))
                    for name in ("t", "u"))
    drop(keep, "t", purge="true")
    drop(keep, "u")
    assert files_below(purged) and files_below(left)
    assert forget(keep).json()["purge-requested"] is True
    assert forget(keep, name="u").json()["purge-requested"] is False
    wait_until_purged(api)
    assert files_below(purged) == []
    assert files_below(left)
    forget(keep, expect=(404, "NoSuchTableException"))
    undrop(keep, expect=(404, "NoSuchTableException"))
    assert [one["operation"] for one in changes(api, keep)[-2:]] == ["forgetDropped"] * 2


def test_purge__of_a_table_that_refuses_it_drops_nothing(keep):
    keep.create_table("ns", bodies.table("t", properties={"gc.enabled": "false"}))
    keep.call("dropTable", namespace="ns", table="t", query={"purgeRequested": "true"},
              expect=(400, "ValidationException"))
    assert dropped(keep)["dropped"] == []
    keep.load_table("ns", "t")


def test_retention__ends_by_itself(api, keep):
    """Rule 63: and what is kept already keeps its time when the warehouse changes its mind."""
    purged, left, later = (Path(make(keep, name)["metadata"]["location"].removeprefix("file://"))
                           for name in ("t", "u", "later"))
    drop(keep, "later", purge="true")
    api.call("alterWarehouse", warehouse=keep.prefix, json={"properties": {KEPT: "1s"}}, expect=200)
    drop(keep, "t", purge="true")
    drop(keep, "u")
    deadline = time.monotonic() + WAIT_S
    while len(dropped(keep)["dropped"]) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    wait_until_purged(api)
    assert files_below(purged) == []
    assert files_below(left) and files_below(later)
    assert [row["name"] for row in dropped(keep)["dropped"]] == ["later"]
    ends = [(one["operation"], one["actor"]) for one in changes(api, keep)[-2:]]
    assert ends == [("forgetDropped", "retention")] * 2
    undrop(keep, name="later")


def test_retention__must_be_a_duration(api, keep):
    for bad in ("", "7", "d", "-1d", "1w", "3651d", "1.5h", "never"):
        answer = api.call("alterWarehouse", warehouse=keep.prefix, json={"properties": {KEPT: bad}},
                          expect=(400, "BadRequestException"))
        assert f"{KEPT} is '{bad}'" in answer.error["message"]


def test_drop__survives_a_kill(own_server, contract):
    server = own_server()
    client = Api(server.port, contract)
    client.call("alterWarehouse", warehouse="default", json={"properties": {KEPT: "1h"}},
                expect=200)
    client.create_namespace("ns")
    made = make(client)
    drop(client, purge="true")
    client.close()
    server.kill()
    server.start()
    client = Api(server.port, contract)
    assert undrop(client).json()["metadata-location"] == made["metadata-location"]
    assert client.load_table("ns", "t").json()["metadata"] == made["metadata"]
    client.close()


def test_list__comes_in_pages(keep, contract):
    names = [f"t{number}" for number in range(5)]
    for name in names:
        make(keep, name)
        drop(keep, name)
    seen, token = [], ""
    while token is not None:
        page = dropped(keep, pageToken=token, pageSize=2)
        assert len(page["dropped"]) <= 2
        seen += [row["name"] for row in page["dropped"]]
        token = page["next-page-token"]
    assert seen == names[::-1]
    assert [row["name"] for row in dropped(keep)["dropped"]] == names[::-1]
    for bad in ({"pageToken": "x"}, {"pageSize": "0"}):
        keep.call("listDropped", warehouse=keep.prefix, query=bad,
                  expect=(400, "BadRequestException"))
    keep.call("listDropped", warehouse="no", expect=(404, "NoSuchWarehouseException"))


@pytest.mark.parametrize("body", [
    {}, [], {"uuid": "7"}, {"name": "t"}, {"namespace": ["ns"]}, {"namespace": "ns", "name": "t"},
    {"uuid": 1}, {"namespace": ["ns"], "name": ""},
    {"namespace": ["ns"], "name": "t", "destination": {"name": "t"}},
    {"namespace": ["ns"], "name": "t", "destination": "u"}])
def test_undrop__refuses_what_names_nothing(keep, body):
    target = keep.target("undrop", warehouse=keep.prefix)
    answer = keep.send("POST", target, json=body, check_request=False)
    assert (answer.status, answer.error["type"]) == (400, "BadRequestException"), answer


# --- the command -----------------------------------------------------------------------------------

@pytest.fixture
def firn_undrop(binary, server, keep):
    """Runs `firn undrop`: (code, *arguments) gives what it printed, and what it complained of."""
    def run(code, *arguments, url=f"http://127.0.0.1:{server.port}", environment=None):
        where = ["--url", url] if url else []
        done = subprocess.run([binary, "undrop", "--warehouse", keep.prefix, *arguments, *where],
                              capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, **(environment or {})))
        assert done.returncode == code, done
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done.stdout, done.stderr
    return run


def test_command__brings_back_and_forgets(keep, firn_undrop, server):
    made = make(keep)
    drop(keep)
    assert firn_undrop(0, "ns.t", "--as", "ns.`t.2`") == ("table ns.`t.2` is back\n", "")
    drop(keep, "t.2", purge="true")
    text, _ = firn_undrop(0, "--uuid", made["metadata"]["table-uuid"], "--as", "ns.t", "--json")
    assert json.loads(text)["name"] == "t"
    drop(keep, purge="true")
    environment = {"FIRN_LISTEN": f"127.0.0.1:{server.port}"}
    said = firn_undrop(0, "--forget", "ns.t", url=None, environment=environment)
    assert said == ("table ns.t is forgotten, and its files are deleted\n", "")
    make(keep, "u")
    drop(keep, "u")
    assert firn_undrop(0, "--forget", "ns.u")[0] == "table ns.u is forgotten; its files stay\n"
    assert firn_undrop(0, "--list")[0] == (
        f"nothing that was dropped is kept in warehouse {keep.prefix}\n")


def test_command__lists_every_page(keep, firn_undrop):
    for name in ("a.b", "c"):
        make(keep, name)
        drop(keep, name, purge="true" if name == "c" else None)
    head, first, second = firn_undrop(0, "--list")[0].splitlines()
    assert head.split() == ["type", "dropped", "kept", "until", "files", "uuid", "name"]
    assert first.split()[0] == "table" and first.split()[3] == "purge"
    assert first.split()[-1] == "ns.c" and second.split()[-1] == "ns.`a.b`"
    assert json.loads(firn_undrop(0, "--list", "--json")[0]) == {"dropped": dropped(keep)["dropped"]}


def test_command__says_what_is_wrong(keep, firn_undrop):
    for code, arguments, message in (
            (2, (), "needs a TABLE, --uuid or --list"),
            (2, ("t",), "namespace.name"),
            (2, ("ns.t", "--as", "t"), "namespace.name"),
            (2, ("ns.t", "ns.u"), "too many"),
            (2, ("ns.t", "--list"), "--list goes with no TABLE"),
            (2, ("ns.t", "--forget", "--as", "ns.u"), "leave --as out"),
            (2, ("ns.t", "--forgt"), "did you mean 'forget'"),
            (2, ("`ns.t",), "quotes of this kind"),
            (4, ("ns.t",), "and is kept is ns.t"),
            (1, ("--uuid", "x"), "'x' is not a uuid")):
        _, complaint = firn_undrop(code, *arguments)
        assert complaint.startswith("firn: ") and message in complaint, complaint
    make(keep)
    drop(keep)
    make(keep)
    _, complaint = firn_undrop(5, "ns.t")
    assert complaint.endswith("Table already exists: ns.t\n")
    _, complaint = firn_undrop(3, "--list", url="http://127.0.0.1:1")
    assert "Is `firn serve` running there?" in complaint
    text, _ = firn_undrop(0, "--help", url=None)
    assert "--forget" in text and "--as" in text
