"""What is written down of requests: the access log, the audit log, slow and failed requests."""

import gzip
import json
import signal
import time


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def serve(own_server, contract, tmp_path, *arguments):
    from api import Api

    one = own_server("--log-format", "json", *arguments)
    return one, Api(one.port, contract)


def test_access_log__has_a_line_for_each_request(own_server, contract, tmp_path):
    path = tmp_path / "access.log"
    server, api = serve(own_server, contract, tmp_path, "--access-log", str(path))
    api.create_namespace("n")
    api.load_table("n", "none", expect=404, headers={
        "X-Request-Id": "abc-1", "User-Agent": "tests",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
    api.close()
    server.stop()
    found = [line for line in lines(path) if line["operation"] != "getConfig"]
    assert [(line["operation"], line["status"]) for line in found] == [("createNamespace", 200),
                                                                     ("loadTable", 404)]
    line = found[1]
    assert line["request-id"] == "abc-1"
    assert line["trace-id"] == "0af7651916cd43dd8448eb211c80319c"
    assert line["agent"] == "tests" and line["peer"] == "127.0.0.1"
    assert line["method"] == "GET" and line["uri"].endswith("/namespaces/n/tables/none")
    assert line["error"] == "no_such_table" and line["microseconds"] > 0 and line["bytes"] > 0
    # A change gets a name from the server where its client gave it none.
    assert found[0]["request-id"]


def test_request_ids__that_could_fool_a_reader_are_not_taken(own_server, contract, tmp_path):
    path = tmp_path / "access.log"
    server, api = serve(own_server, contract, tmp_path, "--access-log", str(path))
    for bad in ('a"b', "a b", "x" * 129, ""):
        api.load_table("n", "none", expect=404, headers={"X-Request-Id": bad})
    for bad in ("00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-short-x-01",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"):
        api.load_table("n", "none", expect=404, headers={"traceparent": bad})
    api.close()
    server.stop()
    found = [line for line in lines(path) if line["operation"] == "loadTable"]
    assert len(found) == 7
    assert not [line for line in found if "request-id" in line or "trace-id" in line]


def test_audit_log__has_what_was_to_be_changed_done_or_refused(own_server, contract, tmp_path):
    path = tmp_path / "audit.log"
    server, api = serve(own_server, contract, tmp_path, "--audit-log", str(path))
    api.create_namespace("n")
    api.call("createNamespace", json={"namespace": ["n"]}, expect=409)
    api.call("loadNamespaceMetadata", namespace="n", expect=200)
    api.close()
    server.stop()
    found = lines(path)
    assert [(line["message"], line["operation"], line["status"]) for line in found] == [
        ("change", "createNamespace", 200), ("change", "createNamespace", 409)]
    assert found[1]["error"] == "already_exists"


def test_change_log__has_the_id_that_the_client_gave(fresh):
    _, api = fresh
    api.call("createNamespace", json={"namespace": ["n"]}, expect=200,
             headers={"X-Request-Id": "my-id"})
    changes = api.call("listChanges", expect=200).json()["changes"]
    assert changes[-1]["request-id"] == "my-id"


def test_slow_requests__are_warned_of(own_server, contract, tmp_path):
    path = tmp_path / "firn.log"
    server, api = serve(own_server, contract, tmp_path, "--log-file", str(path), "--slow-request", "1")
    # So much to read, to write and to send back that no machine does it within a millisecond.
    properties = {f"property-{number}": "v" * 50 for number in range(10_000)}
    api.call("createNamespace", json={"namespace": ["slow"], "properties": properties}, expect=200)
    api.close()
    server.stop()
    slow = [line for line in lines(path) if line["message"] == "slow request"]
    assert slow and all(line["level"] == "warn" and line["microseconds"] >= 1000 for line in slow)
    server, api = serve(own_server, contract, tmp_path, "--log-file", str(path) + "2",
                        "--slow-request", "0")
    api.create_namespace("never_slow")
    api.close()
    server.stop()
    assert not [line for line in lines(tmp_path / "firn.log2") if line["message"] == "slow request"]


def test_log_files__are_put_aside_without_a_lost_line(own_server, contract, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    server, api = serve(own_server, contract, tmp_path, "--access-log", str(folder / "access.log"),
                        "--log-max-size", "8KiB", "--log-keep", "1000")
    for number in range(300):
        api.load_table("n", f"t{number}", expect=404)
    api.close()
    server.stop()
    aside = sorted(path for path in folder.iterdir() if path.name != "access.log")
    assert len(aside) > 5 and all(path.suffix == ".gz" for path in aside)
    text = "".join(gzip.open(path, "rt").read() for path in aside)
    text += (folder / "access.log").read_text()
    found = [json.loads(line) for line in text.splitlines()]
    names = [line["uri"].rsplit("/", 1)[1] for line in found if line["operation"] == "loadTable"]
    assert names == [f"t{number}" for number in range(300)]


def test_sighup__opens_the_files_anew(own_server, contract, tmp_path):
    path = tmp_path / "access.log"
    server, api = serve(own_server, contract, tmp_path, "--access-log", str(path))
    api.load_table("n", "before", expect=404)
    path.rename(tmp_path / "access.log.1")
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, "the file was not opened anew"
        time.sleep(0.01)
    api.load_table("n", "after", expect=404)
    api.close()
    server.stop()
    assert "/tables/before" in (tmp_path / "access.log.1").read_text()
    assert "/tables/after" in path.read_text() and "/tables/before" not in path.read_text()


def test_log_file__that_cannot_be_opened_is_named(own_server, tmp_path):
    server = own_server("--log-file", str(tmp_path / "no" / "firn.log"), is_started=False)
    server.spawn()
    assert server.process.wait(30) != 0
    assert str(tmp_path / "no" / "firn.log") in server.log_text()


def test_request_id__comes_back_in_the_answer(fresh):
    _, api = fresh
    mine = {"X-Request-Id": "mine-7"}
    answers = [api.send("GET", "/v1/config", headers=mine), api.send("GET", "/nothing", headers=mine),
               api.call("createNamespace", json={"namespace": ["n"]}, headers=mine),
               api.call("listTables", namespace="n", headers=mine)]
    assert [one.header("x-request-id") for one in answers] == ["mine-7"] * 4
    # What one client calls it stays with its answer, although both are made of the same bytes.
    assert api.send("GET", "/v1/config").header("x-request-id") is None
    made = api.call("createNamespace", json={"namespace": ["other"]}, expect=200)
    changes = api.call("listChanges", expect=200).json()["changes"]
    assert made.header("x-request-id") in [change["request-id"] for change in changes]


def test_log_level__is_changed_while_the_server_runs(own_server, contract, tmp_path):
    path = tmp_path / "firn.log"
    server, api = serve(own_server, contract, tmp_path, "--log-file", str(path))
    assert api.call("getLogLevel", expect=200).json() == {"level": "info"}
    api.load_table("n", "before", expect=404)
    api.call("setLogLevel", json={"level": "debug"}, headers={"X-Request-Id": "why"}, expect=204)
    assert api.call("getLogLevel", expect=200).json() == {"level": "debug"}
    api.load_table("n", "within", expect=404)
    api.call("setLogLevel", json={"level": "error"}, expect=204)
    api.load_table("n", "after", expect=404)
    for bad in ({"level": "loud"}, {"level": 3}, {}):
        api.call("setLogLevel", json=bad, expect=(400, "BadRequestException"))
    api.close()
    server.stop()
    found = lines(path)
    loads = [line["uri"].rsplit("/", 1)[1] for line in found if line.get("operation") == "loadTable"]
    assert loads == ["within"]
    changes = [line for line in found if line["message"] == "log level changed"]
    assert [line["to"] for line in changes] == ["debug", "error"]
    assert changes[0]["request-id"] == "why"
