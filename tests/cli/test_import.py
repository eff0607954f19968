"""firn import: another catalog's tables and views, moved in."""

import contextlib
import itertools
import json
import os
import pty
import signal
import subprocess
import urllib.parse
import urllib.request

import pytest

from catalogs import Gate, PlayedCatalog
from conftest import TIMEOUT_S
from test_entities import make_table, post

SEPARATOR = "\x1f"
VIEW_SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long",
                                             "required": False}]}


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return json.load(answer)


def segment(levels):
    return urllib.parse.quote(SEPARATOR.join(levels), safe="")


def contents(port, parent=()):
    """All that a server has: {levels: (properties, {name: pointer and metadata})}."""
    query = f"?parent={segment(parent)}" if parent else ""
    found = {}
    for levels in get(port, f"/v1/default/namespaces{query}")["namespaces"]:
        at = f"/v1/default/namespaces/{segment(levels)}"
        entities = {}
        for kind in ("tables", "views"):
            for one in get(port, f"{at}/{kind}")["identifiers"]:
                loaded = get(port, f"{at}/{kind}/{urllib.parse.quote(one['name'], safe='')}")
                entities[one["name"]] = (loaded["metadata-location"], loaded["metadata"])
        found[tuple(levels)] = (get(port, at)["properties"], entities)
        found |= contents(port, levels)
    return found


def make_view(server, namespace, name):
    return post(server, f"/v1/default/namespaces/{namespace}/views", {
        "name": name, "schema": VIEW_SCHEMA, "properties": {},
        "view-version": {"version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {},
                         "default-namespace": [namespace],
                         "representations": [{"type": "sql", "dialect": "spark",
                                              "sql": "SELECT 1 AS id"}]}})


@pytest.fixture
def old(own_server, run):
    """A catalog to move away from."""
    server = own_server(data="old")
    url = f"http://127.0.0.1:{server.port}"
    run(0, "namespace", "create", "sales", "--property", "owner=anna", "--url", url)
    run(0, "namespace", "create", "sales.`of 2025.x`", "--property", "a=b=c", "--url", url)
    run(0, "namespace", "create", "empty", "--url", url)
    for name in ("orders", "a.b", "ünï cödé/+%41", "orders2"):
        make_table(server, "sales", name, properties={"k": name})
    make_table(server, segment(["sales", "of 2025.x"]), "deep")
    make_view(server, "sales", "v")
    server.url = url
    return server


@pytest.fixture
def new(own_server, tmp_path):
    """One that may read the old one's files."""
    return own_server("--allow-location", f"file://{tmp_path}/old", data="new")


@pytest.fixture
def move(run, old, new):
    """firn import from the old one into the new one."""
    def call(code, *arguments, source=None, port=None, **more):
        return run(code, "import", source or old.url, *arguments, "--url",
                   f"http://127.0.0.1:{port or new.port}", **more)
    return call


def states(done):
    return {(*one["namespace"], one["name"]): one["state"] for one in done.json["items"]}


# --- what it does -----------------------------------------------------------------------------

def test_import__takes_over_all_there_is(move, old, new):
    """Rule 38."""
    planned = move(0, "--dry-run", "--json")
    assert set(states(planned).values()) == {"ready"} and len(states(planned)) == 6
    assert {one["state"] for one in planned.json["namespaces"]} == {"absent"}
    assert contents(new.port) == {}
    before = contents(old.port)
    done = move(0, "--json")
    assert set(states(done).values()) == {"imported"}
    assert {one["state"] for one in done.json["namespaces"]} == {"created"}
    assert contents(new.port) == before == contents(old.port)


def test_import__twice_is_once(move, new):
    move(0)
    whole = contents(new.port)
    again = move(0, "--json")
    assert set(states(again).values()) == {"present"}
    assert {one["state"] for one in again.json["namespaces"]} == {"present"}
    assert contents(new.port) == whole
    assert "6 tables and views: 6 there already\n" in move(0).out


def test_import__says_it_to_people(move):
    text = move(0, "--dry-run").out
    for line in ("would create  namespace sales.`of 2025.x`\n", "would import  table sales.`a.b`\n",
                 "would import  view sales.v\n",
                 "6 tables and views: 6 would import; nothing was changed\n"):
        assert line in text
    assert "imported      table sales.orders\n" in move(0).out


