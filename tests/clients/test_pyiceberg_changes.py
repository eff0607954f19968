"""PyIceberg against the server: what changes a table, its history, and the real flights."""

import concurrent.futures
import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from conftest import local_path
from flights import KEY, ROWS, SCHEMA, by_group, flights, replace_column, summary
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThan
from pyiceberg.schema import Schema
from pyiceberg.table.statistics import BlobMetadata, StatisticsFile
from pyiceberg.transforms import (
    BucketTransform,
    IdentityTransform,
    MonthTransform,
    TruncateTransform,
)
from pyiceberg.types import (
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    StructType,
)
from small import SMALL, content, rows

# --- schemas, partitions, order ---------------------------------------------------------------


def test_schema__adds_renames_widens_moves_and_deletes(catalog, namespace):
    schema = Schema(
        NestedField(1, "id", IntegerType(), required=True),
        NestedField(2, "score", FloatType()),
        NestedField(3, "place", StructType(NestedField(4, "x", IntegerType()))),
        NestedField(5, "gone", StringType()),
    )
    table = catalog.create_table((namespace, "t"), schema)
    table.append(
        pa.Table.from_pylist(
            [{"id": 1, "score": 0.5, "place": {"x": 7}, "gone": "x"}],
            schema=table.schema().as_arrow(),
        )
    )
    with table.update_schema() as update:
        update.add_column("note", StringType(), doc="added")
        update.add_column(("place", "y"), DoubleType())
        update.rename_column("score", "points")
        update.update_column("id", LongType())
        update.update_column(("place", "x"), LongType())
        update.delete_column("gone")
        update.move_first("note")
    with table.update_schema() as update:
        update.set_identifier_fields("id")
        update.update_column("note", doc="changed")
    loaded = catalog.load_table((namespace, "t"))
    now = loaded.schema()
    assert [f.name for f in now.fields] == ["note", "id", "points", "place"]
    assert now.find_field("points").field_id == 2 and now.find_field("place.y").field_id == 7
    assert now.find_type("id") == LongType() and now.find_type("place.x") == LongType()
    assert now.identifier_field_names() == {"id"} and now.find_field("note").doc == "changed"
    assert now.schema_id == 2 and sorted(loaded.schemas()) == [0, 1, 2]
    assert loaded.metadata.last_column_id == 7
    loaded.append(
        pa.Table.from_pylist(
            [{"note": "n", "id": 2**40, "points": 1.5, "place": {"x": 2**40, "y": 0.25}}],
            schema=now.as_arrow(),
        )
    )
    assert loaded.scan().to_arrow().sort_by("id").to_pylist() == [
        {"note": None, "id": 1, "points": 0.5, "place": {"x": 7, "y": None}},
        {"note": "n", "id": 2**40, "points": 1.5, "place": {"x": 2**40, "y": 0.25}},
    ]


def test_schema__returns_to_an_earlier_one_under_its_id(catalog, namespace, table):
    with table.update_schema() as update:
        update.add_column("extra", StringType())
    with table.update_schema() as update:
        update.delete_column("extra")
    loaded = catalog.load_table((namespace, "t"))
    assert loaded.schema().schema_id == 0 and sorted(loaded.schemas()) == [0, 1]


def test_schema__takes_the_union_with_another(catalog, namespace, table):
    with table.update_schema() as update:
        update.union_by_name(pa.schema([pa.field("id", pa.int64()), pa.field("new", pa.date32())]))
    assert catalog.load_table((namespace, "t")).schema().column_names == ["id", "name", "new"]


def test_schema__change_on_a_stale_table_is_refused(catalog, namespace, table):
    stale = catalog.load_table((namespace, "t"))
    with table.update_schema() as update:
        update.add_column("first", StringType())
    with pytest.raises(CommitFailedException), stale.update_schema() as update:
        update.add_column("second", StringType())
    assert catalog.load_table((namespace, "t")).schema().column_names == ["id", "name", "first"]


def test_partitions__evolve_and_old_files_stay_readable(catalog, namespace, table):
    table.append(rows((1, "aa"), (2, "bb")))
    with table.update_spec() as update:
        update.add_field("id", BucketTransform(4), "id_bucket")
        update.add_identity("name")
    table.append(rows((3, "cc"), (4, "dd")))
    with table.update_spec() as update:
        update.remove_field("id_bucket")
        update.rename_field("name", "name_part")
        update.add_field("id", TruncateTransform(10), "decade")
    table.append(rows((5, "ee")))
    loaded = catalog.load_table((namespace, "t"))
    fields = [(f.name, f.field_id) for f in loaded.spec().fields]
    assert fields == [("name_part", 1001), ("decade", 1002)]
    assert sorted(loaded.specs()) == [0, 1, 2] and loaded.metadata.last_partition_id == 1002
    assert [r[0] for r in content(loaded.scan())] == [1, 2, 3, 4, 5]
    assert content(loaded.scan(row_filter="name == 'cc'")) == [(3, "cc")]
    assert set(loaded.inspect.files().column("spec_id").to_pylist()) == {0, 1, 2}


