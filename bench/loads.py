"""loadTable and listTables, each beside a server that answers the same bytes as a constant.

usage: loads.py [seconds of each measurement] [--reference] [--load-client]

Rounds alternate between the two servers, both running all the time, so that whatever else the
machine does hits both; the median of the rounds' ratios is what counts. The load comes from wrk,
or with --load-client from load_client.c.
"""
import statistics
import sys
import tempfile
from pathlib import Path

import made_table
import servers

CONNECTIONS = 16
ROUNDS = 5
HTTP_THREADS = 2
TABLES = 1000


def register(url, prefix, directory, name, snapshots):
    """A table of that many snapshots, registered from a made metadata file; its URL."""
    location = f"{directory}/{name}"
    path = Path(location) / "metadata"
    path.mkdir(parents=True)
    file = path / "00000-made.metadata.json"
    file.write_text(made_table.metadata(f"file://{location}", 20, snapshots))
    servers.request("POST", f"{url}/v1/{prefix}namespaces/bench/register",
                    {"name": name, "metadata-location": f"file://{file}"})
    return f"{url}/v1/{prefix}namespaces/bench/tables/{name}"


def fill(url, prefix):
    servers.request("POST", f"{url}/v1/{prefix}namespaces", {"namespace": ["many"]})
    schema = {"type": "struct", "fields": [
        {"id": 1, "name": "id", "required": True, "type": "long"}]}
    for number in range(TABLES):
        servers.request("POST", f"{url}/v1/{prefix}namespaces/many/tables",
                        {"name": f"table_{number:04}", "schema": schema})
    return f"{url}/v1/{prefix}namespaces/many/tables"


def compare(name, url, work, seconds, rate):
    body = servers.request("GET", url)
    file = Path(work) / f"{name}.body"
    file.write_bytes(body)
    with servers.constant(file, HTTP_THREADS) as yardstick:
        pairs = [
            (rate(url, seconds, CONNECTIONS),
             rate(yardstick.url + "/v1/config", seconds, CONNECTIONS))
            for _ in range(ROUNDS)
        ]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours = statistics.median(ours for ours, _ in pairs)
    theirs = statistics.median(theirs for _, theirs in pairs)
    print(f"{name:24} {len(body):9} bytes   firn {ours:9.0f}/s   constant {theirs:9.0f}/s   "
          f"ratio {ratio:.2f}", flush=True)


def measure_firn(work, seconds, rate):
    tables = f"{work}/tables"
    with servers.firn(f"{work}/data", "--allow-location", f"file://{tables}") as server:
        servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": ["bench"]})
        small = register(server.url, "", tables, "small", 1)
        large = register(server.url, "", tables, "large", 2000)
        many = fill(server.url, "")
        compare("load small", small, work, seconds, rate)
        compare("load 2,000 snapshots", large, work, seconds, rate)
        compare("load 2,000, refs only", large + "?snapshots=refs", work, seconds, rate)
        print(f"{'list 1,000 tables':24} firn {rate(many, seconds, CONNECTIONS):.0f}/s", flush=True)


def measure_reference(work, seconds, rate):
    tables = f"{work}/reference-tables"
    with servers.reference(f"{work}/reference") as server:
        servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": ["bench"]})
        small = register(server.url, "", tables, "small", 1)
        large = register(server.url, "", tables, "large", 2000)
        many = fill(server.url, "")
        for name, url in (("load small", small), ("load 2,000 snapshots", large),
                          ("list 1,000 tables", many)):
            rate(url, seconds, CONNECTIONS)  # warms the JVM
            answered = rate(url, seconds, CONNECTIONS)
            print(f"{name:24} Java reference {answered:.0f}/s", flush=True)


def main(arguments):
    seconds = next((int(a) for a in arguments if a.isdigit()), 5)
    rate = servers.load_client_rate if "--load-client" in arguments else servers.wrk
    with tempfile.TemporaryDirectory(prefix="firn-bench.") as work:
        measure_firn(work, seconds, rate)
        if "--reference" in arguments:
            measure_reference(work, seconds, rate)


if __name__ == "__main__":
    main(sys.argv[1:])
