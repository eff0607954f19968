"""scan-planning-mode: where it is set, where clients read it, and what it does to cached answers."""

import pytest

import bodies
from api import Api

MODE = "scan-planning-mode"


@pytest.fixture
def own(server, contract, api, unique):
    """A warehouse of the test's own, with a table ns.t: (api of it, its name)."""
    name = unique("wh")
    api.call("createWarehouse", json={"name": name, "location": f"file://{server.data}/{name}"},
             expect=200)
    client = Api(server.port, contract, prefix=name)
    client.create_namespace("ns")
    client.create_table("ns", bodies.table("t"))
    yield client, name
    client.close()


def set_mode(api, warehouse, mode, expect=200):
    properties = {} if mode is None else {MODE: mode}
    return api.call("alterWarehouse", warehouse=warehouse, json={"properties": properties},
                    expect=expect)


def config_of(api, warehouse):
    return api.send("GET", f"/v1/config?warehouse={warehouse}").json()


def test_mode__is_not_sent_where_nothing_says_it(own):
    """Rule K23."""
    api, name = own
    assert api.load_table("ns", "t").json()["config"] == {}
    answer = config_of(api, name)
    assert MODE not in answer["overrides"] and MODE not in answer["defaults"]


@pytest.mark.parametrize("mode", ["client", "server"])
def test_warehouse_mode__is_in_every_load_and_in_the_config(own, mode):
    """Rule K23: where `server` is asked for, clients fail unless planning is advertised."""
    api, name = own
    set_mode(api, name, mode)
    assert config_of(api, name)["overrides"][MODE] == mode
    path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}"
    assert {f"POST {path}/plan", f"GET {path}/plan/{{plan-id}}", f"DELETE {path}/plan/{{plan-id}}",
            f"POST {path}/tasks"} <= set(config_of(api, name)["endpoints"])
    for query in (None, {"snapshots": "refs"}):
        assert api.load_table("ns", "t", query=query).json()["config"] == {MODE: mode}
    for made in (api.create_table("ns", bodies.table("u")),
                 api.create_table("ns", bodies.table("v", stage_create=True)),
                 api.commit("ns", "t", [bodies.set_properties(a="1")])):
        assert made.json()["config"] == {MODE: mode}


def test_warehouse_mode__changes_the_answer_and_the_etag(own):
    api, name = own
    tags = set()
    for mode in (None, "server", "client"):
        set_mode(api, name, mode)
        for query in (None, {"snapshots": "refs"}):
            answer = api.load_table("ns", "t", query=query)
            assert answer.json()["config"] == ({MODE: mode} if mode else {})
            tag = answer.header("etag")
            for other in tags:
                api.load_table("ns", "t", query=query, headers={"If-None-Match": other})
            api.load_table("ns", "t", query=query, headers={"If-None-Match": tag}, expect=304)
            tags.add(tag)
    assert len(tags) == 6
    set_mode(api, name, None)
    assert api.load_table("ns", "t").header("etag") in tags, "the old state, the old tag"


def test_table_mode__wins_over_the_warehouse(own):
    api, name = own
    set_mode(api, name, "server")
    api.commit("ns", "t", [bodies.set_properties(**{MODE: "client"})])
    answer = api.load_table("ns", "t")
    assert answer.json()["config"] == {MODE: "client"}
    set_mode(api, name, None)
    again = api.load_table("ns", "t", headers={"If-None-Match": answer.header("etag")},
                           expect=304)
    assert again.header("etag") == answer.header("etag"), "nothing changed for this table"
    removal = {"action": "remove-properties", "removals": [MODE]}
    assert api.commit("ns", "t", [removal]).json()["config"] == {}


def test_created_table__may_carry_its_mode(own):
    api, _ = own
    made = api.create_table("ns", bodies.table("u", properties={MODE: "server"}))
    assert made.json()["config"] == {MODE: "server"}
    assert made.json()["metadata"]["properties"][MODE] == "server"
    api.load_table("ns", "u", headers={"If-None-Match": made.header("etag")}, expect=304)


def test_mode__is_read_in_any_case_and_sent_in_lower_case(own):
    api, name = own
    set_mode(api, name, "SERVER")
    assert config_of(api, name)["overrides"][MODE] == "server"
    assert api.load_table("ns", "t").json()["config"] == {MODE: "server"}
    made = api.commit("ns", "t", [bodies.set_properties(**{MODE: "Client"})])
    assert made.json()["config"] == {MODE: "client"}


@pytest.mark.parametrize("bad", ["", "both", "server ", "auto"])
def test_wrong_mode__is_refused_where_it_is_set(own, api, unique, tmp_path, bad):
    client, name = own
    message = f"is '{bad}': it must be client or server"
    refusals = [
        set_mode(client, name, bad, expect=400),
        client.call("alterWarehouse", warehouse=name, expect=400,
                    json={"properties": {f"defaults.{MODE}": bad}}),
        client.call("alterWarehouse", warehouse=name, expect=400,
                    json={"properties": {f"overrides.{MODE}": bad}}),
        api.call("createWarehouse", expect=400,
                 json={"name": unique("wh"), "location": f"file://{tmp_path}/other",
                       "properties": {MODE: bad}}),
        client.create_table("ns", bodies.table("u", properties={MODE: bad}), expect=400),
        client.commit("ns", "t", [bodies.set_properties(**{MODE: bad})], expect=400),
    ]
    for answer in refusals:
        assert MODE in answer.error["message"] and message in answer.error["message"]
    assert client.load_table("ns", "t").json()["config"] == {}


def test_override_of_the_mode__is_said_once(own):
    """Two members of one name are no JSON that clients agree on."""
    api, name = own
    properties = {MODE: "server", f"overrides.{MODE}": "client", f"defaults.{MODE}": "client"}
    api.call("alterWarehouse", warehouse=name, json={"properties": properties}, expect=200)
    text = api.send("GET", f"/v1/config?warehouse={name}").body.decode()
    assert text.count(MODE) == 2
    assert config_of(api, name)["overrides"][MODE] == "server"
    assert config_of(api, name)["defaults"][MODE] == "client"


def test_registered_table__with_an_unknown_mode_counts_as_none(own, api, tmp_path):
    client, name = own
    location = client.load_table("ns", "t").json()["metadata-location"]
    path = location.removeprefix("file://")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace('"properties":{', f'"properties":{{"{MODE}":"later",', 1))
    client.call("unregisterTable", namespace="ns", table="t", expect=200)
    copy = path.replace("/00000-", "/00001-")
    with open(path, encoding="utf-8") as file, open(copy, "w", encoding="utf-8") as out:
        out.write(file.read())
    set_mode(client, name, "server")
    made = client.call("registerTable", namespace="ns", expect=200,
                       json={"name": "r", "metadata-location": f"file://{copy}"}).json()
    assert made["metadata"]["properties"][MODE] == "later"
    assert made["config"] == {MODE: "server"}
