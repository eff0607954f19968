"""The main job: the real flights written by PyIceberg, changed by Spark, read back by both.

Every expected number is computed by Arrow from the source, beside the catalog.
"""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from flights import KEY, ROWS, SCHEMA, SUMMED, by_group, flights, replace_column, summary
from pyiceberg.transforms import MonthTransform

SHIFT = 1_000_000


def without(table: pa.Table, rows: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.invert(rows))


def change(table: pa.Table, rows: pa.ChunkedArray, name: str, amount) -> pa.Table:
    """`name` grows by `amount` in the chosen rows; a null stays null."""
    grown = pc.add(table[name], pa.scalar(amount, table[name].type))
    return replace_column(table, name, pc.if_else(rows, grown, table[name]))


def merge_source(source: pa.Table) -> pa.Table:
    """Every flight of three carriers a million miles longer, and 500 that were never flown."""
    known = source.filter(pc.is_in(source["carrier"], pa.array(["AS", "F9", "OO"])))
    known = change(known, pc.is_valid(known["flight"]), "distance", SHIFT)
    unknown = source.filter(pc.equal(source["carrier"], "WN")).slice(0, 500)
    unknown = change(unknown, pc.is_valid(unknown["flight"]), "flight", SHIFT)
    return pa.concat_tables([known, unknown])


def expected_after_changes(source: pa.Table) -> pa.Table:
    """What DELETE, UPDATE and MERGE below have to leave."""
    table = without(source, pc.equal(source["carrier"], "HA"))
    july = pc.and_(pc.equal(table["month"], 7), pc.equal(table["origin"], "JFK"))
    table = change(table, july, "dep_delay", 1.0)
    merged = merge_source(source)
    matched = pc.is_in(table["carrier"], pa.array(["AS", "F9", "OO"]))
    deleted = pc.and_(pc.equal(merged["carrier"], "F9"), pc.equal(merged["month"], 1))
    updated = change(table, matched, "distance", SHIFT)
    gone = pc.and_(pc.equal(updated["carrier"], "F9"), pc.equal(updated["month"], 1))
    added = merged.filter(pc.greater(merged["flight"], SHIFT))
    assert pc.sum(deleted).as_py() == pc.sum(gone).as_py() > 0
    return pa.concat_tables([without(updated, gone), added])


def spark_summary(spark, table: str) -> dict:
    """flights.summary(), computed by Spark."""
    parts = [f"CAST(SUM({c}) AS BIGINT) AS `sum {c}`" for c in SUMMED]
    parts += [f"COUNT_IF({c} IS NULL) AS `null {c}`" for c in SUMMED]
    row = spark.sql(f"SELECT COUNT(*) AS rows, {', '.join(parts)} FROM {table}").collect()[0]
    return row.asDict()


def spark_by_group(spark, table: str) -> dict:
    query = f"SELECT carrier, month, COUNT(*), SUM(distance) FROM {table} GROUP BY ALL"
    return {(r[0], r[1]): (r[2], r[3]) for r in spark.sql(query).collect()}


def check_both(catalog, spark, name: tuple, expected: pa.Table) -> None:
    """PyIceberg, Spark and Arrow agree, on the whole and in each of some 180 groups."""
    in_spark = ".".join(("firn", *name))
    spark.sql(f"REFRESH TABLE {in_spark}")
    by_pyiceberg = catalog.load_table(name).scan().to_arrow()
    assert summary(by_pyiceberg) == spark_summary(spark, in_spark) == summary(expected)
    groups = by_group(expected, "carrier", "month")
    assert by_group(by_pyiceberg, "carrier", "month") == groups
    assert spark_by_group(spark, in_spark) == groups


def change_by_spark(spark, table: str, changes: str) -> None:
    spark.read.parquet(changes).createOrReplaceTempView("changes")
    spark.sql(f"DELETE FROM {table} WHERE carrier = 'HA'")
    spark.sql(f"UPDATE {table} SET dep_delay = dep_delay + 1 WHERE month = 7 AND origin = 'JFK'")
    on = " AND ".join(f"t.{c} = c.{c}" for c in KEY)
    spark.sql(
        f"""MERGE INTO {table} t USING changes c ON {on}
            WHEN MATCHED AND c.carrier = 'F9' AND c.month = 1 THEN DELETE
            WHEN MATCHED THEN UPDATE SET t.distance = c.distance
            WHEN NOT MATCHED THEN INSERT *"""
    )
    spark.catalog.dropTempView("changes")


@pytest.mark.parametrize(
    ("version", "mode", "deletes"),
    [
        (2, "copy-on-write", set()),
        (2, "merge-on-read", {"PARQUET"}),
        (3, "merge-on-read", {"PUFFIN"}),
    ],
    ids=["copy-on-write", "position-deletes", "deletion-vectors"],
)
def test_flights__agree_between_pyiceberg_spark_and_arrow(
    catalog, spark, namespace, tmp_path, version, mode, deletes
):
    source = flights()
    assert source.num_rows == ROWS
    name = (namespace, "flights")
    in_spark = ".".join(("firn", *name))

    table = catalog.create_table(name, SCHEMA)
    with table.update_spec() as update:
        update.add_field("time_hour", MonthTransform(), "flight_month")
    table.append(source)
    written = table.current_snapshot().snapshot_id
    check_both(catalog, spark, name, source)

    spark.sql(
        f"""ALTER TABLE {in_spark} SET TBLPROPERTIES ('format-version' = '{version}',
              'write.delete.mode' = '{mode}', 'write.update.mode' = '{mode}',
              'write.merge.mode' = '{mode}')"""
    )
    changes = tmp_path / "changes.parquet"
    pq.write_table(merge_source(source), changes)
    change_by_spark(spark, in_spark, str(changes))
    formats = spark.sql(f"SELECT DISTINCT file_format FROM {in_spark}.delete_files").collect()
    assert {row[0] for row in formats} == deletes
    expected = expected_after_changes(source)
    check_both(catalog, spark, name, expected)

    if version == 2:  # PyIceberg 0.12 reads tables of version 3, but does not write them.
        again = source.filter(pc.equal(source["carrier"], "HA"))
        catalog.load_table(name).append(again)
        expected = pa.concat_tables([expected, again])
        check_both(catalog, spark, name, expected)

    # Before and after the table is put in order, nothing that it says may change.
    assert summary(catalog.load_table(name).scan(snapshot_id=written).to_arrow()) == summary(source)
    spark.sql(
        f"CALL firn.system.rewrite_data_files(table => '{'.'.join(name)}', "
        "options => map('rewrite-all', 'true'))"
    )
    spark.sql(
        f"CALL firn.system.expire_snapshots(table => '{'.'.join(name)}', retain_last => 1, "
        "older_than => TIMESTAMP '2100-01-01 00:00:00')"
    )
    check_both(catalog, spark, name, expected)
    loaded = catalog.load_table(name)
    assert len(loaded.snapshots()) == 1 and loaded.snapshot_by_id(written) is None
    assert loaded.inspect.files().num_rows == 13, "one file for each month"
