"""SIGTERM: what runs is finished, and nobody who does not listen is waited for."""

import signal
import socket
import time

import pytest

import bodies
from api import Api

PROPERTY_SIZE = 8 << 20
DRAIN_S = 20  # --drain-timeout, by default


@pytest.fixture
def large(own_server, contract):
    """A server, and the request for an answer that no socket's buffers hold."""
    server = own_server()
    api = Api(server.port, contract)
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t", properties={"text": "x" * PROPERTY_SIZE}))
    api.close()
    yield server, (b"GET /v1/namespaces/ns/tables/t HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   b"Connection: close\r\n\r\n")


def dial(server, received=0):
    """A connection, and its receive buffer where one is named."""
    client = socket.socket()
    if received:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
    client.settimeout(DRAIN_S)
    client.connect(("127.0.0.1", server.port))
    return client


def stop_and_time(server):
    server.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert server.wait() == 0
    return time.monotonic() - started


def test_stop__does_not_wait_for_a_client_that_does_not_read(large):
    server, request = large
    clients = [dial(server, 4096) for _ in range(3)]
    for client in clients:
        client.sendall(request)
    time.sleep(0.5)
    assert stop_and_time(server) < DRAIN_S / 2
    assert "closed before their answers ended" in server.log_text()
    for client in clients:
        client.close()


def test_stop__lets_a_slow_reader_take_its_answer(large):
    """Half a second between reads, for longer than the grace of one that reads nothing."""
    server, request = large
    client = dial(server, 1 << 20)
    client.sendall(request)
    got = len(client.recv(65536))
    server.process.send_signal(signal.SIGTERM)
    for _ in range(8):
        time.sleep(0.5)
        got += len(client.recv(1 << 18))
    while more := client.recv(1 << 20):
        got += len(more)
    client.close()
    assert got > PROPERTY_SIZE
    assert server.wait() == 0
    assert "closed before their answers ended" not in server.log_text()


def test_stop__does_not_wait_for_connections_without_a_request(large):
    server, request = large
    clients = [dial(server) for _ in range(50)]
    for client in clients[:20]:
        client.sendall(request[:30])  # still arriving: nothing of it was done
    time.sleep(0.2)
    assert stop_and_time(server) < 2
    for client in clients:
        client.close()
