"""HTTP servers between the commands and a catalog: one that plays a catalog, and one that stands in
the way of a real one."""

import http.client
import http.server
import json
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server:
    """Runs until the block ends; every request is in `seen`."""

    def __init__(self):
        self.seen = []
        outer = self

        class Bound(Handler):
            def do_any(self):
                outer.handle(self)

            do_GET = do_POST = do_DELETE = do_HEAD = do_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class PlayedCatalog(Server):
    """Answers with what `answers` has for "METHOD path", path without query: a value that is sent as
    JSON, a pair of status and value, bytes as they are, or a function of the query's pairs."""

    def __init__(self, answers):
        super().__init__()
        self.answers = {"GET /v1/config": {"defaults": {}, "overrides": {}}} | answers

    def handle(self, request):
        url = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.seen.append((request.command, request.path, dict(request.headers), request.body()))
        value = self.answers.get(f"{request.command} {url.path}",
                                 (404, {"error": {"message": "no such thing", "code": 404}}))
        if callable(value):
            value = value(query)
        status, value = value if isinstance(value, tuple) else (200, value)
        if not isinstance(value, bytes):
            value = json.dumps(value).encode()
        request.answer(status, value)


class Gate(Server):
    """Passes requests on to the server at `port`, until the `count`-th whose path ends in `suffix`:
    that one is not passed on (or is, where `passes` says so, and its answer is not given), and
    `reached` is set. No request after it is answered."""

    def __init__(self, port, suffix, count, passes):
        super().__init__()
        self.port, self.suffix, self.count, self.passes = port, suffix, count, passes
        self.reached, self.over = threading.Event(), threading.Event()

    def __exit__(self, *arguments):
        self.over.set()
        super().__exit__(*arguments)

    def pass_on(self, request, body):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json"} if body else {}
        link.request(request.command, request.path, body or None, headers)
        answer = link.getresponse()
        found = answer.status, answer.read()
        link.close()
        return found

    def handle(self, request):
        body = request.body()
        if request.path.endswith(self.suffix):
            self.count -= 1
            if self.count == 0:
                if self.passes:
                    self.pass_on(request, body)
                self.reached.set()
        if self.reached.is_set():
            self.over.wait()
            request.close_connection = True
            return
        request.answer(*self.pass_on(request, body))
