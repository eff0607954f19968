"""PyIceberg and Spark on a MinIO that they have no key for: by credentials that the server vends, and
by requests that it signs."""

import datetime
import os
import subprocess
import time

import pyarrow
import pytest
from lake import ACCESS, BUCKET, lake, minio  # noqa: F401

NOBODY = "client-managed"
DAYS = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]


def purged(lake, prefix):
    """The server purges in its own time."""
    deadline = time.monotonic() + 60
    while left := lake.keys(prefix):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


# --- PyIceberg ------------------------------------------------------------------------------------


def rows(ids, value="a"):
    return pyarrow.table({"id": pyarrow.array(ids, pyarrow.int64()), "value": [value] * len(ids),
                          "day": [DAYS[i % 2] for i in ids]})


def ids_of(table):
    return sorted(table.scan().to_arrow()["id"].to_pylist())


@pytest.fixture(params=ACCESS)
def access(request):
    return request.param


@pytest.fixture
def pyiceberg(lake, access, monkeypatch):  # noqa: F811
    from pyiceberg.utils.concurrent import ExecutorFactory

    if access == "remote-signing":
        # All threads share one file system of s3fs's, and each of PyIceberg's takes the signer out and
        # puts it in again at its first use: what others send in between has no signature.
        monkeypatch.setenv("PYICEBERG_MAX_WORKERS", "1")
        monkeypatch.setattr(ExecutorFactory, "_instance", None)
    catalog = lake.pyiceberg(access)
    catalog.create_namespace_if_not_exists("py")
    return catalog


def test_pyiceberg__keeps_a_table_without_a_key(lake, pyiceberg, access):  # noqa: F811
    from pyiceberg.expressions import EqualTo
    from pyiceberg.transforms import DayTransform

    place = f"wh/py/{access}/"
    table = pyiceberg.create_table(f"py.{access}", rows([1]).schema)
    with table.update_spec() as update:
        update.add_field("day", DayTransform())
    table.append(rows([1, 2, 3, 4]))
    table.append(rows([5]))
    table.delete(EqualTo("id", 3))
    table.upsert(rows([2, 6], "b"), join_cols=["id"])
    table.overwrite(rows([7]), overwrite_filter=EqualTo("id", 1))
    again = pyiceberg.load_table(f"py.{access}")
    assert ids_of(again) == [2, 4, 5, 6, 7]
    assert again.scan(row_filter="value = 'b'").to_arrow().num_rows == 2
    assert ids_of(lake.pyiceberg(access).load_table(f"py.{access}")) == [2, 4, 5, 6, 7]
    assert lake.keys(place)
    pyiceberg.purge_table(f"py.{access}")
    purged(lake, place)


def test_pyiceberg__deletes_a_file_of_a_table(lake, pyiceberg, access):  # noqa: F811
    """Its signer shows the server a list of deletes without the list: that is refused, whatever the
    list may be, and files go one by one."""
    from pyiceberg.exceptions import SignError

    table = pyiceberg.create_table(f"py.files_{access}", rows([1]).schema)
    key = f"wh/py/files_{access}/data/stray"
    lake.put(key)
    if access == "vended-credentials":
        table.io.delete(f"s3://{BUCKET}/{key}")
    else:
        with pytest.raises(SignError, match="400"):
            table.io.delete(f"s3://{BUCKET}/{key}")
        assert lake.keys(key)
        table.io.get_fs("s3").rm_file(f"s3://{BUCKET}/{key}")
    assert not lake.keys(key)


def test_pyiceberg__works_on_two_tables_in_turn(pyiceberg, access):
    """In that file system is the signer of the table that was loaded last."""
    tables = [pyiceberg.create_table(f"py.{name}_{access}", rows([1]).schema) for name in "ab"]
    for i in range(2):
        for table in tables:
            table.refresh()
            table.append(rows([i]))
            assert ids_of(table) == list(range(i + 1))


def test_pyiceberg__has_no_key_of_its_own(lake, pyiceberg, access):  # noqa: F811
    table = pyiceberg.create_table(f"py.closed_{access}", rows([1]).schema)
    table.append(rows([1]))
    with pytest.raises(OSError, match="(?i)denied|credentials|forbidden"):
        lake.pyiceberg(NOBODY).load_table(f"py.closed_{access}").scan().to_arrow()


# --- Spark ----------------------------------------------------------------------------------------


