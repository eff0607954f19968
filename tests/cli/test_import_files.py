"""firn import out of files: the SQLite file of a JDBC catalog, a directory of Hadoop tables."""

import gzip
import hashlib
import json
import os
import sqlite3
import urllib.parse
import uuid
from pathlib import Path

import pytest

from test_import import contents, make_view, states
from test_entities import make_table, post

TABLES = """CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000){},
    PRIMARY KEY (catalog_name, table_namespace, table_name))"""
PROPERTIES = """CREATE TABLE iceberg_namespace_properties(catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255), property_value VARCHAR(1000),
    PRIMARY KEY (catalog_name, namespace, property_key))"""
TYPE = ", iceberg_type VARCHAR(5)"


def checksums(path):
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


@pytest.fixture
def made(own_server, tmp_path):
    """Metadata files to point at: {"t": …, "u": …, "v": (location, metadata)}, v a view's."""
    server = own_server(data="made")
    post(server, "/v1/default/namespaces", {"namespace": ["ns"]})
    make_table(server, "ns", "t")
    make_table(server, "ns", "u")
    make_view(server, "ns", "v")
    found = contents(server.port)[("ns",)][1]
    server.stop()
    return found


@pytest.fixture
def target(own_server, tmp_path, run):
    """Firn that may read all of the test's files: (its port, firn import --from … SOURCE)."""
    server = own_server("--allow-location", f"file://{tmp_path}", data="new")

    def move(code, kind, source, *arguments, **more):
        return run(code, "import", "--from", kind, source, *arguments, "--url",
                   f"http://127.0.0.1:{server.port}", **more)
    return server.port, move


# --- JDBC -------------------------------------------------------------------------------------

def jdbc_file(path, has_types, tables=(), properties=()):
    with sqlite3.connect(path) as db:
        db.execute(TABLES.format(TYPE if has_types else ""))
        db.execute(PROPERTIES)
        for row in tables:
            db.execute(f"INSERT INTO iceberg_tables VALUES ({', '.join('?' * len(row))})", row)
        db.executemany("INSERT INTO iceberg_namespace_properties VALUES (?, ?, ?, ?)", properties)
    db.close()
    return path


@pytest.mark.parametrize("has_types", [False, True], ids=["V0", "V1"])
def test_jdbc__is_taken_over_whole(target, made, tmp_path, has_types):
    port, move = target
    rows = [("cat", "db.deep", "t", made["t"][0], None),
            ("cat", "made_by_table", "u", made["u"][0], None)]
    if has_types:
        rows = [(*rows[0], "TABLE"), (*rows[1], None),
                ("cat", "db", "v", made["v"][0], None, "VIEW")]
    path = jdbc_file(tmp_path / "old catalog.db", has_types, rows,
                     [("cat", "db", "exists", "true"), ("cat", "db", "owner", "ännä"),
                      ("cat", "empty.too", "exists", "true")])
    before = checksums(path)
    planned = move(0, "jdbc-sqlite", path, "--dry-run", "--json")
    assert set(states(planned).values()) == {"ready"} and contents(port) == {}
    move(0, "jdbc-sqlite", f"jdbc:sqlite:{path}")
    views = {"v": made["v"]} if has_types else {}
    assert contents(port) == {
        ("db",): ({"owner": "ännä"}, views), ("db", "deep"): ({}, {"t": made["t"]}),
        ("empty",): ({}, {}), ("empty", "too"): ({}, {}),
        ("made_by_table",): ({}, {"u": made["u"]})}
    assert set(states(move(0, "jdbc-sqlite", path, "--json")).values()) == {"present"}
    assert checksums(path) == before and sorted(tmp_path.glob("old catalog.db*")) == [path]


def test_jdbc__one_of_several_catalogs(target, made, tmp_path):
    port, move = target
    path = jdbc_file(tmp_path / "c.db", False, [("one", "db", "t", made["t"][0], None)],
                     [("two", "other", "exists", "true")])
    assert "one has to be chosen: one, two" in move(1, "jdbc-sqlite", path).err
    assert "no catalog three: it has one, two" in move(
        4, "jdbc-sqlite", path, "--source-warehouse", "three").err
    move(0, "jdbc-sqlite", path, "--source-warehouse", "two")
    assert contents(port) == {("other",): ({}, {})}


def test_jdbc__of_what_it_cannot_move(target, made, tmp_path):
    port, move = target
    path = jdbc_file(tmp_path / "c.db", False, [
        ("c", "", "t", made["t"][0], None), ("c", "db", "no", None, None),
        ("c", "db", "gone", made["u"][0] + "x", None), ("c", "db", "u", made["u"][0], None)])
    done = move(1, "jdbc-sqlite", path, "--json")
    told = {one["name"]: one.get("reason") for one in done.json["items"]}
    assert "give it one with --into" in told["t"] and "does not say where" in told["no"]
    assert "Failed to open" in told["gone"] and told["u"] is None
    assert states(move(0, "jdbc-sqlite", path, "--into", "x", "--include", "t", "--json")) == {
        ("x", "t"): "imported"}
    assert set(contents(port)) == {("db",), ("x",)}


