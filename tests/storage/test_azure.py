"""A warehouse on Azure: everything that a warehouse of local files can do, on an Azurite."""

import json
import subprocess
import time
import urllib.parse

import pyarrow
import pytest
from pyiceberg.catalog.rest import RestCatalog

import azure
import bodies
from api import Api
from fault_proxy import FAULTS, FaultProxy
from test_s3 import commit, wait_until

ROWS = pyarrow.table({"id": [1, 2, 3], "data": ["a", "b", "c"]})
SECRET = "app-secret-that-nobody-may-see"


def place(container, path="wh"):
    return f"abfss://{container}@{azure.HOST}/{path}"


@pytest.fixture
def azure_lake(serve, azurite, container):
    """A server whose default warehouse is on Azurite, and a client for it."""
    return serve(place(container), azurite.environment())


@pytest.fixture
def plain(serve, tmp_path):
    """Starts a server that knows of no object store but by its warehouses' profiles."""
    def start(environment=None, *arguments):
        return serve(f"file://{tmp_path}/plain", environment or {}, *arguments)

    return start


@pytest.fixture
def token_server():
    started = []

    def start(*tokens):
        started.append(azure.TokenServer(*tokens))
        return started[0]

    yield start
    for one in started:
        one.stop()


def profile(store, **more):
    return {"type": "adls", "endpoint": store.url, "credentials": {
        "source": "account-key", "account-key": azure.KEY}} | more


def add_warehouse(server, api, location, storage, expect=200):
    made = api.call("createWarehouse", expect=expect,
                    json={"name": "lake", "location": location, "storage": storage})
    text = made.body.decode()
    assert azure.KEY not in text and SECRET not in text
    return Api(server.port, api.contract, "lake") if expect == 200 else made.error["message"]


# --- tables ---------------------------------------------------------------------------------------


def test_tables__are_made_changed_and_loaded(azure_lake, azurite, container):
    server, api = azure_lake
    api.create_namespace("ns")
    made = api.create_table("ns", bodies.table("t")).json()
    assert made["metadata-location"].startswith(f"{place(container)}/ns/t/metadata/00000-")
    changed = commit(api, "ns", "t", bodies.set_properties(a="b")).json()
    assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == changed
    names = azurite.names(container)
    assert len(names) == 2 and all(name.startswith("wh/ns/t/metadata/") for name in names)
    assert json.loads(azurite.read(container, names[1])) == changed["metadata"]
    server.restart()
    assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == changed
    # A file that is gone is heard of at once where nobody has looked a moment ago.
    server.restart()
    azurite.remove(container, names[1])
    answer = api.call("loadTable", namespace="ns", table="t", expect=404)
    assert answer.error["type"] == "NotFoundException"
    assert changed["metadata-location"] in answer.error["message"]


def test_tables__have_names_in_any_spelling(azure_lake, azurite, container):
    server, api = azure_lake
    api.create_namespace("ns")
    location = f"wasbs://{container}@{azure.HOST.replace('.dfs.', '.blob.').upper()}/wh/é x+y%41&'~"
    made = api.create_table("ns", bodies.table("t", location=location)).json()
    assert made["metadata-location"].startswith(f"{location}/metadata/")
    assert azurite.names(container)[0].startswith("wh/é x+y%41&'~/metadata/00000-")
    server.restart()
    assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == made
    # The same place in another spelling is another table's.
    taken = f"abfs://{container}@{azure.HOST}/wh/é x+y%41&'~/inner"
    answer = api.call("createTable", namespace="ns", json=bodies.table("u", location=taken),
                      expect=400)
    assert "overlaps with" in answer.error["message"]
    outside = f"abfss://{container}@{azure.HOST}/wh2/u"
    api.call("createTable", namespace="ns", json=bodies.table("u", location=outside), expect=403)


