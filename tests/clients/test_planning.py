"""Scans that the server plans give the rows of scans that the clients plan by themselves.

The catalog `firn` plans as a client does by default, `firn_planner` is told to let the server plan;
both are one server. Its counters tell who planned.
"""

import contextlib
import json
import os
import urllib.request

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from conftest import running_server
from flights import SCHEMA, flights
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import (
    And,
    EqualTo,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    Not,
    NotNull,
    Or,
    StartsWith,
)
from pyiceberg.table import DataScan
from pyiceberg.transforms import MonthTransform
from small import SMALL
from test_flights import change_by_spark, expected_after_changes, merge_source

MODE = "scan-planning-mode"

# Partition, statistics, both, neither; each must leave some rows out and keep some.
WHERE = [
    "time_hour >= '2013-03-01' AND time_hour < '2013-04-15'",
    "month = 7 AND carrier = 'UA'",
    "dep_delay IS NULL",
    "tailnum LIKE 'N1%'",
    "dest IN ('LAX', 'SFO', 'ATL') AND distance > 1000",
    "NOT (origin = 'JFK' OR distance > 1000)",
    "arr_delay IS NOT NULL AND (flight < 100 OR time_hour < '2013-01-02')",
]
FILTERS = [
    And(GreaterThanOrEqual("time_hour", "2013-03-01T00:00:00+00:00"),
        LessThan("time_hour", "2013-04-15T00:00:00+00:00")),
    And(EqualTo("month", 7), EqualTo("carrier", "UA")),
    IsNull("dep_delay"),
    StartsWith("tailnum", "N1"),
    In("dest", {"LAX", "SFO", "ATL"}),
    Not(Or(EqualTo("origin", "JFK"), GreaterThanOrEqual("distance", 1001))),
    And(NotNull("arr_delay"), LessThan("flight", 100)),
]


def planned_by(url: str, submitted: int = 0):
    """Runs a block, and says how many scans the server planned meanwhile."""

    def count() -> dict:
        with urllib.request.urlopen(f"{url}/management/v1/counters", timeout=30) as answer:
            return json.load(answer)["counters"]

    @contextlib.contextmanager
    def expect(number: int):
        before = count()
        yield
        after = count()
        grown = {name: after[name] - before[name] for name in after}
        assert grown["plans-started"] == grown["plans-completed"] == number
        assert grown["plans-failed"] == 0
        assert grown["plans-submitted"] == submitted * number

    return expect


@pytest.fixture
def plans(server_url):
    return planned_by(server_url)


@pytest.fixture
def planner(server_url):
    """PyIceberg that lets the server plan, and cannot do so by itself."""
    return load_catalog("planner", uri=server_url, **{MODE: "server"})


def groups(spark, table: str, where: str = "TRUE", version: str = "") -> list:
    """Rows counted and summed in some 180 groups."""
    rows = spark.sql(
        f"""SELECT carrier, month, COUNT(*), SUM(distance), SUM(dep_delay), COUNT(tailnum)
            FROM {table} {version} WHERE {where} GROUP BY carrier, month"""
    ).collect()
    return sorted(tuple(row) for row in rows)


def in_order(table: pa.Table) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in table.column_names])


def check_spark(spark, plans, name: tuple, versions: list[str]) -> None:
    alone, planned = (".".join((catalog, *name)) for catalog in ("firn", "firn_planner"))
    for version in versions:
        for where in WHERE if version else ["TRUE", *WHERE]:
            with plans(0):
                expected = groups(spark, alone, where, version)
            with plans(1):
                assert groups(spark, planned, where, version) == expected, (where, version)
            assert expected
    with plans(0):
        expected = spark.sql(f"SELECT * FROM {alone} WHERE {WHERE[1]} ORDER BY ALL").collect()
    with plans(1):
        got = spark.sql(f"SELECT * FROM {planned} WHERE {WHERE[1]} ORDER BY ALL").collect()
    assert got == expected and len(got) > 1000


def check_pyiceberg(catalog, planner, plans, name: tuple, monkeypatch, snapshots: list) -> None:
    alone, planned = catalog.load_table(name), planner.load_table(name)
    for snapshot in snapshots:
        for row_filter in [None, *FILTERS]:
            scan = {"snapshot_id": snapshot} | ({"row_filter": row_filter} if row_filter else {})
            with plans(0):
                expected = in_order(alone.scan(**scan).to_arrow())
            with plans(1), monkeypatch.context() as patch:
                patch.delattr(DataScan, "_plan_files_local")
                got = in_order(planned.scan(**scan).to_arrow())
            assert got.num_rows > 0 and got.equals(expected), row_filter


