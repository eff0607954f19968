"""The client of the HTTP tests. Every exchange through it is held against the contract."""

import http.client
import json as json_module
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import operations

SEPARATOR = "\x1f"
TIMEOUT_S = 60


@dataclass
class Request:
    method: str
    target: str
    headers: dict = field(default_factory=dict)  # lower-case names
    body: bytes = b""

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name):
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None

    def json(self):
        return json_module.loads(self.body)

    @property
    def error(self):
        return self.json()["error"]

    def __repr__(self):
        return f"<{self.status} {self.body[:500]!r}>"


def encode(text):
    """One path segment; '/', '%', '.' and everything else that is not plain is escaped."""
    return quote(text, safe="")


def namespace_segment(namespace):
    levels = [namespace] if isinstance(namespace, str) else namespace
    return encode(SEPARATOR.join(levels))


class Api:
    """`call` speaks operations, `send` speaks HTTP. Each thread needs its own: `clone` it."""

    def __init__(self, port, contract, prefix="default"):
        self.port = port
        self.contract = contract
        self.prefix = prefix
        self._connection = None

    def clone(self):
        return Api(self.port, self.contract, self.prefix)

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def _exchange(self, request):
        # A connection that the server has closed meanwhile is opened again, once.
        for attempt in (0, 1):
            is_new = self._connection is None
            if is_new:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                              timeout=TIMEOUT_S)
            try:
                self._connection.request(request.method, request.target, body=request.body or None,
                                         headers=request.headers)
                response = self._connection.getresponse()
                body = response.read()
                answer = Answer(response.status, response.getheaders(), body)
                if response.will_close:
                    self.close()
                return answer
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
                if is_new or attempt:
                    raise
        raise AssertionError("not reached")

    def send(self, method, target, json=None, body=None, headers=None, check_request=True):
        """Sends exactly this target and body. `json` is encoded and gets its content type."""
        names = {key.lower(): value for key, value in (headers or {}).items()}
        if json is not None:
            body = json_module.dumps(json).encode()
            names.setdefault("content-type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        if not body and method in ("POST", "PUT"):
            names.setdefault("content-length", "0")
        request = Request(method, target, names, body or b"")
        answer = self._exchange(request)
        self.contract.check(request, answer, check_request)
        return answer

    def target(self, operation_id, query=None, **names):
        """The path of an operation with names put in, each encoded; `namespace` may be a list."""
        segments = []
        names.setdefault("prefix", self.prefix)
        for part in operations.BY_ID[operation_id].segments:
            if part == "{namespace}":
                part = namespace_segment(names["namespace"])
            elif part.startswith("{"):
                part = encode(names[part[1:-1].replace("-", "_")])
            segments.append(part)
        path = "/".join(segments)
        return f"{path}?{urlencode(query)}" if query else path

    def call(self, operation_id, json=None, expect=None, query=None, headers=None, **names):
        """One operation. `expect` is a status, or (status, type of the error)."""
        method = operations.BY_ID[operation_id].method
        answer = self.send(method, self.target(operation_id, query, **names), json=json,
                           headers=headers)
        expect_answer(answer, expect, operation_id)
        return answer

    # --- what most tests do ---

    def create_namespace(self, namespace, properties=None):
        levels = [namespace] if isinstance(namespace, str) else namespace
        body = {"namespace": levels}
        if properties is not None:
            body["properties"] = properties
        return self.call("createNamespace", json=body, expect=200).json()

    def create_table(self, namespace, body, expect=200, **more):
        return self.call("createTable", namespace=namespace, json=body, expect=expect, **more)

    def load_table(self, namespace, table, expect=200, **more):
        return self.call("loadTable", namespace=namespace, table=table, expect=expect, **more)

    def commit(self, namespace, table, updates, requirements=(), expect=200, **more):
        body = {"requirements": list(requirements), "updates": list(updates)}
        return self.call("updateTable", namespace=namespace, table=table, json=body, expect=expect,
                         **more)


def expect_answer(answer, expect, what=""):
    """Fails with the answer in its message unless it has this status (and type of error)."""
    if expect is None:
        return
    status, kind = expect if isinstance(expect, tuple) else (expect, None)
    assert answer.status == status, f"{what}: {status} expected, got {answer!r}"
    if kind:
        assert answer.error["type"] == kind, f"{what}: {kind} expected, got {answer!r}"
