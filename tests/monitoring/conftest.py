"""One Firn under load, scraped by one Prometheus with the rules that Firn ships."""

import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from firn_server import free_port
from server_fixtures import binary, server  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "firn.rules.yml"
SCRAPE_S = 1  # rates need a few scrapes: a test cannot wait for fifteen seconds each
READY_S = 60

CONFIG = """
global: {{scrape_interval: {interval}s, evaluation_interval: {interval}s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: firn
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

TABLE = {"name": "t", "schema": {"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "id", "type": "long", "required": False}]}}


class Prometheus:
    def __init__(self, folder, firn_port):
        self.folder, self.firn_port, self.port = folder, firn_port, free_port()
        self.process = None

    def start(self):
        config = self.folder / "prometheus.yml"
        config.write_text(CONFIG.format(interval=SCRAPE_S, rules=RULES, port=self.firn_port))
        command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
                   f"--web.listen-address=127.0.0.1:{self.port}"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_S
        while not self.is_ready():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Prometheus is not ready"
            time.sleep(0.2)
        return self

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from None

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Load:
    """Every kind of request that rules and dashboard look at, again and again."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/v1/"
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def send(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            error.read()

    def run(self):
        self.send("POST", "namespaces", {"namespace": ["n"]})
        self.send("POST", "namespaces/n/tables", TABLE)
        number = 0
        while not self.is_stopping.is_set():
            number += 1
            self.send("GET", "namespaces/n/tables/t")
            self.send("GET", "namespaces/n/tables/none")
            self.send("POST", "namespaces/n/tables/t/plan", {})
            self.send("POST", "namespaces/n/tables/t", {"requirements": [], "updates": [
                {"action": "set-properties", "updates": {"number": str(number)}}]})
            self.is_stopping.wait(0.05)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_stopping.set()
        self.thread.join()


@pytest.fixture(scope="session")
def prometheus(server, tmp_path_factory):
    assert shutil.which("prometheus"), "install Debian's package prometheus"
    running = Prometheus(tmp_path_factory.mktemp("prometheus"), server.port).start()
    with Load(server.port):
        # Rates over a window need scrapes on both of its ends.
        deadline = time.monotonic() + READY_S
        while not running.query("firn:load_seconds:p99 > 0"):
            assert time.monotonic() < deadline, "nothing was scraped"
            time.sleep(SCRAPE_S)
        yield running
    running.stop()
