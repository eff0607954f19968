"""PyIceberg against the server: namespaces, the life of tables, views, paging and named errors."""

import threading

import pytest
import requests
from conftest import local_path
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    NoSuchViewError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.types import (
    DoubleType,
    FloatType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
)
from pyiceberg.view.metadata import SQLViewRepresentation, ViewVersion
from small import SMALL, content, rows

# --- namespaces -------------------------------------------------------------------------------


def test_namespace__keeps_and_changes_properties(catalog, namespace):
    child = (namespace, "child")
    catalog.create_namespace(child, {"owner": "ada", "note": "ünïcode \U0001f6eb"})
    properties = catalog.load_namespace_properties(child)
    assert properties["owner"] == "ada" and properties["note"] == "ünïcode \U0001f6eb"
    removals, updates = {"note", "absent"}, {"owner": "bob", "x": "1"}
    result = catalog.update_namespace_properties(child, removals, updates)
    assert sorted(result.updated) == ["owner", "x"]
    assert result.removed == ["note"] and result.missing == ["absent"]
    properties = catalog.load_namespace_properties(child)
    assert properties["owner"] == "bob" and properties["x"] == "1" and "note" not in properties


def test_namespace__nests(catalog, namespace):
    for levels in [("a",), ("a", "b"), ("a", "b", "c"), ("d",)]:
        catalog.create_namespace((namespace, *levels))
    assert sorted(catalog.list_namespaces(namespace)) == [(namespace, "a"), (namespace, "d")]
    assert catalog.list_namespaces((namespace, "a", "b")) == [(namespace, "a", "b", "c")]
    assert (namespace,) in catalog.list_namespaces()
    assert catalog.namespace_exists((namespace, "a", "b", "c"))
    assert not catalog.namespace_exists((namespace, "b"))
    deep = (namespace, "a", "b", "c", "t")
    assert catalog.create_table(deep, SMALL).name() == deep
    assert catalog.list_tables(deep[:-1]) == [deep]


def test_namespace__answers_with_the_named_errors(catalog, namespace):
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace(namespace)
    with pytest.raises(NoSuchNamespaceError):
        catalog.load_namespace_properties("no_such_namespace")
    with pytest.raises(NoSuchNamespaceError):
        catalog.list_tables("no_such_namespace")
    with pytest.raises(NoSuchNamespaceError):
        catalog.drop_namespace("no_such_namespace")
    with pytest.raises(NoSuchNamespaceError):
        catalog.list_namespaces("no_such_namespace")
    with pytest.raises(NoSuchNamespaceError):
        catalog.create_table("no_such_namespace.t", SMALL)
    catalog.create_table((namespace, "t"), SMALL)
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(namespace)


NAMES = ["a b", "a/b", "a+b", "a%2Fb", "Ünï\U0001f6eb", "a&b=c?d#e", "'q'", "a.b"]


@pytest.mark.parametrize("name", NAMES)
def test_names__may_hold_any_characters(catalog, namespace, name):
    catalog.create_namespace((namespace, name))
    assert catalog.list_namespaces(namespace) == [(namespace, name)]
    made = catalog.create_table((namespace, name, name), SMALL)
    made.append(rows((1, "x")))
    assert content(catalog.load_table((namespace, name, name)).scan()) == [(1, "x")]
    assert catalog.list_tables((namespace, name)) == [(namespace, name, name)]


def test_names__of_a_parent_may_come_encoded_twice(catalog, namespace):
    """PyIceberg 0.12 percent-encodes the levels of `parent` and then the query as a whole."""
    catalog.create_namespace((namespace, "a b"))
    catalog.create_namespace((namespace, "a b", "child"))
    assert catalog.list_namespaces((namespace, "a b")) == [(namespace, "a b", "child")]


def test_paging__lists_everything_in_pages(catalog, server_url, namespace):
    names = [f"n{i:02}" for i in range(11)]
    for name in names:
        catalog.create_namespace((namespace, name))
        catalog.create_table((namespace, name), SMALL)
    paged = load_catalog("paged", uri=server_url, **{"rest-page-size": "4"})
    expected = [(namespace, name) for name in names]
    assert sorted(paged.list_namespaces(namespace)) == expected
    assert sorted(paged.list_tables(namespace)) == expected
    url = catalog.url(f"namespaces/{namespace}/tables")
    sizes, token = [], ""
    while token is not None:
        page = requests.get(url, params={"pageSize": 4, "pageToken": token}, timeout=10).json()
        sizes.append(len(page["identifiers"]))
        token = page.get("next-page-token")
    assert sum(sizes) == 11 and max(sizes) == 4


# --- tables -----------------------------------------------------------------------------------


