"""Google Cloud Storage for the tests: a fake-gcs-server, which asks nobody who he is, and before it a
gate, which does: it gives out tokens as Google's services do, lets nothing pass without one, and holds
a token that was cut down to what its boundary says."""

import base64
import http.client
import json
import os
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from stores import Server

EMAIL = "firn@tests.iam.gserviceaccount.com"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class FakeGcs(Server):
    """The server's process, and its JSON API behind Firn's back."""

    def __init__(self, home):
        super().__init__([os.environ["FIRN_FAKE_GCS"], "-scheme", "http", "-host", "127.0.0.1",
                          "-port", "{port}", "-backend", "memory", "-public-host",
                          "127.0.0.1:{port}", "-log-level", "warn"], home)

    def call(self, method, path, **more):
        answer = requests.request(method, f"{self.url}/{path}", timeout=30, **more)
        answer.raise_for_status()
        return answer

    def make_bucket(self, name):
        self.call("POST", "storage/v1/b?project=tests", json={"name": name})
        return name

    def keys(self, bucket, prefix=""):
        found, page = [], ""
        while True:
            answer = self.call("GET", f"storage/v1/b/{bucket}/o",
                               params={"prefix": prefix, "pageToken": page}).json()
            found += [item["name"] for item in answer.get("items", ())]
            page = answer.get("nextPageToken")
            if not page:
                return sorted(found)

    def read(self, bucket, key):
        return self.call("GET", f"storage/v1/b/{bucket}/o/{quote(key, safe='')}?alt=media").content

    def write(self, bucket, key, data):
        self.call("POST", f"upload/storage/v1/b/{bucket}/o",
                  params={"uploadType": "media", "name": key}, data=data)

    def delete(self, bucket, key):
        self.call("DELETE", f"storage/v1/b/{bucket}/o/{quote(key, safe='')}")


class Refused(Exception):
    """An OAuth error: code, and a description."""


