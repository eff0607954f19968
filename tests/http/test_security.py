"""No web page drives a catalog on its reader's machine, and no other machine without being let."""

import subprocess

import pytest

import bodies
from api import Api, Request
from raw_http import Raw, checked

FORBIDDEN = [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost.evil.example"}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "Cross-Site"}, {"Origin": ""},
]


@pytest.mark.parametrize("headers", FORBIDDEN, ids=range(len(FORBIDDEN)))
def test_foreign_pages__are_refused_on_every_method(api, unique, headers):
    name = unique("ns")
    calls = [("GET", "/v1/config", None), ("GET", api.target("listNamespaces"), None),
             ("POST", api.target("createNamespace"), {"namespace": [name]}),
             ("DELETE", api.target("dropNamespace", namespace="x"), None),
             ("GET", "/management/v1/warehouses", None), ("GET", "/nothing", None)]
    for method, target, body in calls:
        answer = api.send(method, target, json=body, headers=headers)
        assert answer.status == 403, (method, target, answer)
        assert answer.error["type"] == "ForbiddenException"
    api.call("namespaceExists", namespace=name, expect=404)


def test_foreign_preflight__gets_no_permission(api):
    answer = api.send("OPTIONS", "/v1/default/namespaces", headers={
        "Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert answer.status == 403
    assert answer.header("access-control-allow-origin") is None


HUB = "https://hub.example"


@pytest.fixture
def hub_api(own_server, contract):
    server = own_server("--allow-origin", HUB, "--allow-origin=http://localhost:8888")
    client = Api(server.port, contract)
    yield client
    client.close()


def test_allowed_pages__may_read_and_change(hub_api):
    for origin in (HUB, "http://localhost:8888"):
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        answers = [hub_api.send("GET", "/v1/config", headers=headers),
                   hub_api.send("GET", "/v1/default/namespaces/none", headers=headers),
                   hub_api.call("createNamespace", headers=headers,
                                json={"namespace": ["n" + str(len(origin))]}, expect=200)]
        assert [one.status for one in answers] == [200, 404, 200]
        for one in answers:
            assert one.header("access-control-allow-origin") == origin
            assert ("vary", "Origin") in [(name.lower(), value) for name, value in one.headers]
            assert "ETag" in one.header("access-control-expose-headers")
            assert one.header("access-control-allow-credentials") is None
    assert hub_api.send("GET", "/v1/config").header("access-control-allow-origin") is None


def test_allowed_pages__are_told_before_they_ask(hub_api):
    asked = {"Origin": HUB, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type,idempotency-key"}
    answer = hub_api.send("OPTIONS", "/v1/default/namespaces", headers=asked)
    assert answer.status == 204
    assert answer.header("access-control-allow-origin") == HUB
    assert "POST" in answer.header("access-control-allow-methods")
    allowed = answer.header("access-control-allow-headers").lower()
    assert "content-type" in allowed and "idempotency-key" in allowed
    # Without the question it is a method like any other.
    assert hub_api.send("OPTIONS", "/v1/config", headers={"Origin": HUB}).status == 405


def test_other_pages__stay_refused_where_some_are_allowed(hub_api):
    for origin in ("https://hub.example.evil", "https://evil.example", "http://hub.example",
                   "https://hub.example:8443", "https://HUB.example", "null"):
        answer = hub_api.send("GET", "/v1/config", headers={"Origin": origin})
        assert answer.status == 403, origin
        assert answer.header("access-control-allow-origin") is None
        assert "--allow-origin" in answer.error["message"]


@pytest.mark.parametrize("origin", ["*", "hub.example", "https://hub.example/", "https://",
                                    "HTTPS://hub.example", "https://a,b", "ftp://hub.example",
                                    "https://" + "h" * 300])
def test_allowed_origins__must_be_origins(binary, tmp_path, origin):
    done = subprocess.run([binary, "serve", "--data", tmp_path / "data", "--allow-origin", origin,
                           "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "The option allow-origin is" in done.stderr


def test_own_page_and_programs__are_served(api, server):
    for headers in ({}, {"Origin": f"http://127.0.0.1:{server.port}"},
                    {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert api.send("GET", "/v1/config", headers=headers).status == 200, headers


def test_foreign_host_name__is_refused(contract, server):
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example"):
        answer = checked_host(contract, server, host)
        assert answer.status == 403, (host, answer)
    for host in ("localhost", f"localhost:{server.port}", "127.0.0.1", "[::1]:80"):
        assert checked_host(contract, server, host).status == 200, host


def checked_host(contract, server, host):
    with Raw(server.port) as connection:
        connection.send(f"GET /v1/config HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = connection.answer()
    contract.check(Request("GET", "/v1/config"), answer)
    return answer


def test_errors__show_no_stack_and_no_path_of_the_machine(api, server, namespace):
    api.create_table(namespace, bodies.table("t"))
    answers = [api.load_table(namespace, "no", expect=404),
               api.create_table(namespace, bodies.table("x", location="file:///etc/x"), None),
               api.call("createNamespace", json={"namespace": 1}),
               api.send("POST", api.target("createNamespace"), body="{",
                        headers={"Content-Type": "application/json"}),
               api.call("registerTable", namespace=namespace,
                        json={"name": "x", "metadata-location": "file:///etc/shadow"})]
    for answer in answers:
        text = answer.body.decode()
        assert answer.status >= 400 and "stack" not in answer.error
        for secret in ("firn.db", ".c:", "sqlite", "SQLITE", "errno", "0x7f"):
            assert secret not in text, answer


def test_listening_on_another_address__needs_permission(binary, tmp_path):
    for address in ("0.0.0.0:0", "[::]:0"):
        done = subprocess.run([binary, "serve", "--data", tmp_path / "data", "--listen", address],
                              capture_output=True, text=True, timeout=30)
        assert done.returncode != 0
        assert "--allow-anonymous" in done.stderr + done.stdout


def test_listening_on_another_address__works_when_allowed(own_server):
    server = own_server("--allow-anonymous", "--listen", "0.0.0.0:0", is_started=False)
    server.arguments = ["--allow-anonymous", f"--listen=0.0.0.0:{server.port}"]
    server.start()
    assert server.answers()


def test_rebound_name__is_refused_to_browsers_on_every_address(contract, own_server):
    server = own_server("--allow-anonymous", "--allow-host=catalog.example", is_started=False)
    server.arguments.append(f"--listen=0.0.0.0:{server.port}")
    server.start()
    browser = "Accept-Language: en\r\n"
    page = browser + "Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n"
    for host, more, status in (("evil.example", page, 403), ("evil.example", browser, 403),
                               ("evil.example", "", 200), ("catalog.example:1", browser, 200),
                               ("10.0.0.1", browser, 200), ("localhost", browser, 200)):
        answer = checked_host(contract, server, f"{host}\r\n{more}".rstrip())
        assert answer.status == status, (host, more, answer)


def test_reads_with_a_body__are_harmless(contract, server):
    answer = checked(contract, server.port, "GET", "/v1/config", [("Content-Length", "3")], b"{{{")
    assert answer is None or answer.status == 200
    assert server.answers()
