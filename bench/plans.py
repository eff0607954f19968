"""Scan plans of large tables: Firn's planner, its server, Iceberg's Java library, its REST server.

usage: plans.py [rounds] [--no-reference] [--no-million] [--http: only over HTTP]

The tables (100,000 files in 100 manifests; the same with 35,000 delete files; 1,000,000 files in
1,000 manifests) are written once by Iceberg's own library, into build/bench-plans. CPU is of whole
processes, all threads together, as medians of the rounds; the floor is libdeflate inflating the same
blocks (decode_bench). Java is warm: eight plans before the first that counts.
"""
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import http.client
from pathlib import Path

import servers

FOLDER = (servers.ROOT / "build" / "bench-plans").resolve()
TABLES = {"plain": (100, 1000, 0), "deletes": (100, 1000, 35000), "million": (1000, 1000, 0)}
CONFORMANCE = servers.ROOT / "build" / "conformance"
BENCH = servers.RELEASE / "bench"


def java(*arguments):
    classpath = (CONFORMANCE / "classpath").read_text()
    command = ["java", "-cp", classpath, servers.ROOT / "bench" / "JavaPlans.java", *arguments]
    out = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                         check=True).stdout
    return out.strip().splitlines()


def table(name):
    """The location of its metadata."""
    note = FOLDER / f"{name}.location"
    if not note.exists():
        print(f"writing the table {name}", file=sys.stderr)
        FOLDER.mkdir(parents=True, exist_ok=True)
        note.write_text(java("make", FOLDER / name, *TABLES[name])[-1])
    return note.read_text().strip()


def floor_ms(name):
    """Inflating the blocks of the table's data manifests, once."""
    data = FOLDER / f"{name}.data"
    if not data.exists():
        data.mkdir()
        for manifest in (FOLDER / name / "metadata").glob("m?????.avro"):
            (data / manifest.name).symlink_to(manifest)
    out = subprocess.run([BENCH / "decode_bench", data, "5"], capture_output=True, text=True,
                         check=True).stdout
    return float(re.search(r"inflate only.*?median\s+([\d.]+)", out).group(1))


def firn_plan(name, case, rounds, threads=1):
    """{"cold": CPU ms, "cached": CPU ms}, medians."""
    out = subprocess.run([BENCH / "plan_bench", table(name), case, str(rounds), str(threads)],
                         capture_output=True, text=True, check=True).stdout
    passes = {"cold": [], "cached": []}
    for line in out.splitlines():
        word, *numbers = line.split()
        if word in passes:
            passes[word].append(float(numbers[0]))
    return {word: statistics.median(times) for word, times in passes.items()}


def java_plan(name, case, rounds):
    """CPU and wall ms, medians."""
    _, _, _, cpu, wall = java("plan", table(name), rounds, case)[-1].split()
    return float(cpu), float(wall)


def compare_cpu(rounds, million):
    floor = floor_ms("plain")
    print(f"floor, 100,000 files: {floor:.1f} ms of CPU")
    for name, case in (("plain", "all"), ("plain", "range"), ("plain", "point"),
                       ("deletes", "all")):
        ours = firn_plan(name, case, rounds)
        cpu, wall = java_plan(name, case, rounds)
        print(f"{name:8} {case:6} firn cold {ours['cold']:8.2f} ms ({ours['cold'] / floor:.2f} x "
              f"floor)  cached {ours['cached']:8.2f} ms   java {cpu:8.1f} ms CPU, {wall:.1f} wall   "
              f"java/cold {cpu / ours['cold']:6.1f}   java/cached {cpu / ours['cached']:7.1f}",
              flush=True)
    if million:
        ours, small = firn_plan("million", "all", 3), firn_plan("plain", "all", 3)
        print(f"million  all    firn cold {ours['cold']:8.2f} ms ({ours['cold'] / small['cold']:.2f} "
              f"x 100,000 files)  cached {ours['cached']:8.2f} ms", flush=True)


