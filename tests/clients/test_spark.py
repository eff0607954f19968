"""Spark SQL against the server: DDL, DML, refs, views, procedures, streaming, metadata tables."""

import time

import pytest
from conftest import local_path


@pytest.fixture
def sql(spark, namespace):
    """Runs SQL and answers with plain tuples; {ns} is the namespace of this test."""

    def run(text: str) -> list[tuple]:
        text = text.replace("{ns}", f"firn.{namespace}")
        return [tuple(row) for row in spark.sql(text).collect()]

    return run


@pytest.fixture
def people(sql):
    sql("CREATE TABLE {ns}.people (id BIGINT NOT NULL, name STRING, town STRING) USING iceberg")
    sql("INSERT INTO {ns}.people VALUES (1, 'ada', 'x'), (2, 'bob', 'y'), (3, 'cyd', 'x')")
    return "{ns}.people"


def snapshot_ids(sql, table: str) -> list[int]:
    return [r[0] for r in sql(f"SELECT snapshot_id FROM {table}.snapshots ORDER BY committed_at")]


def column_names(sql, table: str) -> list[str]:
    names = [row[0] for row in sql(f"DESCRIBE TABLE {table}")]
    return names[: names.index("")] if "" in names else names


# --- namespaces and DDL -----------------------------------------------------------------------


def test_namespace__is_created_described_altered_and_dropped(sql, namespace):
    sql("CREATE NAMESPACE {ns}.child COMMENT 'hi' WITH PROPERTIES (a = '1')")
    assert (f"{namespace}.child",) in sql("SHOW NAMESPACES IN {ns}")
    assert (namespace,) in sql("SHOW NAMESPACES IN firn")
    sql("ALTER NAMESPACE {ns}.child SET PROPERTIES (a = '2', b = '3')")
    described = dict(sql("DESCRIBE NAMESPACE EXTENDED {ns}.child"))
    assert described["Comment"] == "hi" and "(a,2)" in described["Properties"]
    sql("CREATE TABLE {ns}.child.t (id INT) USING iceberg")
    with pytest.raises(Exception, match="(?i)not empty"):
        sql("DROP NAMESPACE {ns}.child")
    sql("DROP TABLE {ns}.child.t")
    sql("DROP NAMESPACE {ns}.child")
    assert sql("SHOW NAMESPACES IN {ns}") == []


def test_ddl__creates_with_every_partition_transform(sql):
    sql(
        """CREATE TABLE {ns}.t (id BIGINT COMMENT 'key', at TIMESTAMP, day DATE, name STRING,
             tags ARRAY<STRING>, scores MAP<STRING, DOUBLE>, place STRUCT<x: INT, y: DECIMAL(9, 2)>)
           USING iceberg
           PARTITIONED BY (bucket(4, id), days(at), months(day), truncate(2, name))
           TBLPROPERTIES ('k' = 'v', 'format-version' = '2')"""
    )
    sql(
        """INSERT INTO {ns}.t VALUES (1, TIMESTAMP '2013-01-01 10:00:00', DATE '2013-02-03', 'abc',
             array('p', 'q'), map('m', 0.5D), named_struct('x', 7, 'y', 1.25))"""
    )
    row = sql("SELECT id, name, tags, scores, place.y FROM {ns}.t WHERE at < '2013-01-02'")[0]
    assert row[:4] == (1, "abc", ["p", "q"], {"m": 0.5}) and str(row[4]) == "1.25"
    partition = sql("SELECT partition FROM {ns}.t.partitions")[0][0].asDict()
    assert set(partition) == {"id_bucket", "at_day", "day_month", "name_trunc"}
    assert partition["name_trunc"] == "ab"
    assert dict(sql("SHOW TBLPROPERTIES {ns}.t"))["k"] == "v"
    assert "PARTITIONED BY" in sql("SHOW CREATE TABLE {ns}.t")[0][0]