def test_import__shows_its_progress_on_a_terminal(binary, old, new):
    """The line is wiped before the report."""
    master, terminal = pty.openpty()
    process = subprocess.Popen([binary, "import", old.url, "--url", f"http://127.0.0.1:{new.port}"],
                               stdout=terminal, stderr=terminal, stdin=subprocess.DEVNULL)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal, as Linux tells it
        while part := os.read(master, 65536):
            shown += part
    os.close(master)
    assert process.wait(TIMEOUT_S) == 0
    bar, wiped, report = shown.partition(b"] 0 of 6 tables and views\r")
    assert bar.startswith(b"[") and wiped and b"6 tables and views: 6 imported" in (
        report.replace(b"\x1b[32m", b"").replace(b"\x1b[0m", b""))


def test_import__chooses_and_maps(move, old, new):
    done = move(0, "--include", "sales.*", "--exclude", "*orders2", "--exclude", "*deep",
                "--into", "old.`2024.x`", "--json")
    before = contents(old.port)
    assert contents(new.port) == {
        ("old",): ({}, {}), ("old", "2024.x"): ({}, {}),
        ("old", "2024.x", "sales"): (
            {"owner": "anna"}, {name: one for name, one in before[("sales",)][1].items()
                                if name != "orders2"})}
    assert done.json["items"][0]["source-namespace"] == ["sales"]


# --- what stands against it -------------------------------------------------------------------

def test_import__names_the_location_to_allow(own_server, run, old, new, tmp_path):
    strict = own_server(data="strict")
    text = run(1, "import", old.url, "--dry-run", "--url", f"http://127.0.0.1:{strict.port}").out
    assert "refused       table sales.orders: the server may not read file://" in text
    line = [one.strip() for one in text.splitlines() if "--allow-location" in one]
    assert len(line) == 1 and line[0].startswith(f"--allow-location 'file://{tmp_path}/old/")
    allowed = line[0].split("'")[1]
    strict.stop()
    wide = own_server("--allow-location", allowed, data="strict")
    planned = run(0, "import", old.url, "--dry-run", "--json", "--url",
                  f"http://127.0.0.1:{wide.port}")
    assert set(states(planned).values()) == {"ready"}


def test_import__leaves_what_is_taken(move, run, old, new):
    """A table that changed here after it was moved, and one that was here before."""
    move(0, "--include", "sales.orders")
    at = "/v1/default/namespaces/sales/tables/orders"
    post(new, at, {"requirements": [], "updates": [{"action": "set-properties",
                                                   "updates": {"new": "1"}}]})
    make_table(new, "sales", "orders2")
    whole = contents(new.port)
    done = move(5, "--json")
    found = {one["name"]: one for one in done.json["items"]}
    assert found["orders"]["state"] == found["orders2"]["state"] == "taken"
    assert "with the same uuid and other metadata" in found["orders"]["reason"]
    assert "another one" in found["orders2"]["reason"]
    assert found["deep"]["state"] == "imported"
    for name in ("orders", "orders2"):
        assert contents(new.port)[("sales",)][1][name] == whole[("sales",)][1][name]


def test_import__goes_on_behind_what_it_cannot_do(move, old, new):
    for location, _ in [contents(old.port)[("sales",)][1]["orders"]]:
        os.unlink(urllib.parse.urlsplit(location).path)
    done = move(1, "--json")
    assert sorted(states(done).values()) == ["imported"] * 5 + ["refused"]
    assert ("sales", "orders") not in [k for k, v in states(done).items() if v == "imported"]


# --- cut short --------------------------------------------------------------------------------

