"""A warehouse on a MinIO whose key only the server has, and clients of it."""

import json
import os
import pathlib
import sys
import urllib.request

import pytest
from conftest import running_server

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "storage"), str(TESTS / "http")]

import stores  # noqa: E402

DELEGATION = "X-Iceberg-Access-Delegation"
ACCESS = ("vended-credentials", "remote-signing")
BUCKET = "clients"
# MinIO's shortest.
CREDENTIALS_S = 900


class Lake:
    """Where the server is, and the store behind its back."""

    def __init__(self, url, store):
        self.url, self.store = url, store

    def keys(self, prefix):
        return self.store.keys(BUCKET, prefix)

    def put(self, key):
        self.store.client.put_object(Bucket=BUCKET, Key=key, Body=b"stray")

    def ask(self, path, body=None):
        request = urllib.request.Request(
            self.url + path, data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def pyiceberg(self, access):
        from pyiceberg.catalog.rest import RestCatalog

        return RestCatalog("lake", uri=self.url, warehouse="lake",
                           **{f"header.{DELEGATION}": access})

    def spark_catalog(self, spark, name, access):
        """A catalog of this session's from now on."""
        catalog = f"spark.sql.catalog.{name}"
        for key, value in {"": "org.apache.iceberg.spark.SparkCatalog", ".type": "rest",
                           ".uri": self.url, ".warehouse": "lake",
                           ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
                           f".header.{DELEGATION}": access}.items():
            spark.conf.set(catalog + key, value)
        return name


@pytest.fixture(scope="session")
def minio(tmp_path_factory):
    if not os.access(os.environ.get("FIRN_MINIO", ""), os.X_OK):
        pytest.exit("FIRN_MINIO must name a program: run tests/storage/setup", returncode=2)
    if os.environ.get("AWS_SHARED_CREDENTIALS_FILE") != os.devnull or "AWS_PROFILE" in os.environ:
        pytest.exit("clients could have keys of their own: use tests/clients/run", returncode=2)
    store = stores.minio(tmp_path_factory.mktemp("minio"))
    store.make_bucket(BUCKET)
    yield store
    store.stop()


@pytest.fixture(scope="session")
def lake(minio, tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("lake")) as url:
        one = Lake(url, minio)
        one.ask("/management/v1/warehouses", {
            "name": "lake", "location": f"s3://{BUCKET}/wh", "storage": {
                "type": "s3", "endpoint": minio.url, "region": stores.REGION,
                "credentials": {"source": "static", "access-key-id": stores.KEY,
                                "secret-access-key": stores.SECRET},
                "sts": {"duration-seconds": CREDENTIALS_S}}})
        yield one