def test_ddl__alters_columns_properties_and_name(sql, namespace, people):
    sql(f"ALTER TABLE {people} ADD COLUMNS (age INT COMMENT 'years', place STRUCT<x: INT>)")
    sql(f"ALTER TABLE {people} ADD COLUMN place.y DOUBLE")
    sql(f"ALTER TABLE {people} RENAME COLUMN town TO city")
    sql(f"ALTER TABLE {people} ALTER COLUMN age TYPE BIGINT")
    sql(f"ALTER TABLE {people} ALTER COLUMN age FIRST")
    sql(f"ALTER TABLE {people} ALTER COLUMN id DROP NOT NULL")
    sql(f"ALTER TABLE {people} DROP COLUMN name")
    assert column_names(sql, people) == ["age", "id", "city", "place"]
    sql(f"INSERT INTO {people} VALUES ({2**40}, 4, 'z', named_struct('x', 1, 'y', 0.5D))")
    assert sql(f"SELECT age, id, city, place.y FROM {people} WHERE id >= 3 ORDER BY id") == [
        (None, 3, "x", None),
        (2**40, 4, "z", 0.5),
    ]
    sql(f"ALTER TABLE {people} SET TBLPROPERTIES ('a' = '1', 'b' = '2')")
    sql(f"ALTER TABLE {people} UNSET TBLPROPERTIES ('a')")
    properties = dict(sql(f"SHOW TBLPROPERTIES {people}"))
    assert "a" not in properties and properties["b"] == "2"
    sql(f"ALTER TABLE {people} RENAME TO {namespace}.renamed")
    assert sql("SELECT count(*) FROM {ns}.renamed") == [(4,)]
    assert [row[1] for row in sql("SHOW TABLES IN {ns}")] == ["renamed"]


def test_ddl__changes_partitions_order_and_identifiers(sql, people):
    sql(f"ALTER TABLE {people} ADD PARTITION FIELD bucket(4, id) AS shard")
    sql(f"ALTER TABLE {people} ADD PARTITION FIELD town")
    sql(f"ALTER TABLE {people} REPLACE PARTITION FIELD shard WITH truncate(10, id) AS decade")
    sql(f"ALTER TABLE {people} DROP PARTITION FIELD town")
    sql(f"ALTER TABLE {people} WRITE ORDERED BY town, id DESC")
    sql(f"ALTER TABLE {people} SET IDENTIFIER FIELDS id")
    sql(f"INSERT INTO {people} VALUES (42, 'dan', 'z')")
    assert sql(f"SELECT partition.decade FROM {people}.files WHERE spec_id > 0") == [(40,)]
    assert sql(f"SELECT count(*) FROM {people}") == [(4,)]
    properties = dict(sql(f"SHOW TBLPROPERTIES {people}"))
    assert properties["identifier-fields"] == "[id]"
    assert properties["sort-order"] == "town ASC NULLS FIRST, id DESC NULLS LAST"
    sql(f"ALTER TABLE {people} DROP IDENTIFIER FIELDS id")
    sql(f"ALTER TABLE {people} WRITE UNORDERED")
    assert "identifier-fields" not in dict(sql(f"SHOW TBLPROPERTIES {people}"))


def test_ddl__creates_and_replaces_from_a_query(sql, people):
    sql("CREATE TABLE {ns}.c USING iceberg PARTITIONED BY (town) AS SELECT * FROM {ns}.people")
    assert sql("SELECT id FROM {ns}.c ORDER BY id") == [(1,), (2,), (3,)]
    first = snapshot_ids(sql, "{ns}.c")
    sql("REPLACE TABLE {ns}.c USING iceberg AS SELECT id, upper(name) AS big FROM {ns}.people")
    assert column_names(sql, "{ns}.c") == ["id", "big"]
    assert sql("SELECT big FROM {ns}.c WHERE id = 2") == [("BOB",)]
    assert set(first) < set(snapshot_ids(sql, "{ns}.c")), "a replaced table keeps its history"
    assert sql(f"SELECT count(*) FROM {{ns}}.c VERSION AS OF {first[0]}") == [(3,)]
    sql("CREATE OR REPLACE TABLE {ns}.c USING iceberg AS SELECT 1 AS one")
    sql("CREATE OR REPLACE TABLE {ns}.fresh USING iceberg AS SELECT 2 AS two")
    assert sql("SELECT * FROM {ns}.c, {ns}.fresh") == [(1, 2)]


