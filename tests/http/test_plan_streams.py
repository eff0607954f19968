"""Large plans are sent while they are made: what a client sees of them, and what of it that hangs
up, reads slowly, or speaks HTTP/1.0."""

import collections
import json
import os
import socket
import time
import zlib
from pathlib import Path

import planning_tables
import pytest
import raw_http
from api import Api
from pyiceberg_traffic import catalog as pyiceberg_catalog

MANIFESTS = 12
FILES = 1500  # of each manifest
# More than the sockets of both sides hold, so that the server notices who does not read.
PATH_SIZE = 1200


@pytest.fixture
def served(own_server, contract):
    """A server whose one worker is all there is, with a large table ns.t and a small one ns.s."""
    server = own_server("--workers", "1", "--plan-threads", "2")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    with pyiceberg_catalog(server, contract) as client:
        manifests = planning_tables.large_table(client, "ns.t", MANIFESTS, FILES, PATH_SIZE)
        planning_tables.large_table(client, "ns.s", 1, 3, 20)
    yield server, api, manifests
    api.close()


@pytest.fixture
def client(server, contract):
    with pyiceberg_catalog(server, contract) as plain:
        yield plain


def send_plan(server, body="{}", version="1.1", table="t", receive_buffer=None):
    """A connection on which a plan was asked for."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall((f"POST /v1/namespaces/ns/tables/{table}/plan HTTP/{version}\r\n"
                        f"Host: localhost\r\nContent-Type: application/json\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
    return connection


def read_to_end(connection):
    received = bytearray()
    while more := connection.recv(1 << 20):
        received += more
    return received


def decode_chunks(received):
    """Head and body of a chunked answer, and whether it ended as it must."""
    head, _, rest = received.partition(b"\r\n\r\n")
    pieces, at = [], 0
    while (end := rest.find(b"\r\n", at)) >= 0:
        size = int(rest[at:end], 16)
        if size == 0:
            return head, b"".join(pieces), True
        pieces.append(rest[end + 2:end + 2 + size])
        at = end + 2 + size + 2
    return head, b"".join(pieces), False


def read_chunked(connection):
    """decode_chunks of one answer; the connection stays."""
    received = bytearray()
    while not received.endswith(b"\r\n0\r\n\r\n") and (more := connection.recv(1 << 20)):
        received += more
    return decode_chunks(received)


def count_tasks(body):
    return len(json.loads(body)["file-scan-tasks"])


def check_small_plan(server, within_s=20):
    """The one worker is free again."""
    start = time.monotonic()
    with send_plan(server, table="s") as connection:
        head, _, body = connection.recv(1 << 20).partition(b"\r\n\r\n")
        assert b"200 OK" in head and b"Content-Length:" in head
        assert count_tasks(body) == 3
    assert time.monotonic() - start < within_s


def test_large_plan__is_chunked_and_whole(served):
    server, _, _ = served
    with send_plan(server) as connection:
        for _ in range(2):
            head, body, is_whole = read_chunked(connection)
            assert is_whole and b"200 OK" in head and b"Transfer-Encoding: chunked" in head
            assert len(body) > 10_000_000
            assert count_tasks(body) == MANIFESTS * FILES
            connection.sendall(b"POST /v1/namespaces/ns/tables/t/plan HTTP/1.1\r\nHost: localhost\r\n"
                               b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        read_chunked(connection)


def test_large_plan__over_http_1_0_ends_with_the_connection(served):
    server, _, _ = served
    with send_plan(server, version="1.0") as connection:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert b"200 OK" in head and b"chunked" not in head
    assert count_tasks(body) == MANIFESTS * FILES


def test_large_plan__of_a_client_that_hangs_up_ends(served):
    server, _, _ = served
    for _ in range(3):
        with send_plan(server, receive_buffer=4096) as connection:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        check_small_plan(server)


def test_large_plan__that_fails_late_is_cut(served):
    server, _, manifests = served
    server.restart()
    os.truncate(manifests[-1], os.path.getsize(manifests[-1]) // 2)
    with send_plan(server) as connection:
        head, body, is_whole = read_chunked(connection)
    assert b"200 OK" in head and not is_whole
    with pytest.raises(ValueError):
        json.loads(body)
    with send_plan(server, version="1.0") as connection:
        _, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    with pytest.raises(ValueError):
        json.loads(body)
    check_small_plan(server)
    assert str(manifests[-1]) in server.log_text()


def test_large_plan__that_fails_early_is_an_error(served):
    server, _, manifests = served
    server.restart()
    for manifest in manifests:
        os.truncate(manifest, os.path.getsize(manifest) // 3)
    with send_plan(server) as connection:
        answer = connection.recv(1 << 16)
    assert b" 500 " in answer.split(b"\r\n")[0] and b"CorruptDataException" in answer


END = b"\r\n0\r\n\r\n"  # of a chunk's bytes, and the chunk that is the last


def test_slow_reader__gets_all_of_it(served):
    server, _, _ = served
    with send_plan(server, receive_buffer=65536) as connection:
        received, tail, is_slow = [], b"", True
        while more := connection.recv(20_000 if is_slow else 1 << 20):
            received.append(more)
            tail = (tail + more)[-len(END):]  # which may come in parts
            is_slow = len(received) < 200
            time.sleep(0.002 if is_slow else 0)
            if tail == END:
                break
    _, body, is_whole = decode_chunks(b"".join(received))
    assert is_whole and count_tasks(body) == MANIFESTS * FILES


def test_readers_that_read_nothing__leave_workers_to_others(served):
    """The first of them is cut after half a minute at the earliest, which others do not wait for."""
    server, api, _ = served
    server.stop()
    server.arguments = ["--workers", "2"]
    server.start()
    slow = [send_plan(server, receive_buffer=4096) for _ in range(4)]
    assert slow[0].recv(1000).startswith(b"HTTP/1.1 200")
    api.call("updateProperties", namespace="ns", json={"updates": {"a": "b"}}, expect=200)
    assert "read too little" not in server.log_text()
    for connection in slow:
        connection.close()


def test_one_manifest__is_divided(own_server, contract):
    server = own_server("--plan-files", "100")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    with pyiceberg_catalog(server, contract) as client:
        planning_tables.large_table(client, "ns.t", 3, 250, 20)
    answer = api.call("planTableScan", namespace="ns", table="t", json={}).json()
    assert len(answer["plan-tasks"]) == 9
    found = collections.Counter()
    for task in answer["plan-tasks"]:
        part = api.call("fetchScanTasks", namespace="ns", table="t",
                        json={"plan-task": task}).json()
        assert len(part["file-scan-tasks"]) <= 100
        found.update(one["data-file"]["file-path"] for one in part["file-scan-tasks"])
    assert len(found) == 250 and set(found.values()) == {3}
    api.close()


# --- hostile manifests -----------------------------------------------------------------------------

def varint(number):
    """Avro's zigzag encoding of a number."""
    rest, out = number << 1, bytearray()
    while rest >= 0x80:
        out.append(rest & 0x7f | 0x80)
        rest >>= 7
    return bytes(out + bytes([rest]))