@pytest.mark.parametrize("passes", [False, True], ids=["before", "after"])
def test_import__that_was_killed_goes_on(binary, move, old, new, passes):
    """Killed while the third table is registered: asked for or not, its answer never came."""
    with Gate(new.port, "/register", 3, passes) as gate:
        process = subprocess.Popen([binary, "import", old.url, "--url", gate.url],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert gate.reached.wait(TIMEOUT_S)
        process.send_signal(signal.SIGKILL)
        process.wait(TIMEOUT_S)
    there = 3 if passes else 2
    assert sum(len(entities) for _, entities in contents(new.port).values()) == there
    done = move(0, "--json")
    assert sorted(states(done).values()) == ["imported"] * (6 - there) + ["present"] * there
    assert contents(new.port) == contents(old.port)


def test_import__tells_what_was_done_when_the_server_is_gone(binary, move, old, new, run):
    with Gate(new.port, "/register", 3, False) as gate:
        process = subprocess.Popen([binary, "import", old.url, "--json", "--url", gate.url],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert gate.reached.wait(TIMEOUT_S)
        gate.over.set()
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3 and "No answer from" in err
    told = [one.get("state") for one in json.loads(out)["items"]]
    assert told == ["imported", "imported", "ready", None, None, None]


# --- sources ----------------------------------------------------------------------------------

NAMESPACES = {"GET /v1/namespaces": lambda query: {"namespaces": [["db"]]},
              "GET /v1/namespaces/db": {"namespace": ["db"], "properties": {}}}


def played(**members):
    """A catalog with the table db.t, that says `members` of it."""
    return PlayedCatalog(NAMESPACES | {
        "GET /v1/namespaces/db/tables": {"identifiers": [{"namespace": ["db"], "name": "t"}]},
        "GET /v1/namespaces/db/tables/t": members})


def test_source__pages_prefix_and_separator(move):
    def listed(query):
        if query.get("parent"):
            return {"namespaces": [["a", "b"]] if query["parent"] == "a" else []}
        return {"namespaces": [["a"]], "next-page-token": "p&2"} if query["pageToken"] == "" else {
            "namespaces": [["c"]], "next-page-token": None}

    with PlayedCatalog({
            "GET /v1/config": {"defaults": {"prefix": "no", "namespace-separator": "%2E"},
                               "overrides": {"prefix": "my/wh"}},
            "GET /v1/my/wh/namespaces": listed,
            **{f"GET /v1/my/wh/namespaces/{name}": {"properties": {"at": name}}
               for name in ("a", "a%2Eb", "c")},
            **{f"GET /v1/my/wh/namespaces/{name}/tables": {"identifiers": []}
               for name in ("a", "a%2Eb", "c")}}) as catalog:
        done = move(0, "--source-warehouse", "my wh", "--json", source=catalog.url + "/")
    assert [(one["namespace"], one["properties"]["at"]) for one in done.json["namespaces"]] == [
        (["a"], "a"), (["a", "b"], "a%2Eb"), (["c"], "c")]
    assert catalog.seen[0][1] == "/v1/config?warehouse=my%20wh"


def test_source__that_does_not_know_parents_is_no_endless_tree(move):
    with PlayedCatalog(NAMESPACES | {"GET /v1/namespaces/db/tables": {"identifiers": []}}) as one:
        assert len(move(0, "--json", source=one.url).json["namespaces"]) == 1


def test_source__whose_listing_has_no_end(move):
    with PlayedCatalog(NAMESPACES | {"GET /v1/namespaces/db/tables": {
            "identifiers": [{"namespace": ["db"], "name": "t"}], "next-page-token": "x"}}) as one:
        assert "listing has no end" in move(1, source=one.url).err
    assert [request[1] for request in one.seen].count("/v1/namespaces/db/tables?pageToken=x") == 1


def test_source__that_says_too_little_of_a_table(move, old):
    with played(metadata={}) as catalog:
        told = move(1, "--json", source=catalog.url).json["items"][0]
        assert told["state"] == "refused" and "does not say where" in told["reason"]
    location, metadata = contents(old.port)[("sales",)][1]["orders"]
    wrong = {"table-uuid": "11111111-2222-3333-4444-555555555555"}
    with played(**{"metadata-location": location, "metadata": wrong}) as catalog:
        told = move(1, "--json", source=catalog.url).json["items"][0]
        assert told["state"] == "refused" and "another uuid" in told["reason"]


def test_source__whose_tables_lie_elsewhere(move):
    """What no store serves cannot be allowed either."""
    for scheme, allowed in (("hdfs", []), ("s3", ["s3://lake/t"])):
        with played(**{"metadata-location": f"{scheme}://lake/t/metadata/1.metadata.json"}) as one:
            told = move(1, "--json", source=one.url).json
            assert scheme in told["items"][0]["reason"] and told["allow-locations"] == allowed


def test_source__asks_for_a_login(move, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("me:p&ss w\n")
    listed = {"GET /v1/namespaces": {"namespaces": []}}
    with PlayedCatalog(listed) as catalog:
        move(0, "--token", "abc.def", source=catalog.url)
        assert all(one[2]["Authorization"] == "Bearer abc.def" for one in catalog.seen)
    login = {"POST /v1/oauth/tokens": {"access_token": "t0k", "token_type": "bearer"}}
    with PlayedCatalog(listed | login) as catalog:
        move(0, "--credential", f"@{secret}", "--scope", "ALL", source=catalog.url)
        first, *rest = catalog.seen
        assert dict(urllib.parse.parse_qsl(first[3].decode())) == {
            "grant_type": "client_credentials", "client_id": "me", "client_secret": "p&ss w",
            "scope": "ALL"}
        assert first[2]["Content-Type"] == "application/x-www-form-urlencoded"
        assert rest and all(one[2]["Authorization"] == "Bearer t0k" for one in rest)
    denied = {"POST /v1/oauth/tokens": (401, {"error": "invalid_client",
                                              "error_description": "who are you?"})}
    with PlayedCatalog(denied) as catalog:
        assert "401: who are you?" in move(1, "--credential", "a:b", source=catalog.url).err
    closed = {"GET /v1/config": (401, {"error": {"message": "log in first"}})}
    with PlayedCatalog(closed) as catalog:
        assert "with 401: log in first" in move(1, source=catalog.url).err


def tokens_that_end(*life):
    """Answers with t1, t2, … in turn."""
    numbers = itertools.count(1)
    return {"POST /v1/oauth/tokens": lambda query: {
        "access_token": f"t{next(numbers)}", "token_type": "bearer",
        **({"expires_in": life[0]} if life else {})}}


def test_source__gives_new_tokens_for_old(move, tmp_path):
    def pages(query):
        used = catalog.seen[-1][2]["Authorization"]
        if query["pageToken"] == "":
            return {"namespaces": [], "next-page-token": "p2"}
        return {"namespaces": []} if used != "Bearer t1" else (
            401, {"error": {"message": "the token has expired"}})

    def authorizations():
        return [one[2].get("Authorization") for one in catalog.seen]

    # Nobody has said when it ends: the first to know is who is refused.
    with PlayedCatalog({"GET /v1/namespaces": pages} | tokens_that_end()) as catalog:
        move(0, "--credential", "me:pass", source=catalog.url)
        assert authorizations() == [None, *["Bearer t1"] * 3, None, "Bearer t2"]
    # Never used once it is about to end.
    with PlayedCatalog({"GET /v1/namespaces": pages} | tokens_that_end(0)) as catalog:
        move(0, "--credential", "me:pass", source=catalog.url)
        assert authorizations() == [None, None, "Bearer t2", None, "Bearer t3", None, "Bearer t4"]
    # A new one is tried once.
    closed = {"GET /v1/config": (401, {"error": {"message": "not you"}})}
    with PlayedCatalog(closed | tokens_that_end(3600)) as catalog:
        assert "not you" in move(1, "--credential", "me:pass", source=catalog.url).err
        assert authorizations() == [None, "Bearer t1", None, "Bearer t2"]
    # A file that somebody keeps fresh is read again; a token that is given is all there is.
    file = tmp_path / "token"
    file.write_text("t1")

    def renew(query):
        file.write_text("t2")
        return pages(query)

    with PlayedCatalog({"GET /v1/namespaces": renew}) as catalog:
        move(0, "--token", f"@{file}", source=catalog.url)
        assert authorizations() == [*["Bearer t1"] * 3, "Bearer t2"]
    with PlayedCatalog({"GET /v1/namespaces": pages}) as catalog:
        assert "has expired" in move(1, "--token", "t1", source=catalog.url).err


def test_source__that_is_none(move, run, old, new):
    with PlayedCatalog({"GET /v1/config": b"<html>hello</html>"}) as page:
        assert "is no REST catalog" in move(1, source=page.url).err
    gone = page.url
    assert "without /v1 at its end?" in move(3, source=gone).err
    move(4, source=old.url + "/v1")
    with PlayedCatalog({}) as deaf:
        assert "/v1/namespaces" in move(4, source=deaf.url).err


def test_usage__that_is_wrong(run, move, tmp_path):
    assert "begins with http://" in run(2, "import", "somewhere").err
    assert "SOURCE" in run(2, "import").err
    assert "not both" in run(2, "import", "http://x", "--token", "a", "--credential", "b").err
    assert "control character" in run(2, "import", "http://x", "--token", "a b").err
    assert "cannot be read" in run(2, "import", "http://x", "--token", f"@{tmp_path}/no").err
    assert "hive" in run(2, "import", "http://x", "--from", "hive").err
    assert "`quotes" in move(2, "--into", "a..b").err
