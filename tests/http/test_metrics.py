"""GET /metrics: what Prometheus scrapes. tests/monitoring asks Prometheus itself."""

import re
import uuid

import bodies

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (-?[0-9.e+-]+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """{(name, labels as a frozenset of pairs): value}, and the type of each family."""
    samples, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in types, f"{name} is begun twice"
            types[name] = kind
        elif not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, frozenset(LABEL.findall(labels or "")))
            assert key not in samples, f"{line} is there twice"
            samples[key] = float(value)
    return samples, types


def scrape(api, **headers):
    answer = api.call("getMetrics", headers=headers, expect=200)
    return answer, *parse(answer.body.decode())


def requests_of(samples, operation, status):
    return samples.get(("firn_requests_total", frozenset(
        {("operation", operation), ("status", str(status))})), 0)


def test_metrics__count_requests_by_operation_and_status(fresh):
    _, api = fresh
    api.create_namespace("n")
    api.load_table("n", "none", expect=404)
    api.load_table("n", "none", expect=404)
    api.send("GET", "/v1/nothing/of/the/kind")
    _, samples, types = scrape(api)
    assert requests_of(samples, "createNamespace", 200) == 1
    assert requests_of(samples, "loadTable", 404) == 2
    assert requests_of(samples, "none", 404) == 1
    assert types["firn_requests_total"] == "counter"
    # A scrape counts itself once it is answered.
    assert requests_of(scrape(api)[1], "getMetrics", 200) == 1


def test_metrics__have_latencies_that_add_up(fresh):
    _, api = fresh
    api.create_namespace("n")
    for _ in range(5):
        api.call("loadNamespaceMetadata", namespace="n", expect=200)
    _, samples, types = scrape(api)
    assert types["firn_request_duration_seconds"] == "histogram"
    operation = ("operation", "loadNamespaceMetadata")
    ranges = {dict(labels)["le"]: value for (name, labels), value in samples.items()
              if name == "firn_request_duration_seconds_bucket" and operation in labels}
    bounds = sorted(ranges, key=float)
    counts = [ranges[bound] for bound in bounds]
    assert float(bounds[-1]) == float("inf") and counts[-1] == 5
    assert counts == sorted(counts)
    assert samples[("firn_request_duration_seconds_count", frozenset({operation}))] == 5
    assert samples[("firn_request_duration_seconds_sum", frozenset({operation}))] > 0


def test_metrics__tell_of_the_server(fresh):
    server, api = fresh
    _, samples, _ = scrape(api)
    values = {name: value for (name, labels), value in samples.items() if not labels}
    for name in ("firn_workers", "firn_queue_limit", "firn_cache_limit_bytes",
                 "firn_database_bytes", "process_resident_memory_bytes", "process_open_fds",
                 "process_cpu_seconds_total", "process_start_time_seconds", "process_threads"):
        assert values[name] > 0, name
    assert values["firn_workers_busy"] >= 1  # the one that answers
    assert values["firn_connections"] >= 1
    assert values["firn_database_bytes"] == (server.data / "firn.db").stat().st_size
    assert values["firn_plans_started_total"] == 0


def test_metrics__come_as_open_metrics_where_that_is_asked_for(fresh):
    _, api = fresh
    answer, _, types = scrape(api, Accept="application/openmetrics-text;version=1.0.0")
    assert answer.header("content-type").startswith("application/openmetrics-text; version=1.0.0")
    assert answer.body.endswith(b"# EOF\n")
    assert types["firn_requests"] == "counter"
    answer, _, types = scrape(api)
    assert answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# EOF" not in answer.body


def test_metrics__do_not_grow_with_what_clients_name(fresh):
    _, api = fresh
    scrape(api)
    before = set(scrape(api)[1])
    for number in range(50):
        api.create_namespace(f"n{number}")
        api.load_table(f"n{number}", "t", expect=404)
        api.send("GET", f"/no/such/route/{number}")
    after = set(scrape(api)[1])
    assert not [name for name in after if "n1" in str(name)]
    # createNamespace, loadTable, and what matches no operation: a count and a histogram each.
    assert len(after - before) <= 3 * (1 + 17)


def test_metrics__tell_of_commits_and_what_there_is(fresh):
    _, api = fresh
    api.create_namespace("n")
    made = api.create_table("n", bodies.table("t")).json()["metadata"]
    api.commit("n", "t", [{"action": "set-properties", "updates": {"a": "1"}}])
    api.commit("n", "t", [{"action": "set-properties", "updates": {"a": "2"}}],
               [{"type": "assert-table-uuid", "uuid": str(uuid.uuid4())}], expect=409)
    _, samples, _ = scrape(api)
    values = {name: value for (name, labels), value in samples.items() if not labels}
    assert made["table-uuid"]
    assert values["firn_commits_total"] == 1 and values["firn_commit_conflicts_total"] == 1
    assert values["firn_commit_retries_total"] == 0
    assert (values["firn_namespaces"], values["firn_tables"], values["firn_views"]) == (1, 1, 0)
    assert values["firn_dropped_kept"] == values["firn_purges_waiting"] == 0
    # The namespace, the table, the commit, and what the server's own start wrote.
    assert values["firn_write_batch_size_count"] >= 3
    assert values["firn_write_batch_size_sum"] >= values["firn_write_batch_size_count"]


def test_metrics__tell_of_calls_to_stores(fresh):
    _, api = fresh
    api.create_namespace("n")
    made = api.create_table("n", bodies.table("t")).json()
    gone = made["metadata-location"].replace(".metadata.json", "x.metadata.json")
    api.call("registerTable", namespace="n", json={"name": "u", "metadata-location": gone}, expect=None)
    _, samples, _ = scrape(api)
    calls = {(dict(labels)["call"], dict(labels)["code"]): value
             for (name, labels), value in samples.items() if name == "firn_storage_calls_total"}
    assert calls[("put", "ok")] >= 1 and calls[("get", "not_found")] == 1
    assert {dict(labels)["store"] for (name, labels) in samples
            if name.startswith("firn_storage_call")} == {"file"}
    counts = {dict(labels)["call"]: value for (name, labels), value in samples.items()
              if name == "firn_storage_call_duration_seconds_count"}
    for call, count in counts.items():
        assert count == sum(value for (one, _), value in calls.items() if one == call)


def test_cache__keeps_one_state_of_a_table_that_is_committed_to(fresh):
    """What was kept of the state before can be of no use to anybody: its pointer has moved."""
    _, api = fresh
    api.create_namespace("n")
    api.create_table("n", bodies.table("t"))

    def entries_after(commits):
        for number in range(commits):
            api.commit("n", "t", [bodies.set_properties(a=f"{commits}-{number}")])
        return scrape(api)[1][("firn_cache_entries", frozenset())]
    assert entries_after(2) == entries_after(20)