def test_sort_order__is_replaced(catalog, namespace, table):
    with table.update_sort_order() as update:
        update.asc("id", IdentityTransform())
    with table.update_sort_order() as update:
        update.desc("name", IdentityTransform())
    loaded = catalog.load_table((namespace, "t"))
    assert loaded.sort_order().order_id == 2 and sorted(loaded.sort_orders()) == [0, 1, 2]


# --- writes -----------------------------------------------------------------------------------


def test_write__appends_overwrites_deletes_and_upserts(catalog, namespace, table):
    table.append(rows((1, "a"), (2, "b"), (3, "c")))
    table.overwrite(rows((2, "B"), (4, "D")), overwrite_filter=EqualTo("id", 2))
    assert content(table.scan()) == [(1, "a"), (2, "B"), (3, "c"), (4, "D")]
    table.delete("id >= 3 and name != 'D'")
    assert content(table.scan()) == [(1, "a"), (2, "B"), (4, "D")]
    result = table.upsert(rows((1, "A"), (2, "B"), (9, "i")), join_cols=["id"])
    assert (result.rows_updated, result.rows_inserted) == (1, 1)
    expected = [(1, "A"), (2, "B"), (4, "D"), (9, "i")]
    assert content(table.scan()) == expected
    loaded = catalog.load_table((namespace, "t"))
    assert content(loaded.scan()) == expected
    assert loaded.metadata == table.metadata
    table.overwrite(rows((7, "all")))
    assert content(catalog.load_table((namespace, "t")).scan()) == [(7, "all")]


def test_write__replaces_only_the_partitions_it_touches(catalog, namespace):
    table = catalog.create_table((namespace, "t"), SMALL)
    with table.update_spec() as update:
        update.add_identity("name")
    table.append(rows((1, "a"), (2, "a"), (3, "b")))
    table.dynamic_partition_overwrite(rows((9, "a"), (8, "c")))
    assert content(table.scan()) == [(3, "b"), (8, "c"), (9, "a")]


def test_write__adds_files_that_exist(catalog, namespace, table):
    path = local_path(table.location()) / "data" / "outside.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows((1, "a"), (2, "b")), path)
    table.add_files([f"file://{path}"])
    assert content(catalog.load_table((namespace, "t")).scan()) == [(1, "a"), (2, "b")]


def test_transaction__applies_everything_at_once(catalog, namespace, table):
    table.append(rows((1, "a"), (2, "b")))
    before = table.metadata_location
    with table.transaction() as tx:
        with tx.update_schema() as update:
            update.add_column("extra", LongType())
        tx.set_properties({"step": "all"})
        tx.delete("id = 1")
        tx.append(
            pa.Table.from_pylist(
                [{"id": 3, "name": "c", "extra": 30}],
                schema=pa.schema([*SMALL, pa.field("extra", pa.int64())]),
            )
        )
        assert catalog.load_table((namespace, "t")).metadata_location == before
    loaded = catalog.load_table((namespace, "t"))
    kept = sorted((r["id"], r["extra"]) for r in loaded.scan().to_arrow().to_pylist())
    assert kept == [(2, None), (3, 30)]
    assert loaded.properties["step"] == "all"
    assert loaded.metadata.metadata_log[-1].metadata_file == before, "one commit, one metadata file"


def test_transaction__leaves_nothing_when_it_fails(catalog, namespace, table):
    before = catalog.load_table((namespace, "t")).metadata
    with pytest.raises(RuntimeError, match="on purpose"), table.transaction() as tx:
        tx.set_properties({"x": "1"})
        tx.append(rows((1, "a")))
        raise RuntimeError("on purpose")
    assert catalog.load_table((namespace, "t")).metadata == before