def test_ddl__refuses_what_exists_or_does_not(sql, people):
    with pytest.raises(Exception, match="TABLE_OR_VIEW_ALREADY_EXISTS"):
        sql("CREATE TABLE {ns}.people (id INT) USING iceberg")
    sql("CREATE TABLE IF NOT EXISTS {ns}.people (id INT) USING iceberg")
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        sql("SELECT * FROM {ns}.nothing")
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        sql("DROP TABLE {ns}.nothing")
    with pytest.raises(Exception, match="SCHEMA_NOT_FOUND|does not exist"):
        sql("CREATE TABLE firn.no_such_namespace.t (id INT) USING iceberg")
    sql("DROP TABLE IF EXISTS {ns}.nothing")


@pytest.mark.parametrize("name", ["a b", "a+b", "a%b", "Ünï", "a.b", "a'b"])
def test_names__may_hold_any_characters(sql, name):
    sql(f"CREATE NAMESPACE {{ns}}.`{name}`")
    assert len(sql("SHOW NAMESPACES IN {ns}")) == 1
    sql(f"CREATE TABLE {{ns}}.`{name}`.`{name}` USING iceberg AS SELECT 1 AS one")
    sql(f"CREATE VIEW {{ns}}.`{name}`.`view {name}` AS SELECT 2 AS two")
    assert sql(f"SELECT * FROM {{ns}}.`{name}`.`{name}`, {{ns}}.`{name}`.`view {name}`") == [(1, 2)]
    assert [row[1] for row in sql(f"SHOW TABLES IN {{ns}}.`{name}`")] == [name]


def test_ddl__gzips_metadata_when_asked(sql, catalog, namespace, people):
    sql(f"ALTER TABLE {people} SET TBLPROPERTIES ('write.metadata.compression-codec' = 'gzip')")
    sql(f"INSERT INTO {people} VALUES (4, 'dan', 'z')")
    location = catalog.load_table((namespace, "people")).metadata_location
    assert location.endswith(".gz.metadata.json")
    assert local_path(location).read_bytes()[:2] == b"\x1f\x8b"
    sql(f"DROP TABLE {people}")
    sql(f"CALL firn.system.register_table('{namespace}.back', '{location}')")
    assert sql("SELECT count(*) FROM {ns}.back") == [(4,)]


def test_catalog_api__lists_tables_and_databases(spark, sql, namespace, people):
    sql("CREATE TABLE {ns}.other (id INT) USING iceberg")
    assert {t.name for t in spark.catalog.listTables(f"firn.{namespace}")} == {"people", "other"}
    assert spark.catalog.tableExists(f"firn.{namespace}.people")
    assert not spark.catalog.tableExists(f"firn.{namespace}.nothing")
    before = spark.catalog.currentCatalog()
    try:
        spark.catalog.setCurrentCatalog("firn")
        assert namespace in {d.name for d in spark.catalog.listDatabases()}
        spark.catalog.setCurrentDatabase(namespace)
        assert {t.name for t in spark.catalog.listTables()} == {"people", "other"}
        assert [c.name for c in spark.catalog.listColumns("people")] == ["id", "name", "town"]
        assert spark.table("people").count() == 3
    finally:
        spark.catalog.setCurrentCatalog(before)


