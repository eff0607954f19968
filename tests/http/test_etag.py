"""ETag and If-None-Match."""

from pathlib import Path

import pytest

import bodies


@pytest.fixture
def table(api, namespace):
    api.create_table(namespace, bodies.table("t"))
    api.commit(namespace, "t", [bodies.add_snapshot(1, 1), bodies.set_ref(1)])
    return api.commit(namespace, "t", [bodies.add_snapshot(2, 2, 1), bodies.set_ref(2)]).json()


def load(api, namespace, tags=None, expect=200, **query):
    headers = {"If-None-Match": tags} if tags else None
    return api.load_table(namespace, "t", expect=expect, query=query or None, headers=headers)


def test_load__has_a_quoted_etag_and_304_repeats_it(api, namespace, table):
    """Rule K22."""
    tag = load(api, namespace).header("etag")
    assert tag.strip('W/').startswith('"') and tag.endswith('"')
    same = load(api, namespace, tag, 304)
    assert same.header("etag") == tag and same.body == b""


def test_load__knows_every_form_of_if_none_match(api, namespace, table):
    tag = load(api, namespace).header("etag")
    for held in (f'"x", {tag}', f'{tag}, "y"', f'W/{tag}', "*", f'  {tag}  ', f'"a,b",{tag}'):
        load(api, namespace, held, 304)
    for other in ('"x"', tag[:-2] + '"', tag.strip('"') + "x", '""', ",", "W/", '"', "x" * 5000):
        load(api, namespace, other, 200)


def test_each_representation__has_its_own_etag(api, namespace, table):
    """Rule 41."""
    whole = load(api, namespace, snapshots="all").header("etag")
    refs = load(api, namespace, snapshots="refs").header("etag")
    assert whole != refs
    assert load(api, namespace).header("etag") == whole
    load(api, namespace, refs, 200, snapshots="all")
    load(api, namespace, whole, 200, snapshots="refs")
    load(api, namespace, refs, 304, snapshots="refs")


def test_commit__changes_the_etag_and_answers_with_the_new_one(api, namespace, table):
    """Rule K22."""
    old = load(api, namespace).header("etag")
    made = api.commit(namespace, "t", [bodies.set_properties(a="1")])
    load(api, namespace, old, 200)
    assert made.header("etag") == load(api, namespace).header("etag") != old
    load(api, namespace, made.header("etag"), 304)


def test_create_and_register__answer_with_the_etag_of_the_load(api, namespace):
    """Rule K22."""
    made = api.create_table(namespace, bodies.table("t"))
    load(api, namespace, made.header("etag"), 304)
    location = made.json()["metadata-location"]
    api.call("unregisterTable", namespace=namespace, table="t", expect=200)
    again = api.call("registerTable", namespace=namespace, expect=200,
                     json={"name": "t", "metadata-location": location})
    load(api, namespace, again.header("etag"), 304)


def test_rename__leaves_the_etag_valid_for_the_same_table(api, namespace, table):
    tag = load(api, namespace).header("etag")
    names = [{"namespace": [namespace], "name": name} for name in ("t", "u")]
    api.call("renameTable", json={"source": names[0], "destination": names[1]}, expect=204)
    moved = api.load_table(namespace, "u").header("etag")
    assert moved == tag


def test_deleted_metadata_file__is_told_even_to_who_holds_the_etag(api, namespace, table):
    """Rule K5."""
    tag = load(api, namespace).header("etag")
    load(api, namespace, tag, 304)
    Path(table["metadata-location"].removeprefix("file://")).unlink()
    answer = load(api, namespace, tag, (404, "NotFoundException"))
    assert answer.error["message"].startswith("Failed to open input stream for file:")
    load(api, namespace, "*", (404, "NotFoundException"))


def test_dropped_table__is_not_found_whatever_is_held(api, namespace, table):
    tag = load(api, namespace).header("etag")
    api.call("dropTable", namespace=namespace, table="t", expect=204)
    load(api, namespace, tag, (404, "NoSuchTableException"))
    load(api, namespace, "*", (404, "NoSuchTableException"))


def test_not_modified__is_told_without_reading_the_metadata(fresh):
    """What the file holds is looked at only where an answer is made of it."""
    server, api = fresh
    api.create_namespace("ns")
    made = api.create_table("ns", bodies.table("t")).json()
    tags = {kind: load(api, "ns", snapshots=kind).header("etag") for kind in ("all", "refs")}
    api.close()
    server.stop()
    Path(made["metadata-location"].removeprefix("file://")).write_bytes(b"no metadata")
    server.start()
    for _ in range(2):  # its pointer is read, and then in memory
        for kind, tag in tags.items():
            for held in (tag, f"W/{tag}"):
                answer = load(api, "ns", f'"x", {held}', 304, snapshots=kind)
                assert answer.header("etag") == held and answer.body == b""
    for other in (None, '"x"', "*", tags["refs"]):
        load(api, "ns", other, (500, "CorruptDataException"))


@pytest.mark.parametrize("own", [{}, {"scan-planning-mode": "client"}])
def test_not_modified__knows_who_planned_when_the_tag_was_given(fresh, own):
    """The mode is part of the answer, and only the metadata tells one that the table has itself."""
    server, api = fresh
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t", properties=own))
    before = load(api, "ns").header("etag")
    mode = {"scan-planning-mode": "server"}
    api.call("alterWarehouse", warehouse="default", json={"properties": mode}, expect=200)
    api.close()
    server.restart()
    load(api, "ns", before, 304 if own else 200)
    after = load(api, "ns").header("etag")
    assert (after == before) == bool(own)
    api.close()
    server.restart()
    load(api, "ns", after, 304)


def test_etag__survives_a_restart(fresh):
    server, api = fresh
    api.create_namespace("ns")
    api.create_table("ns", bodies.table("t"))
    tag = load(api, "ns").header("etag")
    api.close()
    server.restart()
    load(api, "ns", tag, 304)
