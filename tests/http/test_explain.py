"""explainPlan and `firn plan`: what a scan reads, what it leaves out, and why."""

import json
import os
import subprocess

import pytest

import bodies
import planning_tables
from api import Api
from pyiceberg_traffic import catalog as pyiceberg_catalog


@pytest.fixture
def evolved(server, contract, namespace):
    with pyiceberg_catalog(server, contract) as client:
        yield planning_tables.evolved_table(client, f"{namespace}.t")


def explain(api, namespace, body, table="t", expect=200):
    return api.call("explainPlan", warehouse="default", namespace=namespace, table=table, json=body,
                    expect=expect).json()


def plan(api, namespace, body):
    return api.call("planTableScan", namespace=namespace, table="t", json=body,
                    expect=200).json()["file-scan-tasks"]


def sums(tasks):
    return {"planned": len(tasks),
            "planned-bytes": sum(t["data-file"]["file-size-in-bytes"] for t in tasks),
            "planned-rows": sum(t["data-file"]["record-count"] for t in tasks)}


def check_sums(answer):
    """Each manifest and each file is accounted for once."""
    for kind in ("data", "delete"):
        counts = dict(answer[f"{kind}-manifests"])
        assert counts.pop("listed") == sum(counts.values()), answer
    files = answer["data-files"]
    assert files["live"] == (files["planned"] + files["ruled-out-with-manifests"]
                             + files["ruled-out-by-partition"] + files["ruled-out-by-statistics"])
    residuals = sum(one["files"] for one in answer["residuals"])
    assert files["planned"] == residuals + answer["files-of-other-residuals"]


def test_explain__accounts_for_every_file(api, namespace, evolved):
    whole = plan(api, namespace, {})
    for where, filter_json in (
            (None, None),
            ("ts >= '2024-01-02' and ts < '2024-01-03'",
             {"type": "and",
              "left": {"type": "gt-eq", "term": "ts", "value": "2024-01-02T00:00:00"},
              "right": {"type": "lt", "term": "ts", "value": "2024-01-03T00:00:00"}}),
            ("id in (21, 77, 150)", {"type": "in", "term": "id", "values": [21, 77, 150]}),
            ("extra is not null", {"type": "not-null", "term": "extra"}),
            ("id > 500", {"type": "gt", "term": "id", "value": 500})):
        answer = explain(api, namespace, {"where": where})
        tasks = plan(api, namespace, {"filter": filter_json} if filter_json else {})
        assert sums(tasks).items() <= answer["data-files"].items()
        assert answer["data-files"]["live"] == len(whole), where
        check_sums(answer)
        assert answer["snapshot-id"] == evolved.current_snapshot().snapshot_id
        if filter_json:
            assert explain(api, namespace, {"filter": filter_json})["residuals"] \
                == answer["residuals"]
            assert len(tasks) < len(whole)


def test_explain__names_what_is_left_for_the_rows(api, namespace, evolved):
    answer = explain(api, namespace, {"where": "ts >= '2024-01-02T12:00:00' and extra < 5"})
    left = {one["filter"] for one in answer["residuals"]}
    assert left <= {'extra < 5', 'ts >= "2024-01-02T12:00:00" and extra < 5'} and left
    words = "\n".join(answer["words"])
    assert 'filter: ts >= "2024-01-02T12:00:00" and extra < 5' in words
    assert "left to check, in " in words and "ruled out by" in words


def test_explain__of_an_empty_table_and_of_a_false_filter(api, namespace, evolved):
    api.create_table(namespace, bodies.table("empty"))
    answer = explain(api, namespace, {}, table="empty")
    assert answer["snapshot-id"] is None and answer["data-files"]["live"] == 0
    assert answer["words"][0] == "the table has no snapshot: there is nothing to read"
    answer = explain(api, namespace, {"where": "false"})
    assert answer["data-manifests"]["listed"] == 0 and answer["data-files"]["planned"] == 0