def test_table__is_created_with_all_its_parts(catalog, namespace):
    schema = Schema(
        NestedField(1, "id", LongType(), required=True, doc="the key"),
        NestedField(2, "at", TimestampType(), required=True),
        NestedField(3, "tags", ListType(10, StringType(), element_required=True)),
        NestedField(4, "scores", MapType(11, StringType(), 12, DoubleType())),
        NestedField(5, "place", StructType(NestedField(13, "x", FloatType()))),
        identifier_field_ids=[1],
    )
    spec = PartitionSpec(
        PartitionField(2, 1000, DayTransform(), "at_day"),
        PartitionField(1, 1001, BucketTransform(8), "id_bucket"),
    )
    order = SortOrder(SortField(2, transform=IdentityTransform()))
    made = catalog.create_table(
        (namespace, "full"), schema, partition_spec=spec, sort_order=order, properties={"a": "1"}
    )
    loaded = catalog.load_table((namespace, "full"))
    for t in (made, loaded):
        assert t.schema().find_field("id").doc == "the key"
        assert t.schema().identifier_field_names() == {"id"}
        assert str(t.schema().find_type("tags")) == "list<string>"
        assert str(t.schema().find_type("scores")) == "map<string, double>"
        assert [f.name for f in t.spec().fields] == ["at_day", "id_bucket"]
        assert len(t.sort_order().fields) == 1
        assert t.properties["a"] == "1"
        assert t.format_version == 2 and t.current_snapshot() is None
    assert made.metadata == loaded.metadata
    assert made.metadata_location == loaded.metadata_location
    assert local_path(made.metadata_location).is_file()


def test_table__is_listed_found_and_refused(catalog, namespace, table):
    catalog.create_table((namespace, "u"), SMALL)
    assert sorted(catalog.list_tables(namespace)) == [(namespace, "t"), (namespace, "u")]
    assert catalog.table_exists((namespace, "t"))
    assert not catalog.table_exists((namespace, "none"))
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table((namespace, "t"), SMALL)
    assert catalog.create_table_if_not_exists((namespace, "t"), SMALL).metadata == table.metadata
    for call in (catalog.load_table, catalog.drop_table, catalog.purge_table):
        with pytest.raises(NoSuchTableError):
            call((namespace, "none"))


def test_table__renames_within_and_across_namespaces(catalog, namespace, table):
    table.append(rows((1, "a")))
    catalog.create_namespace((namespace, "other"))
    catalog.create_table((namespace, "taken"), SMALL)
    moved = catalog.rename_table((namespace, "t"), (namespace, "other", "t2"))
    assert moved.metadata.table_uuid == table.metadata.table_uuid
    assert moved.location() == table.location()
    assert content(moved.scan()) == [(1, "a")]
    assert not catalog.table_exists((namespace, "t"))
    with pytest.raises(TableAlreadyExistsError):
        catalog.rename_table((namespace, "other", "t2"), (namespace, "taken"))
    with pytest.raises(NoSuchTableError):
        catalog.rename_table((namespace, "t"), (namespace, "t3"))
    moved.append(rows((2, "b")))
    assert content(catalog.load_table((namespace, "other", "t2")).scan()) == [(1, "a"), (2, "b")]


def test_table__registers_what_was_dropped(catalog, namespace, table):
    table.append(rows((1, "a")))
    with pytest.raises(TableAlreadyExistsError):
        catalog.register_table((namespace, "t"), table.metadata_location)
    catalog.drop_table((namespace, "t"))
    assert not catalog.table_exists((namespace, "t"))
    back = catalog.register_table((namespace, "back"), table.metadata_location)
    assert back.metadata_location == table.metadata_location
    assert back.metadata == table.metadata
    back.append(rows((2, "b")))
    assert content(back.scan()) == [(1, "a"), (2, "b")]


def test_table__registers_over_an_existing_one(catalog, namespace, table):
    table.append(rows((1, "a")))
    before = table.metadata_location
    table.append(rows((2, "b")))
    back = catalog.register_table((namespace, "t"), before, overwrite=True)
    assert content(back.scan()) == [(1, "a")]
    assert content(catalog.load_table((namespace, "t")).scan()) == [(1, "a")]


def test_table__purge_deletes_every_file(catalog, namespace, table):
    for i in range(3):
        table.append(rows((i, "x")))
    table.delete("id = 1")
    files = {e.metadata_file for e in table.metadata.metadata_log} | {table.metadata_location}
    for snapshot in table.snapshots():
        files.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            files.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=False)
            files.update(entry.data_file.file_path for entry in entries)
    paths = [local_path(f) for f in files]
    assert len(paths) >= 14 and all(p.is_file() for p in paths)
    catalog.purge_table((namespace, "t"))
    assert not catalog.table_exists((namespace, "t"))
    # The server may answer before the last file is gone.
    waited = threading.Event()
    for _ in range(100):
        left = [p for p in paths if p.exists()]
        if not left:
            break
        waited.wait(0.1)
    assert left == []


def test_table__drop_keeps_every_file(catalog, namespace, table):
    table.append(rows((1, "a")))
    files = [f.file.file_path for f in table.scan().plan_files()] + [table.metadata_location]
    catalog.drop_table((namespace, "t"))
    assert all(local_path(f).is_file() for f in files)


