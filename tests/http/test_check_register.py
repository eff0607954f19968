"""checkRegister: what registering would come to, without doing it."""

import json
import shutil

import bodies
import pytest
from api import Api
from test_tables_register import local, register, unregistered


def check(api, namespace, name, location, kind="table", expect=200):
    body = {"type": kind, "namespace": [namespace], "name": name, "metadata-location": location}
    return api.call("checkRegister", warehouse=api.prefix, json=body, expect=expect).json()


@pytest.fixture
def lake(api, contract, server, unique):
    """A warehouse that takes tables of format version 3 alone, with the namespace ns."""
    name = unique("wh")
    api.call("createWarehouse", expect=200, json={
        "name": name, "location": f"file://{server.data}/{name}",
        "properties": {"table-format-versions": "3"}})
    client = Api(server.port, contract, prefix=name)
    client.create_namespace("ns")
    yield client
    client.close()


def test_check__says_what_could_be_registered_and_registers_nothing(api, namespace):
    location, metadata = unregistered(api, namespace)
    for name, levels in (("t", namespace), ("t", "no_such_namespace")):
        verdict = check(api, levels, name, location)
        assert verdict == {"state": "ready", "reason": None, "uuid": metadata["table-uuid"],
                           "location": metadata["location"], "outside": None,
                           "format-version": metadata["format-version"]}
    api.load_table(namespace, "t", expect=(404, "NoSuchTableException"))
    register(api, namespace, "t", location)


def test_check__tells_the_same_metadata_from_other(api, namespace):
    location, metadata = unregistered(api, namespace)
    register(api, namespace, "t", location)
    assert check(api, namespace, "t", location)["state"] == "present"
    newer = api.commit(namespace, "t", [bodies.set_properties(a="1")]).json()["metadata-location"]
    verdict = check(api, namespace, "t", location)
    assert verdict["state"] == "taken" and verdict["uuid"] == metadata["table-uuid"]
    assert "same uuid and other metadata" in verdict["reason"] and newer in verdict["reason"]
    other, _ = unregistered(api, namespace, "u")
    verdict = check(api, namespace, "t", other)
    assert verdict["state"] == "taken" and "another one" in verdict["reason"]
    assert check(api, namespace, "t", location, "view")["state"] == "taken"


def test_check__names_the_location_that_is_outside(api, namespace, tmp_path):
    location, metadata = unregistered(api, namespace)
    elsewhere = f"file://{tmp_path}/t/metadata/v1.metadata.json"
    verdict = check(api, namespace, "t", elsewhere)
    assert verdict["state"] == "refused" and verdict["outside"] == elsewhere
    assert "--allow-location" in verdict["reason"] and verdict["uuid"] is None
    odd = local(location).with_name("odd.metadata.json")
    odd.write_text(json.dumps(metadata | {"location": f"file://{tmp_path}/t"}))
    verdict = check(api, namespace, "t", f"file://{odd}")
    assert verdict["outside"] == f"file://{tmp_path}/t"
    assert verdict["uuid"] == metadata["table-uuid"]


def test_check__says_why_not(api, namespace, lake):
    location, metadata = unregistered(api, namespace)
    cases = [(check(api, namespace, "t", "hdfs://h/t/metadata/1.metadata.json"), "hdfs"),
             (check(api, namespace, "t", location + "x"), "Failed to open"),
             (check(lake, "ns", "t", location), "lies outside of the warehouse")]
    copy = lake_copy(lake, local(location), metadata)
    cases.append((check(lake, "ns", "t", copy), "Format version 2 is not allowed"))
    register(api, namespace, "t", location)
    cases.append((check(api, namespace, "again", location), "overlaps with"))
    broken = local(location).with_name("broken.metadata.json")
    broken.write_text("{}")
    cases.append((check(api, namespace, "b", f"file://{broken}"), "format-version"))
    for verdict, words in cases:
        assert verdict["state"] == "refused" and words in verdict["reason"], verdict
    assert cases[0][0]["outside"] is None


def lake_copy(lake, path, metadata):
    """The file below the other warehouse."""
    place = lake.call("loadWarehouse", warehouse=lake.prefix, expect=200).json()["location"]
    folder = local(place) / "ns" / "t" / "metadata"
    folder.mkdir(parents=True)
    shutil.copy(path, folder / path.name)
    return f"file://{folder / path.name}"


def test_check__of_a_view(api, namespace):
    api.call("createView", namespace=namespace, json=bodies.view("v"), expect=200)
    location = api.call("loadView", namespace=namespace, view="v", expect=200).json()[
        "metadata-location"]
    assert check(api, namespace, "v", location, "view")["state"] == "present"
    verdict = check(api, namespace, "w", location, "view")
    assert verdict["state"] == "ready" and verdict["uuid"] and verdict["format-version"] is None


def test_check__of_a_request_that_is_none(api, namespace):
    good = {"type": "table", "namespace": [namespace], "name": "t", "metadata-location": "file:///t"}
    for change, words in (({"type": "function"}, "type must be table or view"),
                          ({"namespace": []}, "namespace"), ({"name": ""}, "name"),
                          ({"metadata-location": None}, "metadata-location")):
        answer = api.call("checkRegister", warehouse="default", json=good | change,
                          expect=(400, "BadRequestException"))
        assert words in answer.error["message"]
    api.call("checkRegister", warehouse="no", json=good, expect=(404, "NoSuchWarehouseException"))
