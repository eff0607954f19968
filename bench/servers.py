"""The servers that a benchmark starts and stops, and the two load generators in front of them."""
import json
import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, headers, body):
        self.headers = headers
        self.body = body


def answer_of(method, url, body=None, headers=None):
    """A 2xx or 304; anything else is an OSError."""
    data = None if body is None else json.dumps(body).encode()
    head = {"Content-Type": "application/json", **(headers or {})} if data else (headers or {})
    call = urllib.request.Request(url, data=data, method=method, headers=head)
    try:
        with urllib.request.urlopen(call, timeout=60) as answer:
            return Answer(answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        if error.code != 304:
            raise
        return Answer(error.headers, b"")


def request(method, url, body=None, headers=None):
    return answer_of(method, url, body, headers).body


class Server:
    """A process that answers HTTP on a port of its own; ended by leaving the with block."""

    def __init__(self, command, ready_path="/v1/config", close_stdin_to_stop=False, seconds=60,
                 environment=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [str(part).replace("PORT", str(self.port)) for part in command]
        self.ready_path = ready_path
        self.close_stdin_to_stop = close_stdin_to_stop
        self.seconds = seconds
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log,
            env=self.environment,
        )
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            try:
                request("GET", self.url + self.ready_path)
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        self.__exit__()
        self.log.seek(0)
        raise SystemExit(f"{self.command[0]} did not start:\n{self.log.read().decode()[-2000:]}")

    def __exit__(self, *_):
        if self.close_stdin_to_stop:
            self.process.stdin.close()
        else:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def binary():
    return os.environ.get("FIRN_BINARY", RELEASE / "firn")


def firn(data, *more, slow_sync_ms=0):
    """With slow_sync_ms, every sync of the process takes that much longer."""
    slow = {"LD_PRELOAD": str(RELEASE / "bench" / "libslow_sync.so"),
            "SLOW_SYNC_MS": str(slow_sync_ms)}
    return Server([binary(), "serve", "--data", data, "--listen", "127.0.0.1:PORT", *more],
                  environment=slow if slow_sync_ms else None)


def constant(body_file, threads):
    return Server(
        [RELEASE / "bench" / "constant_server", "PORT", threads, body_file],
        close_stdin_to_stop=True,
    )


def reference(directory):
    # The first time it fetches its jars.
    return Server([ROOT / "tests/conformance/reference-server", "PORT", directory], seconds=600)


LONGEST_S = 120


def wrk(url, seconds, connections=16, headers=None, threads=1):
    """Requests a second; any answer that is neither 2xx nor 3xx ends the benchmark. Where none is
    answered in that time, it takes longer."""
    named = [word for name, value in (headers or {}).items() for word in ("-H", f"{name}: {value}")]
    out = subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{LONGEST_S}s",
         *named, url],
        capture_output=True, text=True, check=True,
    ).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    if "Non-2xx" in out or "Socket errors" in out or (rate == 0 and seconds >= LONGEST_S):
        raise SystemExit(f"{url} answered with errors, or not at all:\n{out}")
    return rate or wrk(url, 4 * seconds, connections, headers, threads)


def output_of(*arguments):
    """What a command prints; its failure ends the benchmark."""
    command = [str(part) for part in arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(command[:3])}: {run.stderr}")
    return run.stdout


def load_client(*arguments, under=()):
    """What load_client.c prints, as a dictionary; `under` is a command that runs it."""
    return json.loads(output_of(*under, RELEASE / "bench" / "load_client", *arguments))


def load_client_rate(url, seconds, connections=16, headers=None):
    """As wrk(), from the other load generator: neither's own cost can pass for a server's."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return load_client("get", url, lines, connections, seconds)["rate"]