def test_data__is_written_planned_checked_and_purged(azure_lake, azurite, container, fsck):
    server, api = azure_lake
    api.create_namespace("ns")
    client = RestCatalog("test", uri=f"http://127.0.0.1:{server.port}", **{
        "py-io-impl": "azure_io.AzureFileIO",
        "adls.account-name": azure.ACCOUNT, "adls.account-key": azure.KEY,
        "adls.blob-storage-authority": f"127.0.0.1:{azurite.port}",
        "adls.dfs-storage-authority": f"127.0.0.1:{azurite.port}",
        "adls.blob-storage-scheme": "http", "adls.dfs-storage-scheme": "http"})
    for name in ("gone", "kept"):
        table = client.create_table(f"ns.{name}", schema=ROWS.schema)
        table.append(ROWS)
        table.append(ROWS)
        assert table.scan().to_arrow().num_rows == 6
    plan = api.call("planTableScan", namespace="ns", table="kept", json={}, expect=200).json()
    assert plan["status"] == "completed" and len(plan["file-scan-tasks"]) == 2
    orphan = "wh/ns/kept/metadata/00007-orphan.metadata.json"
    azurite.put(container, orphan, b"{}")
    # A hierarchical namespace lists its directories like this; they are nobody's orphans.
    azurite.put(container, "wh/ns/kept/metadata/00008-directory.metadata.json", b"",
                {"x-ms-meta-hdi_isfolder": "true"})
    code, said, _ = fsck(server, azurite.environment(), "--deep")
    assert code != 0 and orphan in said and "00008-directory" not in said
    assert "file-missing" not in said, said
    kept = azurite.names(container, "wh/ns/kept/")
    assert len(azurite.names(container, "wh/ns/gone/")) > 8
    api.call("dropTable", namespace="ns", table="gone", query={"purgeRequested": "true"},
             expect=204)
    wait_until(lambda: not azurite.names(container, "wh/ns/gone/"))
    assert azurite.names(container) == kept


