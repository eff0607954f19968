"""A standalone cluster out of the pyspark package, a master and two workers: both write through
Firn, and both read."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from conftest import ROOT, free_port, running_server
from test_connect import TIMEOUT_S, carriers_in, expected_carriers

CLUSTER = ROOT / "deploy" / "spark" / "cluster"
SQL = """
CREATE TABLE demo.copy (carrier STRING, month INT, distance INT) PARTITIONED BY (month);
INSERT INTO demo.copy SELECT carrier, month, distance FROM demo.flights DISTRIBUTE BY month;
DELETE FROM demo.copy WHERE month = 7;
SELECT carrier, count(*) FROM (SELECT carrier FROM demo.copy UNION ALL
    SELECT carrier FROM demo.flights WHERE month = 7) GROUP BY carrier;
"""


@pytest.fixture
def shell(tmp_path):
    """Runs a command in a directory of the test's own, with Spark on free ports."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("SPARK_")} | {
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
        "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_MASTER_WEBUI_PORT": str(free_port()),
        "SPARK_WORKER_WEBUI_PORT": str(free_port())}

    def run(*argv):
        done = subprocess.run(list(map(str, argv)), cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=TIMEOUT_S)
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    return run


@pytest.fixture
def firn(shell, tmp_path):
    """A server with the demo table; gives a way to run commands against it."""
    if not os.environ.get("FIRN_BINARY"):
        pytest.skip("FIRN_BINARY is not set: this test starts a server of its own")
    with running_server(tmp_path) as url:
        def run(*words):
            return shell(os.environ["FIRN_BINARY"], *words, "--url", url)
        run("demo")
        yield run


@pytest.fixture
def master(shell):
    address = f"127.0.0.1:{free_port()}"
    try:
        assert "2 workers" in shell(CLUSTER, "start", "--masters", address)
        yield f"spark://{address}"
    finally:
        shell(CLUSTER, "stop")


def finished_tasks(worker: pathlib.Path) -> int:
    """What the executors of a worker have done, from their own logs."""
    return sum(len(re.findall("Finished task", log.read_text(errors="replace")))
               for log in worker.glob("app-*/*/stderr"))


def test_cluster__writes_and_reads(shell, firn, master, tmp_path):
    (tmp_path / "spark-defaults.conf").write_text(firn("connect", "spark-cluster"))
    (tmp_path / "job.sql").write_text(SQL)
    printed = shell("spark-sql", "--master", master, "--properties-file", "spark-defaults.conf",
                    "--conf", "spark.sql.catalogImplementation=in-memory", "-f", "job.sql")
    rows = [line.split("\t") for line in printed.splitlines() if line.count("\t") == 1]
    assert carriers_in(rows) == expected_carriers()
    assert "demo.copy" in firn("table", "list", "demo")
    for number in (1, 2):
        assert finished_tasks(tmp_path / "spark-cluster" / f"work-{number}") > 0, number