@pytest.mark.parametrize("asks", ["firn", "firn_purge"])
def test_ddl__purge_deletes_every_file(spark, catalog, namespace, sql, people, asks):
    """`firn`: the client deletes what the dropped table reaches; `firn_purge`: the server does."""
    sql(f"DELETE FROM {people} WHERE id = 1")
    table = catalog.load_table((namespace, "people"))
    files = {e.metadata_file for e in table.metadata.metadata_log} | {table.metadata_location}
    files |= {s.manifest_list for s in table.snapshots()}
    files |= {r[0] for r in sql(f"SELECT file_path FROM {people}.all_files")}
    paths = [local_path(f) for f in files]
    assert len(paths) >= 6 and all(p.is_file() for p in paths)
    spark.sql(f"DROP TABLE {asks}.{namespace}.people PURGE")
    assert not catalog.table_exists((namespace, "people"))
    left = paths
    for _ in range(100):
        left = [p for p in paths if p.exists()]
        if not left:
            break
        time.sleep(0.1)
    assert left == []


# --- DML --------------------------------------------------------------------------------------


def test_insert__appends_and_overwrites(spark, sql, people):
    sql("CREATE TABLE {ns}.p (id INT, part STRING) USING iceberg PARTITIONED BY (part)")
    sql("INSERT INTO {ns}.p VALUES (1, 'a'), (2, 'a'), (3, 'b')")
    sql("INSERT OVERWRITE {ns}.p PARTITION (part = 'a') SELECT 9")
    assert sql("SELECT * FROM {ns}.p ORDER BY id") == [(3, "b"), (9, "a")]
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    try:
        sql("INSERT OVERWRITE {ns}.p VALUES (4, 'b'), (5, 'c')")
    finally:
        spark.conf.unset("spark.sql.sources.partitionOverwriteMode")
    assert sql("SELECT * FROM {ns}.p ORDER BY id") == [(4, "b"), (5, "c"), (9, "a")]
    sql("TRUNCATE TABLE {ns}.p")
    assert sql("SELECT count(*) FROM {ns}.p") == [(0,)]


@pytest.mark.parametrize(
    ("version", "mode"),
    [(2, "copy-on-write"), (2, "merge-on-read"), (3, "copy-on-write"), (3, "merge-on-read")],
)
def test_dml__merges_updates_and_deletes(sql, catalog, namespace, version, mode):
    sql(
        f"""CREATE TABLE {{ns}}.t (id BIGINT, v STRING) USING iceberg TBLPROPERTIES (
              'format-version' = '{version}', 'write.delete.mode' = '{mode}',
              'write.update.mode' = '{mode}', 'write.merge.mode' = '{mode}')"""
    )
    sql("INSERT INTO {ns}.t SELECT /*+ COALESCE(1) */ id, 'v' FROM range(10)")
    sql("DELETE FROM {ns}.t WHERE id IN (1, 2)")
    sql("UPDATE {ns}.t SET v = 'u' WHERE id = 3")
    sql(
        """MERGE INTO {ns}.t t USING (SELECT explode(array(3, 4, 5, 20)) AS id) s ON t.id = s.id
           WHEN MATCHED AND t.id = 4 THEN DELETE
           WHEN MATCHED THEN UPDATE SET v = concat(t.v, 'm')
           WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, 'new')"""
    )
    expected = [(0, "v"), (3, "um"), (5, "vm"), (6, "v"), (7, "v"), (8, "v"), (9, "v"), (20, "new")]
    assert sql("SELECT * FROM {ns}.t ORDER BY id") == expected
    deletes = {r[0] for r in sql("SELECT file_format FROM {ns}.t.delete_files")}
    kind = "PUFFIN" if version == 3 else "PARQUET"
    assert deletes == ({kind} if mode == "merge-on-read" else set())
    arrow = catalog.load_table((namespace, "t")).scan().to_arrow().sort_by("id").to_pylist()
    assert [(r["id"], r["v"]) for r in arrow] == expected


