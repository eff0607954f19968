"""Clients that have no key: credentials for one table, and requests that are signed for them, on a
MinIO that enforces both."""

import base64
import contextlib
import hashlib
import json
import re
import socket
import time
import uuid
from urllib.parse import quote

import boto3
import pyarrow
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from pyiceberg.catalog.rest import RestCatalog

import bodies
import stores
from api import Api
from conftest import CONTRACT

VENDED = {"X-Iceberg-Access-Delegation": "vended-credentials"}
SIGNING = {"X-Iceberg-Access-Delegation": "remote-signing"}
WAIT_S = 60
ROWS = pyarrow.table({"id": [1, 2, 3]})
STAGED = {"name": "staged", "stage-create": True, "schema": {"type": "struct", "fields": []}}


def profile(store, **more):
    return {"type": "s3", "endpoint": store.url, "region": stores.REGION,
            "credentials": {"source": "static", "access-key-id": stores.KEY,
                            "secret-access-key": stores.SECRET},
            "sts": {"duration-seconds": 900}} | more


@pytest.fixture
def vending(own_lake):
    return own_lake()


@pytest.fixture
def own_lake(serve, minio, bucket, tmp_path):
    """A warehouse "lake" with keys of its own, in a server that has none in its environment."""
    def make(**more):
        server, api = serve(f"file://{tmp_path}/data/warehouse", {})
        api.call("createWarehouse", expect=200, json={
            "name": "lake", "location": f"s3://{bucket}/wh", "storage": profile(minio, **more)})
        lake = Api(server.port, CONTRACT, prefix="lake")
        lake.create_namespace("db")
        return server, lake

    return make


def catalog(server, **more):
    """PyIceberg without any key."""
    return RestCatalog("test", uri=f"http://127.0.0.1:{server.port}", warehouse="lake", **more)


def make_tables(pyiceberg):
    made = []
    for name in ("a", "b"):
        table = pyiceberg.create_table(f"db.{name}", ROWS.schema)
        table.append(ROWS)
        made.append(table)
    return made


def client_of(store, config):
    return boto3.client("s3", endpoint_url=store.url, region_name=stores.REGION,
                        aws_access_key_id=config["s3.access-key-id"],
                        aws_secret_access_key=config["s3.secret-access-key"],
                        aws_session_token=config.get("s3.session-token"),
                        config=Config(s3={"addressing_style": "path"}))


def first_key(store, bucket, prefix):
    return store.keys(bucket, prefix)[0]


def refused(call, *arguments, **more):
    with pytest.raises(ClientError) as said:
        call(*arguments, **more)
    assert said.value.response["Error"]["Code"] == "AccessDenied"


# --- vended credentials ---------------------------------------------------------------------------

def test_pyiceberg__reads_and_writes_with_vended_credentials(vending, minio, bucket):
    server, _ = vending
    pyiceberg = catalog(server)
    make_tables(pyiceberg)
    loaded = pyiceberg.load_table("db.a")
    assert loaded.io.properties["s3.access-key-id"] != stores.KEY
    assert loaded.scan().to_arrow() == ROWS
    loaded.append(ROWS)
    assert loaded.scan().to_arrow().num_rows == 2 * ROWS.num_rows


def test_credentials__are_refused_outside_of_their_table(vending, minio, bucket):
    server, lake = vending
    make_tables(catalog(server))
    answer = lake.call("loadCredentials", namespace="db", table="a", expect=200)
    assert answer.header("Cache-Control") == "no-store"
    [credential] = answer.json()["storage-credentials"]
    assert credential["prefix"] == f"s3://{bucket}/wh/db/a/"
    vended = client_of(minio, credential["config"])
    own, other = (first_key(minio, bucket, f"wh/db/{name}/") for name in "ab")
    assert vended.get_object(Bucket=bucket, Key=own)["Body"].read()
    vended.put_object(Bucket=bucket, Key="wh/db/a/new", Body=b"new")
    vended.delete_object(Bucket=bucket, Key="wh/db/a/new")
    assert vended.list_objects_v2(Bucket=bucket, Prefix="wh/db/a/")["KeyCount"] > 0
    refused(vended.get_object, Bucket=bucket, Key=other)
    refused(vended.put_object, Bucket=bucket, Key="wh/db/b/new", Body=b"new")
    refused(vended.put_object, Bucket=bucket, Key="wh/db/a2/new", Body=b"new")
    refused(vended.delete_object, Bucket=bucket, Key=other)
    refused(vended.list_objects_v2, Bucket=bucket, Prefix="wh/db/")
    refused(vended.list_objects_v2, Bucket=bucket)
    refused(vended.list_buckets)