def test_commits__survive_a_bad_network(serve, azurite, container, fsck):
    """Every fourth call goes wrong in one way after another; nothing acknowledged is lost."""
    with FaultProxy(azurite.port) as proxy:
        environment = azurite.environment(AZURE_STORAGE_CONNECTION_STRING=azurite.environment()[
            "AZURE_STORAGE_CONNECTION_STRING"].replace(str(azurite.port), str(proxy.port)))
        server, api = serve(place(container), environment)
        api.create_namespace("ns")
        api.create_table("ns", bodies.table("t"))
        proxy.fault = lambda n: FAULTS[n // 4 % len(FAULTS)] if n % 4 == 0 else None
        for i in range(25):
            commit(api, "ns", "t", bodies.set_properties(**{f"p{i}": "v"}))
        assert set(proxy.done) >= set(FAULTS), proxy.done
        proxy.fault = lambda n: None
        server.restart()
        loaded = api.call("loadTable", namespace="ns", table="t", expect=200).json()
        assert {f"p{i}" for i in range(25)} <= set(loaded["metadata"]["properties"])
        code, said, _ = fsck(server, environment, "--deep")
        assert "file-missing" not in said and "unreadable" not in said, said


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("container_name, changes, words", [
    ("no-such", {}, ("ContainerNotFound", "there is no container no-such", "make it")),
    (None, {azure.KEY: "d3Jvbmc="}, ("AuthorizationFailure", "check the warehouse's credentials")),
    (None, {azure.KEY: "not base64"}, ("the account key is not base64",)),
    (None, {f"AccountName={azure.ACCOUNT}": "AccountName=other"}, ("is of account other",)),
    (None, {"127.0.0.1": "no-such-host.invalid"}, ("no-such-host.invalid", "unknown to DNS")),
    (None, {"http://127.0.0.1": "https://127.0.0.1"}, ("check that the endpoint speaks TLS",)),
    ("In valid", {}, ("must be abfss://container@account",)),
], ids=["container", "key", "base64", "account", "dns", "tls", "name"])
def test_errors__name_the_object_the_code_and_the_cure(serve, azurite, container, container_name,
                                                       changes, words, binary, tmp_path):
    text = azurite.environment()["AZURE_STORAGE_CONNECTION_STRING"]
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    location = place(container_name or container)
    if " " in location:  # it does not even start
        done = subprocess.run([binary, "serve", "--data", tmp_path / "d", "--listen", "127.0.0.1:0",
                               "--warehouse-location", location], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode != 0 and words[0] in done.stderr
        return
    _, api = serve(location, {"AZURE_STORAGE_CONNECTION_STRING": text})
    api.create_namespace("ns")
    answer = api.call("createTable", namespace="ns", json=bodies.table("t"), expect=None)
    assert answer.status in (500, 507), answer
    message = answer.error["message"]
    assert azure.KEY not in message and location in message
    for word in words:
        assert word in message, message


# --- warehouses of their own ------------------------------------------------------------------------


def test_warehouses__have_keys_of_their_own(plain, azurite, container, fsck):
    server, api = plain()
    lake = add_warehouse(server, api, place(container), profile(azurite))
    lake.create_namespace("ns")
    made = lake.create_table("ns", bodies.table("t")).json()
    checks = api.call("checkWarehouse", warehouse="lake", expect=200).json()
    assert checks["failed"] == 0 and len(checks["checks"]) >= 4, checks
    assert len(azurite.names(container)) == 1
    server.restart()
    assert lake.call("loadTable", namespace="ns", table="t", expect=200).json() == made
    code, said, why = fsck(server, {}, "--deep")
    assert code == 0, said + why
    lake.close()


def test_warehouses__by_an_apps_secret(plain, secure_azurite, container, token_server):
    """The first token has ended already: Azurite refuses it, and a new one is fetched."""
    tokens = token_server(azure.token(-60), azure.token())
    server, api = plain({"AZURE_AUTHORITY_HOST": tokens.url})
    store, certificate = secure_azurite
    storage = profile(store, **{"ca-bundle": str(certificate), "credentials": {
        "source": "client-secret", "tenant-id": "a-tenant", "client-id": "an-app",
        "client-secret": SECRET}})
    lake = add_warehouse(server, api, place(store.make_container(container)), storage)
    lake.create_namespace("ns")
    lake.create_table("ns", bodies.table("t"))
    commit(lake, "ns", "t", bodies.set_properties(a="b"))
    assert len(store.names(container)) == 2
    assert [path for path, _, _ in tokens.asked] == ["/a-tenant/oauth2/v2.0/token"] * 2
    form = tokens.asked[0][1]
    assert f"client_secret={SECRET}" in form and "client_id=an-app" in form
    assert SECRET not in server.log.read_text() and azure.token()[:20] not in server.log.read_text()
    lake.close()


def test_warehouses__by_the_machines_identity(plain, secure_azurite, container, token_server):
    """It is lent where the operator has said so, and sent nowhere else."""
    tokens = token_server()
    store, certificate = secure_azurite
    location = place(store.make_container(container))
    storage = profile(store, **{"ca-bundle": str(certificate),
                                "credentials": {"source": "instance"}})
    environment = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": tokens.url}
    server, api = plain(environment, "--allow-location", location)
    assert "--allow-endpoint" in add_warehouse(server, api, location, storage, expect=403)
    server.stop()
    server.arguments += ["--allow-endpoint", store.url]
    server.start()
    lake = add_warehouse(server, api, location, storage)
    lake.create_namespace("ns")
    lake.create_table("ns", bodies.table("t"))
    assert len(store.names(container)) == 1
    path, _, headers = tokens.asked[0]
    assert path.startswith("/metadata/identity/oauth2/token?") and headers["Metadata"] == "true"
    lake.close()


# --- clients without a key ------------------------------------------------------------------------

VENDED = {"X-Iceberg-Access-Delegation": "vended-credentials"}


def test_access__is_told_in_the_words_of_clients(plain, azurite, container):
    """Where the store is all hear; a signature for the table's directory, or the key, who may."""
    server, api = plain()
    lake = add_warehouse(server, api, place(container), profile(azurite))
    lake.create_namespace("ns")
    lake.create_table("ns", bodies.table("t"))
    told = lake.call("loadTable", namespace="ns", table="t", headers=VENDED, expect=200).json()
    authority = f"127.0.0.1:{azurite.port}"
    where = {"adls.account-name": azure.ACCOUNT, "adls.blob-storage-authority": authority,
             "adls.blob-storage-scheme": "http", "adls.dfs-storage-authority": authority,
             "adls.dfs-storage-scheme": "http"}
    assert told["config"] == where and "storage-credentials" not in told
    for access in ("vended-credentials", "static-keys"):
        api.call("alterWarehouse", warehouse="lake", expect=200, json={
            "storage": profile(azurite, **{"client-access": [access]})})
        answer = lake.call("loadTable", namespace="ns", table="t", headers=VENDED, expect=200)
        assert answer.header("Cache-Control") == "no-store"
        [credential] = answer.json()["storage-credentials"]
        assert credential["prefix"] == f"{place(container)}/ns/t/"
        config = credential["config"]
        assert where.items() <= config.items()
        if access == "static-keys":
            assert config["adls.account-key"] == azure.KEY
            assert config["adls.auth.shared-key.account.key"] == azure.KEY
            continue
        assert azure.KEY not in json.dumps(config)
        sas = urllib.parse.parse_qs(config[f"adls.sas-token.{azure.HOST}"])
        assert sas["sr"] == ["d"] and sas["sdd"] == ["3"] and sas["sp"] == ["racwdl"]
        assert config["adls.sas-token"] == config[f"adls.sas-token.{azure.HOST}"]
        left_s = int(config[f"adls.sas-token-expires-at-ms.{azure.HOST}"]) / 1000 - time.time()
        assert 1800 < left_s <= 3600
        assert config["adls.refresh-credentials-endpoint"].startswith(
            "v1/lake/namespaces/ns/tables/t/credentials")
        again = lake.call("loadCredentials", namespace="ns", table="t", expect=200).json()
        assert again["storage-credentials"][0]["config"] == config
    lake.close()


def test_check__proves_signatures_or_says_what_they_need(plain, secure_azurite, token_server,
                                                         container):
    """Azurite makes the key of an identity, and knows no directories: what it refuses, an account
    without a hierarchical namespace refuses too."""
    tokens = token_server()
    server, api = plain({"AZURE_AUTHORITY_HOST": tokens.url})
    store, certificate = secure_azurite
    storage = profile(store, **{"ca-bundle": str(certificate), "client-access": [
        "vended-credentials"], "credentials": {
        "source": "client-secret", "tenant-id": "a-tenant", "client-id": "an-app",
        "client-secret": SECRET}})
    lake = add_warehouse(server, api, place(store.make_container(container)), storage)
    told = api.call("checkWarehouse", warehouse="lake", expect=200).json()
    checks = {check["check"]: check for check in told["checks"]}
    assert [name for name, check in checks.items() if not check["ok"]] == ["vended-credentials"]
    assert checks["sts"]["ok"] and checks["vended-credentials-refused-elsewhere"]["ok"]
    assert "a hierarchical namespace" in checks["vended-credentials"]["detail"]
    assert store.names(container) == []
    lake.create_namespace("ns")
    made = lake.call("createTable", namespace="ns", json=bodies.table("t"), headers=VENDED,
                     expect=200).json()
    sas = urllib.parse.parse_qs(made["config"][f"adls.sas-token.{azure.HOST}"])
    assert sas["skoid"] == ["an-object"] and sas["sktid"] == ["a-tenant"] and sas["spr"] == ["https"]
    lake.close()
