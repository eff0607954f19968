"""A warehouse on S3: everything that a warehouse of local files can do, on a MinIO."""

import json
import re
import ssl
import subprocess
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta

import pyarrow
import pyarrow.parquet
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField

import bodies
import stores
from api import Api
from fault_proxy import FaultProxy
from steps import WAIT_S, commit, wait_until


@contextmanager
def pyiceberg(server, store):
    yield RestCatalog("test", uri=f"http://127.0.0.1:{server.port}",
                      **{"s3.endpoint": store.url, "s3.access-key-id": stores.KEY,
                         "s3.secret-access-key": stores.SECRET, "s3.region": stores.REGION})


# --- tables ---------------------------------------------------------------------------------------


def test_tables__are_made_changed_and_loaded(lake, minio, bucket):
    server, api = lake
    api.create_namespace("ns")
    made = api.create_table("ns", bodies.table("t")).json()
    assert made["metadata-location"].startswith(f"s3://{bucket}/wh/ns/t/metadata/00000-")
    changed = commit(api, "ns", "t", bodies.set_properties(a="b")).json()
    loaded = api.call("loadTable", namespace="ns", table="t", expect=200).json()
    assert loaded == changed
    keys = minio.keys(bucket)
    assert len(keys) == 2 and all(key.startswith("wh/ns/t/metadata/") for key in keys)
    stored = minio.client.get_object(Bucket=bucket, Key=keys[1])["Body"].read()
    assert json.loads(stored) == loaded["metadata"]


def test_tables__are_read_anew_by_the_next_server(lake, minio, bucket):
    server, api = lake
    api.create_namespace("ns")
    made = api.create_table("ns", bodies.table("t")).json()
    server.restart()
    assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == made
    # A file that is gone is heard of at once where nobody has looked a moment ago.
    server.restart()
    minio.client.delete_object(Bucket=bucket, Key=minio.keys(bucket)[0])
    answer = api.call("loadTable", namespace="ns", table="t", expect=404)
    assert answer.error["type"] == "NotFoundException"
    assert made["metadata-location"] in answer.error["message"]


def test_tables__are_spelled_s3a_too(serve, minio, bucket):
    server, api = serve(f"s3a://{bucket}/wh/", minio.environment())
    api.create_namespace("ns")
    made = api.create_table("ns", bodies.table("t", location=f"s3n://{bucket}/wh/é x+y%41")).json()
    assert made["metadata-location"].startswith(f"s3n://{bucket}/wh/é x+y%41/metadata/")
    assert minio.keys(bucket)[0].startswith("wh/é x+y%41/metadata/00000-")
    server.restart()
    assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == made


def test_views_and_functions__are_kept_there(lake, minio, bucket):
    _, api = lake
    api.create_namespace("ns")
    api.call("createView", namespace="ns", expect=200, json=bodies.view("v"))
    assert api.call("loadView", namespace="ns", view="v", expect=200).json()["metadata"]
    assert any(key.startswith("wh/ns/v/metadata/") for key in minio.keys(bucket))


def test_old_metadata__is_deleted_where_the_table_says_so(lake, minio, bucket):
    _, api = lake
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t", properties={
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "2"}))
    for i in range(5):
        commit(api, "ns", "t", bodies.set_properties(n=str(i)))
    assert len(minio.keys(bucket)) == 3


# --- data, plans, purge ---------------------------------------------------------------------------


@pytest.fixture
def rows():
    return pyarrow.table({"id": [1, 2, 3], "data": ["a", "b", "c"]})


def test_data__is_planned_and_checked(lake, minio, bucket, rows, fsck):
    server, api = lake
    api.create_namespace("ns")
    with pyiceberg(server, minio) as client:
        table = client.create_table("ns.t", schema=rows.schema)
        table.append(rows)
        table.append(rows)
        assert table.scan().to_arrow().num_rows == 6
    plan = api.call("planTableScan", namespace="ns", table="t", json={}, expect=200).json()
    assert plan["status"] == "completed" and len(plan["file-scan-tasks"]) == 2
    assert {task["data-file"]["file-path"].split("/")[2] for task in plan["file-scan-tasks"]} \
        == {bucket}
    code, said, why = fsck(server, minio.environment(), "--deep")
    assert code == 0, said + why
    data = next(key for key in minio.keys(bucket) if key.endswith(".parquet"))
    minio.client.delete_object(Bucket=bucket, Key=data)
    code, said, _ = fsck(server, minio.environment(), "--deep")
    assert code != 0 and json.loads(said.splitlines()[0])["finding"] == "file-missing"
    assert data in said