def test_explain__of_refs_and_snapshots(api, namespace, evolved):
    first = evolved.snapshots()[0].snapshot_id
    evolved.manage_snapshots().create_tag(first, "start").create_branch(first, "work").commit()
    by_id = explain(api, namespace, {"snapshot-id": first, "use-snapshot-schema": True})
    for ref in ("start", "work"):
        answer = explain(api, namespace, {"ref": ref})
        assert answer["snapshot-id"] == first
        assert answer["data-files"] == by_id["data-files"]
    # A tag is read with the schema of its time, a branch with the table's.
    assert explain(api, namespace, {"ref": "start", "where": "x > 0"})["schema-id"] == 0
    explain(api, namespace, {"ref": "work", "where": "x > 0"}, expect=400)
    assert explain(api, namespace, {"ref": "main"})["snapshot-id"] \
        == evolved.current_snapshot().snapshot_id


def test_explain__tells_deletes_apart(api, namespace, server, contract):
    with pyiceberg_catalog(server, contract) as client:
        table = client.create_table(f"{namespace}.t", planning_tables.SCHEMA)
        table.append(planning_tables.rows(1, 30))
        [file] = [task.file for task in table.scan().plan_files()]
        planning_tables.add_deletes(client, table, [
            planning_tables.position_deletes(table, file, [0, 3], "pos"),
            planning_tables.equality_deletes(table, planning_tables.NO_PARTITION, [100000], "far"),
            planning_tables.equality_deletes(table, planning_tables.NO_PARTITION, [0, 199], "near")])
    tasks = plan(api, namespace, {})
    answer = explain(api, namespace, {})
    with_deletes = sum(bool(task.get("delete-file-references")) for task in tasks)
    assert answer["data-files"]["with-deletes"] == with_deletes > 0
    deletes = answer["delete-files"]
    assert deletes["live"] == 3 and deletes["attached-deletion-vectors"] == 0
    assert deletes["attached-position-deletes"] == deletes["attached-equality-deletes"] == 1
    assert deletes["attached-bytes"] > 0
    assert any(line.startswith("deletes: 1 file has deleted rows; ") for line in answer["words"])


def test_explain__says_what_memory_saved(fresh):
    server, api = fresh
    with pyiceberg_catalog(server, api.contract) as client:
        client.create_namespace("ns")
        planning_tables.evolved_table(client, "ns.t")
    before = api.call("getCounters", expect=200).json()["counters"]
    first, second = explain(api, "ns", {}), explain(api, "ns", {})
    read = first["data-manifests"]["read"]
    assert first["io"]["files-read"] == read + 1 and first["io"]["manifests-from-cache"] == 0
    assert second["io"] == {"files-read": 0, "bytes-read": 0, "bytes-inflated": 0,
                            "lists-from-cache": 1, "manifests-from-cache": read,
                            "delete-indexes-from-cache": 0}
    stages = first["microseconds"]
    assert set(stages) == {"bind", "manifest-lists", "manifest-pruning", "delete-manifests",
                           "delete-index", "manifests", "matching"}
    assert min(stages.values()) >= 0 < stages["manifests"]
    assert stages["delete-manifests"] == stages["delete-index"] == 0  # there are none
    assert api.call("getCounters", expect=200).json()["counters"] == before


@pytest.mark.parametrize(("body", "message"), [
    ({"where": "id = "}, "Cannot parse filter at position 6: a value is expected"),
    ({"where": "nothing = 1"}, "nothing"),
    ({"where": 7}, "where must be"),
    ({"where": "id = 1", "filter": True}, "both where and filter"),
    ({"ref": "gone"}, "The table has no branch or tag 'gone'"),
    ({"ref": 7}, "ref must be a string"),
    ({"ref": "main", "snapshot-id": 1}, "both ref and snapshot-id"),
    ({"snapshot-id": 1}, "1"),
    ([], "must be a JSON object"),
])
def test_explain__names_what_is_wrong(api, namespace, evolved, body, message):
    answer = api.call("explainPlan", warehouse="default", namespace=namespace, table="t", json=body,
                      expect=400)
    assert message in answer.error["message"]


def test_explain__of_what_is_not_there(api, namespace):
    for names, kind in ((("default", namespace, "no"), "NoSuchTableException"),
                        (("default", "no", "t"), "NoSuchTableException"),
                        (("no", namespace, "t"), "NoSuchWarehouseException")):
        warehouse, levels, table = names
        api.call("explainPlan", warehouse=warehouse, namespace=levels, table=table, json={},
                 expect=(404, kind))