def test_credentials__of_a_plan_only_read(vending, minio, bucket):
    server, lake = vending
    make_tables(catalog(server))
    answer = lake.send("POST", "/v1/lake/namespaces/db/tables/a/plan", json={}, headers=VENDED)
    assert answer.header("Cache-Control") == "no-store"
    plan = answer.json()
    [planned] = plan["storage-credentials"]
    [by_id] = lake.call("loadCredentials", namespace="db", table="a", expect=200,
                        query={"planId": plan["plan-id"]}).json()["storage-credentials"]
    own = first_key(minio, bucket, "wh/db/a/")
    for credential in (planned, by_id):
        vended = client_of(minio, credential["config"])
        assert vended.get_object(Bucket=bucket, Key=own)["Body"].read()
        refused(vended.put_object, Bucket=bucket, Key="wh/db/a/new", Body=b"new")
        refused(vended.delete_object, Bucket=bucket, Key=own)
    lake.call("loadCredentials", namespace="db", table="b", query={"planId": plan["plan-id"]},
              expect=404)


def test_load__gives_what_is_asked_for_and_no_304_beyond_it(vending):
    server, lake = vending
    make_tables(catalog(server))
    load = dict(namespace="db", table="a")
    plain = lake.call("loadTable", **load, expect=200)
    vended = lake.call("loadTable", **load, headers=VENDED, expect=200)
    signing = lake.call("loadTable", **load, headers=SIGNING, expect=200)
    assert plain.json()["config"]["s3.endpoint"].startswith("http://127.0.0.1")
    assert not any("key" in name or "signer" in name for name in plain.json()["config"])
    assert "storage-credentials" not in plain.json() and plain.header("Cache-Control") is None
    assert vended.header("Cache-Control") == "no-store"
    expires_ms = int(vended.json()["config"]["s3.session-token-expires-at-ms"])
    assert 450_000 < expires_ms - time.time() * 1000 <= 910_000
    assert signing.json()["config"]["s3.remote-signing-enabled"] == "true"
    assert signing.json()["remote-signing-config"] is not None
    assert "s3.access-key-id" not in signing.json()["config"]
    tags = [answer.header("ETag") for answer in (plain, vended, signing)]
    assert len(set(tags)) == 3
    again = lake.call("loadTable", **load, headers=VENDED | {"If-None-Match": tags[1]}, expect=304)
    assert again.body == b"" and again.header("Cache-Control") == "no-store"
    lake.call("loadTable", **load, headers=VENDED | {"If-None-Match": tags[0]}, expect=200)
    both = {"X-Iceberg-Access-Delegation": "client-managed, remote-signing,vended-credentials"}
    # More than the protocol's document has words for.
    signing = lake.send("GET", lake.target("loadTable", **load), headers=both, check_request=False)
    assert signing.status == 200 and "s3.signer.endpoint" in signing.json()["config"]


def test_policy__of_the_warehouse_counts(own_lake):
    server, lake = own_lake(**{"client-access": ["static-keys"]})
    make_tables(catalog(server))
    config = lake.call("loadTable", namespace="db", table="a", headers=VENDED,
                       expect=200).json()["config"]
    assert config["s3.access-key-id"] == stores.KEY and "s3.session-token" not in config
    answer = lake.call("signRequest", namespace="db", table="a", expect=403,
                       json={"region": "r", "uri": "http://x/y", "method": "GET", "headers": {}})
    assert "signs no requests" in answer.error["message"]
    lake.call("alterWarehouse", warehouse="lake", expect=200,
              json={"storage": lake.call("loadWarehouse", warehouse="lake").json()["storage"]
                    | {"client-access": []}})
    loaded = lake.call("loadTable", namespace="db", table="a", headers=VENDED, expect=200).json()
    assert "storage-credentials" not in loaded and "s3.access-key-id" not in loaded["config"]
    assert lake.call("loadCredentials", namespace="db", table="a",
                     expect=200).json() == {"storage-credentials": []}


