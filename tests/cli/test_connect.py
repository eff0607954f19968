"""firn connect: lines for this very server, and clear words where there can be none."""

import re
import socket
import subprocess

import pytest

TARGETS = ("spark-sql pyspark spark-cluster pyiceberg duckdb trino flink starrocks clickhouse "
           "curl").split()
COMMENT = {"bash": "#", "python": "#", "properties": "#", "sql": "--"}


@pytest.mark.parametrize("target", TARGETS)
def test_target__names_this_server_and_warehouse(firn, server, target):
    text = firn(0, "connect", target).out
    assert f"http://127.0.0.1:{server.port}" in text and "default" in text
    assert "{" not in text.replace("{\"", "") and "?" not in text.replace("?warehouse=", "")
    said = firn(0, "connect", target, "--json").json
    assert said["text"] == text and said["target"] == target and said["warehouse"] == "default"
    comments = [line for line in text.splitlines() if "The warehouse lies in" in line]
    assert all(line.startswith(COMMENT[said["language"]]) for line in comments)


def test_catalog__and_warehouse_are_chosen(firn, server, unique):
    name = unique("lake")
    firn(0, "warehouse", "create", name, f"file://{server.data}/{name}")
    text = firn(0, "connect", "spark-sql", "--warehouse", name, "--catalog", "mine").out
    assert f"spark.sql.catalog.mine.warehouse={name}" in text
    assert "spark.sql.defaultCatalog=mine" in text
    assert "Warehouse does not exist" in firn(4, "connect", "curl", "--warehouse", "none").err


@pytest.mark.parametrize("options, package", [
    ((), "iceberg-spark-runtime-4.0_2.13:1.11.0"),
    (("--spark", "3.5"), "iceberg-spark-runtime-3.5_2.12:1.12.0"),
    (("--spark", "3.5.8", "--scala", "2.13"), "iceberg-spark-runtime-3.5_2.13:1.11.0"),
    (("--spark", "4.1"), "iceberg-spark-runtime-4.1_2.13:1.12.0"),
])
def test_spark__has_exact_coordinates(firn, options, package):
    said = firn(0, "connect", "pyspark", *options, "--json").json
    assert said["packages"] == [f"org.apache.iceberg:{package}"]
    assert f"org.apache.iceberg:{package}" in said["text"]


@pytest.mark.parametrize("options", [("--spark", "4.2"), ("--spark", "4.01"), ("--scala", "3"),
                                     ("--spark", "4.0", "--scala", "2.12"), ("--spark", "x")])
def test_spark__without_a_runtime_says_so(run, options):
    words = run(2, "connect", "spark-sql", *options).err
    assert "No Iceberg runtime is published for Spark" in words
    assert "Spark 3.5 with Scala 2.12" in words and "Spark 4.1 with Scala 2.13" in words


def test_flink__has_a_runtime_of_its_own(firn, run):
    said = firn(0, "connect", "flink", "--flink", "1.20", "--json").json
    assert said["packages"] == ["org.apache.iceberg:iceberg-flink-runtime-1.20:1.11.0"]
    assert "No Iceberg runtime is published for Flink 9" in run(2, "connect", "flink", "--flink",
                                                                 "9").err


def test_server__that_is_not_there(run):
    with socket.socket() as probe:  # bound and not listening: nobody else takes it meanwhile
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        words = run(3, "connect", "pyiceberg", "--url", url).err
    assert url in words and "`firn serve`" in words and "--url" in words


def test_names__that_no_line_would_keep_are_refused(run):
    for options, word in ((("--catalog", "a b"), "catalog"), (("--catalog", "1a"), "catalog"),
                          (("--warehouse", "a'b"), "warehouse"),
                          (("--url", "http://h/$(id)"), "url")):
        assert f"The option {word} is" in run(2, "connect", "curl", *options).err
    words = run(2, "connect", "pyspak").err
    assert "Did you mean pyspark?" in words and "clickhouse" in words


def test_curl__lines_run(firn):
    firn(0, "demo")
    lines = firn(0, "connect", "curl").out
    done = subprocess.run(["bash", "-euc", lines], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    assert re.search(r'"namespaces":\[.*\["demo"\]', done.stdout) and "month=" not in done.stderr
    assert '"table-uuid"' in done.stdout