def java_tasks(spark, table: str, carrier: str | None, plans, number: int) -> tuple[str, list]:
    """The class of the Java client's table, and its scan's files with what deletes from them."""
    jvm = spark._jvm
    loaded = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, table)
    loaded.refresh()
    scan = loaded.newScan()
    if carrier:
        scan = scan.filter(jvm.org.apache.iceberg.expressions.Expressions.equal("carrier", carrier))
    tasks = []
    with plans(number):
        found = scan.planFiles()
        for task in iterate(found):
            deletes = sorted((d.location(), d.contentOffset()) for d in task.deletes())
            tasks.append((task.file().location(), task.file().recordCount(), deletes,
                          task.residual().toString()))
        found.close()
    return loaded.getClass().getSimpleName(), sorted(tasks, key=str)


def iterate(iterable):
    iterator = iterable.iterator()
    while iterator.hasNext():
        yield iterator.next()


def check_java(spark, plans, name: tuple) -> None:
    for carrier in (None, "UA", "AS"):
        kind, alone = java_tasks(spark, ".".join(("firn", *name)), carrier, plans, 0)
        assert kind == "BaseTable"
        kind, planned = java_tasks(spark, ".".join(("firn_planner", *name)), carrier, plans, 1)
        assert kind == "RESTTable"
        assert planned == alone and alone


@pytest.mark.parametrize(
    ("version", "mode", "deletes"),
    [
        (2, "copy-on-write", set()),
        (2, "merge-on-read", {"PARQUET"}),
        (3, "merge-on-read", {"PUFFIN"}),
    ],
    ids=["copy-on-write", "position-deletes", "deletion-vectors"],
)
def test_flights__are_the_same_by_the_servers_plan(
    catalog, planner, spark, namespace, plans, tmp_path, monkeypatch, version, mode, deletes
):
    source = flights()
    name = (namespace, "flights")
    alone, planned = (".".join((prefix, *name)) for prefix in ("firn", "firn_planner"))
    table = catalog.create_table(name, SCHEMA)
    with table.update_spec() as update:
        update.add_field("time_hour", MonthTransform(), "flight_month")
    table.append(source)
    written = table.current_snapshot().snapshot_id
    spark.sql(
        f"""ALTER TABLE {planned} SET TBLPROPERTIES ('format-version' = '{version}',
              'write.delete.mode' = '{mode}', 'write.update.mode' = '{mode}',
              'write.merge.mode' = '{mode}')"""
    )
    # Changes read what they change by the server's plan as well.
    changes = tmp_path / "changes.parquet"
    pq.write_table(merge_source(source), changes)
    change_by_spark(spark, planned, str(changes))
    spark.sql(f"ALTER TABLE {planned} CREATE TAG before")
    spark.sql(f"ALTER TABLE {planned} CREATE BRANCH work")
    spark.sql(f"DELETE FROM {planned}.branch_work WHERE carrier = 'YV'")
    formats = spark.sql(f"SELECT DISTINCT file_format FROM {alone}.delete_files").collect()
    assert {row[0] for row in formats} == deletes

    spark.sql(f"REFRESH TABLE {alone}")
    expected = expected_after_changes(source)
    with plans(1):
        assert planner.load_table(name).scan().to_arrow().num_rows == expected.num_rows
    assert sum(row[2] for row in groups(spark, planned)) == expected.num_rows
    check_spark(spark, plans, name, ["", "VERSION AS OF 'work'"])
    for version in (str(written), "'before'"):
        with plans(1):
            got = groups(spark, planned, WHERE[0], f"VERSION AS OF {version}")
        assert got == groups(spark, alone, WHERE[0], f"VERSION AS OF {version}") != []
    branch = catalog.load_table(name).refs()["work"].snapshot_id
    check_pyiceberg(catalog, planner, plans, name, monkeypatch, [None, branch])
    check_java(spark, plans, name)


