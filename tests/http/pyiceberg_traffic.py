"""PyIceberg against the server under test, with its traffic held against the contract."""

from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from pyiceberg.catalog.rest import RestCatalog

from api import Answer, Request


@contextmanager
def catalog(server, contract):
    """A PyIceberg catalog. What the client sends is its own affair; what it is answered is not."""
    original = requests.Session.send

    def send(session, request, **arguments):
        response = original(session, request, **arguments)
        url = urlsplit(request.url)
        if url.port == server.port:
            target = url.path + (f"?{url.query}" if url.query else "")
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            headers = {name.lower(): value for name, value in request.headers.items()}
            contract.check(Request(request.method, target, headers, body),
                           Answer(response.status_code, list(response.headers.items()),
                                  response.content), check_request=False)
        return response

    requests.Session.send = send
    try:
        yield RestCatalog("test", uri=f"http://127.0.0.1:{server.port}")
    finally:
        requests.Session.send = original
