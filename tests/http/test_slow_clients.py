"""Clients that send a request, or take an answer, by a byte now and then."""

import socket
import time
from pathlib import Path

import pytest

import bodies
from api import Api

TIMEOUT_S = 2                       # --connection-timeout: the window that a pace is judged by
PACE = 4096                         # bytes a second (MIN_CLIENT_PACE)
PATIENCE_S = 30                     # until when a slow client must have been cut
PROPERTY_SIZE = 8 << 20             # more than any socket's buffers

REQUEST = (b"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\n"
           b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n")


@pytest.fixture
def server(own_server, contract):
    server = own_server("--connection-timeout", str(TIMEOUT_S), "--workers", "2")
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t", properties={"text": "x" * PROPERTY_SIZE}))
    api.close()
    return server


def dial(server, received=0):
    client = socket.socket()
    if received:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
    client.settimeout(PATIENCE_S)
    client.connect(("127.0.0.1", server.port))
    return client


def is_cut_while(step):
    """Repeats a step of a slow client until the server has had enough of it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if not step():
                return True
        except (ConnectionResetError, BrokenPipeError):
            return True
        time.sleep(0.2)
    return False


def is_open(client):
    client.settimeout(0.01)
    try:
        return client.recv(1) != b""
    except TimeoutError:
        return True


def test_header_by_the_byte__is_cut(server):
    client = dial(server)
    text = iter(b"GET /v1/config HTTP/1.1\r\nX-Header: " + b"x" * 10000)
    assert is_cut_while(lambda: client.send(bytes([next(text)])) and is_open(client))
    assert server.answers()


def test_body_by_the_byte__is_cut(server):
    client = dial(server)
    client.sendall(REQUEST % 100000)
    assert is_cut_while(lambda: client.send(b" ") and is_open(client))
    assert server.answers()


def is_held(server, client):
    """The client may go on reading what the kernel holds: has the server let go of its socket? Then
    the kernel's line of it names no inode."""
    ends = [f"0100007F:{port:04X}" for port in (server.port, client.getsockname()[1])]
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return any(line[1:3] == ends and line[9] != "0" for line in lines)


def test_answer_by_the_byte__is_cut(server):
    client = dial(server, received=4096)
    client.sendall(b"GET /v1/namespaces/ns/tables/t HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert client.recv(64) and is_held(server, client)
    assert is_cut_while(lambda: client.recv(64) and is_held(server, client))
    assert server.answers()


def test_body_at_twice_the_pace__arrives(server):
    """For longer than one window."""
    client = dial(server)
    size = 2 * PACE * 3 * TIMEOUT_S
    body = b'{"namespace": ["steady"]' + b" " * (size - 25) + b"}"
    client.sendall(REQUEST % len(body))
    for start in range(0, size, PACE // 2):
        client.sendall(body[start:start + PACE // 2])
        time.sleep(0.25)
    assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_answer_at_a_good_pace__arrives(server):
    """For longer than one window."""
    client = dial(server, received=64 * 1024)
    client.sendall(b"GET /v1/namespaces/ns/tables/t HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   b"Connection: close\r\n\r\n")
    received, started = 0, time.monotonic()
    while time.monotonic() < started + 2.5 * TIMEOUT_S:
        part = client.recv(64 * 1024)
        assert part
        received += len(part)
        time.sleep(0.05)
    while part := client.recv(1 << 20):
        received += len(part)
    assert received > PROPERTY_SIZE


def test_answer_at_a_pace_that_is_allowed__goes_on(server):
    """Though the socket, whose buffer is large, takes nothing for longer than a window."""
    client = dial(server, received=4096)
    client.sendall(b"GET /v1/namespaces/ns/tables/t HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    deadline = time.monotonic() + 4 * TIMEOUT_S
    while time.monotonic() < deadline:
        assert client.recv(4 * PACE)
        assert is_held(server, client)
        time.sleep(0.25)


def test_requests_one_after_the_other__are_no_slow_client(server):
    """Each is smaller than what a window asks for."""
    client = dial(server)
    deadline = time.monotonic() + 2.5 * TIMEOUT_S
    while time.monotonic() < deadline:
        client.sendall(b"GET /v1/config HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.3)


def test_slow_clients__leave_two_workers_to_others(server, contract):
    slow = []
    for _ in range(20):
        client = dial(server, received=4096)
        client.sendall(b"GET /v1/namespaces/ns/tables/t HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        slow.append(client)
    api = Api(server.port, contract)
    for number in range(5):
        api.create_namespace(f"n{number}")
    api.close()
    for client in slow:
        client.close()
