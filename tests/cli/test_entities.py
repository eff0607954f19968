"""Namespaces, tables, views and warehouses over the command line."""

import json
import urllib.request

import pytest


@pytest.fixture
def namespace(firn, unique):
    name = unique("ns")
    firn(0, "namespace", "create", name)
    return name


def post(server, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}",
                                     json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


COLUMNS = [{"id": 1, "name": "id", "type": "long", "required": True},
           {"id": 2, "name": "tags", "required": False,
            "type": {"type": "map", "key-id": 3, "key": "string", "value-id": 4,
                     "value": {"type": "list", "element-id": 5, "element": "int",
                               "element-required": True}, "value-required": False}}]


def make_table(server, namespace, name="t", **more):
    return post(server, f"/v1/default/namespaces/{namespace}/tables",
                {"name": name, "schema": {"type": "struct", "fields": COLUMNS}} | more)


# --- namespaces -------------------------------------------------------------------------------

def test_namespace__lives_and_dies(firn, unique):
    name = unique("a")
    firn(0, "namespace", "create", name, "--property", "owner=anna", "--property", "x=a=b")
    firn(0, "namespace", "create", f"{name}.`b.c`")
    assert name in firn(0, "namespace", "list").out.splitlines()
    assert firn(0, "namespace", "list", name).out == f"{name}.`b.c`\n"
    assert firn(0, "namespace", "list", name, "--json").json["namespaces"] == [[name, "b.c"]]
    assert "owner = anna" in firn(0, "namespace", "show", name).out
    said = firn(0, "namespace", "show", name, "--json").json
    assert said["properties"]["x"] == "a=b"
    assert "not empty" in firn(5, "namespace", "drop", name).err
    assert firn(0, "namespace", "drop", f"{name}.`b.c`").out == f"dropped {name}.`b.c`\n"
    assert firn(0, "namespace", "drop", name, "--json").json == {"dropped": name}
    firn(4, "namespace", "show", name)
    firn(4, "namespace", "create", f"{name}.child")


def test_namespace__that_exists_or_is_no_name(firn, namespace):
    assert "already exists" in firn(5, "namespace", "create", namespace).err
    assert "must be KEY=VALUE" in firn(2, "namespace", "create", "x", "--property", "owner").err
    assert "`quotes" in firn(2, "namespace", "show", "a..b").err


# --- tables -----------------------------------------------------------------------------------

def test_table__is_listed_and_shown(firn, server, namespace):
    made = make_table(server, namespace, properties={"color": "blue"})
    make_table(server, namespace, "u.v")
    assert firn(0, "table", "list", namespace).out == f"{namespace}.t\n{namespace}.`u.v`\n"
    text = firn(0, "table", "show", f"{namespace}.t").out
    for words in (made["metadata"]["table-uuid"], made["metadata-location"],
                  "id long required", "tags map<string, list<int>>", "color = blue",
                  "nothing was written yet"):
        assert words in text
    said = firn(0, "table", "show", f"{namespace}.`u.v`", "--json").json
    assert said["metadata"]["schemas"][0]["fields"] == COLUMNS
    assert "Table does not exist" in firn(4, "table", "show", f"{namespace}.no").err


def test_table__history_has_snapshots_and_refs(firn):
    firn(0, "demo")
    said = firn(0, "table", "history", "demo.flights", "--json").json
    (snapshot,) = said["snapshots"]
    line = firn(0, "table", "history", "demo.flights").out
    for words in (str(snapshot["snapshot-id"]), "append", "+33055 records", "+12 files", "<- main"):
        assert words in line
    text = firn(0, "table", "show", "demo.flights").out
    assert "partitioned by   identity(month)" in text and "33055" in text


def test_table__is_renamed_dropped_and_registered_again(firn, server, namespace):
    location = make_table(server, namespace)["metadata-location"]
    firn(0, "table", "rename", f"{namespace}.t", f"{namespace}.w")
    firn(4, "table", "show", f"{namespace}.t")
    assert firn(0, "table", "drop", f"{namespace}.w").out == f"dropped {namespace}.w\n"
    firn(4, "table", "drop", f"{namespace}.w")
    firn(0, "table", "register", f"{namespace}.x", location)
    said = firn(0, "table", "show", f"{namespace}.x", "--json").json
    assert said["metadata-location"] == location
    firn(5, "table", "register", f"{namespace}.x", location)
    firn(0, "table", "register", f"{namespace}.x", location, "--overwrite")
    assert "namespace.name" in firn(2, "table", "rename", f"{namespace}.x", "x").err


