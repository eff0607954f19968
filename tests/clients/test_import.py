"""`firn import` from what others wrote: the Java reference server, over REST and out of its SQLite
file, and a directory of Hadoop tables out of Spark. Each is looked at, killed, and resumed."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

import pyarrow as pa
import pytest
from conftest import ROOT, free_port, running_server

sys.path.insert(0, str(ROOT / "tests" / "cli"))
from catalogs import Gate  # noqa: E402

REFERENCE = ROOT / "tests" / "conformance" / "reference-server"
WAIT_S = 120
TABLES = [(("sales",), f"t{n}") for n in range(6)] + [(("sales", "deep"), "a"), (("other",), "b")]


def firn(*arguments, code=0, url):
    done = subprocess.run([os.environ["FIRN_BINARY"], "import", *map(str, arguments), "--json",
                           "--url", url], capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def states(report):
    return [one["state"] for one in report["items"]]


def import_killed(count, *arguments, url):
    """Killed by SIGKILL while it registers the `count`-th table, whose answer it never has."""
    with Gate(int(url.rpartition(":")[2]), "/register", count, passes=True) as gate:
        process = subprocess.Popen([os.environ["FIRN_BINARY"], "import", *map(str, arguments),
                                    "--url", gate.url], stdout=subprocess.DEVNULL)
        assert gate.reached.wait(WAIT_S)
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_S)


def look_kill_and_resume(*arguments, url, total):
    """As docs/importing.md says, with an accident in the middle."""
    assert states(firn(*arguments, "--dry-run", url=url)) == ["ready"] * total
    import_killed(3, *arguments, url=url)
    resumed = states(firn(*arguments, url=url))
    assert sorted(resumed) == ["imported"] * (total - 3) + ["present"] * 3
    assert states(firn(*arguments, url=url)) == ["present"] * total


# --- the reference server ---------------------------------------------------------------------

@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The URL of one with tables in it, and its directory."""
    from pyiceberg.catalog import load_catalog
    from pyiceberg.exceptions import NamespaceAlreadyExistsError

    home = tmp_path_factory.mktemp("reference")
    url = f"http://127.0.0.1:{free_port()}"
    environment = os.environ | {"CATALOG_JDBC_SCHEMA__VERSION": "V1",
                                "JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([REFERENCE, url.rpartition(":")[2], home / "state"], stdout=log,
                                   stderr=log, env=environment)
    try:
        wait_until_it_answers(url, process, home / "log")
        catalog = load_catalog("reference", type="rest", uri=url)
        for namespace, name in TABLES:
            for depth in range(1, len(namespace) + 1):
                try:
                    catalog.create_namespace(namespace[:depth], {"made": str(depth)})
                except NamespaceAlreadyExistsError:
                    pass
            rows = pa.table({"id": pa.array(range(len(name) * 10), pa.int64())})
            table = catalog.create_table((*namespace, name), rows.schema)
            table.append(rows)
            table.append(rows)
        catalog.create_namespace("empty")
        make_view(url, "sales", "v")
        yield url, home / "state"
    finally:
        process.terminate()
        process.wait(WAIT_S)


def wait_until_it_answers(url, process, log):
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            return urllib.request.urlopen(f"{url}/v1/config", timeout=2).read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


def make_view(url, namespace, name):
    body = {"name": name, "properties": {}, "schema": {"type": "struct", "fields": [
        {"id": 1, "name": "id", "type": "long", "required": False}]},
        "view-version": {"version-id": 1, "timestamp-ms": 1, "schema-id": 0, "summary": {},
                         "default-namespace": [namespace], "representations": [
                             {"type": "sql", "dialect": "spark", "sql": "SELECT 1 AS id"}]}}
    request = urllib.request.Request(f"{url}/v1/namespaces/{namespace}/views",
                                     json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30).read()


def contents(url):
    """Every table's pointer, uuid, current snapshot and rows, every namespace's own properties."""
    from pyiceberg.catalog import load_catalog

    catalog = load_catalog("any", type="rest", uri=url)
    tables, namespaces = {}, {}
    for namespace in (("sales",), ("sales", "deep"), ("other",), ("empty",)):
        properties = catalog.load_namespace_properties(namespace)
        # JdbcCatalog answers with a location that nobody has set.
        namespaces[namespace] = {k: v for k, v in properties.items() if k != "location"}
        for identifier in catalog.list_tables(namespace):
            table = catalog.load_table(identifier)
            tables[identifier] = (table.metadata_location, table.metadata.table_uuid,
                                  table.current_snapshot().snapshot_id,
                                  table.scan().to_arrow().num_rows)
    return tables, namespaces, sorted(catalog.list_views("sales"))


