"""What a supervisor (systemd) hears of firn serve: deploy/systemd/firn.service is of Type=notify."""

import os
import socket
import time

import pytest

from firn_server import FirnServer


class Supervisor:
    """The socket that NOTIFY_SOCKET names, and what came in."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(30)

    @property
    def name(self):
        return "@" + self.address[1:] if self.address.startswith("\0") else self.address

    def next(self):
        return self.socket.recv(1024).decode()


@pytest.fixture(params=["path", "abstract"])
def supervisor(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"\0firn-{os.getpid()}"
    one = Supervisor(address)
    yield one
    one.socket.close()


def test_supervisor__hears_of_the_start_and_of_the_end(binary, tmp_path, supervisor):
    server = FirnServer(binary, tmp_path / "data", environment={"NOTIFY_SOCKET": supervisor.name})
    server.start()
    assert supervisor.next() == "READY=1"
    server.stop()
    assert supervisor.next() == "STOPPING=1"


def test_supervisor__hears_of_ready_once_requests_are_answered(binary, tmp_path, supervisor):
    server = FirnServer(binary, tmp_path / "data", environment={"NOTIFY_SOCKET": supervisor.name})
    server.spawn()
    assert supervisor.next() == "READY=1"
    assert server.answers()
    server.stop()


def test_watchdog__is_told_twice_as_often_as_it_asks(binary, tmp_path, supervisor):
    server = FirnServer(binary, tmp_path / "data", environment={
        "NOTIFY_SOCKET": supervisor.name, "WATCHDOG_USEC": "400000"})
    server.start()
    assert supervisor.next() == "READY=1"
    started = time.monotonic()
    assert [supervisor.next() for _ in range(3)] == ["WATCHDOG=1"] * 3
    assert time.monotonic() - started >= 0.5
    server.stop()


def test_watchdog__of_another_process_is_not_ours(binary, tmp_path, supervisor):
    server = FirnServer(binary, tmp_path / "data", environment={
        "NOTIFY_SOCKET": supervisor.name, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"})
    server.start()
    assert supervisor.next() == "READY=1"
    time.sleep(0.5)
    server.stop()
    assert supervisor.next() == "STOPPING=1"