def deflated(size):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(size)) + packer.flush()


def damaged(manifest):
    """name: bytes of a manifest that is wrong in one way."""
    sync = manifest[-16:]
    head = manifest[:manifest.index(sync) + 16]
    bomb = deflated(300 << 20)
    few = deflated(100)
    return {
        "bomb": head + varint(1) + varint(len(bomb)) + bomb + sync,
        "bombs": head + (varint(1) + varint(len(few)) + few + sync) * 3,
        "count": head + varint(1 << 60) + varint(len(few)) + few + sync,
        "size": head + varint(1) + varint(1 << 60) + few + sync,
        "sync": head + varint(1) + varint(len(few)) + few + bytes(16),
        "cut": manifest[:-20],
        "header": manifest[:30],
        "empty": b"",
        "text": b"x" * 1000,
    }


def test_bad_manifest__is_an_error_that_names_it(api, client, namespace):
    planning_tables.large_table(client, f"{namespace}.t", 1, 3, 20)
    location = client.load_table(f"{namespace}.t").location().removeprefix("file://")
    whole = Path(f"{location}/metadata/large-0.avro").read_bytes()
    for name, content in damaged(whole).items():
        path, = planning_tables.large_table(client, f"{namespace}.{name}", 1, 3, 20)
        Path(path).write_bytes(content)
        answer = api.call("planTableScan", namespace=namespace, table=name, json={}).json()
        error = answer["error"]
        assert error["code"] in (413, 500) and path in error["message"], (name, error)
        assert error["type"] in ("CorruptDataException", "PayloadTooLargeException"), (name, error)
    assert count_tasks(api.call("planTableScan", namespace=namespace, table="t",
                                json={}).body) == 3


def test_filter__that_is_deep_or_long_is_refused(api, client, namespace):
    planning_tables.large_table(client, f"{namespace}.t", 1, 3, 20)
    deep = ('{"type":"not","child":' * 10_000 + "true" + "}" * 10_000).encode()
    many = json.dumps({"type": "in", "term": "id", "values": list(range(1_000_000))}).encode()
    for text in (deep, many):
        answer = raw_http.exchange(api.port, "POST", f"/v1/namespaces/{namespace}/tables/t/plan",
                                   [("Content-Type", "application/json")],
                                   b'{"filter":' + text + b"}")
        assert answer.status == 400, answer.body[:500]