@pytest.mark.parametrize("kind", ["rest", "jdbc-sqlite"])
def test_import__of_the_reference_server(reference, tmp_path, kind):
    url, state = reference
    source = url if kind == "rest" else state / "catalog.db"
    with running_server(tmp_path, "--allow-location", f"file://{state}/warehouse") as moved:
        look_kill_and_resume("--from", kind, source, url=moved, total=len(TABLES) + 1)
        tables, namespaces, views = contents(moved)
        assert (tables, namespaces, views) == contents(url)
        assert {name[-1]: rows for name, (*_, rows) in tables.items()} == {
            name: len(name) * 20 for _, name in TABLES}
        assert views == [("sales", "v")]
        check_it_is_alive(moved, rows=60)


def check_it_is_alive(url, rows):
    """It takes a commit, and the old catalog's own pointer is where it was."""
    from pyiceberg.catalog import load_catalog

    table = load_catalog("any", type="rest", uri=url).load_table(("sales", "t0"))
    table.append(pa.table({"id": pa.array(range(20), pa.int64())}))
    assert table.scan().to_arrow().num_rows == rows


# --- Hadoop tables ----------------------------------------------------------------------------

@pytest.fixture
def lake(spark, tmp_path):
    """A directory of tables that Spark wrote without a catalog."""
    home = tmp_path / "lake"
    for key, value in {"": "org.apache.iceberg.spark.SparkCatalog", ".type": "hadoop",
                       ".warehouse": f"file://{home}", ".cache-enabled": "false"}.items():
        spark.conf.set(f"spark.sql.catalog.lake{key}", value)
    for name, properties in (("db.plain", ""), ("db.deep.packed",
                             "TBLPROPERTIES ('write.metadata.compression-codec' = 'gzip')"),
                             ("other.parts", "PARTITIONED BY (bucket(4, id))"), ("db.none", "")):
        spark.sql(f"CREATE TABLE lake.{name} (id BIGINT, name STRING) USING iceberg {properties}")
    for _ in range(3):
        for name in ("db.plain", "db.deep.packed", "other.parts"):
            spark.sql(f"INSERT INTO lake.{name} VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    spark.sql("DELETE FROM lake.other.parts WHERE id = 2")
    (home / "db" / "plain" / "metadata" / "version-hint.text").write_text("1")
    (home / "db" / "deep" / "packed" / "metadata" / "version-hint.text").unlink()
    assert list(home.glob("db/deep/packed/metadata/v4.gz.metadata.json"))
    return home


def rows_of(spark, catalog):
    return {name: spark.sql(f"SELECT id, name, count(*) FROM {catalog}.{name} GROUP BY ALL "
                            "ORDER BY id").collect()
            for name in ("db.plain", "db.deep.packed", "other.parts", "db.none")}


def test_import__of_hadoop_tables(spark, lake, tmp_path):
    with running_server(tmp_path, "--allow-location", f"file://{lake}") as moved:
        look_kill_and_resume("--from", "hadoop", lake, url=moved, total=4)
        name = f"moved_{os.getpid()}"
        spark.conf.set(f"spark.sql.catalog.{name}", "org.apache.iceberg.spark.SparkCatalog")
        spark.conf.set(f"spark.sql.catalog.{name}.type", "rest")
        spark.conf.set(f"spark.sql.catalog.{name}.uri", moved)
        found = rows_of(spark, name)
        assert found == rows_of(spark, "lake")
        assert [row[2] for row in found["db.plain"]] == [3, 3, 3]
        assert [row[0] for row in found["other.parts"]] == [1, 3] and found["db.none"] == []
        for table in ("db.plain", "db.deep.packed"):
            spark.sql(f"INSERT INTO {name}.{table} VALUES (4, 'd')")
            assert spark.sql(f"SELECT count(*) FROM {name}.{table}").collect()[0][0] == 10
        assert pathlib.Path(lake / "db" / "plain" / "metadata" / "v4.metadata.json").exists()