def test_v3__keeps_row_lineage(sql):
    sql(
        """CREATE TABLE {ns}.t (id BIGINT, v STRING) USING iceberg
           TBLPROPERTIES ('format-version' = '3')"""
    )
    sql("INSERT INTO {ns}.t SELECT /*+ COALESCE(1) */ id, 'v' FROM range(4)")
    sql("INSERT INTO {ns}.t VALUES (4, 'w')")
    lineage = "SELECT id, _row_id, _last_updated_sequence_number FROM {ns}.t ORDER BY id"
    assert sql(lineage) == [(0, 0, 1), (1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 4, 2)]
    sql("UPDATE {ns}.t SET v = 'z' WHERE id = 2")
    assert sql(lineage) == [(0, 0, 1), (1, 1, 1), (2, 2, 3), (3, 3, 1), (4, 4, 2)]


def test_v3__takes_over_a_v2_table(sql, people):
    sql(f"ALTER TABLE {people} SET TBLPROPERTIES ('format-version' = '3')")
    sql(f"INSERT INTO {people} VALUES (4, 'dan', 'z')")
    sql(f"DELETE FROM {people} WHERE id = 1")
    assert sql(f"SELECT id FROM {people} ORDER BY id") == [(2,), (3,), (4,)]
    assert dict(sql(f"SHOW TBLPROPERTIES {people}"))["format-version"] == "3"


# --- history ----------------------------------------------------------------------------------


def test_refs__branches_and_tags(sql, people):
    sql(f"ALTER TABLE {people} CREATE TAG start RETAIN 365 DAYS")
    sql(
        f"""ALTER TABLE {people} CREATE BRANCH work
            RETAIN 7 DAYS WITH SNAPSHOT RETENTION 2 SNAPSHOTS"""
    )
    sql(f"INSERT INTO {people}.branch_work VALUES (4, 'dan', 'z')")
    sql(f"DELETE FROM {people}.branch_work WHERE id = 1")
    sql(f"UPDATE {people} SET name = 'main' WHERE id = 1")
    assert sql(f"SELECT id FROM {people} VERSION AS OF 'work' ORDER BY id") == [(2,), (3,), (4,)]
    assert sql(f"SELECT name FROM {people} VERSION AS OF 'start' WHERE id = 1") == [("ada",)]
    assert sql(f"SELECT name, type FROM {people}.refs ORDER BY name") == [
        ("main", "BRANCH"),
        ("start", "TAG"),
        ("work", "BRANCH"),
    ]
    assert sql(f"SELECT min_snapshots_to_keep FROM {people}.refs WHERE name = 'work'") == [(2,)]
    sql(f"ALTER TABLE {people} REPLACE TAG start RETAIN 1 DAYS")
    sql(f"ALTER TABLE {people} CREATE OR REPLACE BRANCH work")
    assert sql(f"SELECT count(*) FROM {people} VERSION AS OF 'work'") == [(3,)]
    sql(f"ALTER TABLE {people} DROP TAG start")
    sql(f"ALTER TABLE {people} DROP BRANCH work")
    assert sql(f"SELECT name FROM {people}.refs") == [("main",)]


def test_refs__write_audit_publish(spark, sql, namespace, people):
    sql(f"ALTER TABLE {people} CREATE BRANCH audit")
    sql(f"ALTER TABLE {people} SET TBLPROPERTIES ('write.wap.enabled' = 'true')")
    spark.conf.set("spark.wap.branch", "audit")
    try:
        sql(f"INSERT INTO {people} VALUES (4, 'dan', 'z')")
        assert sql(f"SELECT count(*) FROM {people}") == [(4,)]
    finally:
        spark.conf.unset("spark.wap.branch")
    assert sql(f"SELECT count(*) FROM {people}") == [(3,)]
    sql(f"CALL firn.system.fast_forward('{namespace}.people', 'main', 'audit')")
    assert sql(f"SELECT count(*) FROM {people}") == [(4,)]


