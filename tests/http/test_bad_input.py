"""Paths, queries, methods, content types and connections that are not what they should be."""

import pytest

import bodies
import operations
from api import Api
from raw_http import Raw, checked, exchange

def get(contract, server, target, method="GET", check_request=True):
    return checked(contract, server.port, method, target, check_request=check_request)


# --- routes ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/v1", "/web", "/web/", "/v2/config", "/v1/config/",
                                  "/v1/default/nothing",
                                  "/v1/default/namespaces/", "/v1/default/namespaces/a/tables/",
                                  "/v1//namespaces", "//v1/config", "/management", "/V1/config",
                                  "/management/v1/nothing", "/v1/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o",
                                  "/favicon.ico", "/v1/config;x=1", "/v1/%63onfig"])
def test_unknown_route__is_not_found(contract, server, path):
    """Rule 59."""
    for method in ("GET", "POST", "DELETE"):
        answer = get(contract, server, path, method)
        assert answer.status == 404, answer
        assert answer.error["type"] == "NoSuchRouteException"


def test_unknown_method__is_405_with_the_methods_of_the_path(contract, server):
    by_path = {}
    for row in operations.OPERATIONS:
        by_path.setdefault(row.path, set()).add(row.method)
    for path, methods in by_path.items():
        concrete = path
        for name in ("prefix", "warehouse"):
            concrete = concrete.replace("{%s}" % name, "default")
        concrete = concrete.replace("{", "").replace("}", "")
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - methods:
            answer = get(contract, server, concrete, method)
            assert answer.status == 405, (method, path, answer)
            assert answer.error["type"] == "MethodNotAllowedException"
            allowed = {one.strip() for one in answer.header("allow").split(",")}
            assert allowed == methods, (path, allowed)


def test_invented_method__is_405(contract, server):
    for method in ("BREW", "get", "X" * 100):
        assert get(contract, server, "/v1/config", method).status == 405


# --- names in paths -------------------------------------------------------------------------------

@pytest.mark.parametrize("segment", ["%", "%2", "%zz", "%G1", "a%", "%1", "%%", "%-1", "%u0041"])
def test_bad_percent_encoding__is_refused(contract, server, segment):
    for target in (f"/v1/default/namespaces/{segment}",
                   f"/v1/default/namespaces/a/tables/{segment}", f"/v1/{segment}/namespaces",
                   f"/v1/default/namespaces?parent={segment}",
                   f"/v1/default/namespaces?pageToken={segment}"):
        answer = get(contract, server, target)
        assert answer.status == 400, (target, answer)
        assert answer.error["type"] == "BadRequestException"


@pytest.mark.parametrize("segment", ["%00", "a%00b", ".", "..", "%2e", "%2E%2e", "%1F", "a%1F",
                                     "%1Fa", "a%1F%1Fb", "a%1F..", "%09", "%0A", "%7F", "%FF",
                                     "%C0%AF", "%ED%A0%80", "%F5%80%80%80", "x" * 4097,
                                     "%1F".join(["a"] * 33)])
def test_illegal_namespace_names__are_refused_in_paths(contract, server, segment):
    for target in (f"/v1/default/namespaces/{segment}", f"/v1/default/namespaces/{segment}/tables"):
        answer = get(contract, server, target)
        assert answer.status == 400, (target, answer)
        assert answer.error["type"] == "BadRequestException"
    answer = get(contract, server, f"/v1/default/namespaces?parent={segment}")
    assert answer.status == 400, answer


@pytest.mark.parametrize("segment", ["%00", ".", "..", "%2e%2E", "a%1Fb", "%0D%0A", "%FF",
                                     "x" * 4097])
def test_illegal_table_names__are_refused_in_paths(contract, server, segment):
    for kind in ("tables", "views", "functions"):
        answer = get(contract, server, f"/v1/default/namespaces/ns/{kind}/{segment}")
        assert answer.status == 400, answer
        assert answer.error["type"] == "BadRequestException"


def test_slash__in_a_name_is_one_segment_when_encoded(contract, server, api, namespace):
    api.create_table(namespace, bodies.table("a/b"))
    for spelling in ("a%2Fb", "a%2fb", "%61%2f%62"):
        answer = get(contract, server, f"/v1/default/namespaces/{namespace}/tables/{spelling}")
        assert answer.status == 200, answer
    assert get(contract, server,
               f"/v1/default/namespaces/{namespace}/tables/a/b").status == 404


def test_names__are_decoded_once(contract, server, api, namespace):
    api.create_table(namespace, bodies.table("a%2Fb"))
    path = f"/v1/default/namespaces/{namespace}/tables/"
    assert get(contract, server, path + "a%252Fb").status == 200
    assert get(contract, server, path + "a%2Fb").status == 404


def test_longest_names__work(api, namespace):
    for name in ("x" * 4096, "é" * 2048):
        api.create_table(namespace, bodies.table(name))
        assert api.load_table(namespace, name).json()["metadata"]["location"]


def test_query__of_odd_shape_is_no_error(contract, server):
    for query in ("", "&", "&&&", "=", "a", "a=b", "=b&=c", "parent", "parent=", "?", "#x"):
        answer = get(contract, server, f"/v1/config?{query}", check_request=False)
        assert answer.status == 200, query