# --- the command -----------------------------------------------------------------------------------

@pytest.fixture
def firn_plan(binary, server):
    """Runs `firn plan`: (code, *arguments) gives what it printed, and what it complained of."""
    def run(code, *arguments, url=f"http://127.0.0.1:{server.port}", environment=None):
        where = ["--url", url] if url else []
        done = subprocess.run([binary, "plan", *map(str, arguments), *where], capture_output=True,
                              text=True, timeout=60, env=dict(os.environ, **(environment or {})))
        assert done.returncode == code, done
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done.stdout, done.stderr
    return run


def test_command__prints_the_words_and_the_numbers(api, namespace, evolved, firn_plan):
    where = "ts >= '2024-01-02' and id = 77"
    words, _ = firn_plan(0, f"{namespace}.t", "--filter", where)
    answer = explain(api, namespace, {"where": where})
    timeless = [line for line in answer["words"] if not line.startswith(("time:", "from memory:"))]
    assert [line for line in words.splitlines()
            if not line.startswith(("time:", "from memory:"))] == timeless
    text, _ = firn_plan(0, f"{namespace}.t", "--filter", where, "--json")
    assert json.loads(text)["data-files"] == answer["data-files"]


def test_command__knows_snapshots_refs_and_warehouses(api, contract, server, namespace, evolved,
                                                      firn_plan, unique):
    first = evolved.snapshots()[0].snapshot_id
    evolved.manage_snapshots().create_tag(first, "start").commit()
    for more in (("--snapshot", first), ("--ref", "start")):
        text, _ = firn_plan(0, f"{namespace}.t", "--filter", "x > 0", "--json", *more)
        assert json.loads(text)["snapshot-id"] == first
    name = unique("wh")
    api.call("createWarehouse", json={"name": name, "location": f"file://{server.data}/{name}"},
             expect=200)
    other = Api(server.port, contract, prefix=name)
    other.create_namespace("a.b")
    other.create_namespace(["a.b", "c"])
    other.create_table(["a.b", "c"], bodies.table("t.u"))
    words, _ = firn_plan(0, "`a.b`.c.`t.u`", "--warehouse", name)
    assert words.startswith("the table has no snapshot")
    other.close()


def test_command__asks_where_the_server_listens(namespace, evolved, server, firn_plan):
    environment = {"FIRN_LISTEN": f"127.0.0.1:{server.port}", "http_proxy": "http://127.0.0.1:1"}
    words, _ = firn_plan(0, f"{namespace}.t", url=None, environment=environment)
    assert words.startswith("snapshot ")


def test_command__points_at_a_mistake_in_the_filter(namespace, firn_plan):
    _, complaint = firn_plan(2, f"{namespace}.t", "--filter", "größe = and")
    line, caret, sentence = complaint.splitlines()
    assert (line, caret) == ("größe = and", "        ^")
    assert sentence == ("firn: Cannot parse filter at position 9: a value is expected, not and")


def test_command__says_what_is_wrong(namespace, evolved, firn_plan):
    for code, arguments, message in (
            (2, (), "needs a TABLE"),
            (2, ("t",), "namespace.name"),
            (2, ("a.",), "namespace.name"),
            (2, ("`a.t",), "namespace.name"),
            (2, (f"{namespace}.t", "--snapshot", "x"), "a snapshot's number"),
            (2, (f"{namespace}.t", "--filtr", "x"), "did you mean 'filter'"),
            (4, (f"{namespace}.no",), f"Table does not exist: {namespace}.no"),
            (1, (f"{namespace}.t", "--filter", "nothing = 1"), "nothing"),
            (1, (f"{namespace}.t", "--ref", "no"), "The table has no branch or tag 'no'")):
        _, complaint = firn_plan(code, *arguments)
        assert complaint.startswith("firn: ") and message in complaint, complaint
    _, complaint = firn_plan(3, f"{namespace}.t", url="http://127.0.0.1:1")
    assert "Is `firn serve` running there?" in complaint
    _, complaint = firn_plan(3, f"{namespace}.t", url="file:///etc/passwd")
    assert "file:///etc/passwd" in complaint
    text, _ = firn_plan(0, "--help", url=None)
    assert "--filter" in text and "--snapshot" in text