def test_write__concurrent_appends_all_arrive(server_url, namespace, table):
    def append(worker: int) -> None:
        mine = load_catalog(f"w{worker}", uri=server_url).load_table((namespace, "t"))
        for i in range(4):
            mine.append(rows((worker * 10 + i, "x")))

    with table.transaction() as tx:
        tx.set_properties({"commit.retry.num-retries": "50", "commit.retry.max-wait-ms": "400"})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(4)))
    loaded = table.refresh()
    expected = [(w * 10 + i, "x") for w in range(4) for i in range(4)]
    assert content(loaded.scan()) == expected
    assert len(loaded.snapshots()) == 16


# --- history ----------------------------------------------------------------------------------


@pytest.fixture
def three_snapshots(table):
    for i in (1, 2, 3):
        table.append(rows((i, "x")))
    return table, [s.snapshot_id for s in table.snapshots()]


def test_history__reads_any_snapshot(catalog, namespace, three_snapshots):
    table, ids = three_snapshots
    loaded = catalog.load_table((namespace, "t"))
    assert [len(content(loaded.scan(snapshot_id=i))) for i in ids] == [1, 2, 3]
    assert [e.snapshot_id for e in loaded.history()] == ids
    second = loaded.snapshot_by_id(ids[1])
    assert loaded.snapshot_as_of_timestamp(second.timestamp_ms).snapshot_id == ids[1]
    added = loaded.incremental_append_scan(
        from_snapshot_id_exclusive=ids[0], to_snapshot_id_inclusive=ids[2]
    )
    assert content(added) == [(2, "x"), (3, "x")]
    assert loaded.inspect.snapshots().num_rows == loaded.inspect.history().num_rows == 3
    assert loaded.inspect.metadata_log_entries().num_rows == 4


def test_refs__tags_and_branches_come_and_go(catalog, namespace, three_snapshots):
    table, ids = three_snapshots
    with table.manage_snapshots() as manage:
        manage.create_tag(ids[0], "first", max_ref_age_ms=86_400_000)
        manage.create_branch(ids[1], "audit", min_snapshots_to_keep=2, max_snapshot_age_ms=1000)
    audit = catalog.load_table((namespace, "t")).refs()["audit"]
    assert audit.min_snapshots_to_keep == 2 and audit.max_snapshot_age_ms == 1000
    table.append(rows((9, "branch")), branch="audit")
    loaded = catalog.load_table((namespace, "t"))
    refs = loaded.refs()
    assert refs["first"].snapshot_id == ids[0] and refs["first"].max_ref_age_ms == 86_400_000
    assert refs["audit"].snapshot_id not in ids
    assert content(loaded.scan().use_ref("first")) == [(1, "x")]
    assert content(loaded.scan().use_ref("audit")) == [(1, "x"), (2, "x"), (9, "branch")]
    assert len(content(loaded.scan())) == 3
    with loaded.manage_snapshots() as manage:
        manage.remove_tag("first").remove_branch("audit")
    assert set(catalog.load_table((namespace, "t")).refs()) == {"main"}


def test_refs__roll_back_and_forward(catalog, namespace, three_snapshots):
    table, ids = three_snapshots
    table.manage_snapshots().rollback_to_snapshot(ids[0]).commit()
    assert content(catalog.load_table((namespace, "t")).scan()) == [(1, "x")]
    table.refresh().manage_snapshots().set_current_snapshot(ids[2]).commit()
    loaded = catalog.load_table((namespace, "t"))
    assert len(content(loaded.scan())) == 3
    assert [e.snapshot_id for e in loaded.history()] == [*ids, ids[0], ids[2]]


def test_snapshots__expire(catalog, namespace, three_snapshots):
    table, ids = three_snapshots
    table.maintenance.expire_snapshots().by_ids(ids[:2]).commit()
    loaded = catalog.load_table((namespace, "t"))
    assert [s.snapshot_id for s in loaded.snapshots()] == ids[2:]
    assert [e.snapshot_id for e in loaded.history()] == ids[2:]
    assert len(content(loaded.scan())) == 3


def test_snapshots__load_by_refs_only(server_url, catalog, namespace, three_snapshots):
    table, ids = three_snapshots
    with table.manage_snapshots() as manage:
        manage.create_tag(ids[0], "first")
    lazy = load_catalog("lazy", uri=server_url, **{"snapshot-loading-mode": "refs"})
    loaded = lazy.load_table((namespace, "t"))
    assert sorted(s.snapshot_id for s in loaded.snapshots()) == sorted([ids[0], ids[2]])
    loaded.append(rows((4, "x")))
    whole = catalog.load_table((namespace, "t"))
    assert len(whole.snapshots()) == 4 and len(content(whole.scan())) == 4
    assert [e.snapshot_id for e in whole.history()][:3] == ids