def test_endpoint__is_the_one_that_this_client_can_use(own_lake, minio):
    server, lake = own_lake(**{"client-endpoints": [
        {"endpoint": "http://elsewhere:9000", "hosts": ["localhost"]},
        {"endpoint": "http://inside:9000", "networks": ["10.0.0.0/8"]}]})
    lake.create_table("db", {"name": "t", "schema": {"type": "struct", "fields": []}})
    told = [lake.call("loadTable", namespace="db", table="t", headers=headers,
                      expect=200).json()["config"]["s3.endpoint"]
            for headers in ({}, {"Host": f"localhost:{server.port}"})]
    assert told == [minio.url, "http://elsewhere:9000"]


def test_sts__that_refuses_is_named_and_no_secret_with_it(serve, minio, bucket, tmp_path):
    server, api = serve(f"file://{tmp_path}/data/warehouse", {})
    wrong = profile(minio, sts={"endpoint": minio.url, "duration-seconds": 900})
    api.call("createWarehouse", expect=200,
             json={"name": "lake", "location": f"s3://{bucket}/wh", "storage": wrong})
    lake = Api(server.port, CONTRACT, prefix="lake")
    lake.create_namespace("db")
    lake.create_table("db", {"name": "t", "schema": {"type": "struct", "fields": []}})
    wrong["credentials"]["secret-access-key"] = "another-secret-of-the-tests"
    api.call("alterWarehouse", warehouse="lake", json={"storage": wrong}, expect=200)
    answer = lake.call("loadCredentials", namespace="db", table="t", expect=500)
    assert "gave no keys" in answer.error["message"], answer
    assert b"another-secret" not in answer.body
    lake.close()


