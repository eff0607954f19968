"""The oracle and a REST catalog, asked the same question, and what is compared of their answers."""

import json
import pathlib
import subprocess
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
HTTP_TIMEOUT_S = 60

# Times are the clock's, and so differ; of a log, which entries it has is compared.
CLOCK_FIELDS = {"last-updated-ms"}
CLOCK_LOGS = {"snapshot-log", "version-log"}
# One entry for each snapshot, in an order that means nothing (the library's is a hash's).
SETS = {"statistics", "partition-statistics"}


class Oracle:
    """Iceberg's own library, in a process that answers one line for each line."""

    def __init__(self, command="oracle"):
        self.process = subprocess.Popen([HERE / command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, encoding="utf-8")

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the oracle died")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Catalog:
    """A REST catalog at a URL; `prefix` is what its /v1/config names, if it names one."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.root = self.url + "/v1"
        _, config = self.call("GET", "/config")
        prefix = {**config.get("defaults", {}), **config.get("overrides", {})}.get("prefix")
        if prefix:
            self.root += "/" + prefix

    def call(self, method, path, body=None):
        """Returns (status, parsed body or None)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, error_body(error.read())


def error_body(raw):
    try:
        return json.loads(raw)
    except ValueError:
        return {"error": {"type": None, "message": raw[:200].decode(errors="replace")}}


def without_time(entries):
    return [{k: v for k, v in entry.items() if k != "timestamp-ms"} for entry in entries]


def comparable(metadata, fresh=False):
    """Metadata without what must differ; `fresh` where each side has made its own uuid."""
    kept = {key: value for key, value in metadata.items() if key not in CLOCK_FIELDS}
    for log in CLOCK_LOGS & kept.keys():
        kept[log] = without_time(kept[log])
    for name in SETS & kept.keys():
        kept[name] = sorted(kept[name], key=lambda entry: entry["snapshot-id"])
    if fresh:
        kept = {k: v for k, v in kept.items() if k not in ("table-uuid", "view-uuid")}
        if "versions" in kept:
            kept["versions"] = without_time(kept["versions"])
    return kept


def difference(status, body, verdict, fresh=False):
    """What a catalog's answer and the oracle's disagree about: a list of sentences."""
    if "error" in verdict:
        expected = (verdict["error"]["status"], verdict["error"]["type"])
        error = (body or {}).get("error", {})
        found = (status, error.get("type"))
        if (verdict["error"]["step"] == "parse" or found[1] is None) and status >= 400:
            return []  # The reference's web server answers for itself where nothing parsed.
        return [] if expected == found else [
            f"expected {verdict['error']}, found {found}: {error.get('message')}"]
    if status != 200:
        error = (body or {}).get("error", {})
        return [f"expected success, found {status} {error.get('type')}: {error.get('message')}"]
    expected = comparable(verdict["metadata"], fresh)
    found = comparable(body["metadata"], fresh)
    return [f"{key}: expected {expected.get(key)}, found {found.get(key)}"
            for key in sorted(expected.keys() | found.keys())
            if expected.get(key) != found.get(key)]