def test_submitted_plans__are_polled_for_by_spark_and_java(spark, tmp_path):
    """--plan-submit-files: the Java client waits until the server has made its plan."""
    with running_server(tmp_path, "--plan-submit-files", "1") as url:
        for name, mode in (("firn_alone", "client"), ("firn_polling", "server")):
            key = f"spark.sql.catalog.{name}"
            spark.conf.set(key, "org.apache.iceberg.spark.SparkCatalog")
            for option, value in {"type": "rest", "uri": url, MODE: mode}.items():
                spark.conf.set(f"{key}.{option}", value)
        spark.sql("CREATE NAMESPACE firn_alone.ns")
        spark.sql("CREATE TABLE firn_alone.ns.t (carrier STRING, id BIGINT) USING iceberg")
        for start in range(3):
            spark.sql(f"""INSERT INTO firn_alone.ns.t
                          SELECT IF(id % 2 = 0, 'UA', 'AS'), id + {start} FROM range(10)""")
        submitted = planned_by(url, submitted=1)
        query = "SELECT id FROM {}.ns.t WHERE carrier = 'UA' AND id > 4 ORDER BY id"
        expected = spark.sql(query.format("firn_alone")).collect()
        with submitted(1):
            got = spark.sql(query.format("firn_polling")).collect()
        assert got == expected and len(got) > 5
        for carrier in (None, "UA"):
            _, alone = java_tasks(spark, "firn_alone.ns.t", carrier, submitted, 0)
            kind, planned = java_tasks(spark, "firn_polling.ns.t", carrier, submitted, 1)
            assert kind == "RESTTable" and planned == alone and alone
        spark.sql("DROP TABLE firn_alone.ns.t")


def test_aggregates__that_spark_takes_from_statistics_are_the_same(spark, catalog, namespace):
    catalog.create_table((namespace, "t"), SMALL)
    spark.sql(f"INSERT INTO firn.{namespace}.t SELECT id, 'v' FROM range(10)")
    query = "SELECT COUNT(*), MIN(id), MAX(id) FROM {t}"
    alone = spark.sql(query.format(t=f"firn.{namespace}.t")).collect()
    planned = spark.sql(query.format(t=f"firn_planner.{namespace}.t")).collect()
    assert planned == alone == [(10, 0, 9)]


# --- what the catalog says ------------------------------------------------------------------------


def send(url: str, body: dict | None = None, method: str = "POST") -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    return urllib.request.urlopen(request, timeout=30).read()


@pytest.fixture
def warehouse(server_url):
    """A warehouse that lets the server plan; the clients' settings name it and nothing else."""
    name = f"planned_{os.getpid()}"
    url = f"{server_url}/management/v1/warehouses"
    beside = json.loads(send(f"{url}/default", method="GET"))["location"]
    send(url, {"name": name, "location": f"{beside}-{name}",
               "properties": {MODE: "server"}})
    yield name
    send(f"{url}/{name}", method="DELETE")


def test_warehouse__makes_pyiceberg_and_spark_ask(server_url, warehouse, spark, plans):
    catalog = load_catalog("w", uri=server_url, warehouse=warehouse)
    spark.conf.set("spark.sql.catalog.firn_warehouse", "org.apache.iceberg.spark.SparkCatalog")
    for key, value in {"type": "rest", "uri": server_url, "warehouse": warehouse}.items():
        spark.conf.set(f"spark.sql.catalog.firn_warehouse.{key}", value)
    catalog.create_namespace("ns")
    table = catalog.create_table("ns.t", pa.schema([pa.field("id", pa.int64())]))
    table.append(pa.table({"id": pa.array(range(10), pa.int64())}))
    with plans(1):
        assert table.scan(row_filter="id > 3").to_arrow().num_rows == 6
    with plans(1):
        rows = spark.sql("SELECT id FROM firn_warehouse.ns.t WHERE id > 3").collect()
    assert sorted(row[0] for row in rows) == [4, 5, 6, 7, 8, 9]
    catalog.drop_table("ns.t")
    catalog.drop_namespace("ns")


def test_table__has_its_own_say(spark, namespace, catalog, plans):
    def count(prefix: str) -> int:
        return len(spark.sql(f"SELECT id FROM {prefix}.{namespace}.t WHERE id > 3").collect())

    def say(mode: str) -> None:
        spark.sql(f"ALTER TABLE firn.{namespace}.t SET TBLPROPERTIES ('{MODE}' = '{mode}')")
        for prefix in ("firn", "firn_planner"):
            spark.sql(f"REFRESH TABLE {prefix}.{namespace}.t")

    spark.sql(f"CREATE TABLE firn.{namespace}.t (id BIGINT) USING iceberg")
    spark.sql(f"INSERT INTO firn.{namespace}.t SELECT id FROM range(10)")
    for mode, planned in (("server", 1), ("client", 0)):
        say(mode)
        for prefix in ("firn", "firn_planner"):
            with plans(planned):
                assert count(prefix) == 6
    with pytest.raises(Exception, match="must be client or server"):
        say("both")
