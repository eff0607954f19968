"""Warehouses in object stores as the management API has them, and what clients get of access. What
needs a store that answers is in tests/storage."""

import pytest

import bodies

SECRET = "hush-hush-hush"
PROFILE = {"type": "s3", "endpoint": "http://127.0.0.1:1",
           "credentials": {"source": "static", "access-key-id": "anna",
                           "secret-access-key": SECRET},
           "sts": {"duration-seconds": 900}}


@pytest.fixture
def lake(api, unique):
    """A warehouse whose store does not answer."""
    name = unique("lake")
    api.call("createWarehouse", expect=200,
             json={"name": name, "location": f"s3://{name}/wh", "storage": PROFILE})
    return name


def kept(**more):
    """The profile as it is shown: with null for the secret."""
    return PROFILE | {"credentials": PROFILE["credentials"] | {"secret-access-key": None}} | more


def test_secret__is_kept_and_never_shown(api, server, lake):
    shown = api.call("loadWarehouse", warehouse=lake, expect=200)
    assert shown.json()["storage"] == kept(**{
        "region": "us-east-1", "path-style": True, "unique-suffix": False,
        "client-access": ["vended-credentials", "remote-signing"]})
    listed = api.call("listWarehouses", expect=200)
    changed = api.call("alterWarehouse", warehouse=lake, expect=200,
                       json={"storage": kept(**{"unique-suffix": True})})
    assert changed.json()["storage"]["unique-suffix"] is True
    for answer in (shown, listed, changed):
        assert SECRET.encode() not in answer.body
    assert SECRET not in server.log.read_text()
    assert all(SECRET.encode() not in path.read_bytes()
               for path in server.data.iterdir() if path.is_file())


@pytest.mark.parametrize("change, status, said", [
    ({"storage": kept(endpoint="http://evil")}, 400, "secrets have to be given again"),
    ({"storage": kept(bucket="b")}, 400, "storage has no field 'bucket'"),
    ({"storage": PROFILE | {"credentials": {"source": "environment"}}}, 403, "do not go to"),
    ({"storage": {"type": "s3", "region": "eu-1", "credentials": {"source": "instance"}}}, 403,
     "are not lent"),
    ({"location": "s3://another"}, 403, "give the secrets again"),
    ({"storage": None}, 400, "say with storage how it is reached"),
])
def test_change__opens_nothing_new(api, lake, change, status, said):
    answer = api.call("alterWarehouse", warehouse=lake, json=change)
    assert answer.status == status and said in answer.error["message"], answer
    assert SECRET.encode() not in answer.body


def test_key__that_is_gone_makes_its_warehouse_useless_alone(own_server, contract):
    from api import Api
    server = own_server()
    api = Api(server.port, contract)
    api.call("createWarehouse", expect=200,
             json={"name": "lake", "location": "s3://lake", "storage": PROFILE})
    api.close()
    server.stop()
    key = server.data / "firn.db.key"
    assert key.stat().st_mode & 0o777 == 0o600
    saved = key.read_text()
    key.unlink()
    server.start()
    api = Api(server.port, contract)
    assert not key.exists()  # another would not open what there is
    shown = api.call("loadWarehouse", warehouse="lake", expect=200).json()
    assert "--secret-key-file" in shown["storage-fault"]
    lost = Api(server.port, contract, prefix="lake")
    answer = lost.call("listNamespaces", expect=500)
    assert "--secret-key-file" in answer.error["message"]
    api.create_namespace("fine")
    lost.close()
    api.close()
    server.stop()
    key.write_text(saved)
    server.start()
    api = Api(server.port, contract)
    assert "storage-fault" not in api.call("loadWarehouse", warehouse="lake", expect=200).json()
    api.close()


def test_key__that_is_new_takes_the_old_ones_place_at_a_start(own_server, contract):
    from api import Api
    server = own_server()
    key = server.data / "firn.db.key"
    profile = {"storage": PROFILE}

    def open_lake(create=False):
        api = Api(server.port, contract)
        if create:
            api.call("createWarehouse", expect=200,
                     json={"name": "lake", "location": "s3://lake", **profile})
        shown = api.call("loadWarehouse", warehouse="lake", expect=200).json()
        api.close()
        server.stop()
        return "storage-fault" not in shown

    assert open_lake(create=True)
    old, new = key.read_text().strip(), "5e" * 32
    for text, is_open in ((f"{new}\n{old}\n", True),  # both: the new one seals
                          (f"{new}\n", True), (f"{old}\n", False), (f"{new}\n", True)):
        key.write_text(text)
        server.start()
        assert open_lake() == is_open, text.count("\n")


def test_local_files__need_no_credentials_and_no_signature(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    answer = api.call("loadCredentials", namespace=namespace, table="t", expect=200)
    assert answer.json() == {"storage-credentials": []}
    assert answer.header("Cache-Control") == "no-store"
    request = {"region": "r", "uri": "http://127.0.0.1:1/lake/x", "method": "GET", "headers": {}}
    for operation in ("signRequest", "signObject"):
        answer = api.call(operation, namespace=namespace, table="t", json=request, expect=403)
        assert "signs no requests" in answer.error["message"]
    api.call("loadCredentials", namespace=namespace, table="no", expect=404)
    api.call("signRequest", namespace=namespace, table="no", json=request, expect=404)


def test_check__of_local_files_and_of_a_store_that_does_not_answer(api, lake, server):
    told = api.call("checkWarehouse", warehouse="default", expect=200).json()
    assert [one["check"] for one in told["checks"]] == ["put", "read", "list", "delete"]
    assert told["failed"] == 0 and all(one["ok"] for one in told["checks"])
    assert not list(server.data.glob("warehouse/.firn-check-*/a/probe"))
    told = api.call("checkWarehouse", warehouse=lake, expect=200).json()
    assert told["failed"] == 1 and "127.0.0.1" in told["checks"][0]["detail"]
    api.call("checkWarehouse", warehouse="no", expect=404)