def test_statistics__are_set_and_removed(catalog, namespace, three_snapshots):
    table, ids = three_snapshots
    blob = BlobMetadata(
        type="apache-datasketches-theta-v1",
        **{"snapshot-id": ids[2], "sequence-number": 3, "fields": [1], "properties": {"ndv": "3"}},
    )
    statistics = StatisticsFile(
        **{
            "snapshot-id": ids[2],
            "statistics-path": f"{table.location()}/metadata/s.puffin",
            "file-size-in-bytes": 413,
            "file-footer-size-in-bytes": 42,
            "blob-metadata": [blob],
        }
    )
    with table.update_statistics() as update:
        update.set_statistics(statistics)
    loaded = catalog.load_table((namespace, "t"))
    assert loaded.metadata.statistics == [statistics]
    with loaded.update_statistics() as update:
        update.remove_statistics(ids[2])
    assert catalog.load_table((namespace, "t")).metadata.statistics == []


# --- the flights ------------------------------------------------------------------------------


def hours(low: dt.datetime, high: dt.datetime):
    return And(
        GreaterThanOrEqual("time_hour", low.isoformat()), LessThan("time_hour", high.isoformat())
    )


def utc(year: int, month: int) -> dt.datetime:
    return dt.datetime(year, month, 1, tzinfo=dt.UTC)


def between(table: pa.Table, low: dt.datetime, high: dt.datetime):
    at = table.column("time_hour")
    return pc.and_(
        pc.greater_equal(at, pa.scalar(low, at.type)), pc.less(at, pa.scalar(high, at.type))
    )


def check_flights(catalog, name, expected: pa.Table) -> None:
    """What the server's table holds, read anew, against what Arrow says it has to hold."""
    got = catalog.load_table(name).scan().to_arrow()
    assert summary(got) == summary(expected)
    assert by_group(got, "carrier", "month") == by_group(expected, "carrier", "month")


def test_flights__survive_a_year_of_changes(catalog, namespace):
    source = flights()
    assert source.num_rows == ROWS
    name = (namespace, "flights")
    table = catalog.create_table(name, SCHEMA)
    with table.update_spec() as update:
        update.add_field("time_hour", MonthTransform(), "flight_month")
    table.append(source)
    check_flights(catalog, name, source)
    assert table.inspect.partitions().num_rows == 13, "twelve months, and New Year's Eve in UTC"
    first = table.current_snapshot().snapshot_id

    # A whole partition goes without a rewrite, one carrier with many.
    table.delete(hours(utc(2013, 12), utc(2014, 1)))
    table.delete(EqualTo("carrier", "HA"))
    expected = source.filter(
        pc.invert(
            pc.or_(
                between(source, utc(2013, 12), utc(2014, 1)), pc.equal(source["carrier"], "HA")
            )
        )
    )
    check_flights(catalog, name, expected)

    # February is replaced by itself, one minute later.
    february = between(expected, utc(2013, 2), utc(2013, 3))
    later = expected.filter(february)
    later = replace_column(later, "dep_delay", pc.add(later["dep_delay"], 1.0))
    table.overwrite(later, overwrite_filter=hours(utc(2013, 2), utc(2013, 3)))
    expected = pa.concat_tables([expected.filter(pc.invert(february)), later])
    check_flights(catalog, name, expected)

    # Flights that are known get another distance, unknown ones are added.
    known = expected.filter(pc.equal(expected["carrier"], "OO"))
    known = replace_column(known, "distance", pc.add(known["distance"], 1_000_000))
    unknown = source.filter(pc.equal(source["carrier"], "HA")).slice(0, 40)
    result = table.upsert(pa.concat_tables([known, unknown]), join_cols=KEY)
    assert (result.rows_updated, result.rows_inserted) == (known.num_rows, unknown.num_rows)
    others = expected.filter(pc.not_equal(expected["carrier"], "OO"))
    expected = pa.concat_tables([others, known, unknown])
    check_flights(catalog, name, expected)

    # Time travel, and a filter that the server's metadata has to prune right.
    loaded = catalog.load_table(name)
    assert summary(loaded.scan(snapshot_id=first).to_arrow()) == summary(source)
    scan = loaded.scan(row_filter=hours(utc(2013, 7), utc(2013, 8)), selected_fields=("distance",))
    july = expected.filter(between(expected, utc(2013, 7), utc(2013, 8)))
    assert len(list(scan.plan_files())) == 1
    assert pc.sum(scan.to_arrow()["distance"]).as_py() == pc.sum(july["distance"]).as_py()
