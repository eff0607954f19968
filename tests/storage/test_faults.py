"""A network between the server and its store that drops, cuts, delays and repeats calls."""

import json
import threading
import time

import pytest

import bodies
import stores
from api import Api
from fault_proxy import FAULTS, FaultProxy
from steps import commit, wait_until

THREADS = 4
COMMITS = 12  # of each thread
EVERY = 4  # calls go well between two that do not


def every_nth(kinds):
    """Each EVERY-th call meets the next kind of fault."""
    return lambda n: kinds[n // EVERY % len(kinds)] if n % EVERY == 0 else None


def work(api, table, number, acknowledged):
    """Commits one property after the other; what was answered 200 is acknowledged."""
    client = api.clone()
    for i in range(COMMITS):
        name = f"p-{number}-{i}"
        answer = commit(client, "ns", table, bodies.set_properties(**{name: "set"}), expect=None)
        assert answer.status in (200, 409, 429, 500, 507), answer
        if answer.status == 200:
            acknowledged.append((table, name))
        else:
            assert stores.SECRET not in answer.error["message"]
    client.close()


def run_all(api, tables):
    acknowledged, threads = [], []
    for number in range(THREADS):
        threads.append(threading.Thread(
            target=work, args=(api, tables[number % len(tables)], number, acknowledged)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return acknowledged


def named_files(api, tables):
    """The keys of all metadata files that the tables know, and their properties."""
    named, properties = set(), {}
    for table in tables:
        loaded = api.call("loadTable", namespace="ns", table=table, expect=200).json()
        properties[table] = loaded["metadata"].get("properties", {})
        named.add(loaded["metadata-location"])
        named.update(entry["metadata-file"] for entry in loaded["metadata"]["metadata-log"])
    return named, properties


def check_commits(serve, fsck, port, root, environment, keys, kinds):
    """Commits over a bad network to the store at this port: `environment(url)` is how a server
    reaches it, `keys()` what is in the bucket, whose location `root` begins with."""
    tables = ["a", "b"]
    own = environment(f"http://127.0.0.1:{port}")
    with FaultProxy(port) as proxy:
        server, api = serve(root, environment(proxy.url))
        api.create_namespace("ns")
        for table in tables:
            api.create_table("ns", bodies.table(table))
        proxy.fault = every_nth(kinds)
        acknowledged = run_all(api, tables)
        assert all(proxy.done.get(kind, 0) > 0 for kind in kinds), proxy.done
        proxy.fault = lambda n: None
        server.stop()
    # Tries are repeated, so that faults of single calls are met by the server itself.
    assert len(acknowledged) == THREADS * COMMITS

    _, api = serve(root, own)
    named, properties = named_files(api, tables)
    assert [name for table, name in acknowledged if name not in properties[table]] == []
    stored = {f"{root.removesuffix('/wh')}/{key}" for key in keys()}
    assert named <= stored
    _, said, _ = fsck(server, own)
    findings = [json.loads(line) for line in said.splitlines() if '"finding"' in line]
    assert {finding["finding"] for finding in findings} <= {"orphan"}
    assert {finding["file"] for finding in findings} == stored - named


@pytest.mark.parametrize("kinds", [(kind,) for kind in FAULTS] + [FAULTS],
                         ids=[*FAULTS, "all"])
def test_faults__lose_no_acknowledged_commit(serve, minio, bucket, fsck, kinds):
    check_commits(serve, fsck, minio.port, f"s3://{bucket}/wh",
                  lambda url: minio.environment(AWS_ENDPOINT_URL_S3=url),
                  lambda: minio.keys(bucket), kinds)


@pytest.mark.parametrize("kinds", [("unanswered", "twice"), FAULTS], ids=["again", "all"])
def test_faults__lose_no_acknowledged_commit_on_gcs(serve, fake_gcs, gcs_bucket, fsck, kinds):
    """A write that came twice meets its own condition, and is known for what it is."""
    check_commits(serve, fsck, fake_gcs.port, f"gs://{gcs_bucket}/wh",
                  lambda url: {"STORAGE_EMULATOR_HOST": url}, lambda: fake_gcs.keys(gcs_bucket),
                  kinds)


def test_storm__of_slow_down_is_passed_on(serve, minio, bucket):
    """Where every call is refused the client hears that it may come again, and nothing is changed."""
    with FaultProxy(minio.port) as proxy:
        _, api = serve(f"s3://{bucket}/wh", minio.environment(AWS_ENDPOINT_URL_S3=proxy.url))
        api.create_namespace("ns")
        made = api.create_table("ns", bodies.table("t")).json()
        body = b"<Error><Code>SlowDown</Code><Message>m</Message></Error>"
        refusal = b"HTTP/1.1 503 Slow Down\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        proxy.forward = lambda request: refusal
        answer = commit(api, "ns", "t", bodies.set_properties(a="b"), expect=429)
        assert "SlowDown" in answer.error["message"] and answer.header("Retry-After")
        del proxy.forward
        assert api.call("loadTable", namespace="ns", table="t", expect=200).json() == made
        commit(api, "ns", "t", bodies.set_properties(a="b"))


def test_hanging_store__stalls_nothing_else(serve, minio, bucket):
    """All that wait for one store leave workers for others; loads from memory go on."""
    with FaultProxy(minio.port) as proxy:
        server, api = serve(f"s3://{bucket}/wh", minio.environment(AWS_ENDPOINT_URL_S3=proxy.url),
                            "--workers", "4", "--store-timeout", "2")
        api.call("createWarehouse", expect=200, json={
            "name": "near", "location": f"file://{server.data.resolve()}/near"})
        near = Api(server.port, api.contract, "near")
        for client, table in ((api, "far"), (near, "near")):
            client.create_namespace("ns")
            client.create_table("ns", bodies.table(table))
        proxy.fault = lambda n: "hang"
        ended = []

        def hang():
            client = api.clone()
            answer = commit(client, "ns", "far", bodies.set_properties(a="b"), expect=None)
            ended.append(answer.status)
            client.close()

        threads = [threading.Thread(target=hang) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: proxy.hanging > 0)
        commit(near, "ns", "near", bodies.set_properties(a="b"))
        api.call("loadTable", namespace="ns", table="far", expect=200)
        assert not ended, "the store did not hang long enough to show anything"
        for thread in threads:
            thread.join()
        assert set(ended) <= {429, 507} and len(ended) == 8
        proxy.fault = lambda n: None
        proxy.go_on.set()

        def is_well():
            time.sleep(0.05)
            return commit(api, "ns", "far", bodies.set_properties(a="b"),
                          expect=None).status == 200

        wait_until(is_well)
        near.close()