class Together(FaultProxy):
    """Passes requests for data files on when so many of them are there at once."""

    def __init__(self, port, count):
        super().__init__(port)
        self.meeting = threading.Barrier(count)

    def forward(self, request):
        if request.startswith(b"HEAD ") and b".parquet " in request.split(b"\r\n", 1)[0]:
            self.meeting.wait(WAIT_S)
        return super().forward(request)


def test_check__looks_for_many_files_at_a_time(lake, minio, bucket, rows, fsck):
    server, api = lake
    api.create_namespace("ns")
    with pyiceberg(server, minio) as client:
        spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "id"))
        schema = Schema(NestedField(1, "id", LongType()))
        table = client.create_table("ns.t", schema, partition_spec=spec)
        table.append(pyarrow.table({"id": list(range(16))}))
    gone = next(key for key in minio.keys(bucket) if key.endswith(".parquet"))
    minio.client.delete_object(Bucket=bucket, Key=gone)
    with Together(minio.port, 8) as proxy:
        code, said, why = fsck(server, minio.environment(AWS_ENDPOINT_URL_S3=proxy.url), "--deep")
    assert not proxy.meeting.broken
    assert code == 1, said + why
    *found, summary = map(json.loads, said.splitlines())
    assert [one["file"] for one in found] == [f"s3://{bucket}/{gone}"]
    assert summary["files"] == 16 + 3  # metadata, list, manifest


def test_orphans__are_found_and_deleted(lake, minio, bucket, fsck):
    server, api = lake
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    orphan = "wh/ns/t/metadata/00007-orphan.metadata.json"
    minio.client.put_object(Bucket=bucket, Key=orphan, Body=b"{}")
    code, said, _ = fsck(server, minio.environment())
    assert code != 0 and orphan in said and "orphan" in said
    server.stop()
    fsck(server, minio.environment(), "--delete")
    assert orphan not in minio.keys(bucket) and len(minio.keys(bucket)) == 1


def test_purge__removes_every_file_and_nothing_else(lake, minio, bucket, rows):
    server, api = lake
    api.create_namespace("ns")
    with pyiceberg(server, minio) as client:
        for name in ("gone", "kept"):
            table = client.create_table(f"ns.{name}", schema=rows.schema)
            for _ in range(3):
                table.append(rows)
    kept = minio.keys(bucket, "wh/ns/kept/")
    assert len(minio.keys(bucket, "wh/ns/gone/")) > 10 and len(kept) > 10
    api.call("dropTable", namespace="ns", table="gone", query={"purgeRequested": "true"},
             expect=204)
    wait_until(lambda: not minio.keys(bucket, "wh/ns/gone/"))
    assert minio.keys(bucket) == kept
    wait_until(lambda: not api.call("listPurges", expect=200).json()["purges"])


def test_purge__leaves_what_lies_in_the_place_of_another_table(lake, minio, bucket, rows):
    """Rule 60. Files that both tables name, under either spelling of the place."""
    server, api = lake
    api.create_namespace("ns")
    shared = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(rows, shared)
    with pyiceberg(server, minio) as client:
        gone, kept = (client.create_table(f"ns.{name}", schema=rows.schema)
                      for name in ("gone", "kept"))
        kept.append(rows)
        for scheme in ("s3", "s3a"):
            key = f"wh/ns/kept/data/{scheme}.parquet"
            minio.client.put_object(Bucket=bucket, Key=key, Body=shared.getvalue().to_pybytes())
            gone.add_files([f"{scheme}://{bucket}/{key}"])
            kept.add_files([f"s3://{bucket}/{key}"])
        before = minio.keys(bucket, "wh/ns/kept/")
        api.call("dropTable", namespace="ns", table="gone", query={"purgeRequested": "true"},
                 expect=204)
        wait_until(lambda: not api.call("listPurges", expect=200).json()["purges"])
        assert minio.keys(bucket) == before
        assert client.load_table("ns.kept").scan().to_arrow().num_rows == 3 * rows.num_rows


# --- what is wrong --------------------------------------------------------------------------------


