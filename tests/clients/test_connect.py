"""What `firn connect` prints is pasted as it is and reads the demo table: from an empty data
directory to the first answer, without a line that anybody edits."""

import os
import pathlib
import subprocess
import sys

import pytest
from conftest import JARS, ROOT, RUNTIME, free_port, wait_for
from flights import flights

TIMEOUT_S = 300
DAYS = (1, 2, 3)


def expected_carriers() -> dict:
    """The flights of each carrier on the days that the demo has, from the source."""
    import pyarrow.compute as pc
    import pyarrow as pa

    days = flights().filter(pc.is_in(flights()["day"], pa.array(DAYS, pa.int32())))
    counted = days.group_by("carrier").aggregate([("carrier", "count")]).to_pylist()
    return {one["carrier"]: one["carrier_count"] for one in counted}


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """`firn serve` on an empty directory, `firn demo`: gives what `firn connect TARGET` prints."""
    binary = os.environ.get("FIRN_BINARY")
    if not binary:
        pytest.skip("FIRN_BINARY is not set: these tests start a server of their own")
    home = tmp_path_factory.mktemp("first_day")
    listen = f"127.0.0.1:{free_port()}"
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([binary, "serve", "--listen", listen], cwd=home, stdout=log,
                                  stderr=log)
    wait_for(f"http://{listen}", server, home / "log")

    def firn(*arguments: str) -> str:
        return subprocess.run([binary, *arguments, "--url", f"http://{listen}"], cwd=home,
                              check=True, capture_output=True, text=True, timeout=60).stdout

    assert "33055 flights" in firn("demo")
    yield lambda target: firn("connect", target)
    server.terminate()
    assert server.wait(30) == 0


@pytest.fixture
def shell(tmp_path):
    """A directory of one's own, with the test environment's Python and Spark in PATH."""
    tools = pathlib.Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tmp_path),
                   "SPARK_LOCAL_IP": "127.0.0.1"}
    environment.pop("SPARK_HOME", None)

    def run(*argv: str, text: str) -> str:
        done = subprocess.run(argv, cwd=tmp_path, env=environment, input=text, text=True,
                              capture_output=True, timeout=TIMEOUT_S)
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    return run


def carriers_in(rows) -> dict:
    return {row[0]: int(row[1]) for row in rows}


def test_pyiceberg(first_day, shell):
    printed = shell("python3", "-", text=first_day("pyiceberg"))
    assert "carrier: string" in printed and "month: [[1,1,1" in printed


def test_duckdb(first_day, shell, tmp_path):
    """The lines go through DuckDB's own Python package; its extensions come from theirs."""
    (tmp_path / "connect.sql").write_text(first_day("duckdb"))
    shell(sys.executable, str(ROOT / "tests" / "docs" / "prepare"), "duckdb", text="")
    printed = shell("python3", "-", text="""
import csv, duckdb, sys
csv.writer(sys.stdout).writerows(duckdb.execute(open("connect.sql").read()).fetchall())
duckdb.execute("CREATE TABLE firn.demo.copied AS SELECT 7 AS id")
assert duckdb.execute("SELECT id FROM firn.demo.copied").fetchall() == [(7,)]
""")
    assert carriers_in(line.split(",") for line in printed.splitlines()) == expected_carriers()


def test_pyspark(first_day, shell):
    lines = first_day("pyspark")
    assert RUNTIME.removesuffix(".jar").removeprefix("iceberg-spark-runtime-") in (
        lines.replace(":", "-")), "the tests fetch the runtime that connect names"
    assert (JARS / RUNTIME).exists()
    printed = shell("python3", "-", text=lines)
    rows = [line.split("|")[1:3] for line in printed.splitlines() if line.startswith("|")]
    rows = [[one.strip() for one in row] for row in rows if "carrier" not in row[0]]
    assert carriers_in(rows) == expected_carriers()


def test_spark_sql(first_day, shell, tmp_path):
    script = tmp_path / "pasted"
    script.write_text(first_day("spark-sql"))
    query = "SELECT carrier, count(*) FROM demo.flights GROUP BY carrier;\n"
    printed = shell("bash", str(script), text=query)
    rows = [line.split("\t") for line in printed.splitlines() if line.count("\t") == 1]
    assert carriers_in(rows) == expected_carriers()
    assert not (tmp_path / "metastore_db").exists(), "Hive's metastore is not asked for"


def test_spark_defaults(first_day, shell, tmp_path):
    """`spark-cluster` prints a file of properties: spark-sql takes it as one."""
    file = tmp_path / "spark-defaults.conf"
    file.write_text(first_day("spark-cluster"))
    printed = shell("spark-sql", "--properties-file", str(file), "-e",
                    "SELECT count(*) FROM demo.flights WHERE month = 7", text="")
    assert printed.split()[-1] == "2894"