def unsealed(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Token:
    def __init__(self, text, life_s, rules=None):
        self.text, self.expires, self.rules = text, time.time() + life_s, rules


class Gate:
    """Serves /token, /v1/token (STS), the metadata path, and everything else of the fake behind it."""

    def __init__(self, store, life_s=3600):
        self.store, self.life_s = store, life_s
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.lock = threading.Lock()
        self.tokens, self.used, self.exchanges = {}, [], []
        self.refusals = 0
        self.lax = False  # as a store that takes any token for all of it
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                gate.serve(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def key_file(self, **more):
        pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()).decode()
        return json.dumps({"type": "service_account", "client_email": EMAIL, "private_key": pem,
                           "private_key_id": "k1", "token_uri": f"{self.url}/token"} | more)

    def forget(self):
        """No token that was given out is good any more."""
        with self.lock:
            self.tokens.clear()

    # --- tokens -----------------------------------------------------------------------------------

    def give(self, rules=None, life_s=None):
        with self.lock:
            kind = "cut" if rules is not None else "own"
            number = len(self.used) + len(self.tokens) + len(self.exchanges)
            token = Token(f"{kind}-{number}-{os.urandom(8).hex()}", life_s or self.life_s, rules)
            self.tokens[token.text] = token
            return token

    def exchange_assertion(self, form):
        header, claims, signature = form["assertion"].split(".")
        assert json.loads(unsealed(header)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
        self.key.public_key().verify(unsealed(signature), f"{header}.{claims}".encode(),
                                     padding.PKCS1v15(), hashes.SHA256())
        claims = json.loads(unsealed(claims))
        if claims["iss"] != EMAIL:
            raise Refused("invalid_grant", "Invalid grant: account not found")
        assert claims["aud"] == f"{self.url}/token" and claims["scope"] == SCOPE
        assert claims["exp"] - claims["iat"] == 3600 and abs(claims["iat"] - time.time()) < 300
        token = self.give()
        return {"access_token": token.text, "expires_in": self.life_s, "token_type": "Bearer"}

    def exchange_token(self, form):
        """As Google's STS: the answer has no expires_in, for the token ends with the one it is of."""
        assert form["subject_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
        assert form["requested_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
        own = self.check_token(form["subject_token"])
        boundary = json.loads(form["options"])
        rules = boundary["accessBoundary"]["accessBoundaryRules"]
        self.exchanges.append(boundary)
        token = self.give(rules, own.expires - time.time())
        return {"access_token": token.text, "token_type": "Bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}

    def check_token(self, text):
        with self.lock:
            token = self.tokens.get(text)
        if token is None or token.expires < time.time():
            raise Refused("invalid_grant", "Token expired")
        return token

    # --- the boundary -----------------------------------------------------------------------------

    @staticmethod
    def allows(rules, bucket, name, prefix, need):
        """One of the rules has the role and the condition for it, as far as the tests need CEL."""
        for rule in rules:
            assert re.fullmatch(r"//storage\.googleapis\.com/projects/_/buckets/[^/]+",
                                rule["availableResource"])
            is_bucket = rule["availableResource"].endswith(f"/buckets/{bucket}")
            if not is_bucket or f"inRole:roles/{need}" not in rule["availablePermissions"]:
                continue
            condition = rule["availabilityCondition"]["expression"]
            for part in condition.split(" || "):
                starts = re.fullmatch(r"resource\.name\.startsWith\((['\"])(.*)\1\)", part)
                lists = re.fullmatch(
                    r"api\.getAttribute\('storage\.googleapis\.com/objectListPrefix', ''\)"
                    r"\.startsWith\((['\"])(.*)\1\)", part)
                assert starts or lists, part
                if starts and name is not None:
                    if f"projects/_/buckets/{bucket}/objects/{name}".startswith(starts[2]):
                        return True
                if lists and name is None and prefix.startswith(lists[2]):
                    return True
        return False

    def check_request(self, handler, url):
        text = handler.headers.get("Authorization", "")
        assert text.startswith("Bearer "), text
        token = self.check_token(text[len("Bearer "):])
        with self.lock:
            if not self.used or self.used[-1] != token.text:
                self.used.append(token.text)
        if token.rules is None or self.lax:
            return True
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        found = re.fullmatch(r"/(?:upload/|download/)?storage/v1/b/([^/]+)/o(?:/(.*))?", url.path)
        if not found:
            return False
        name = unquote(found[2]) if found[2] else query.get("name")
        need = "storage.objectViewer" if handler.command in ("GET", "HEAD") \
            else "storage.objectUser"
        return self.allows(token.rules, unquote(found[1]), name, query.get("prefix", ""), need) or (
            need == "storage.objectViewer" and self.allows(
                token.rules, unquote(found[1]), name, query.get("prefix", ""),
                "storage.objectUser"))

    # --- requests ---------------------------------------------------------------------------------

    def serve(self, handler):
        url = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        try:
            if url.path in ("/token", "/v1/token"):
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                made = {GRANT: self.exchange_assertion, EXCHANGE: self.exchange_token}
                return self.answer(handler, 200, made[form["grant_type"]](form))
            if url.path.startswith("/computeMetadata/"):
                assert handler.headers["Metadata-Flavor"] == "Google"
                token = self.give()
                return self.answer(handler, 200, {"access_token": token.text,
                                                  "expires_in": self.life_s})
        except Refused as why:
            return self.answer(handler, 400, {"error": why.args[0],
                                              "error_description": why.args[1]})
        try:
            if not self.check_request(handler, url):
                return self.refuse(handler, 403, "forbidden", "the boundary does not let it")
        except Refused:
            return self.refuse(handler, 401, "authError", "Invalid Credentials")
        return self.forward(handler, body)

    def refuse(self, handler, status, reason, message):
        self.refusals += 1
        self.answer(handler, status, {"error": {"code": status, "message": message, "errors": [
            {"domain": "global", "reason": reason, "message": message}]}})

    @staticmethod
    def answer(handler, status, body):
        text = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def forward(self, handler, body):
        behind = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=60)
        headers = {name: value for name, value in handler.headers.items()
                   if name.lower() not in ("host", "authorization", "connection")}
        behind.request(handler.command, handler.path, body, headers)
        answer = behind.getresponse()
        content = answer.read()
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content if handler.command != "HEAD" else b"")
        behind.close()
