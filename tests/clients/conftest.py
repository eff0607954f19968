"""Fixtures of the client tests: one server, a catalog per client, a fresh namespace per test.

FIRN_URL names a server that runs already; without it FIRN_BINARY is started on a temporary data
directory and stopped with SIGTERM, which has to end it with status 0. Clients are configured with
the server's URL and nothing else: whatever more they would need is a fault of the server.
"""

import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
JARS = pathlib.Path(os.environ.get("FIRN_JARS", ROOT / "build" / "jars"))
RUNTIME = "iceberg-spark-runtime-4.0_2.13-1.11.0.jar"
AMAZON = "iceberg-aws-bundle-1.11.0.jar"
START_S = 10
STOP_S = 20
COUNTER = itertools.count(1)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/v1/config", timeout=1).read()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    process.kill()
    pytest.exit(f"the server does not answer {url}:\n{log.read_text()[-2000:]}", returncode=2)


@contextlib.contextmanager
def running_server(home: pathlib.Path, *options: str):
    """A server of FIRN_BINARY's with its data below `home`; gives its URL."""
    binary = os.environ.get("FIRN_BINARY")
    if not binary:
        pytest.exit("set FIRN_URL or FIRN_BINARY", returncode=2)
    log = home / "log"
    port = free_port()
    argv = [binary, "serve", "--data", str(home / "data"), "--listen", f"127.0.0.1:{port}",
            *options]
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    wait_for(url, process, log)
    yield url
    process.send_signal(signal.SIGTERM)
    try:
        status = process.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"SIGTERM did not stop the server in {STOP_S} s") from None
    assert status == 0, f"exit status {status} after SIGTERM:\n{log.read_text()[-2000:]}"


@pytest.fixture(scope="session")
def server_url(tmp_path_factory):
    if url := os.environ.get("FIRN_URL"):
        yield url.rstrip("/")
        return
    with running_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="session")
def catalog(server_url):
    from pyiceberg.catalog import load_catalog

    return load_catalog("firn", uri=server_url)


@pytest.fixture
def namespace(catalog, request):
    """A namespace of this test alone, and proof that what the test made can be dropped again."""
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))[:60]
    name = f"{name}_{os.getpid()}_{next(COUNTER)}"
    catalog.create_namespace(name)
    yield name
    empty_namespace(catalog, (name,))
    assert not catalog.namespace_exists(name)


@pytest.fixture
def table(catalog, namespace):
    """An empty table of two columns."""
    from small import SMALL

    return catalog.create_table((namespace, "t"), SMALL)


def child_namespaces(catalog, namespace: tuple) -> list[tuple]:
    """PyIceberg's own listing encodes `parent` twice; one test is about that, the rest is not."""
    query = urllib.parse.urlencode({"parent": catalog._namespace_separator.join(namespace)})
    with urllib.request.urlopen(f"{catalog.url('namespaces')}?{query}", timeout=30) as answer:
        return [tuple(levels) for levels in json.load(answer)["namespaces"]]


def empty_namespace(catalog, namespace: tuple) -> None:
    for child in child_namespaces(catalog, namespace):
        empty_namespace(catalog, child)
    for table in catalog.list_tables(namespace):
        catalog.drop_table(table)
    for view in catalog.list_views(namespace):
        catalog.drop_view(view)
    catalog.drop_namespace(namespace)


def local_path(location: str) -> pathlib.Path:
    """file:/x and file:///x name one place."""
    parsed = urllib.parse.urlsplit(location)
    assert parsed.scheme in ("", "file"), f"not a local file: {location}"
    return pathlib.Path(urllib.parse.unquote(parsed.path))


@pytest.fixture(scope="session")
def spark(server_url, tmp_path_factory):
    """Spark with what a user pastes; `firn_purge` differs in asking the server to purge,
    `firn_planner` in letting it plan scans."""
    from pyspark.sql import SparkSession

    jars = [JARS / RUNTIME, JARS / AMAZON]
    for jar in jars:
        if not jar.exists():
            pytest.exit(f"{jar} is missing: run tests/clients/setup", returncode=2)
    home = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local[2]").appName("firn")
    for key, value in {
        "spark.jars": ",".join(map(str, jars)),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.firn": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.firn.type": "rest",
        "spark.sql.catalog.firn.uri": server_url,
        "spark.sql.catalog.firn_purge": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.firn_purge.type": "rest",
        "spark.sql.catalog.firn_purge.uri": server_url,
        "spark.sql.catalog.firn_purge.rest-catalog-purge": "true",
        "spark.sql.catalog.firn_planner": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.firn_planner.type": "rest",
        "spark.sql.catalog.firn_planner.uri": server_url,
        "spark.sql.catalog.firn_planner.scan-planning-mode": "server",
        # The rest is about this machine, not about the catalog.
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.local.dir": str(home / "local"),
        "spark.sql.warehouse.dir": str(home / "unused"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
