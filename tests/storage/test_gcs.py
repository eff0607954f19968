"""A warehouse on Google Cloud Storage: everything that a warehouse of local files can do, on a
fake-gcs-server; with tokens that are given out, checked and end (gcs.Gate)."""

import json
import subprocess
import sys
import time

import pytest
import requests

import bodies
from api import Api
from conftest import CONTRACT
from gcs import Gate
from steps import WAIT_S, commit, wait_until



@pytest.fixture
def fake_lake(serve, fake_gcs, gcs_bucket):
    """A server whose default warehouse is on the fake, as Google's own clients find an emulator."""
    return serve(f"gs://{gcs_bucket}/wh", emulator(fake_gcs))


def emulator(fake_gcs):
    return {"STORAGE_EMULATOR_HOST": f"127.0.0.1:{fake_gcs.port}"}


# --- tables ---------------------------------------------------------------------------------------


def test_tables__are_made_changed_and_loaded(fake_lake, fake_gcs, gcs_bucket):
    server, api = fake_lake
    api.create_namespace("ns")
    made = api.create_table("ns", bodies.table("t")).json()
    assert made["metadata-location"].startswith(f"gs://{gcs_bucket}/wh/ns/t/metadata/00000-")
    changed = commit(api, "ns", "t", bodies.set_properties(a="b")).json()
    loaded = api.call("loadTable", namespace="ns", table="t", expect=200).json()
    assert loaded == changed
    keys = fake_gcs.keys(gcs_bucket)
    assert len(keys) == 2 and all(key.startswith("wh/ns/t/metadata/") for key in keys)
    assert json.loads(fake_gcs.read(gcs_bucket, keys[1])) == loaded["metadata"]
    server.restart()
    assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == changed
    # A file that is gone is heard of at once where nobody has looked a moment ago.
    server.restart()
    fake_gcs.delete(gcs_bucket, keys[1])
    answer = api.call("loadTable", namespace="ns", table="t", expect=404)
    assert changed["metadata-location"] in answer.error["message"]


@pytest.mark.parametrize("name", ["é x+y%41", "a b/c&d=e;f", "日本/%2B +", "plus+and%20space"])
def test_names__are_kept_as_they_are_written(fake_lake, fake_gcs, gcs_bucket, name):
    server, api = fake_lake
    api.create_namespace("ns")
    location = f"gs://{gcs_bucket}/wh/{name}"
    made = api.create_table("ns", bodies.table("t", location=location)).json()
    assert made["metadata-location"].startswith(f"{location}/metadata/")
    assert fake_gcs.keys(gcs_bucket)[0].startswith(f"wh/{name}/metadata/00000-")
    server.restart()
    assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == made
    api.call("dropTable", namespace="ns", table="t", query={"purgeRequested": "true"}, expect=204)
    wait_until(lambda: not fake_gcs.keys(gcs_bucket))


def test_purge__removes_many_files_and_nothing_else(fake_lake, fake_gcs, gcs_bucket):
    """More than one batch of them."""
    _, api = fake_lake
    api.create_namespace("ns")
    for name in ("gone", "gone2"):
        api.create_table("ns", bodies.table(name, properties={
            "write.metadata.previous-versions-max": "200"}))
    for i in range(110):
        commit(api, "ns", "gone", bodies.set_properties(n=str(i)))
    kept = fake_gcs.keys(gcs_bucket, "wh/ns/gone2/")
    assert len(fake_gcs.keys(gcs_bucket, "wh/ns/gone/")) > 100 and kept
    api.call("dropTable", namespace="ns", table="gone", query={"purgeRequested": "true"},
             expect=204)
    wait_until(lambda: not fake_gcs.keys(gcs_bucket, "wh/ns/gone/"))
    assert fake_gcs.keys(gcs_bucket) == kept
    wait_until(lambda: not api.call("listPurges", expect=200).json()["purges"])


def test_orphans__are_found_and_deleted(fake_lake, fake_gcs, gcs_bucket, fsck):
    server, api = fake_lake
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    orphan = "wh/ns/t/metadata/00007-orphan.metadata.json"
    fake_gcs.write(gcs_bucket, orphan, b"{}")
    environment = emulator(fake_gcs)
    code, said, _ = fsck(server, environment)
    assert code != 0 and orphan in said and "orphan" in said
    server.stop()
    fsck(server, environment, "--delete")
    assert len(fake_gcs.keys(gcs_bucket)) == 1 and orphan not in fake_gcs.keys(gcs_bucket)


# --- tokens ---------------------------------------------------------------------------------------


@pytest.fixture
def gate(fake_gcs):
    with Gate(fake_gcs) as gate:
        yield gate


def profile(gate, **more):
    return {"type": "gcs", "endpoint": gate.url, "credentials": {
        "source": "service-account", "service-account-key": gate.key_file()}} | more