@contextlib.contextmanager
def closed_port():
    """One that refuses every connection, and is nobody else's."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def set_sts(lake, minio, endpoint):
    lake.call("alterWarehouse", warehouse="lake", expect=200,
              json={"storage": profile(minio, sts={"endpoint": endpoint, "duration-seconds": 900})})


def test_sts__that_does_not_answer_makes_no_table(vending, minio, bucket):
    _, lake = vending
    create = {"name": "t", "schema": {"type": "struct", "fields": []}}
    kept = lake.create_table("db", create | {"name": "kept"}).json()["metadata-location"]
    lake.call("unregisterTable", namespace="db", table="kept", expect=200)
    before = minio.keys(bucket)
    register = {"name": "r", "metadata-location": kept}
    with closed_port() as port:
        set_sts(lake, minio, f"http://127.0.0.1:{port}")
        for operation, body in (("createTable", create), ("registerTable", register),
                                ("createTable", create | {"stage-create": True})):
            answer = lake.call(operation, namespace="db", json=body, headers=VENDED, expect=507)
            assert str(port) in answer.error["message"]
        assert lake.call("listTables", namespace="db", expect=200).json()["identifiers"] == []
        assert minio.keys(bucket) == before
        lake.call("createTable", namespace="db", json=create, expect=200)  # who asks for no keys
    set_sts(lake, minio, minio.url)
    answer = lake.call("registerTable", namespace="db", json=register, headers=VENDED, expect=200)
    [credential] = answer.json()["storage-credentials"]
    endpoint = credential["config"]["client.refresh-credentials-endpoint"]
    assert endpoint.partition("?")[0].endswith("/r/credentials")


def test_sts__that_does_not_answer_spoils_no_repeated_answer(vending, minio):
    server, lake = vending
    key = VENDED | {"Idempotency-Key": str(uuid.uuid4())}
    create = dict(namespace="db", headers=key, expect=200,
                  json={"name": "t", "schema": {"type": "struct", "fields": []}})
    made, again = (lake.call("createTable", **create).json() for _ in range(2))
    assert made == again and made["storage-credentials"]
    commit = dict(namespace="db", table="t", expect=200,
                  json={"requirements": [], "updates": [bodies.set_properties(p="set")]},
                  headers=VENDED | {"Idempotency-Key": str(uuid.uuid4())})
    lake.call("updateTable", **commit)
    with closed_port() as port:
        set_sts(lake, minio, f"http://127.0.0.1:{port}")
        server.stop()
        server.start()  # and with it what was kept of keys is gone
        again = lake.call("createTable", **create).json()
        assert again["metadata-location"] == made["metadata-location"]
        assert "storage-credentials" not in again
        lake.call("updateTable", **commit)
        answer = lake.call("unregisterTable", namespace="db", table="t", headers=VENDED, expect=200)
        assert "storage-credentials" not in answer.json()


def test_locations__get_a_suffix_where_the_warehouse_wants_it(own_lake, minio, bucket):
    _, lake = own_lake(**{"unique-suffix": True})
    made = [lake.create_table("db", {"name": "t", "schema": STAGED["schema"]}).json()]
    lake.call("dropTable", namespace="db", table="t", query={"purgeRequested": "true"}, expect=204)
    made.append(lake.create_table("db", {"name": "t", "schema": STAGED["schema"]}).json())
    made.append(lake.call("createTable", namespace="db", json=STAGED, expect=200).json())
    made.append(lake.call("createView", namespace="db", json=bodies.view("v"), expect=200).json())
    locations = [one["metadata"]["location"] for one in made]
    for name, location in zip(("t", "t", "staged", "v"), locations):
        assert re.fullmatch(f"s3://{bucket}/wh/db/{name}-[0-9a-f]{{8}}", location), location
    assert len(set(locations)) == 4
    named = {"name": "named", "schema": STAGED["schema"], "location": f"s3://{bucket}/wh/named"}
    assert lake.create_table("db", named).json()["metadata"]["location"] == named["location"]
    load = lake.call("loadCredentials", namespace="db", table="t", expect=200).json()
    assert load["storage-credentials"][0]["prefix"] == locations[1] + "/"


# --- remote signing -------------------------------------------------------------------------------

def signed(lake, minio, method, path, query="", body=None, headers=None, operation="signRequest",
           table="a", expect=200):
    """The request as a client sends it after it was signed; where it is not, the error."""
    url = f"{minio.url}/{path}" + (f"?{query}" if query else "")
    request = {"region": stores.REGION, "uri": url, "method": method,
               "headers": {name: [value] for name, value in (headers or {}).items()}}
    if body is not None and query.startswith("delete"):
        request["body"] = body
    answer = lake.call(operation, namespace="db", table=table, json=request, expect=expect)
    if expect != 200:
        return answer.error["message"]
    body = body.encode() if isinstance(body, str) else body
    added = {name: ", ".join(values) for name, values in answer.json()["headers"].items()}
    return requests.request(method, answer.json()["uri"], data=body,
                            headers=(headers or {}) | added, timeout=WAIT_S)


def test_signatures__are_good_for_what_clients_do(vending, minio, bucket):
    server, lake = vending
    make_tables(catalog(server))
    place = f"{bucket}/wh/db/a"
    strange = quote("p=a%2Fb/é x+y.parquet")
    assert signed(lake, minio, "PUT", f"{place}/{strange}", body=b"new").status_code == 200
    got = signed(lake, minio, "GET", f"{place}/{strange}", headers={"Range": "bytes=0-1"})
    assert (got.status_code, got.content) == (206, b"ne")
    assert signed(lake, minio, "HEAD", f"{place}/{strange}").status_code == 200
    listed = signed(lake, minio, "GET", bucket, "list-type=2&prefix=" + quote("wh/db/a/", safe=""))
    assert listed.status_code == 200 and "<Key>wh/db/a/" in listed.text
    body = "<Delete><Object><Key>wh/db/a/p=a%2Fb/é x+y.parquet</Key></Object></Delete>".encode()
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    gone = signed(lake, minio, "POST", bucket, "delete", body=body.decode(),
                  headers={"Content-MD5": md5})
    assert gone.status_code == 200, gone.text
    assert signed(lake, minio, "HEAD", f"{place}/{strange}").status_code == 404
    by_object = signed(lake, minio, "GET", first_path(minio, bucket, "wh/db/b/"),
                       operation="signObject")
    assert by_object.status_code == 200


def first_path(minio, bucket, prefix):
    return f"{bucket}/{first_key(minio, bucket, prefix)}"


def test_signatures__are_for_one_table_alone(vending, minio, bucket):
    server, lake = vending
    make_tables(catalog(server))
    minio.make_bucket(f"{bucket}-other")
    other = first_path(minio, bucket, "wh/db/b/")
    for path in (other, f"{bucket}/wh/db/a2/x", f"{bucket}/wh/db/a/../b/x", f"{bucket}/wh/db/a//x",
                 f"{bucket}/wh/db/a/%2e%2e/b/x", f"{bucket}/wh/db/a/%252e%252e/b/x",
                 f"{bucket}-other/wh/db/a/x", f"{bucket}/wh/db/a", bucket):
        assert "is not signed" in signed(lake, minio, "GET", path, expect=403), path
    assert "is not signed" in signed(lake, minio, "DELETE", other, expect=403)
    assert "are not signed" in signed(lake, minio, "PUT", f"{bucket}/wh/db/a/x", "acl", expect=403)
    assert "are not signed" in signed(lake, minio, "PUT", f"{bucket}/wh/db/a/x", expect=403,
                                      headers={"x-amz-acl": "public-read"})
    body = "<Delete><Object><Key>wh/db/b/x</Key></Object></Delete>"
    assert "is not signed" in signed(lake, minio, "POST", bucket, "delete", body=body, expect=403)
    unknown = signed(lake, minio, "GET", f"{bucket}/wh/x", operation="signObject", expect=403)
    assert "lies in no table" in unknown


def test_signature__of_one_request_is_of_no_use_for_another(vending, minio, bucket):
    server, lake = vending
    make_tables(catalog(server))
    url = f"{minio.url}/{bucket}/wh/db/a/x"
    answer = lake.call("signRequest", namespace="db", table="a", expect=200, json={
        "region": stores.REGION, "uri": url, "method": "GET", "headers": {}})
    headers = {name: values[0] for name, values in answer.json()["headers"].items()}
    for method, other in (("PUT", url), ("GET", f"{minio.url}/{first_path(minio, bucket, 'wh/db/b/')}"),
                          ("PUT", url + "?acl")):
        got = requests.request(method, other, headers=headers, data=b"", timeout=WAIT_S)
        assert got.status_code == 403, (method, other)
    body = "<Delete><Object><Key>wh/db/a/x</Key></Object></Delete>"
    wish = lake.call("signRequest", namespace="db", table="a", expect=200, json={
        "region": stores.REGION, "uri": f"{minio.url}/{bucket}?delete", "method": "POST",
        "headers": {}, "body": body})
    headers = {name: values[0] for name, values in wish.json()["headers"].items()}
    swapped = requests.post(f"{minio.url}/{bucket}?delete", headers=headers, timeout=WAIT_S,
                            data=body.replace("/a/", "/b/"))
    assert swapped.status_code in (400, 403), swapped.text
    assert json.dumps(wish.json()).find(stores.SECRET) < 0


# --- where there is no table of that name -----------------------------------------------------------

def sign_put(lake, minio, endpoint, path):
    return lake.send("POST", f"/{endpoint}", json={
        "region": stores.REGION, "uri": f"{minio.url}/{path}", "method": "PUT", "headers": {}})


def test_grant__serves_a_table_before_it_is_created_and_when_it_is_dropped(vending, minio, bucket):
    server, lake = vending
    make_tables(catalog(server))
    staged = lake.call("createTable", namespace="db", json=STAGED, headers=SIGNING,
                       expect=200).json()
    endpoint = staged["config"]["signer.endpoint"]
    assert staged["config"]["s3.signer.endpoint"] == endpoint and "/staged/sign?grant=" in endpoint
    own, bare = f"{bucket}/wh/db/staged/data/x", endpoint.partition("?")[0]

    def refused_else():
        assert sign_put(lake, minio, endpoint, f"{bucket}/wh/db/a/x").status == 403
        assert sign_put(lake, minio, bare, own).status == 404
        # Of the token's last bytes, which are its MAC's.
        changed = endpoint[:-8] + ("A" if endpoint[-8] != "A" else "B") + endpoint[-7:]
        answer = sign_put(lake, minio, changed, own)
        assert answer.status == 403 and "was changed or has expired" in answer.error["message"]

    answer = sign_put(lake, minio, endpoint, own)
    assert answer.status == 200
    headers = {name: values[0] for name, values in answer.json()["headers"].items()}
    assert requests.put(answer.json()["uri"], headers=headers, data=b"x",
                        timeout=WAIT_S).status_code == 200
    refused_else()
    lake.create_table("db", STAGED | {"stage-create": False})
    assert sign_put(lake, minio, bare, own).status == 200
    lake.call("dropTable", namespace="db", table="staged", expect=204)
    assert sign_put(lake, minio, endpoint, own).status == 200
    refused_else()


def test_grant__ends_where_another_table_has_the_place(vending, minio, bucket):
    _, lake = vending
    staged = lake.call("createTable", namespace="db", json=STAGED, headers=SIGNING,
                       expect=200).json()
    lake.create_table("db", {"name": "other", "schema": STAGED["schema"],
                             "location": f"s3://{bucket}/wh/db/staged"})
    answer = sign_put(lake, minio, staged["config"]["signer.endpoint"], f"{bucket}/wh/db/staged/x")
    assert answer.status == 403 and "the place of another table by now" in answer.error["message"]


def test_grant__fetches_credentials_for_a_table_that_is_being_created(vending, minio, bucket):
    _, lake = vending
    config = lake.call("createTable", namespace="db", json=STAGED, headers=VENDED,
                       expect=200).json()["config"]
    endpoint = config["client.refresh-credentials-endpoint"]
    [credential] = lake.send("GET", f"/{endpoint}").json()["storage-credentials"]
    assert credential["prefix"] == f"s3://{bucket}/wh/db/staged/"
    client_of(minio, credential["config"]).put_object(Bucket=bucket, Key="wh/db/staged/x", Body=b"")
    assert lake.send("GET", f"/{endpoint}&planId=x").status == 404
    assert lake.send("GET", "/" + endpoint.partition("?")[0]).status == 404


# --- check ----------------------------------------------------------------------------------------

def test_check__proves_that_credentials_end_at_their_table(vending, minio, bucket):
    _, lake = vending
    told = lake.call("checkWarehouse", warehouse="lake", expect=200).json()
    assert told == {"failed": 0, "checks": [{"check": name, "ok": True} for name in (
        "put", "read", "list", "sts", "vended-credentials", "vended-credentials-refused-elsewhere",
        "delete")]}
    assert not [key for key in minio.keys(bucket) if "firn-check" in key]


def test_check__says_what_is_wrong_with_the_keys(vending, minio, bucket):
    _, lake = vending
    storage = profile(minio)
    storage["credentials"]["secret-access-key"] = "another-secret-of-the-tests"
    lake.call("alterWarehouse", warehouse="lake", json={"storage": storage}, expect=200)
    told = lake.call("checkWarehouse", warehouse="lake", expect=200)
    [put] = told.json()["checks"]
    assert not put["ok"] and "SignatureDoesNotMatch" in put["detail"], put
    assert b"another-secret" not in told.body


def test_check__finds_an_sts_that_does_not_heed_policies(own_lake, moto):
    """What moto's does not: its credentials open everything."""
    moto.make_bucket("moto-lake")
    server, lake = own_lake()
    lake.call("createWarehouse", expect=200, json={
        "name": "open", "location": "s3://moto-lake/wh", "storage": profile(
            moto, sts={"role-arn": "arn:aws:iam::123456789012:role/lake"})})
    told = lake.call("checkWarehouse", warehouse="open", expect=200).json()
    [outside] = [one for one in told["checks"] if not one["ok"]]
    assert outside["check"] == "vended-credentials-refused-elsewhere"
    assert "does not heed what they were cut down to" in outside["detail"]
    assert not [key for key in moto.keys("moto-lake") if "firn-check" in key]
