"""An Azurite that is started for the tests, a client that looks behind the server's back, and a
server that gives out tokens."""

import base64
import email.utils
import hashlib
import hmac
import http.server
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

from stores import Server

ACCOUNT = "firntests"
KEY = base64.b64encode(b"a key that nobody may see, of sixty-four bytes as Azure's have....").decode()
HOST = f"{ACCOUNT}.dfs.core.windows.net"
VERSION = "2020-12-06"


def make_certificate(folder):
    """A certificate of our own for localhost; (certificate, key)."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class Azurite(Server):
    """Its Blob service; with `tls`, (certificate, key), by https, and then with bearer tokens."""

    def __init__(self, home, tls=None):
        self.context = ssl.create_default_context(cafile=tls[0]) if tls else None
        more = ["--oauth", "basic", "--cert", tls[0], "--key", tls[1]] if tls else []
        super().__init__([os.environ["FIRN_AZURITE"], "--blobPort", "{port}",
                          "--inMemoryPersistence", "--skipApiVersionCheck", "--silent", *more],
                         home, {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
                         "https://localhost:{port}" if tls else "http://127.0.0.1:{port}")

    def probe(self):
        self.call("GET", "", {"comp": "list"})

    def sign(self, method, path, query, headers, body):
        """Shared Key, written down from Azure's own page and not from Firn's source."""
        ours = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items())
                       if name.startswith("x-ms-"))
        parameters = "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
        text = f"{method}\n\n\n{len(body) or ''}\n\n\n\n\n\n\n\n\n{ours}/{ACCOUNT}{path}{parameters}"
        mac = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        return f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"

    def call(self, method, path, query=None, body=b"", headers=None):
        path = f"/{ACCOUNT}" + (f"/{urllib.parse.quote(path)}" if path else "/")
        headers = (headers or {}) | {"x-ms-date": email.utils.formatdate(usegmt=True),
                                     "x-ms-version": VERSION}
        headers["Authorization"] = self.sign(method, path, query or {}, headers, body)
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        if body:
            headers["Content-Type"] = ""
        request = urllib.request.Request(url, body or None, headers, method=method)
        return urllib.request.urlopen(request, timeout=30, context=self.context).read()

    def make_container(self, name):
        self.call("PUT", name, {"restype": "container"})
        return name

    def names(self, container, prefix=""):
        found, marker = [], ""
        while True:
            text = self.call("GET", container, {"comp": "list", "restype": "container",
                                                "prefix": prefix, "marker": marker})
            tree = ElementTree.fromstring(text.decode("utf-8-sig"))
            found += [name.text for name in tree.findall("./Blobs/Blob/Name")]
            marker = tree.findtext("NextMarker")
            if not marker:
                return sorted(found)

    def put(self, container, name, body, headers=None):
        self.call("PUT", f"{container}/{name}", body=body,
                  headers={"x-ms-blob-type": "BlockBlob"} | (headers or {}))

    def read(self, container, name):
        return self.call("GET", f"{container}/{name}")

    def remove(self, container, name):
        self.call("DELETE", f"{container}/{name}")

    def environment(self, **more):
        """What Firn needs in order to reach it, as Azure's own tools have it."""
        return {"AZURE_STORAGE_CONNECTION_STRING":
                f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
                f"BlobEndpoint={self.url}/{ACCOUNT};"} | more


def token(life_s=3600):
    """A JWT as Azurite wants it: it looks at times, issuer and audience, and not at the signature."""
    now = int(time.time())
    claims = {"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/t/", "iat": now - 7200,
              "nbf": now - 7200, "exp": now + life_s, "oid": "an-object", "tid": "a-tenant"}
    parts = ({"alg": "HS256", "typ": "JWT"}, claims, {"signature": "any"})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
                    for part in parts)


class TokenServer:
    """Stands for Microsoft Entra ID and for a machine's identity service. `tokens` are given out one
    after another, the last of them from then on."""

    def __init__(self, *tokens):
        self.tokens = list(tokens) or [token()]
        self.asked = []  # (path, form, headers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                size = int(self.headers.get("Content-Length", 0))
                outer.asked.append((self.path, self.rfile.read(size).decode(), self.headers))
                text = outer.tokens.pop(0) if len(outer.tokens) > 1 else outer.tokens[0]
                body = json.dumps({"access_token": text, "expires_in": 3599}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,),
                                       daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
