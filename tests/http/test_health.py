"""/healthz and /readyz: what load balancers and supervisors ask."""

import signal
import socket
import sqlite3
import threading
import time

from api import Api

BUSY_TIMEOUT_S = 5  # how long the server waits for another program's lock on its database


def hold_write_lock(server):
    holder = sqlite3.connect(server.data / "firn.db", isolation_level=None, timeout=10,
                             check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    return holder


def let_go(holder):
    holder.execute("ROLLBACK")
    holder.close()


def test_health__is_answered_without_a_warehouse(api):
    assert api.call("getHealth", expect=200).json() == {"status": "ok"}
    assert api.call("getReadiness", expect=200).json() == {"status": "ready"}


def test_health__is_no_operation_of_the_protocol(api):
    endpoints = api.call("getConfig", expect=200).json()["endpoints"]
    assert not [one for one in endpoints if "healthz" in one or "readyz" in one]


def test_readiness__costs_one_write_a_second_at_most(fresh):
    server, api = fresh
    def settled():
        with sqlite3.connect(server.data / "firn.db") as database:
            return database.execute("SELECT settled FROM writer_state").fetchone()[0]

    before, started = settled(), time.monotonic()
    for _ in range(200):
        api.call("getReadiness", expect=200)
    seconds = time.monotonic() - started
    assert 1 <= settled() - before <= seconds + 1


def test_readiness__is_false_while_the_database_cannot_be_written(fresh):
    server, api = fresh
    holder = hold_write_lock(server)
    try:
        answer = api.call("getReadiness", expect=(503, "ServiceUnavailableException"))
        assert "cannot be written" in answer.error["message"]
        # It is remembered, and the process itself is well.
        started = time.monotonic()
        api.call("getReadiness", expect=503)
        api.call("getHealth", expect=200)
        assert time.monotonic() - started < BUSY_TIMEOUT_S / 2
    finally:
        let_go(holder)
    time.sleep(1.1)
    api.call("getReadiness", expect=200)


def test_readiness__does_not_wait_behind_a_probe_that_hangs(fresh):
    server, api = fresh
    api.call("getReadiness", expect=200)
    time.sleep(1.1)
    holder = hold_write_lock(server)
    other = api.clone()
    probing = threading.Thread(target=lambda: other.call("getReadiness", expect=503))
    try:
        probing.start()
        time.sleep(2)
        started = time.monotonic()
        api.call("getReadiness", expect=503)
        assert time.monotonic() - started < 1
    finally:
        probing.join()
        let_go(holder)
        other.close()


def refuses_connections(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_readiness__is_false_while_the_server_drains(own_server, contract):
    server = own_server()
    api, writer = Api(server.port, contract), Api(server.port, contract)
    api.call("getReadiness", expect=200)  # opens the connection that stays
    holder = hold_write_lock(server)
    answers = []
    writing = threading.Thread(target=lambda: answers.append(
        writer.call("createNamespace", json={"namespace": ["running"]})))
    writing.start()
    time.sleep(0.5)
    server.process.send_signal(signal.SIGTERM)
    while not refuses_connections(server.port):
        time.sleep(0.02)
    answer = api.call("getReadiness", expect=(503, "ServiceUnavailableException"))
    assert "stopping" in answer.error["message"]
    api.call("getHealth", expect=200)
    let_go(holder)
    writing.join()
    assert server.wait() == 0
    assert answers[0].status == 200, answers
    api.close()
    writer.close()