@pytest.fixture
def own_lake(serve, gate, gcs_bucket, tmp_path):
    """A warehouse "lake" with a key of its own, in a server that has none in its environment."""
    def make(storage, expect=200):
        server, api = serve(f"file://{tmp_path}/data/warehouse",
                            {"NO_GCE_CHECK": "true", "HOME": str(tmp_path)},
                            "--allow-endpoint", gate.url)
        made = api.call("createWarehouse", expect=expect, json={
            "name": "lake", "location": f"gs://{gcs_bucket}/wh", "storage": storage})
        assert "PRIVATE KEY" not in made.body.decode()
        lake = Api(server.port, CONTRACT, prefix="lake")
        lake.create_namespace("ns")
        return server, lake

    return make


def test_service_account__is_who_the_server_is(own_lake, gate, fake_gcs, gcs_bucket, fsck):
    storage = profile(gate)
    storage["credentials"]["service-account-key"] = json.loads(gate.key_file())
    server, lake = own_lake(storage)
    made = lake.create_table("ns", bodies.table("t")).json()
    assert fake_gcs.keys(gcs_bucket)[0].startswith("wh/ns/t/metadata/")
    assert len(gate.used) == 1
    server.restart()
    assert lake.call("loadTable", namespace="ns", table="t", expect=200).json() == made
    code, said, why = fsck(server, {"NO_GCE_CHECK": "true"}, "--deep")
    assert code == 0, said + why
    assert "PRIVATE KEY" not in server.log.read_text()
    lake.close()


def test_tokens__are_renewed_before_they_end(own_lake, gate):
    gate.life_s = 4
    _, lake = own_lake(profile(gate))
    lake.create_table("ns", bodies.table("t"))
    deadline = time.monotonic() + WAIT_S
    count = 0
    while len(gate.used) < 3:
        assert time.monotonic() < deadline, gate.used
        commit(lake, "ns", "t", bodies.set_properties(n=str(count)))
        count += 1
    loaded = lake.call("loadTable", namespace="ns", table="t", expect=200).json()
    assert loaded["metadata"]["properties"]["n"] == str(count - 1)
    lake.close()


def test_tokens__are_fetched_anew_where_the_store_refuses_them(own_lake, gate):
    _, lake = own_lake(profile(gate))
    lake.create_table("ns", bodies.table("t"))
    gate.forget()
    commit(lake, "ns", "t", bodies.set_properties(a="b"))
    assert gate.refusals == 1 and len(gate.used) == 2
    lake.close()


def test_tokens__of_the_instance(serve, gate, fake_gcs, gcs_bucket):
    """The machine's own go where the operator says: the location and the endpoint are his."""
    server, api = serve(f"gs://{gcs_bucket}/wh", {"GCE_METADATA_HOST": f"127.0.0.1:{gate.port}"},
                        "--allow-location", f"gs://{gcs_bucket}/own",
                        "--allow-endpoint", gate.url)
    api.call("createWarehouse", expect=200, json={
        "name": "own", "location": f"gs://{gcs_bucket}/own",
        "storage": {"type": "gcs", "endpoint": gate.url, "credentials": {"source": "instance"}}})
    own = Api(server.port, CONTRACT, prefix="own")
    own.create_namespace("ns")
    own.create_table("ns", bodies.table("t"))
    assert fake_gcs.keys(gcs_bucket, "own/ns/t/metadata/") and len(gate.used) == 1
    own.close()


def test_key__is_exchanged_where_it_may_be(own_lake, gate):
    """Whoever may make a warehouse must not choose whom the server posts to."""
    storage = profile(gate)
    storage["credentials"]["service-account-key"] = gate.key_file(
        token_uri="http://169.254.169.254/computeMetadata/v1/token")
    server, _ = own_lake(profile(gate))
    api = Api(server.port, CONTRACT)
    answer = api.call("createWarehouse", expect=403, json={
        "name": "evil", "location": "gs://elsewhere/wh", "storage": storage})
    assert "token_uri is at http://169.254.169.254" in answer.error["message"]
    api.close()


# --- clients without a key ------------------------------------------------------------------------


# A process of its own: pyarrow waits for some answers with Python's lock, which the gate needs.
CLIENT = """
import sys, pyarrow
from pyiceberg.catalog.rest import RestCatalog
catalog = RestCatalog("test", uri=sys.argv[1], warehouse="lake")
rows = pyarrow.table({"id": [1, 2, 3]})
catalog.create_table("ns.a", rows.schema).append(rows)
loaded = catalog.load_table("ns.a")
assert loaded.scan().to_arrow() == rows
print(loaded.io.properties["gcs.oauth2.token"])
"""


