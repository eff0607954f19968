"""firn doctor, and who holds a port."""

import os
import socket
import subprocess
import threading

import pytest


def by_check(done):
    return {one["check"]: one for one in done.json["checks"]}


def script(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def doctor(run, tmp_path):
    """Runs it with nothing in PATH but what the test puts into tmp_path/bin."""
    tools = tmp_path / "bin"
    tools.mkdir()

    def call(code, *arguments, **environment):
        return run(code, "doctor", "--json", *arguments,
                   environment={"PATH": str(tools), "SPARK_HOME": "", **environment})
    call.tools = tools
    return call


def test_doctor__of_a_server_that_is_well(doctor, own_server):
    server = own_server()
    checks = by_check(doctor(0, "--data", server.data, "--listen", f"127.0.0.1:{server.port}"))
    assert {name for name, one in checks.items() if one["state"] == "ok"} >= {"server", "disk",
                                                                              "database"}
    assert checks["Java"]["state"] == checks["Spark"]["state"] == "skipped"
    assert all(one["cure"] for one in checks.values() if one["state"] in ("failed", "warning"))


def test_doctor__before_the_first_start(doctor, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = f"127.0.0.1:{probe.getsockname()[1]}"
        checks = by_check(doctor(0, "--data", tmp_path / "new" / "data", "--listen", free))
    assert checks["server"]["state"] == "warning" and checks["server"]["cure"] == "firn serve"
    assert checks["database"]["state"] == "skipped"
    assert checks["disk"]["state"] in ("ok", "warning")


def test_doctor__names_who_holds_the_port(doctor, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        other.settimeout(30)
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        threading.Thread(target=lambda: other.accept()[0].close(), daemon=True).start()
        one = by_check(doctor(1, "--data", tmp_path, "--listen", listen))["server"]
    assert one["state"] == "failed" and f"(process {os.getpid()})" in one["detail"]
    assert "--listen" in one["cure"]


def test_doctor__of_a_damaged_database(doctor, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "firn.db").write_bytes(b"no database" * 1000)
    one = by_check(doctor(1, "--data", data, "--listen", "127.0.0.1:1"))["database"]
    assert one["state"] == "failed" and "restore" in one["cure"]


def test_doctor__of_a_place_that_cannot_be_written(doctor, tmp_path):
    (tmp_path / "file").touch()
    one = by_check(doctor(1, "--data", tmp_path / "file" / "data", "--listen", "127.0.0.1:1"))["disk"]
    assert one["state"] == "failed" and "--data" in one["cure"]


@pytest.mark.parametrize("version, state", [("17.0.15", "ok"), ("21.0.2", "ok"),
                                            ("11.0.20", "failed"), ("1.8.0_402", "failed"),
                                            ("25", "failed")])
def test_doctor__knows_which_java_fits(doctor, tmp_path, version, state):
    script(doctor.tools, "java", f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")
    one = by_check(doctor(state == "failed", "--data", tmp_path, "--listen", "127.0.0.1:1"))["Java"]
    assert one["state"] == state
    assert (one["cure"] is None) == (state == "ok")


@pytest.mark.parametrize("jar, state", [("spark-core_2.13-4.0.5.jar", "ok"),
                                        ("spark-core_2.12-3.5.8.jar", "ok"),
                                        ("spark-core_2.13-4.3.0.jar", "failed"),
                                        ("spark-core_2.12-3.4.1.jar", "failed")])
def test_doctor__knows_which_spark_has_a_runtime(doctor, tmp_path, jar, state):
    script(doctor.tools, "java", "echo 'openjdk version \"17.0.1\"'")
    (tmp_path / "spark" / "jars").mkdir(parents=True)
    (tmp_path / "spark" / "jars" / jar).touch()
    one = by_check(doctor(state == "failed", "--data", tmp_path, "--listen", "127.0.0.1:1",
                          SPARK_HOME=str(tmp_path / "spark")))["Spark"]
    assert one["state"] == state
    assert state == "ok" or "no Iceberg runtime is published" in one["detail"]


def test_doctor__reads_python_s_packages(doctor, tmp_path):
    script(doctor.tools, "python3", "echo python 3.8.1; echo pyspark 4.3.0; echo pyiceberg 0.6.0")
    checks = by_check(doctor(1, "--data", tmp_path, "--listen", "127.0.0.1:1"))
    assert checks["Python"]["state"] == checks["PyIceberg"]["state"] == "failed"
    assert checks["Spark"]["state"] == "failed" and "pyspark==4.0.*" in checks["Spark"]["cure"]


def test_doctor__words_are_for_people(run, tmp_path):
    done = run(1, "doctor", "--data", tmp_path, "--url", "http://127.0.0.1:1")
    assert done.out.startswith("failed  server") and "cure: firn serve" in done.out


def test_serve__names_who_holds_its_port(binary, server, tmp_path):
    done = subprocess.run([binary, "serve", "--data", tmp_path / "d", "--listen",
                           f"127.0.0.1:{server.port}"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"firn (process {server.process.pid}) does" in done.stderr