def test_jdbc__of_a_file_that_is_none(target, tmp_path):
    port, move = target
    (tmp_path / "text").write_text("no database, but long enough to be looked at" * 30)
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE t (x)")
    assert "No such file" in move(4, "jdbc-sqlite", tmp_path / "no.db").err
    assert "is no SQLite file" in move(1, "jdbc-sqlite", tmp_path / "text").err
    assert "it has no table iceberg_tables" in move(1, "jdbc-sqlite", tmp_path / "other.db").err
    assert not (tmp_path / "no.db").exists()
    empty = jdbc_file(tmp_path / "empty.db", True)
    assert "0 tables and views" in move(0, "jdbc-sqlite", empty).out
    assert "a file needs none" in move(2, "jdbc-sqlite", empty, "--token", "x").err


# --- Hadoop -----------------------------------------------------------------------------------

class Lake:
    """Hadoop tables with nothing in them but metadata."""

    def __init__(self, root, template):
        self.root, self.template = root, template
        root.mkdir()

    def version(self, table, number, name=None, pack=False, **change):
        place = self.root / table
        (place / "metadata").mkdir(parents=True, exist_ok=True)
        metadata = self.template | {
            "location": str(place), "table-uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, table)),
            "properties": {"version": str(number)}} | change
        text = json.dumps(metadata).encode()
        path = place / "metadata" / (name or f"v{number}.metadata.json")
        path.write_bytes(gzip.compress(text) if pack else text)
        return path

    def hint(self, table, text):
        (self.root / table / "metadata" / "version-hint.text").write_text(text)


@pytest.fixture
def lake(made, tmp_path):
    return Lake(tmp_path / "lake", made["t"][1])


def read_versions(port):
    return {(*levels, name): metadata["properties"]["version"]
            for levels, (_, entities) in contents(port).items()
            for name, (_, metadata) in entities.items()}


def test_hadoop__takes_the_highest_version_whatever_the_hint_says(target, lake):
    port, move = target
    for number in range(1, 12):
        lake.version("db/right", number)
    lake.hint("db/right", "11")
    for number in (1, 2, 3):
        lake.version("db/stale", number)
    lake.hint("db/stale", "2")
    lake.version("db/without", 4)
    lake.version("db/wrong", 1)
    lake.hint("db/wrong", "no number")
    lake.version("a/b/c/packed", 1)
    lake.version("a/b/c/packed", 2, "v2.gz.metadata.json", pack=True)
    lake.version("a/b/c/packed_long_ago", 3, "v3.metadata.json.gz", pack=True)
    lake.version("db/both", 7, "v7.gz.metadata.json", pack=True, properties={"version": "packed"})
    lake.version("db/both", 7)
    lake.version("db/with others", 1)
    lake.version("db/with others", 99, "99-x.metadata.json")
    before = checksums(lake.root)
    done = move(0, "hadoop", lake.root, "--json")
    assert set(states(done).values()) == {"imported"}
    assert read_versions(port) == {
        ("db", "right"): "11", ("db", "stale"): "3", ("db", "without"): "4", ("db", "wrong"): "1",
        ("a", "b", "c", "packed"): "2", ("a", "b", "c", "packed_long_ago"): "3",
        ("db", "both"): "7", ("db", "with others"): "1"}
    assert checksums(lake.root) == before
    assert set(states(move(0, "hadoop", f"file:{lake.root}/", "--json")).values()) == {"present"}


def test_hadoop__tells_tables_from_namespaces_and_the_rest(target, lake):
    port, move = target
    lake.version("db/t", 1)
    (lake.root / "db" / "t" / "data" / "x=1").mkdir(parents=True)
    (lake.root / "db" / "t" / "data" / "x=1" / "f.parquet").touch()
    (lake.root / "empty").mkdir()
    (lake.root / ".Trash" / "db").mkdir(parents=True)
    (lake.root / "raw" / "day=1").mkdir(parents=True)
    (lake.root / "raw" / "day=1" / "f.csv").touch()
    (lake.root / "file").touch()
    (lake.root / "db" / "again").symlink_to(lake.root)
    move(0, "hadoop", lake.root)
    assert read_versions(port) == {("db", "t"): "1"}
    assert set(contents(port)) == {("db",), ("empty",)}


def test_hadoop__of_what_it_cannot_move(target, lake):
    port, move = target
    lake.version("top", 1)
    lake.version("db/foreign", 1, "00001-x.metadata.json")
    lake.version("db/fine", 1)
    lake.version("db/broken", 1).write_text("{}")
    told = {one["name"]: one.get("reason") for one in
            move(1, "hadoop", lake.root, "--json").json["items"]}
    assert "with --into" in told["top"] and "another catalog" in told["foreign"]
    assert "format-version" in told["broken"] and told["fine"] is None
    assert states(move(0, "hadoop", lake.root, "--into", "x", "--include", "top", "--json")) == {
        ("x", "top"): "imported"}


def test_hadoop__of_a_directory_that_is_none(target, lake, tmp_path):
    port, move = target
    lake.version("db/t", 1)
    assert "is no directory" in move(4, "hadoop", tmp_path / "no").err
    (tmp_path / "file").touch()
    assert "is no directory" in move(4, "hadoop", tmp_path / "file").err
    assert "is a table" in move(1, "hadoop", lake.root / "db" / "t").err
    assert os.path.relpath(lake.root) != str(lake.root)
    done = move(0, "hadoop", os.path.relpath(lake.root), "--json")
    assert set(states(done).values()) == {"imported"}
    (location, _), = contents(port)[("db",)][1].values()
    assert Path(urllib.parse.urlsplit(location).path) == (
        lake.root / "db/t/metadata/v1.metadata.json")
