"""Commits and loads of tables on S3: Firn beside the Java reference server, on one MinIO.

Needs a MinIO (tests/storage/setup builds one, FIRN_MINIO names another) and what the reference
wants for S3, which Maven fetches once. What a commit costs beside the store is held against one put of
its own metadata file, over a connection that stays, and one commit to a warehouse of local files.
"""
import contextlib
import datetime
import hashlib
import hmac
import http.client
import os
import statistics
import subprocess
import time
import uuid
from pathlib import Path

import servers
from commits import FIRN, NAMESPACE, REFERENCE, TABLES, cell, fill
from figures import Cell, Goal, Row, Subject, in_turns

KEY, SECRET, REGION, BUCKET = "firn-bench", "firn-bench-secret", "us-east-1", "bench"
ARTIFACTS = ("org.apache.iceberg:iceberg-aws:1.11.0",
             "org.apache.iceberg:iceberg-aws-bundle:1.11.0", "dev.failsafe:failsafe:3.3.2")
WARM_UP_S = 8
FLOOR = "one put and one local commit"
# name, clients (and tables), × the reference
COMMITS = [("commit, 1 client", 1, 2), ("commit, 16 clients, 16 tables", 16, 2)]
LOADS = [("load, 16 connections", 10)]


def jars():
    folder = servers.ROOT / "build" / "jars"
    paths = []
    for artifact in ARTIFACTS:
        _, name, version = artifact.split(":")
        paths.append(folder / f"{name}-{version}.jar")
        if not paths[-1].exists():
            subprocess.run(["mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:"
                            "3.8.1:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
                           check=True, stdout=subprocess.DEVNULL)
    return ":".join(map(str, paths))


@contextlib.contextmanager
def minio(work):
    """Its root directory's folders are its buckets."""
    tools = servers.ROOT / "build" / "tools"
    program = os.environ.get("FIRN_MINIO") or next(iter(sorted(tools.glob("minio-v*"))), None)
    if not program:
        raise SystemExit("no MinIO: run tests/storage/setup, or name one with FIRN_MINIO")
    data = Path(work) / "minio"
    (data / BUCKET).mkdir(parents=True)
    with servers.Server([program, "server", "--quiet", "--address", "127.0.0.1:PORT",
                         "--console-address", "127.0.0.1:0", data],
                        ready_path="/minio/health/live",
                        environment={"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET,
                                     "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}) as store:
        yield store


def firn(store, data):
    return servers.Server(
        [servers.binary(), "serve", "--data", data, "--listen", "127.0.0.1:PORT",
         "--warehouse-location", f"s3://{BUCKET}/firn"],
        environment={"AWS_ENDPOINT_URL_S3": store.url, "AWS_ACCESS_KEY_ID": KEY,
                     "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION})


def reference(store, work):
    """As tests/conformance/reference-server starts it, with its files on S3."""
    classpath = (servers.ROOT / "build/conformance/classpath").read_text()
    server = servers.Server(
        ["java", "-cp", f"{classpath}:{jars()}", "org.apache.iceberg.rest.RESTCatalogServer"],
        seconds=120, environment={
            "CATALOG_URI": f"jdbc:sqlite:{work}/reference.db", "CATALOG_CLIENTS": "1",
            "CATALOG_JDBC_STRICT__MODE": "true", "CATALOG_WAREHOUSE": f"s3://{BUCKET}/reference",
            "CATALOG_IO__IMPL": "org.apache.iceberg.aws.s3.S3FileIO",
            "CATALOG_S3_ENDPOINT": store.url, "CATALOG_S3_PATH__STYLE__ACCESS": "true",
            "CATALOG_S3_ACCESS__KEY__ID": KEY, "CATALOG_S3_SECRET__ACCESS__KEY": SECRET,
            "CATALOG_CLIENT_REGION": REGION, "AWS_REGION": REGION})
    server.environment["CATALOG_REST_PORT"] = str(server.port)
    return server


def signed(host, path, body, now):
    """The headers of a put (AWS Signature Version 4)."""
    day, moment = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    names = "host;if-none-match;x-amz-content-sha256;x-amz-date"
    canonical = (f"PUT\n{path}\n\nhost:{host}\nif-none-match:*\nx-amz-content-sha256:{digest}\n"
                 f"x-amz-date:{moment}\n\n{names}\n{digest}")
    scope = f"{day}/{REGION}/s3/aws4_request"
    text = (f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n"
            f"{hashlib.sha256(canonical.encode()).hexdigest()}")
    key = f"AWS4{SECRET}".encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return {"Host": host, "If-None-Match": "*", "X-Amz-Content-Sha256": digest,
            "X-Amz-Date": moment, "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"}


def put_ms(store, size, seconds):
    """The median of puts one after the other, of as many bytes as a metadata file has."""
    connection = http.client.HTTPConnection("127.0.0.1", store.port)
    body, host, took = b"x" * size, f"127.0.0.1:{store.port}", []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        path = f"/{BUCKET}/floor/{uuid.uuid4()}"
        headers = signed(host, path, body, datetime.datetime.now(datetime.timezone.utc))
        started = time.monotonic()
        connection.request("PUT", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        took.append((time.monotonic() - started) * 1000)
        if answer.status != 200:
            raise SystemExit(f"MinIO answered a put with {answer.status}")
    connection.close()
    return statistics.median(took)


def commit(server, clients, seconds):
    return servers.load_client("commit", f"{server.url}/v1", NAMESPACE, ",".join(TABLES[:clients]),
                               clients, seconds)


def load(context, server):
    return context.rate(f"{server.url}/v1/namespaces/{NAMESPACE}/tables/{TABLES[0]}",
                        context.seconds)


def floor_row(context, store, server, local):
    size = len(servers.request("GET", f"{server.url}/v1/namespaces/{NAMESPACE}/tables/{TABLES[0]}"))
    values = in_turns(context.rounds, {
        FIRN: lambda: commit(server, 1, context.seconds)["p50_ms"],
        FLOOR: lambda: (put_ms(store, size, context.seconds) +
                        commit(local, 1, context.seconds)["p50_ms"])})
    cells = {name: Cell(runs, "ms") for name, runs in values.items()}
    return Row("latency of a commit, 1 client", cells, [Goal(FLOOR, 1.3, is_ceiling=True)],
               f"{size / 1000:.1f} kB")


def rows_of(context, server, other):
    rows = []
    everyone = {FIRN: server} | ({REFERENCE: other} if other else {})
    for name, clients, bar in COMMITS:
        values = in_turns(context.rounds, {
            who: lambda one=one: commit(one, clients, context.seconds)
            for who, one in everyone.items()})
        rows.append(Row(name, {who: cell(runs) for who, runs in values.items()},
                        [Goal(REFERENCE, bar)] if other else []))
    for name, bar in LOADS:
        values = in_turns(context.rounds, {
            who: lambda one=one: load(context, one) for who, one in everyone.items()})
        rows.append(Row(name, {who: Cell(runs) for who, runs in values.items()},
                        [Goal(REFERENCE, bar)] if other else []))
    return rows


def measure(context):
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(minio(context.work))
        server = stack.enter_context(firn(store, f"{context.work}/data"))
        local = stack.enter_context(servers.firn(f"{context.work}/local"))
        other = None
        if context.has_reference:
            other = stack.enter_context(reference(store, context.work))
        for each in filter(None, (server, local, other)):
            fill(each)
        if other:  # Its virtual machine has to compile first.
            commit(other, 4, WARM_UP_S)
        rows = rows_of(context, server, other)
        rows.append(floor_row(context, store, server, local))
    return [Subject("objects", "Tables on S3 (one MinIO for all)", rows,
                    f"{context.seconds} s for each measurement, {context.rounds} rounds.")]