def test_time_travel__by_version_and_time(sql, people):
    sql(f"INSERT INTO {people} VALUES (4, 'dan', 'z')")
    first, second = snapshot_ids(sql, people)
    assert sql(f"SELECT count(*) FROM {people} VERSION AS OF {first}") == [(3,)]
    times = dict(sql(f"SELECT snapshot_id, cast(committed_at AS STRING) FROM {people}.snapshots"))
    for snapshot, count in ((first, 3), (second, 4)):
        at = f"TIMESTAMP AS OF '{times[snapshot]}'"
        assert sql(f"SELECT count(*) FROM {people} {at}") == [(count,)]


def test_metadata_tables__describe_the_table(sql, people):
    sql(f"INSERT INTO {people} VALUES (4, 'dan', 'z')")
    ids = snapshot_ids(sql, people)
    history = f"SELECT snapshot_id, is_current_ancestor FROM {people}.history"
    assert sql(f"{history} ORDER BY made_current_at") == [(i, True) for i in ids]
    assert [r[0] for r in sql(f"SELECT operation FROM {people}.snapshots")] == ["append", "append"]
    assert sql(f"SELECT sum(record_count) FROM {people}.files") == [(4,)]
    assert sql(f"SELECT sum(added_data_files_count) FROM {people}.manifests")[0][0] >= 2
    assert sql(f"SELECT count(*) FROM {people}.metadata_log_entries") == [(3,)]
    for name in ["entries", "partitions", "all_data_files", "all_manifests", "refs"]:
        assert sql(f"SELECT count(*) FROM {people}.{name}")[0][0] >= 1, name


# --- procedures -------------------------------------------------------------------------------


def test_procedures__roll_back_and_set_the_current_snapshot(sql, namespace, people):
    sql(f"INSERT INTO {people} VALUES (4, 'dan', 'z')")
    first, second = snapshot_ids(sql, people)
    sql(f"CALL firn.system.rollback_to_snapshot('{namespace}.people', {first})")
    assert sql(f"SELECT count(*) FROM {people}") == [(3,)]
    sql(f"CALL firn.system.set_current_snapshot('{namespace}.people', {second})")
    assert sql(f"SELECT count(*) FROM {people}") == [(4,)]
    assert len(sql(f"CALL firn.system.ancestors_of('{namespace}.people')")) == 2


def test_procedures__rewrite_and_expire(sql, namespace, people):
    for i in range(4, 9):
        sql(f"INSERT INTO {people} VALUES ({i}, 'n', 'z')")
    rewritten, added = sql(
        f"CALL firn.system.rewrite_data_files(table => '{namespace}.people', "
        "options => map('min-input-files', '2'))"
    )[0][:2]
    assert rewritten >= 6 and added == 1
    sql(f"CALL firn.system.rewrite_manifests('{namespace}.people')")
    assert sql(f"SELECT count(*) FROM {people}.manifests")[0][0] >= 1
    sql(
        f"CALL firn.system.expire_snapshots(table => '{namespace}.people', retain_last => 1, "
        "older_than => TIMESTAMP '2100-01-01 00:00:00')"
    )
    assert len(snapshot_ids(sql, people)) == 1
    assert sql(f"SELECT count(*), sum(id) FROM {people}") == [(8, 36)]
    sql(f"CALL firn.system.remove_orphan_files(table => '{namespace}.people', dry_run => true)")


def test_procedures__register_a_table(sql, catalog, namespace, people):
    location = catalog.load_table((namespace, "people")).metadata_location
    sql(f"DROP TABLE {people}")
    sql(f"CALL firn.system.register_table('{namespace}.back', '{location}')")
    assert sql("SELECT count(*) FROM {ns}.back") == [(3,)]
    sql("INSERT INTO {ns}.back VALUES (4, 'dan', 'z')")
    assert sql("SELECT count(*) FROM {ns}.back") == [(4,)]


def test_procedures__compute_statistics(sql, catalog, namespace, people):
    sql(f"CALL firn.system.compute_table_stats('{namespace}.people')")
    table = catalog.load_table((namespace, "people"))
    ids = [s.snapshot_id for s in table.metadata.statistics]
    assert ids == [table.current_snapshot().snapshot_id]