def refusal(api, expect=(500, 507)):
    """The sentence with which a table is not made."""
    api.create_namespace("ns")
    answer = api.call("createTable", namespace="ns", json=bodies.table("t"), expect=None)
    assert answer.status in expect, answer
    message = answer.error["message"]
    assert stores.SECRET not in message and "s3://" in message
    return message


@pytest.mark.parametrize("location, changes, words", [
    ("s3://no-such-bucket/wh", {}, ("NoSuchBucket", "make it, or change the warehouse's location")),
    ("s3://{bucket}/wh", {"AWS_ACCESS_KEY_ID": "nobody"},
     ("InvalidAccessKeyId", "check the warehouse's credentials")),
    ("s3://{bucket}/wh", {"AWS_SECRET_ACCESS_KEY": "wrong-secret"},
     ("SignatureDoesNotMatch", "the secret access key is wrong")),
    ("s3://{bucket}/wh", {"AWS_REGION": "eu-west-1"},
     ("AuthorizationHeaderMalformed", "in another region, us-east-1")),
    ("s3://{bucket}/wh", {"AWS_ENDPOINT_URL_S3": "http://no-such-host.invalid"},
     ("no-such-host.invalid", "unknown to DNS")),
    ("s3://{bucket}/wh", {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"},
     ("127.0.0.1:1", "nothing takes the connection")),
    ("s3://{bucket}/wh", {"AWS_ACCESS_KEY_ID": ""},
     ("there are no credentials", "AWS_ACCESS_KEY_ID")),
], ids=["bucket", "key", "secret", "region", "dns", "port", "no-keys"])
def test_errors__name_the_object_the_code_and_the_cure(serve, minio, bucket, tmp_path, location,
                                                       changes, words):
    environment = minio.environment(HOME=str(tmp_path), **changes)
    _, api = serve(location.format(bucket=bucket), environment)
    message = refusal(api)
    for word in words:
        assert word in message, message


def test_errors__tell_of_tls_that_is_none(serve, minio, bucket):
    environment = minio.environment(AWS_ENDPOINT_URL_S3=minio.url.replace("http:", "https:"))
    _, api = serve(f"s3://{bucket}/wh", environment)
    assert "check that the endpoint speaks TLS" in refusal(api)


@contextmanager
def store_with_clock_ahead(minio, seconds):
    """A store whose clock is ahead, made of a MinIO's: the dates of requests are moved back before it
    sees them, and those of its answers forward afterwards."""
    def moved(text, name, form, by):
        def move(match):
            at = datetime.strptime(match.group(2).decode(), form) + timedelta(seconds=by)
            return match.group(1) + at.strftime(form).encode()
        return re.sub(rb"(?im)^(%s: )([^\r]+)" % name, move, text, count=1)

    with FaultProxy(minio.port) as proxy:
        forward = proxy.forward
        proxy.forward = lambda request: moved(
            forward(moved(request, b"x-amz-date", "%Y%m%dT%H%M%SZ", -seconds)),
            b"date", "%a, %d %b %Y %H:%M:%S GMT", seconds)
        yield proxy.url


@pytest.mark.parametrize("ahead_s, this", [(1200, "behind"), (-1200, "ahead")])
def test_errors__say_by_how_much_clocks_differ(serve, minio, bucket, ahead_s, this):
    with store_with_clock_ahead(minio, ahead_s) as url:
        _, api = serve(f"s3://{bucket}/wh", minio.environment(AWS_ENDPOINT_URL_S3=url))
        said = refusal(api)
    found = re.search(r"RequestTimeTooSkewed.* differ by (\d+) seconds, this one is (\w+): set", said)
    assert found, said
    assert abs(int(found.group(1)) - 1200) <= WAIT_S and found.group(2) == this


# --- keys -----------------------------------------------------------------------------------------


def test_keys__of_shared_files_and_a_role(serve, minio, bucket, tmp_path):
    """MinIO's own STS gives keys for an hour, with a token that each request has to carry."""
    (tmp_path / "credentials").write_text(
        f"[base]\naws_access_key_id = {stores.KEY}\naws_secret_access_key = {stores.SECRET}\n")
    (tmp_path / "config").write_text(
        "[profile lake]\nrole_arn = arn:aws:iam::1:role/any\nsource_profile = base\n")
    _, api = serve(f"s3://{bucket}/wh", {
        "AWS_ENDPOINT_URL_S3": minio.url, "AWS_ENDPOINT_URL_STS": minio.url,
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "lake"})
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    assert len(minio.keys(bucket)) == 1


def test_keys__by_web_identity(serve, moto, tmp_path):
    """moto takes any token; what it is asked for is what AWS's tools ask for."""
    (tmp_path / "token").write_text("a-token\n")
    bucket = moto.make_bucket("web-identity")
    _, api = serve(f"s3://{bucket}/wh", {
        "AWS_ENDPOINT_URL_S3": moto.url, "AWS_ENDPOINT_URL_STS": moto.url,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/lake", "AWS_REGION": stores.REGION})
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    assert len(moto.keys(bucket)) == 1


def test_certificates__of_the_users_own_authority(serve, minio, bucket, tmp_path):
    """Nobody knows the certificate until AWS_CA_BUNDLE names it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with FaultProxy(minio.port, tls=context) as proxy:
        url = f"https://localhost:{proxy.port}"
        environment = minio.environment(AWS_ENDPOINT_URL_S3=url)
        _, api = serve(f"s3://{bucket}/wh", environment)
        assert "CA bundle" in refusal(api)
        environment["AWS_CA_BUNDLE"] = str(certificate)
        _, api = serve(f"s3://{bucket}/other", environment, data="other")
        api.create_namespace("ns")
        api.create_table("ns", bodies.table("t"))
    assert len(minio.keys(bucket, "other/")) == 1


# --- warehouses of their own ------------------------------------------------------------------------


def profile(store, **more):
    return {"type": "s3", "endpoint": store.url, "region": stores.REGION, "credentials": {
        "source": "static", "access-key-id": stores.KEY,
        "secret-access-key": stores.SECRET}} | more


def add_warehouse(server, api, name, location, storage, expect=200):
    made = api.call("createWarehouse", expect=expect,
                    json={"name": name, "location": location, "storage": storage})
    assert stores.SECRET not in made.body.decode()
    return Api(server.port, api.contract, name)


@pytest.fixture
def plain(serve, tmp_path):
    """A server that knows of no object store but by its warehouses' profiles."""
    return serve(f"file://{tmp_path}/plain", {"AWS_EC2_METADATA_DISABLED": "true",
                                              "HOME": str(tmp_path)})


def test_warehouses__have_keys_of_their_own(plain, minio, bucket, fsck):
    server, api = plain
    lake = add_warehouse(server, api, "lake", f"s3://{bucket}/lake", profile(minio))
    lake.create_namespace("ns")
    made = lake.create_table("ns", bodies.table("t")).json()
    assert minio.keys(bucket)[0].startswith("lake/ns/t/metadata/")
    server.restart()
    assert lake.call("loadTable", namespace="ns", table="t", expect=200).json() == made
    code, said, why = fsck(server, {"AWS_EC2_METADATA_DISABLED": "true"}, "--deep")
    assert code == 0, said + why
    code, said, why = fsck(server, {"FIRN_SECRET_KEY": "00" * 32})
    assert code == 2 and "warehouse lake" in why, said + why
    lake.close()


def test_warehouses__are_asked_by_host_name_too(plain, moto):
    """"bucket.localhost" is this machine, for libcurl and for moto, which takes the bucket from it."""
    server, api = plain
    bucket = moto.make_bucket("by-host")
    storage = profile(moto, **{"endpoint": f"http://localhost:{moto.port}", "path-style": False})
    lake = add_warehouse(server, api, "lake", f"s3://{bucket}/lake", storage)
    lake.create_namespace("ns")
    lake.create_table("ns", bodies.table("t"))
    commit(lake, "ns", "t", bodies.set_properties(a="b"))
    assert len(moto.keys(bucket, "lake/ns/t/metadata/")) == 2
    lake.call("dropTable", namespace="ns", table="t", query={"purgeRequested": "true"}, expect=204)
    wait_until(lambda: not moto.keys(bucket))
    lake.close()


def test_warehouses__lend_nothing_to_others(plain, minio, bucket):
    """Without a profile that opens it no place is reached, and certainly not by another's keys."""
    server, api = plain
    lake = add_warehouse(server, api, "lake", f"s3://{bucket}/lake", profile(minio))
    lake.create_namespace("ns")
    answer = lake.call("createTable", namespace="ns", expect=403,
                       json=bodies.table("t", location=f"s3://{bucket}/other/t"))
    assert "other" in answer.error["message"]
    assert minio.keys(bucket) == []
    lake.close()
