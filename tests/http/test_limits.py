"""Every ceiling of base/limits.h that a client can reach over HTTP."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import bodies
from api import Api
from raw_http import Raw

MIB = 1024 * 1024
MAX_BODY = 32 * MIB
MAX_DRAINED = 64 * MIB


def head(port, extra):
    return (f"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nX-Request-Id: refused\r\n{extra}\r\n\r\n").encode()


def refused(answer):
    assert answer is not None and answer.status == 413, answer
    assert answer.error["type"] == "PayloadTooLargeException"
    assert answer.header("X-Request-Id") == "refused"
    assert str(MAX_BODY) in answer.error["message"]


def test_body_at_the_ceiling__is_read(api):
    filler = MAX_BODY - len('{"namespace": 1, "x": ""}')
    answer = api.send("POST", api.target("createNamespace"),
                      body='{"namespace": 1, "x": "' + "a" * filler + '"}',
                      headers={"Content-Type": "application/json"})
    assert answer.status == 400, answer.status


def test_declared_body_over_the_ceiling__is_413_after_it_was_drained(server):
    with Raw(server.port) as connection:
        connection.send(head(server.port, f"Content-Length: {MAX_BODY + 1}"))
        for _ in range(32):
            connection.send(b" " * MIB)
        connection.send(b" ")
        refused(connection.answer())


def test_huge_declared_body__is_413_before_it_is_sent(server):
    for size in (MAX_DRAINED + 1, 2 ** 40, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1):
        with Raw(server.port) as connection:
            connection.send(head(server.port, f"Content-Length: {size}"))
            refused(connection.answer())
            assert connection.is_closed()


def test_expected_body_over_the_ceiling__is_413_instead_of_continue(server):
    with Raw(server.port) as connection:
        connection.send(head(server.port,
                             f"Content-Length: {MAX_BODY + 1}\r\nExpect: 100-continue"))
        refused(connection.answer())


def send_chunks(connection, count):
    """MiB chunks until `count` or until the server stops reading; True where all were taken."""
    chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
    try:
        for _ in range(count):
            connection.send(chunk)
        connection.send(b"0\r\n\r\n")
        return True
    except (ConnectionResetError, BrokenPipeError):
        return False


def test_chunked_body_over_the_ceiling__is_drained_and_413(server):
    with Raw(server.port) as connection:
        connection.send(head(server.port, "Transfer-Encoding: chunked"))
        assert send_chunks(connection, 40)
        refused(connection.answer())


def test_chunked_body_over_the_second_bound__is_cut_off(server):
    with Raw(server.port) as connection:
        connection.send(head(server.port, "Transfer-Encoding: chunked"))
        send_chunks(connection, 200)
        try:
            answer = connection.answer()
        except ConnectionResetError:
            answer = None
        assert answer is None or answer.status == 413
        assert connection.is_closed()
    assert server.answers()


def test_chunked_body_within_the_ceiling__is_read(server, unique):
    body = json.dumps({"namespace": [unique("chunked")]}).encode()
    with Raw(server.port) as connection:
        connection.send(head(server.port, "Transfer-Encoding: chunked"))
        for start in range(0, len(body), 7):
            part = body[start:start + 7]
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        connection.send(b"0\r\n\r\n")
        assert connection.answer().status == 200


def test_max_body__is_an_option(own_server, contract):
    server = own_server("--max-body", "1KiB")
    api = Api(server.port, contract)
    api.create_namespace("small")
    answer = api.send("POST", api.target("createNamespace"), body=b"x" * 1025,
                      headers={"Content-Type": "application/json"})
    assert answer.status == 413, answer
    api.create_namespace("still")
    api.close()


def test_long_uri__is_refused_and_not_truncated(server):
    for size in (31 * 1024, 32 * 1024 + 1, 200 * 1024):
        with Raw(server.port) as connection:
            try:
                connection.send(b"GET /v1/config?x=" + b"y" * size + b" HTTP/1.1\r\n"
                                b"Host: 127.0.0.1\r\n\r\n")
                answer = connection.answer()
            except (ConnectionResetError, BrokenPipeError):
                answer = None
            expected = 200 if size < 32 * 1024 else 414
            assert answer is not None and answer.status == expected, (size, answer)
    assert server.answers()


def test_properties_of_a_namespace__have_a_ceiling(api, unique):
    name = unique("ns")
    big = {f"k{number}": "v" * 1000 for number in range(1100)}
    answer = api.call("createNamespace", json={"namespace": [name], "properties": big})
    assert answer.status in (400, 413), answer
    api.create_namespace(name)
    answer = api.call("updateProperties", namespace=name, json={"updates": big})
    assert answer.status in (400, 413), answer


def test_updates_of_a_commit__have_a_ceiling(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    many = [bodies.set_properties(a="1")] * 10001
    target = api.target("updateTable", namespace=namespace, table="t")
    for count, status in ((10001, 400), (10000, 200)):
        # Held against the documents, 10,000 updates would take half a minute.
        answer = api.send("POST", target, json={"requirements": [], "updates": many[:count]},
                          check_request=False)
        assert answer.status == status, answer


def test_requirements_of_a_commit__have_a_ceiling(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    many = [{"type": "assert-current-schema-id", "current-schema-id": 0}] * 10001
    api.commit(namespace, "t", [bodies.set_properties(a="1")], many, expect=400)


def test_wide_schemas__work(api, namespace):
    wide = bodies.schema(*((f"column_{number}", "long") for number in range(1000)))
    made = api.create_table(namespace, bodies.table("wide", schema=wide)).json()["metadata"]
    assert made["last-column-id"] == 1000


def test_long_error__is_cut_on_a_character(api):
    answer = api.call("loadNamespaceMetadata", namespace="é" * 2000, expect=404)
    assert len(answer.error["message"]) < 1100
    assert answer.error["message"].startswith("Namespace does not exist: éé")


def test_full_queue__is_429_with_retry_after(own_server, contract):
    """Rule K4."""
    server = own_server("--queue", "1", "--workers", "1")
    first = Api(server.port, contract)
    first.create_namespace("ns")

    def work(number):
        api = Api(server.port, contract)
        try:
            return [api.call("createNamespace", json={"namespace": ["ns", f"{number}_{turn}"]})
                    for turn in range(10)]
        finally:
            api.close()

    with ThreadPoolExecutor(24) as pool:
        answers = [answer for answers in pool.map(work, range(24)) for answer in answers]
    assert {answer.status for answer in answers} == {200, 429}
    for answer in answers:
        if answer.status == 429:
            assert answer.header("retry-after") == "1"
            assert answer.error["type"] == "TooManyRequestsException"
    made = sum(answer.status == 200 for answer in answers)
    listed = first.call("listNamespaces", query={"parent": "ns"}, expect=200).json()["namespaces"]
    assert len(listed) == made
    first.close()


# --- many connections at once -------------------------------------------------------------------

def timed(api):
    started = time.monotonic()
    api.call("getConfig", expect=200)
    api.create_namespace(f"n{time.monotonic_ns()}")
    return time.monotonic() - started


def test_all_bodies_together__are_bounded_and_small_ones_pass(own_server, contract):
    """40 clients that send 31 MiB and then nothing would hold 1.2 GiB."""
    server = own_server()
    api = Api(server.port, contract)
    size = 31 * MIB
    clients = [Raw(server.port) for _ in range(40)]
    for client in clients:
        client.send(head(server.port, f"Content-Length: {size}"))
        client.send(b" " * (size - 1))
    timed(api)
    statuses = []
    for client in clients:
        client.send(b" ")
        answer = client.answer()
        statuses.append(answer.status)
        if answer.status == 429:
            assert answer.header("retry-after")
        client.socket.close()
    assert set(statuses) == {400, 429}, statuses  # 400: blanks are no JSON
    assert statuses.count(400) * size <= 512 * MIB
    large = Raw(server.port)
    large.send(head(server.port, f"Content-Length: {size}") + b" " * size)
    assert large.answer().status == 400
    large.socket.close()
    api.close()


def test_idle_and_slow_connections__do_not_slow_ordinary_requests(own_server, contract):
    """1,000 that say nothing, and 200 that send a header or a body byte by byte."""
    server = own_server()
    api = Api(server.port, contract)
    idle = [Raw(server.port) for _ in range(1000)]
    slow = [Raw(server.port) for _ in range(200)]
    request = head(server.port, "Content-Length: 1000")
    for number, client in enumerate(slow):
        client.send(request if number % 2 else request[:20])
    times = []
    for turn in range(20):
        for number, client in enumerate(slow):
            client.send(b" " if number % 2 else request[20 + turn:21 + turn])
        times.append(timed(api))
    assert sorted(times)[10] < 0.5, times
    for client in idle + slow:
        client.socket.close()
    api.close()
