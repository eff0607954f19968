"""firn demo: a table that every engine reads, made without one."""

import filecmp
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "clients"))
from flights import SCHEMA, flights  # noqa: E402


@pytest.fixture
def fresh(own_server, run):
    """A server with nothing in it, and firn beside it."""
    server = own_server()
    return lambda code, *arguments: run(code, *arguments, "--url",
                                        f"http://127.0.0.1:{server.port}")


def load(server_port):
    from pyiceberg.catalog import load_catalog
    return load_catalog("firn", type="rest", uri=f"http://127.0.0.1:{server_port}")


def source():
    return flights().filter(pc.less_equal(flights()["day"], 3))


def test_demo__is_the_source_row_for_row(own_server, run):
    server = own_server()
    url = f"http://127.0.0.1:{server.port}"
    said = run(0, "demo", "--url", url, "--json").json
    assert said["table"] == "demo.flights" and said["created"] is True
    table = load(server.port).load_table("demo.flights")
    read = table.scan().to_arrow().cast(SCHEMA)
    order = [(name, "ascending") for name in ("time_hour", "carrier", "flight", "origin")]
    assert read.sort_by(order).equals(source().sort_by(order))
    july = table.scan(row_filter="month = 7")
    assert len(list(july.plan_files())) == 1
    assert july.to_arrow().num_rows == pc.sum(pc.equal(source()["month"], 7)).as_py()


def test_demo__says_in_its_metadata_what_its_files_hold(own_server, run):
    server = own_server()
    run(0, "demo", "--url", f"http://127.0.0.1:{server.port}")
    table = load(server.port).load_table("demo.flights")
    files = table.inspect.files().to_pylist()
    assert len(files) == 12 and sum(one["record_count"] for one in files) == source().num_rows
    for one in files:
        path = Path(urllib.parse.urlsplit(one["file_path"]).path)
        footer = pq.read_metadata(path)
        assert one["file_size_in_bytes"] == path.stat().st_size
        assert one["record_count"] == footer.num_rows
        month = one["partition"]["month"]
        rows = source().filter(pc.equal(source()["month"], month))
        metrics = one["readable_metrics"]
        for name in ("dep_delay", "carrier", "distance", "flight"):
            assert metrics[name]["lower_bound"] == pc.min(rows[name]).as_py()
            assert metrics[name]["upper_bound"] == pc.max(rows[name]).as_py()
            assert metrics[name]["null_value_count"] == rows[name].null_count
        ids = [field.metadata[b"PARQUET:field_id"] for field in pq.read_schema(path)]
        assert ids == [str(number).encode() for number in range(1, 20)]
    snapshot = table.current_snapshot()
    assert snapshot.sequence_number == 1 and snapshot.summary["total-records"] == "33055"
    (manifest,) = snapshot.manifests(table.io)
    assert manifest.added_files_count == 12 and manifest.added_rows_count == source().num_rows
    assert Path(urllib.parse.urlsplit(manifest.manifest_path).path).stat().st_size == (
        manifest.manifest_length)


def test_demo__twice_is_once(fresh):
    fresh(0, "demo")
    history = fresh(0, "table", "history", "demo.flights", "--json").json
    assert "is there already" in fresh(0, "demo").out
    assert fresh(0, "demo", "--json").json["created"] is False
    assert fresh(0, "table", "history", "demo.flights", "--json").json == history
    assert len(history["snapshots"]) == 1


def test_demo__goes_on_where_it_was_interrupted(fresh, own_server, run, tmp_path):
    """A table without a snapshot: what a run leaves that was killed before its commit."""
    server = own_server(data="other")
    url = f"http://127.0.0.1:{server.port}"
    folder = tmp_path / "other" / "warehouse" / "demo" / "flights" / "data"
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")  # so that the first data file cannot be written
    words = run(1, "demo", "--url", url).err
    assert str(folder) in words
    assert "none: nothing was written yet" in run(0, "table", "show", "demo.flights", "--url",
                                                  url).out
    folder.unlink()
    assert run(0, "demo", "--url", url, "--json").json["created"] is True
    assert load(server.port).load_table("demo.flights").scan().count() == source().num_rows


def test_demo__is_planned_and_checked_by_firn(own_server, run):
    server = own_server()
    url = f"http://127.0.0.1:{server.port}"
    run(0, "demo", "--url", url)
    words = run(0, "plan", "demo.flights", "--filter", "month = 7", "--url", url).out
    assert "files: 1 of 12 kept; 11 ruled out by partition" in words
    words = run(0, "plan", "demo.flights", "--filter", "distance > 4982", "--url", url).out
    assert "12 of 12 kept" in words
    assert "0 findings" in run(0, "fsck", "--deep", "--data", server.data).out


def test_demo__after_it_was_dropped_comes_back(fresh):
    fresh(0, "demo")
    fresh(0, "table", "drop", "demo.flights")
    assert fresh(0, "demo", "--json").json["created"] is True
    fresh(0, "table", "drop", "demo.flights", "--purge")
    assert fresh(4, "table", "show", "demo.flights").out == ""


def test_files__are_what_the_script_makes(tmp_path):
    done = subprocess.run([sys.executable, ROOT / "cli" / "demo" / "make", tmp_path],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 16
    same, different, missing = filecmp.cmpfiles(tmp_path, ROOT / "cli" / "demo", names,
                                                shallow=False)
    assert (different, missing) == ([], [])
