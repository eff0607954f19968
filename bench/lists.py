"""listTables: whole lists beside the constant server and the reference, and pages out of few and
many tables beside each other."""
import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import servers
from figures import Cell, Goal, Row, Subject, in_turns
from loads import CONNECTIONS, CONSTANT, FIRN, HTTP_THREADS, REFERENCE, size_text

SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "required": True, "type": "long"}]}
PAGE = 100
FEW, SOME, MANY = PAGE, 1000, 10000
CREATORS = 8
OF_FEW, OF_MANY = f"of {FEW}", f"of {MANY:,}"


def namespace_path(count):
    return f"/v1/namespaces/list_{count}/tables"


def create(server, count, first):
    """Every CREATORS-th table, over one connection."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    for number in range(first, count, CREATORS):
        body = json.dumps({"name": f"table_{number:05}", "schema": SCHEMA})
        connection.request("POST", namespace_path(count), body,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"createTable: {answer.status} {text[:300]}")
    connection.close()


def fill(server, counts):
    for count in counts:
        servers.request("POST", f"{server.url}/v1/namespaces", {"namespace": [f"list_{count}"]})
        with ThreadPoolExecutor(CREATORS) as pool:
            list(pool.map(lambda first: create(server, count, first), range(CREATORS)))


def page_path(server, count, after_pages):
    """A page's path, reached as clients do, from page to page."""
    path = f"{namespace_path(count)}?pageSize={PAGE}&pageToken="
    token = ""
    for _ in range(after_pages):
        answer = json.loads(servers.request("GET", server.url + path + quote(token)))
        token = answer["next-page-token"]
    return path + quote(token)


def whole_list(context, count, server, reference, goals=()):
    url = server.url + namespace_path(count)
    body = servers.request("GET", url)
    file = Path(context.work) / "body"
    file.write_bytes(body)
    with servers.constant(file, HTTP_THREADS) as yardstick:
        measures = {
            FIRN: lambda: context.rate(url, context.seconds, CONNECTIONS),
            CONSTANT: lambda: context.rate(yardstick.url + "/", context.seconds, CONNECTIONS),
        }
        if reference:
            other = reference.url + namespace_path(count)
            measures[REFERENCE] = lambda: context.rate(other, context.seconds, CONNECTIONS)
            measures[REFERENCE]()
        values = in_turns(context.rounds, measures)
    return Row(f"all of {count:,} tables", {name: Cell(rates) for name, rates in values.items()},
               list(goals), size_text(len(body)))


def page(context, name, server):
    """A page out of few tables, beside one from the middle of many."""
    few = server.url + page_path(server, FEW, 0)
    many = server.url + page_path(server, MANY, MANY // PAGE // 2)
    values = in_turns(context.rounds, {
        OF_FEW: lambda: context.rate(few, context.seconds, CONNECTIONS),
        OF_MANY: lambda: context.rate(many, context.seconds, CONNECTIONS)})
    cells = {column: Cell(rates) for column, rates in values.items()}
    return Row(f"page of {PAGE}, {name}", cells, [Goal(OF_MANY, 1.3, is_ceiling=True)])


def measure(context):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(servers.firn(f"{context.work}/data"))
        forgetful = stack.enter_context(
            servers.firn(f"{context.work}/forgetful", "--cache-size", "0"))
        fill(server, (FEW, SOME, MANY))
        fill(forgetful, (FEW, MANY))
        reference = None
        if context.has_reference:
            reference = stack.enter_context(servers.reference(f"{context.work}/reference"))
            fill(reference, (SOME,))
        wholes = [whole_list(context, SOME, server, reference, [Goal(REFERENCE, 10)]),
                  whole_list(context, MANY, server, None)]
        pages = [page(context, "kept", server), page(context, "made anew", forgetful)]
    text = f"{CONNECTIONS} connections, {context.seconds} s for each measurement, {context.rounds} rounds."
    return [Subject("lists", "Lists of tables", wholes, text),
            Subject("pages", "Pages of lists", pages,
                    text + " A page of few tables beside one from the middle of many; \"made anew\" "
                    "is a server that keeps nothing (`--cache-size 0`).")]