# --- views ------------------------------------------------------------------------------------

def test_view__is_shown_renamed_and_dropped(firn, server, namespace):
    post(server, f"/v1/default/namespaces/{namespace}/views", {
        "name": "v", "schema": {"type": "struct", "fields": COLUMNS[:1]}, "properties": {"k": "w"},
        "view-version": {"version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {},
                         "default-namespace": [namespace],
                         "representations": [{"type": "sql", "dialect": "spark",
                                              "sql": "SELECT 1 AS id"}]}})
    assert firn(0, "view", "list", namespace).out == f"{namespace}.v\n"
    text = firn(0, "view", "show", f"{namespace}.v").out
    assert "spark: SELECT 1 AS id" in text and "k = w" in text
    firn(0, "view", "rename", f"{namespace}.v", f"{namespace}.w")
    assert firn(0, "view", "show", f"{namespace}.w", "--json").json["metadata"]["format-version"] == 1
    firn(0, "view", "drop", f"{namespace}.w")
    firn(4, "view", "show", f"{namespace}.w")


# --- warehouses -------------------------------------------------------------------------------

def test_warehouse__lives_and_dies(firn, server, unique):
    name = unique("lake")
    location = f"file://{server.data}/{name}"
    firn(0, "warehouse", "create", name, location, "--property", "table-format-versions=2,3")
    assert f"{name}  {location}\n" in firn(0, "warehouse", "list").out
    assert "table-format-versions = 2,3" in firn(0, "warehouse", "show", name).out
    said = firn(0, "warehouse", "set", name, "--property", "a=b", "--json").json
    assert said["properties"] == {"a": "b"}
    firn(0, "namespace", "create", "n", "--warehouse", name)
    firn(5, "warehouse", "remove", name)
    firn(0, "namespace", "drop", "n", "--warehouse", name)
    firn(0, "warehouse", "remove", name)
    firn(4, "warehouse", "show", name)
    assert "(default)" in firn(0, "warehouse", "list").out
    firn(1, "warehouse", "create", unique("w"), "file:///etc")


# --- hostile names ----------------------------------------------------------------------------

def test_names__of_others_do_no_harm_to_a_terminal(firn, server, namespace):
    evil = "\u202eevil\u2066<b>" + "x" * 4000
    make_table(server, namespace, evil)
    text = firn(0, "table", "list", namespace).out
    assert "\u202e" not in text and "\\u{202e}evil\\u{2066}<b>" in text
    assert firn(0, "table", "list", namespace, "--json").json["identifiers"][0]["name"] == evil
    text = firn(0, "table", "drop", f"{namespace}.{evil}").out
    assert "\u202e" not in text


def test_groups__say_what_there_is(run):
    assert "firn table rename FROM TO" in run(0, "table", "--help").out
    assert run(2, "table").err == run(0, "table", "--help").out
    assert "did you mean 'firn table list'?" in run(2, "table", "lst").err
    assert run(0, "help", "table", "drop").out.startswith("firn table drop TABLE")


def test_warehouse__reads_its_storage_from_a_file(firn, server, unique, tmp_path):
    name, file = unique("w"), tmp_path / "storage.json"
    firn(0, "warehouse", "create", name, f"file://{server.data}/{name}")
    file.write_text('{"type": "s3", "endpoint": "http://127.0.0.1:1", "credentials": {"source": '
                    '"static", "access-key-id": "a", "secret-access-key": "hush-hush"}}')
    said = firn(1, "warehouse", "alter", name, "--storage", str(file)).err
    assert "is a local directory" in said and "hush" not in said
    file.write_text('{"type": "s3", "secret": "hush-hush"}')
    said = firn(1, "warehouse", "alter", name, "--storage", str(file)).err
    assert "storage has no field 'secret'" in said and "hush" not in said
    assert "cannot be opened" in firn(2, "warehouse", "alter", name, "--storage", "/no/file").err
    moved = f"file://{server.data}/{name}-moved"
    assert moved in firn(0, "warehouse", "alter", name, "--location", moved).out
    firn(0, "warehouse", "remove", name)