# --- views ------------------------------------------------------------------------------------


def test_views__live_from_create_to_drop(sql, people):
    sql(
        """CREATE VIEW {ns}.v (k COMMENT 'the key', who) COMMENT 'c' TBLPROPERTIES ('a' = '1')
           AS SELECT id, name FROM {ns}.people WHERE town = 'x'"""
    )
    assert sql("SELECT k, who FROM {ns}.v ORDER BY k") == [(1, "ada"), (3, "cyd")]
    assert [row[1] for row in sql("SHOW VIEWS IN {ns}")] == ["v"]
    assert [row[1] for row in sql("SHOW TABLES IN {ns}")] == ["people"]
    with pytest.raises(Exception, match="ALREADY_EXISTS"):
        sql("CREATE VIEW {ns}.v AS SELECT 1")
    sql("CREATE VIEW IF NOT EXISTS {ns}.v AS SELECT 1")
    sql("ALTER VIEW {ns}.v SET TBLPROPERTIES ('a' = '2', 'b' = '3')")
    sql("ALTER VIEW {ns}.v UNSET TBLPROPERTIES ('b')")
    properties = dict(sql("SHOW TBLPROPERTIES {ns}.v"))
    assert properties["a"] == "2" and "b" not in properties
    sql("CREATE OR REPLACE VIEW {ns}.v AS SELECT count(*) AS n FROM {ns}.people")
    assert sql("SELECT * FROM {ns}.v") == [(3,)]
    assert "CREATE VIEW" in sql("SHOW CREATE TABLE {ns}.v")[0][0]
    assert column_names(sql, "{ns}.v") == ["n"]
    sql("ALTER VIEW {ns}.v RENAME TO {ns}.w")
    assert sql("SELECT * FROM {ns}.w") == [(3,)]
    with pytest.raises(Exception, match="NOT_FOUND"):
        sql("SELECT * FROM {ns}.v")
    sql("DROP VIEW {ns}.w")
    sql("DROP VIEW IF EXISTS {ns}.w")
    assert sql("SHOW VIEWS IN {ns}") == []


# --- streaming --------------------------------------------------------------------------------


def test_streaming__writes_and_reads_a_table(spark, sql, namespace, tmp_path):
    source = tmp_path / "in"
    spark.range(0, 1000).selectExpr("id", "id % 7 AS k").write.parquet(str(source))
    sql("CREATE TABLE {ns}.sink (id BIGINT, k BIGINT) USING iceberg PARTITIONED BY (k)")
    sql("CREATE TABLE {ns}.copy (id BIGINT, k BIGINT) USING iceberg")

    def run(stream, table: str) -> None:
        query = (
            stream.writeStream.format("iceberg")
            .outputMode("append")
            .trigger(availableNow=True)
            .option("checkpointLocation", str(tmp_path / f"checkpoint_{table}"))
            .option("fanout-enabled", "true")
            .toTable(f"firn.{namespace}.{table}")
        )
        query.awaitTermination(120)
        assert query.exception() is None and not query.isActive

    def files():
        return spark.readStream.schema("id BIGINT, k BIGINT").parquet(str(source))

    run(files(), "sink")
    assert sql("SELECT count(*), sum(id) FROM {ns}.sink") == [(1000, 499_500)]
    more = spark.range(1000, 1500).selectExpr("id", "id % 7 AS k")
    more.write.mode("append").parquet(str(source))
    run(files(), "sink")
    assert sql("SELECT count(*), sum(id) FROM {ns}.sink") == [(1500, 1_124_250)]
    run(files(), "sink")
    assert sql("SELECT count(*) FROM {ns}.sink") == [(1500,)], "nothing is written twice"

    run(spark.readStream.table(f"firn.{namespace}.sink"), "copy")
    assert sql("SELECT count(*), sum(id) FROM {ns}.copy") == [(1500, 1_124_250)]