# --- over HTTP -----------------------------------------------------------------------------------


class Planner:
    """A client that takes all tasks of a plan over one connection."""

    def __init__(self, server, prefix, table_name):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        self.path = f"/v1/{prefix}namespaces/bench/tables/{table_name}"
        self.calls = 0

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        self.connection.request(method, self.path + path, data,
                                {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        self.calls += 1
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]}")
        return text

    def gather(self, text):
        """Files of an answer and of the tasks that it names, and that theirs name."""
        files, texts = 0, [text]
        while texts:
            text = texts.pop()
            files += text.count(b'"data-file"')
            if b'"plan-tasks"' in text:
                texts += [self.call("POST", "/tasks", {"plan-task": task})
                          for task in json.loads(text).get("plan-tasks") or []]
        return files

    def plan(self):
        """Seconds, files and calls of one whole plan."""
        self.calls, start = 0, time.monotonic()
        text = self.call("POST", "/plan", {"case-sensitive": True})
        while b'"submitted"' in text[:200]:
            time.sleep(0.001)
            text = self.call("GET", "/plan/" + json.loads(text)["plan-id"])
        files = self.gather(text)
        return time.monotonic() - start, files, self.calls


def register(server, prefix, name):
    try:
        servers.request("POST", f"{server.url}/v1/{prefix}namespaces", {"namespace": ["bench"]})
    except OSError:
        pass  # it is there
    servers.request("POST", f"{server.url}/v1/{prefix}namespaces/bench/register",
                    {"name": name, "metadata-location": table(name)})


def best_plan(server, prefix, name, rounds):
    planner = Planner(server, prefix, name)
    runs = [planner.plan() for _ in range(rounds)]
    return statistics.median(run[0] for run in runs), runs[0][0], runs[-1][1], runs[-1][2]


def memory_mb(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return {key: int(re.search(key + r":\s+(\d+)", status).group(1)) / 1000
            for key in ("VmHWM", "VmRSS")}


def firn_over_http(work, rounds, million):
    flags = ["--allow-location", f"file://{FOLDER}"]
    with servers.firn(f"{work}/firn", *flags) as server:
        register(server, "default/", "plain")
        seconds, first, files, calls = best_plan(server, "default/", "plain", rounds)
        print(f"firn over HTTP: {files} files in {calls} calls: first {first * 1e3:.1f} ms, "
              f"median {seconds * 1e3:.1f} ms", flush=True)
    for cache in ("64MiB", "0") if million else ():
        with servers.firn(f"{work}/firn-{cache}", *flags, "--cache-size", cache,
                          "--plan-files", "1000000") as server:
            register(server, "default/", "million")
            run, first, files, calls = best_plan(server, "default/", "million", 3)
            memory = memory_mb(server)
            print(f"firn over HTTP, cache {cache}: {files} files in {calls} calls: first "
                  f"{first:.2f} s, median {run:.2f} s; resident {memory['VmRSS']:.0f} MB, at most "
                  f"{memory['VmHWM']:.0f} MB", flush=True)
    return seconds


def main():
    arguments = [word for word in sys.argv[1:] if not word.startswith("--")]
    rounds = int(arguments[0]) if arguments else 7
    million = "--no-million" not in sys.argv
    subprocess.run([servers.ROOT / "tests/conformance/setup"], check=True)
    for name in TABLES if million else ("plain", "deletes"):
        table(name)
    if "--http" not in sys.argv:
        compare_cpu(rounds, million)
    with tempfile.TemporaryDirectory() as work:
        ours = firn_over_http(work, rounds, million)
        if "--no-reference" in sys.argv:
            return
        with servers.reference(f"{work}/reference") as server:
            register(server, "", "plain")
            seconds, _, files, calls = best_plan(server, "", "plain", 5)
            print(f"reference over HTTP: {files} files in {calls} calls: median "
                  f"{seconds * 1e3:.1f} ms; {seconds / ours:.1f} x firn", flush=True)


if __name__ == "__main__":
    main()