# --- content types --------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "",
                                  "multipart/form-data; boundary=x", "application/jsonx",
                                  "application/json5", "text/json", "application/json, text/plain"])
def test_body_of_another_type__is_refused(api, unique, kind):
    name = unique("ns")
    answer = api.send("POST", api.target("createNamespace"), body=f'{{"namespace": ["{name}"]}}',
                      headers={"Content-Type": kind})
    assert answer.status == 415, answer
    assert answer.error["type"] == "UnsupportedMediaTypeException"
    api.call("namespaceExists", namespace=name, expect=404)


def test_body_without_a_type__is_refused(contract, server):
    answer = checked(contract, server.port, "POST", "/v1/default/namespaces", (),
                     b'{"namespace": ["typeless"]}')
    assert answer.status == 415, answer


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8",
                                  "Application/JSON", "application/json;charset=UTF-8"])
def test_json__is_taken_in_every_spelling(api, unique, kind):
    answer = api.send("POST", api.target("createNamespace"),
                      body=f'{{"namespace": ["{unique("ns")}"]}}', headers={"Content-Type": kind})
    assert answer.status == 200, answer


def test_changes_without_body__need_no_type(api, unique):
    name = unique("ns")
    api.create_namespace(name)
    api.call("dropNamespace", namespace=name, expect=204)


# --- connections ----------------------------------------------------------------------------------

def post(port, name):
    body = f'{{"namespace": ["{name}"]}}'.encode()
    return (f"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode() + body


def test_slow_request__is_answered(server, unique):
    with Raw(server.port) as connection:
        connection.send_slowly(post(server.port, unique("slow")), 0.002)
        assert connection.answer().status == 200


def test_half_closed_connection__harms_nobody(server, api, unique):
    name = unique("half")
    with Raw(server.port) as connection:
        connection.send(post(server.port, name))
        connection.half_close()
        answer = connection.answer()
        assert answer is None or answer.status == 200
    assert server.answers()


def test_connection_that_ends_in_the_middle__changes_nothing(own_server, contract):
    # An end that arrives together with the last bytes is noticed by the time limit only.
    server = own_server("--connection-timeout", "1")
    api = Api(server.port, contract)
    whole = post(server.port, "cut")
    for size in (1, 10, 40, len(whole) - 20, len(whole) - 1):
        with Raw(server.port) as connection:
            connection.send(whole[:size])
        with Raw(server.port) as connection:
            connection.send(whole[:size])
            connection.half_close()
            answer = connection.answer()
            assert answer is None or answer.status == 400
    api.call("namespaceExists", namespace="cut", expect=404)
    api.close()


def test_pipelined_requests__are_answered_in_order(server, unique):
    names = [unique("pipe") for _ in range(5)]
    with Raw(server.port) as connection:
        connection.send(b"".join(post(server.port, name) for name in names))
        for name in names:
            answer = connection.answer()
            assert answer.status == 200 and answer.json()["namespace"] == [name]


def test_many_idle_connections__leave_room_for_others(server):
    held = [Raw(server.port) for _ in range(200)]
    try:
        for number, connection in enumerate(held):
            if number % 2:
                connection.send(b"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert server.answers()
    finally:
        for connection in held:
            connection.__exit__()
    assert server.answers()


def test_client_that_leaves_before_its_answer__harms_nobody(server, api, namespace):
    api.create_table(namespace, bodies.table("t"))
    for _ in range(50):
        with Raw(server.port) as connection:
            connection.send(f"GET /v1/default/namespaces/{namespace}/tables/t HTTP/1.1\r\n"
                            f"Host: 127.0.0.1:{server.port}\r\n\r\n".encode())
    assert server.answers()


def test_idle_connection__is_closed_in_time(own_server):
    server = own_server("--connection-timeout", "1")
    with Raw(server.port, 15) as idle, Raw(server.port, 15) as stuck:
        stuck.send(b"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        assert idle.is_closed()
        assert stuck.is_closed()
    assert server.answers()


GARBAGE = [b"\x00\x01\x02\x03\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
           b"GET\r\n\r\n", b"GET /v1/config\r\n\r\n", b"GET /v1/config HTTP/9.9\r\n\r\n",
           b"GET  /v1/config  HTTP/1.1\r\n\r\n", b"\r\n" * 1000, b"GET /v1/config HTTP/1.1\r\n\r\n",
           b"GET /v1/config HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n", b"A" * 200000,
           b"GET /v1/config HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 30000 + b"\r\n",
           b"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
           b"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
           b"POST /v1/default/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\n"
           b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage__ends_in_an_error_or_a_closed_connection(server, data):
    with Raw(server.port, 5) as connection:
        try:
            connection.send(data)
            connection.half_close()
            answer = connection.answer()
        except OSError:  # reset while it was being sent
            answer = None
        assert answer is None or answer.status >= 400 or b"/v1/config" in data
    assert server.answers()


def test_head__has_the_status_of_get_and_no_body(server, api, namespace):
    """Rule 59."""
    answer = exchange(server.port, "HEAD", f"/v1/default/namespaces/{namespace}")
    assert answer.status == 204
    missing = exchange(server.port, "HEAD", "/v1/default/namespaces/not_there")
    assert missing.status == 404 and missing.body == b""
