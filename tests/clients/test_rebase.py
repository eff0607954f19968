"""Appends of many writers to one table that asks the server to carry late ones over.

No client tries again here, so that what succeeds does so at the first attempt.
"""

import concurrent.futures
import threading

from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException
from small import SMALL, rows

THREADS = 8
TURNS = 4
NO_RETRY = {"commit.retry.num-retries": "0"}
REBASE = {"firn.commit.rebase-appends": "true", **NO_RETRY}


def in_threads(work):
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


def append_all(server_url, name, turns=TURNS):
    """Every thread appends rows of its own, each turn of all threads on one base; how many failed."""
    together = threading.Barrier(THREADS)

    def work(number):
        table = load_catalog("w", type="rest", uri=server_url).load_table(name)
        failed = 0
        for turn in range(turns):
            table.refresh()
            together.wait()
            try:
                table.append(rows((number * turns + turn, f"n{number}")))
            except CommitFailedException:
                failed += 1
        return failed

    return sum(in_threads(work))


def carried_over(table):
    return [s for s in table.snapshots() if "-rebased-" in s.manifest_list]


def test_rebase__appends_of_many_threads_all_succeed(catalog, server_url, namespace):
    name = (namespace, "t")
    catalog.create_table(name, SMALL, properties=REBASE)
    assert append_all(server_url, name) == 0
    table = catalog.load_table(name)
    count = THREADS * TURNS
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == list(range(count))
    summary = table.current_snapshot().summary
    assert summary["total-records"] == summary["total-data-files"] == str(count)
    assert [s.sequence_number for s in table.snapshots()] == list(range(1, count + 1))
    assert len(carried_over(table)) >= (THREADS - 1) * TURNS
    assert all(m.sequence_number > 0 for m in table.current_snapshot().manifests(table.io))


def test_rebase__is_off_where_nobody_asks_for_it(catalog, server_url, namespace):
    catalog.create_table((namespace, "t"), SMALL, properties=NO_RETRY)
    assert append_all(server_url, (namespace, "t"), turns=1) == THREADS - 1


def test_rebase__spark_reads_what_pyiceberg_appended_and_appends_to_it(
    catalog, server_url, namespace, spark
):
    catalog.create_table((namespace, "t"), SMALL, properties=REBASE)
    assert append_all(server_url, (namespace, "t"), turns=2) == 0
    count = 2 * THREADS
    assert spark.sql(f"SELECT count(*), count(DISTINCT id) FROM firn.{namespace}.t").collect() == [
        (count, count)
    ]
    stale = catalog.load_table((namespace, "t"))
    spark.sql(f"INSERT INTO firn.{namespace}.t VALUES (1000, 'spark')")
    stale.append(rows((1001, "late")))
    stale.delete("id = 1001")
    assert spark.sql(f"SELECT max(id), count(*) FROM firn.{namespace}.t").collect() == [
        (1000, count + 1)
    ]


def test_rebase__spark_threads_append_to_format_version_3(catalog, namespace, spark):
    """Row lineage: no two rows get one id."""
    name = f"firn.{namespace}.t"
    properties = ", ".join(f"'{k}' = '{v}'" for k, v in {**REBASE, "format-version": "3"}.items())
    spark.sql(f"CREATE TABLE {name} (id BIGINT) USING iceberg TBLPROPERTIES ({properties})")
    together = threading.Barrier(THREADS)

    def work(number):
        for turn in range(TURNS):
            together.wait()
            spark.sql(f"INSERT INTO {name} VALUES ({number * TURNS + turn}), (-1)")

    in_threads(work)
    count = THREADS * TURNS
    found = spark.sql(f"SELECT _row_id, id, _last_updated_sequence_number FROM {name}").collect()
    assert sorted(row[1] for row in found) == [-1] * count + list(range(count))
    assert sorted(row[0] for row in found) == list(range(2 * count))
    assert sorted(row[2] for row in found) == sorted(2 * list(range(1, count + 1)))
    table = catalog.load_table((namespace, "t"))
    assert table.metadata.next_row_id == 2 * count
    assert len(carried_over(table)) > 0