def test_table__keeps_properties(catalog, namespace, table):
    with table.transaction() as tx:
        tx.set_properties({"owner": "ada", "k": "1"})
    with table.transaction() as tx:
        tx.remove_properties("k")
        tx.set_properties({"owner": "bob"})
    properties = catalog.load_table((namespace, "t")).properties
    assert properties["owner"] == "bob" and "k" not in properties


def test_table__trims_its_metadata_log(catalog, namespace):
    table = catalog.create_table(
        (namespace, "t"),
        SMALL,
        properties={
            "write.metadata.previous-versions-max": "2",
            "write.metadata.delete-after-commit.enabled": "true",
        },
    )
    locations = [table.metadata_location]
    for i in range(5):
        with table.transaction() as tx:
            tx.set_properties({"i": str(i)})
        locations.append(table.metadata_location)
    assert [e.metadata_file for e in table.metadata.metadata_log] == locations[-3:-1]
    assert [local_path(f).exists() for f in locations] == [False] * 3 + [True] * 3


def test_table__upgrades_its_format(catalog, namespace):
    table = catalog.create_table((namespace, "t"), SMALL, properties={"format-version": "1"})
    assert table.format_version == 1 and "format-version" not in table.properties
    table.append(rows((1, "a")))
    with table.transaction() as tx:
        tx.upgrade_table_version(2)
    table.append(rows((2, "b")))
    loaded = catalog.load_table((namespace, "t"))
    assert loaded.format_version == 2 and loaded.metadata.last_sequence_number == 1
    assert content(loaded.scan()) == [(1, "a"), (2, "b")]


def test_create_transaction__shows_nothing_before_it_commits(catalog, namespace):
    name = (namespace, "staged")
    with catalog.create_table_transaction(name, SMALL, properties={"p": "1"}) as tx:
        with tx.update_spec() as update:
            update.add_identity("name")
        tx.append(rows((1, "a"), (2, "b")))
        assert not catalog.table_exists(name)
        assert catalog.list_tables(namespace) == []
        location, uuid = tx.table_metadata.location, tx.table_metadata.table_uuid
    made = catalog.load_table(name)
    assert content(made.scan()) == [(1, "a"), (2, "b")]
    assert made.location() == location and made.metadata.table_uuid == uuid
    assert made.properties["p"] == "1" and [f.name for f in made.spec().fields] == ["name"]


def test_create_transaction__loses_to_a_table_made_meanwhile(catalog, namespace):
    tx = catalog.create_table_transaction((namespace, "t"), SMALL)
    tx.append(rows((1, "staged")))
    winner = catalog.create_table((namespace, "t"), SMALL)
    with pytest.raises(CommitFailedException):
        tx.commit_transaction()
    loaded = catalog.load_table((namespace, "t"))
    assert loaded.metadata.table_uuid == winner.metadata.table_uuid and content(loaded.scan()) == []


# --- views ------------------------------------------------------------------------------------


def view_version(namespace: str, sql: str) -> ViewVersion:
    return ViewVersion(
        schema_id=0,
        representations=[SQLViewRepresentation(type="sql", sql=sql, dialect="spark")],
        default_namespace=[namespace],
        summary={"engine-name": "pyiceberg"},
    )


def test_view__lives_from_create_to_register(catalog, namespace):
    name = (namespace, "v")
    made = catalog.create_view(
        name, SMALL, view_version(namespace, "SELECT 1 AS id, 'a' AS name"), properties={"k": "1"}
    )
    loaded = catalog.load_view(name)
    assert loaded.metadata == made.metadata and loaded.properties["k"] == "1"
    assert loaded.current_version().representations[0].root.sql == "SELECT 1 AS id, 'a' AS name"
    assert loaded.schema().column_names == ["id", "name"]
    assert [entry.version_id for entry in loaded.history()] == [loaded.metadata.current_version_id]
    assert catalog.view_exists(name) and catalog.list_views(namespace) == [name]
    assert catalog.list_tables(namespace) == []
    files = list((local_path(loaded.location()) / "metadata").glob("*.metadata.json"))
    assert len(files) == 1
    # Whether a drop deletes the file is the server's choice: register a copy of it.
    copy = files[0].with_name(f"copy-{files[0].name}")
    copy.write_bytes(files[0].read_bytes())
    catalog.drop_view(name)
    assert not catalog.view_exists(name)
    location = f"{loaded.location()}/metadata/{copy.name}"
    assert catalog.register_view((namespace, "w"), location).metadata == loaded.metadata
    assert catalog.load_view((namespace, "w")).metadata == loaded.metadata


def test_view__shares_its_names_with_tables(catalog, namespace, table):
    catalog.create_view((namespace, "v"), SMALL, view_version(namespace, "SELECT 1"))
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table((namespace, "v"), SMALL)
    with pytest.raises(TableAlreadyExistsError):
        catalog.rename_table((namespace, "t"), (namespace, "v"))
    with pytest.raises(NoSuchTableError):
        catalog.load_table((namespace, "v"))
    for call in (catalog.load_view, catalog.drop_view):
        with pytest.raises(NoSuchViewError):
            call((namespace, "t"))