@pytest.fixture
def vending(own_lake, gate):
    return own_lake(profile(gate, sts={"endpoint": gate.url}))


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_pyiceberg__reads_and_writes_with_a_token_for_its_table(vending, gate, fake_gcs, gcs_bucket):
    server, lake = vending
    done = subprocess.run([sys.executable, "-c", CLIENT, f"http://127.0.0.1:{server.port}"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith("cut-")
    assert any(key.endswith(".parquet") for key in fake_gcs.keys(gcs_bucket, "wh/ns/a/data/"))
    [boundary, *_] = gate.exchanges
    [rule] = boundary["accessBoundary"]["accessBoundaryRules"]
    assert rule["availablePermissions"] == ["inRole:roles/storage.objectUser"]
    lake.close()


def test_tokens__are_for_one_table(vending, gate, gcs_bucket):
    """What Google enforces the fake does not: the gate reads the boundary, as Google's words have
    it."""
    _, lake = vending
    for name in ("a", "a2"):
        lake.create_table("ns", bodies.table(name))
    answer = lake.call("loadCredentials", namespace="ns", table="a", expect=200)
    assert answer.header("Cache-Control") == "no-store"
    [credential] = answer.json()["storage-credentials"]
    assert credential["prefix"] == f"gs://{gcs_bucket}/wh/ns/a/"
    config = credential["config"]
    assert config["gcs.service.host"] == gate.url
    assert config["gcs.oauth2.refresh-credentials-endpoint"].startswith(
        "v1/lake/namespaces/ns/tables/a/credentials")
    left_s = int(config["gcs.oauth2.token-expires-at"]) / 1000 - time.time()
    assert 0 < left_s <= gate.life_s
    token = bearer(config["gcs.oauth2.token"])
    objects = f"{gate.url}/storage/v1/b/{gcs_bucket}/o"
    upload = f"{gate.url}/upload/storage/v1/b/{gcs_bucket}/o"
    for method, url, query, status in [
        ("GET", objects, {"prefix": "wh/ns/a/"}, 200),
        ("GET", objects, {"prefix": "wh/ns/a"}, 403),
        ("GET", objects, {}, 403),
        ("POST", upload, {"uploadType": "media", "name": "wh/ns/a/data/x"}, 200),
        ("POST", upload, {"uploadType": "media", "name": "wh/ns/a2/data/x"}, 403),
        ("GET", f"{objects}/wh%2Fns%2Fa%2Fdata%2Fx", {}, 200),
        ("DELETE", f"{objects}/wh%2Fns%2Fa%2Fdata%2Fx", {}, 200),
        ("DELETE", f"{objects}/wh%2Fns%2Fa2%2Fdata%2Fx", {}, 403),
    ]:
        done = requests.request(method, url, params=query, headers=token, timeout=30)
        assert done.status_code == status, (method, url, query, done.text)
    lake.close()


def test_tokens__are_given_again_until_they_age_and_read_where_a_plan_reads(vending, gate):
    _, lake = vending
    lake.create_table("ns", bodies.table("t"))
    asked = {"X-Iceberg-Access-Delegation": "vended-credentials"}
    first = lake.call("loadTable", namespace="ns", table="t", headers=asked, expect=200).json()
    again = lake.call("loadTable", namespace="ns", table="t", headers=asked, expect=200).json()
    assert first["config"]["gcs.oauth2.token"] == again["config"]["gcs.oauth2.token"]
    assert len(gate.exchanges) == 1
    plain = lake.call("loadTable", namespace="ns", table="t", expect=200).json()
    assert "gcs.oauth2.token" not in plain["config"] and "storage-credentials" not in plain
    assert plain["config"]["gcs.service.host"] == gate.url
    lake.close()


def check(lake, name="lake"):
    return {probe["check"]: probe for probe in lake.call(
        "checkWarehouse", warehouse=name, expect=200).json()["checks"]}


def test_check__proves_that_tokens_are_cut_down(vending, gate, fake_gcs, gcs_bucket):
    server, _ = vending
    api = Api(server.port, CONTRACT)
    checks = check(api)
    assert set(checks) == {"put", "read", "list", "delete", "sts", "vended-credentials",
                           "vended-credentials-refused-elsewhere"}
    assert all(probe["ok"] for probe in checks.values()), checks
    gate.lax = True
    outside = check(api)["vended-credentials-refused-elsewhere"]
    assert not outside["ok"] and "does not heed" in outside["detail"]
    assert fake_gcs.keys(gcs_bucket) == []
    api.close()


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("change, words", [
    ({"client_email": "nobody@x"}, ("invalid_grant", "account not found", "make a new key")),
], ids=["account"])
def test_errors__say_why_there_is_no_token(own_lake, gate, change, words):
    storage = profile(gate)
    storage["credentials"]["service-account-key"] = gate.key_file(**change)
    _, lake = own_lake(storage)
    answer = lake.call("createTable", namespace="ns", json=bodies.table("t"), expect=507)
    for word in words:
        assert word in answer.error["message"], answer.error["message"]
    lake.close()


def test_errors__name_the_bucket_that_is_not_there(serve, fake_gcs):
    _, api = serve("gs://no-such-bucket/wh", emulator(fake_gcs))
    api.create_namespace("ns")
    answer = api.call("createTable", namespace="ns", json=bodies.table("t"), expect=507)
    message = answer.error["message"]
    assert "there is no bucket no-such-bucket at" in message and "404" in message, message


def test_errors__tell_of_credentials_that_nobody_gave(serve, gcs_bucket, tmp_path):
    _, api = serve(f"gs://{gcs_bucket}/wh", {"NO_GCE_CHECK": "true", "HOME": str(tmp_path)})
    api.create_namespace("ns")
    answer = api.call("createTable", namespace="ns", json=bodies.table("t"), expect=507)
    assert "set GOOGLE_APPLICATION_CREDENTIALS" in answer.error["message"]