@pytest.fixture
def sql(spark, lake, access):  # noqa: F811
    """Runs SQL and answers with plain tuples; {ns} is a namespace of a catalog with this access."""
    name = lake.spark_catalog(spark, access.replace("-", "_"), access)

    def run(text):
        return [tuple(row) for row in spark.sql(text.replace("{ns}", f"{name}.spark")).collect()]

    run.catalog = name
    run("CREATE NAMESPACE IF NOT EXISTS {ns}")
    return run


def delete_orphans(spark, table):
    """The procedure spares what is younger than a day; the action behind it does as it is told."""
    from py4j.java_gateway import java_import

    java = spark._jvm
    java_import(java, "org.apache.iceberg.spark.Spark3Util")
    java_import(java, "org.apache.iceberg.spark.actions.SparkActions")
    later = java.java.lang.System.currentTimeMillis() + 3_600_000
    action = java.SparkActions.get(spark._jsparkSession).deleteOrphanFiles(
        java.Spark3Util.loadIcebergTable(spark._jsparkSession, table))
    found = action.usePrefixListing(True).olderThan(later).execute().orphanFileLocations()
    return sorted(found)


def test_spark__keeps_a_table_without_a_key(spark, lake, sql, access):  # noqa: F811
    place = f"wh/spark/t_{access}/"
    table = f"{{ns}}.`t_{access}`"
    sql(f"""CREATE TABLE {table} (id BIGINT, name STRING, day DATE) USING iceberg
              PARTITIONED BY (days(day)) TBLPROPERTIES ('format-version' = '3',
                'write.delete.mode' = 'merge-on-read', 'write.merge.mode' = 'merge-on-read')""")
    sql(f"""INSERT INTO {table} VALUES (1, 'a', DATE '2024-01-01'), (2, 'b', DATE '2024-01-02'),
              (3, 'c', DATE '2024-01-02')""")
    sql(f"DELETE FROM {table} WHERE id = 2")
    sql(f"""MERGE INTO {table} t USING (SELECT * FROM VALUES (3L, 'x'), (9L, 'y') AS v (id, name)) s
              ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN
                INSERT (id, name, day) VALUES (s.id, s.name, DATE '2024-01-03')""")
    assert sql(f"SELECT id, name FROM {table} ORDER BY id") == [(1, "a"), (3, "x"), (9, "y")]
    full = len(lake.keys(place))
    expired = sql(f"""CALL {sql.catalog}.system.expire_snapshots(table => 'spark.`t_{access}`',
                        older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1)""")[0]
    assert sum(expired) > 0 and len(lake.keys(place)) <= full + 1 - sum(expired)
    stray = f"{place}data/p=a%2Fb/stray é x.parquet"
    lake.put(stray)
    assert delete_orphans(spark, f"{sql.catalog}.spark.`t_{access}`") == [f"s3://{BUCKET}/{stray}"]
    assert stray not in lake.keys(place)
    assert sql(f"SELECT count(*) FROM {table}") == [(3,)]
    sql(f"DROP TABLE {table} PURGE")
    purged(lake, place)


def test_spark__reads_with_what_connect_prints(spark, lake, sql, access):  # noqa: F811
    sql(f"CREATE TABLE {{ns}}.`printed_{access}` USING iceberg AS SELECT 1 AS id")
    lines = subprocess.run([os.environ["FIRN_BINARY"], "connect", "spark-cluster", "--url", lake.url,
                            "--warehouse", "lake", "--catalog", "printed"], check=True,
                           capture_output=True, text=True, timeout=60).stdout.splitlines()
    for name, value in (line.split(" ", 1) for line in lines):
        if name.startswith("spark.sql.catalog."):
            spark.conf.set(name, value)
    rows = spark.sql(f"SELECT * FROM printed.spark.`printed_{access}`").collect()
    assert [tuple(row) for row in rows] == [(1,)]


def test_spark__has_no_key_of_its_own(spark, lake, sql, access):  # noqa: F811
    sql(f"CREATE TABLE {{ns}}.`closed_{access}` USING iceberg AS SELECT 1 AS id")
    nobody = lake.spark_catalog(spark, "nobody", NOBODY)
    with pytest.raises(Exception, match="(?i)unable to load credentials"):
        spark.sql(f"SELECT * FROM {nobody}.spark.`closed_{access}`").collect()
