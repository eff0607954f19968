"""loadTable and getConfig beside a server that answers the same bytes as a constant, and beside the
Java reference server. All run all the time and take turns in each round (bench/figures.py)."""
import contextlib
from pathlib import Path

import made_table
import servers
from figures import Cell, Goal, Row, Subject, in_turns

CONNECTIONS = 16
HTTP_THREADS = 2
COLUMNS = 20
# Neither a small body nor a client of this machine gets gzip unless it refuses everything else.
GZIP = {"Accept-Encoding": "gzip, identity;q=0"}
FIRN, CONSTANT, REFERENCE = "Firn", "constant server", "Java reference"


def register(server, directory, name, snapshots):
    """A table of that many snapshots, registered from a made metadata file; its path."""
    location = f"{directory}/{name}"
    path = Path(location) / "metadata"
    path.mkdir(parents=True)
    file = path / "00000-made.metadata.json"
    file.write_text(made_table.metadata(f"file://{location}", COLUMNS, snapshots))
    servers.request("POST", f"{server.url}/v1/namespaces/bench/register",
                    {"name": name, "metadata-location": f"file://{file}"})
    return f"/v1/namespaces/bench/tables/{name}"


def fill(server, directory, sizes):
    """{snapshots: path} of new tables."""
    servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": ["bench"]})
    return {size: register(server, directory, f"t{size}", size) for size in sizes}


class Case:
    """What is asked for, and with which headers; `path_of` a server's own tables."""

    def __init__(self, name, path_of, headers=None, goals=(), has_reference=True, is_held=False):
        self.name = name
        self.path_of = path_of
        self.headers = headers or {}
        self.goals = list(goals)
        self.has_reference = has_reference
        self.is_held = is_held  # the client sends the ETag that it has

    def request_of(self, server, paths):
        """The URL and the headers, once the server's ETag is known."""
        url, headers = server.url + self.path_of(paths), dict(self.headers)
        if self.is_held:
            answer = servers.answer_of("GET", url, headers=headers)
            if not answer.headers["ETag"]:
                raise SystemExit(f"{url} gives no ETag")
            headers["If-None-Match"] = answer.headers["ETag"]
        return url, headers


def cases():
    both = [Goal(CONSTANT, 0.8), Goal(REFERENCE, 10)]
    return [
        Case("config", lambda paths: "/v1/config"),
        Case("load, 1 snapshot", lambda paths: paths[1], goals=both),
        Case("load, 100 snapshots", lambda paths: paths[100]),
        Case("load, 2,000 snapshots", lambda paths: paths[2000], goals=both),
        Case("the same, refs only", lambda paths: paths[2000] + "?snapshots=refs"),
        Case("the same, gzip", lambda paths: paths[2000], GZIP, has_reference=False),
        Case("load, 10,000 snapshots", lambda paths: paths[10000]),
        Case("304, 1 snapshot", lambda paths: paths[1], is_held=True),
        Case("304, 10,000 snapshots", lambda paths: paths[10000], is_held=True),
    ]


def size_text(size):
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB" if size else "no body"


def measure_case(context, case, server, paths, reference, reference_paths):
    """A row: the servers in turns. The constant server answers what Firn has just answered."""
    url, headers = case.request_of(server, paths)
    body = servers.answer_of("GET", url, headers=headers).body
    file = Path(context.work) / "body"
    file.write_bytes(body)
    with servers.constant(file, HTTP_THREADS) as yardstick:
        measures = {
            FIRN: lambda: context.rate(url, context.seconds, CONNECTIONS, headers),
            CONSTANT: lambda: context.rate(yardstick.url + "/", context.seconds, CONNECTIONS,
                                           headers),
        }
        if reference and case.has_reference:
            other_url, other_headers = case.request_of(reference, reference_paths)
            measures[REFERENCE] = lambda: context.rate(other_url, context.seconds, CONNECTIONS,
                                                       other_headers)
            measures[REFERENCE]()  # its virtual machine compiles what this case needs
        values = in_turns(context.rounds, measures)
    return Row(case.name, {name: Cell(rates) for name, rates in values.items()}, case.goals,
               size_text(len(body)))


def measure(context):
    sizes = (1, 100, 2000, 10000)
    tables = f"{context.work}/tables"
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            servers.firn(f"{context.work}/data", "--allow-location", f"file://{tables}"))
        paths = fill(server, tables, sizes)
        reference, reference_paths = None, {}
        if context.has_reference:
            reference = stack.enter_context(servers.reference(f"{context.work}/reference"))
            reference_paths = fill(reference, f"{context.work}/reference-tables", sizes)
        rows = [measure_case(context, case, server, paths, reference, reference_paths)
                for case in cases()]
    return [Subject("loads", "Loads", rows,
                    f"{CONNECTIONS} connections, {context.seconds} s for each measurement, "
                    f"{context.rounds} rounds: the median and, in brackets, the lowest and the "
                    "highest round.")]
