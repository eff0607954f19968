"""JSON of the commands that look at a data directory, and what their exit codes say."""

import json
import os
import pty
import re
import subprocess


def test_backup__and_restore_speak_json(run, server, tmp_path):
    file = tmp_path / "copy"
    said = run(0, "backup", file, "--data", server.data, "--json").json
    assert said["file"] == str(file)
    assert {"name": "default", "location": f"file://{server.data}/warehouse"} in said["warehouses"]
    data = tmp_path / "elsewhere"
    said = run(0, "restore", file, "--data", data, "--json").json
    assert said == {"file": str(file), "database": f"{data}/firn.db", "kept": None, "key-fits": True}
    kept = run(0, "restore", file, "--data", data, "--json").json["kept"]
    assert kept.startswith(f"{data}/firn.db.before-restore-")


def test_exit_codes__say_what_stands_against_it(run, server, tmp_path):
    file = tmp_path / "copy"
    run(4, "backup", file, "--data", tmp_path)
    run(0, "backup", file, "--data", server.data)
    assert "exists already" in run(5, "backup", file, "--data", server.data).err
    assert "pid" in run(5, "restore", file, "--data", server.data).err
    assert "firn serve" in run(3, "plan", "a.t", "--url", "http://127.0.0.1:1").err
    run(2, "plan", "t", "--url", "http://127.0.0.1:1")


def test_exit_codes__of_the_server_s_answers(firn):
    assert "Table does not exist: no.t" in firn(4, "plan", "no.t").err
    assert "NoSuchWarehouse" not in firn(4, "plan", "no.t", "--warehouse", "none").err


def test_output__that_is_lost_is_a_failure(binary):
    with open("/dev/full", "w") as full:
        done = subprocess.run([binary, "version"], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=60)
    assert done.returncode == 1 and "cannot be written" in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([binary, "--help"], stdout=writer, stderr=subprocess.PIPE, text=True,
                          timeout=60)
    os.close(writer)
    assert done.returncode == 1 and "cannot be written" in done.stderr


def test_serve__tells_programs_where_it_is(own_server):
    server = own_server("--json")
    first = next(line for line in server.log_text().splitlines() if line.startswith("{"))
    said = json.loads(first)
    assert said["url"] == f"http://127.0.0.1:{server.port}"
    assert said["data"] == str(server.data)


def test_fsck__shows_its_progress_on_a_terminal_alone(binary, firn, server):
    firn(0, "demo")
    main, side = pty.openpty()
    done = subprocess.run([binary, "fsck", "--data", server.data], stdout=side, stderr=side,
                          timeout=60)
    os.close(side)
    text = os.read(main, 65536).decode()
    os.close(main)
    assert done.returncode in (0, 1) and "files deleted" in text
    assert re.search(r"\[=+ *\] \d+ of \d+ tables, views and functions", text)
    assert text.rstrip().splitlines()[-1].split("\r")[-1].endswith("files deleted")
    piped = subprocess.run([binary, "fsck", "--data", server.data], capture_output=True, text=True,
                           timeout=60)
    assert "\r" not in piped.stdout + piped.stderr
