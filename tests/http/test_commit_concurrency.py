"""Many writers at once: nothing that was acknowledged may be lost."""

import threading
from concurrent.futures import ThreadPoolExecutor

import bodies

THREADS = 16
COMMITS = 12


def in_threads(api, work, count=THREADS):
    """Runs work(client, number) in threads, each with a client of its own; the results."""
    def run(number):
        client = api.clone()
        try:
            return work(client, number)
        finally:
            client.close()
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_commits__of_many_threads_to_one_table_are_all_there(api, namespace):
    """Rule 38."""
    api.create_table(namespace, bodies.table("t"))

    def work(client, number):
        acknowledged = []
        for turn in range(COMMITS):
            key = f"k{number}_{turn}"
            answer = client.commit(namespace, "t", [bodies.set_properties(**{key: "x"})],
                                   expect=None)
            assert answer.status in (200, 409, 429), answer
            if answer.status == 200:
                acknowledged.append(key)
        return acknowledged

    acknowledged = [key for keys in in_threads(api, work) for key in keys]
    final = api.load_table(namespace, "t").json()["metadata"]
    assert acknowledged and set(acknowledged) <= set(final["properties"])
    assert len(final["metadata-log"]) == min(len(acknowledged), 100)


def test_commits__whose_requirements_hold_never_conflict(api, namespace):
    """Rule K10."""
    uuid = api.create_table(namespace, bodies.table("t")).json()["metadata"]["table-uuid"]
    require = [{"type": "assert-table-uuid", "uuid": uuid}]

    def work(client, number):
        return client.commit(namespace, "t", [bodies.set_properties(**{f"k{number}": "x"})],
                             require, expect=None).status

    assert in_threads(api, work) == [200] * THREADS


def test_commits__on_one_base_have_one_winner(api, namespace):
    """Rule K3."""
    api.create_table(namespace, bodies.table("t"))
    require = [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": None}]

    def work(client, number):
        updates = [bodies.add_snapshot(number + 1), bodies.set_ref(number + 1)]
        return client.commit(namespace, "t", updates, require, expect=None).status

    assert sorted(in_threads(api, work)) == [200] + [409] * (THREADS - 1)


def test_creates__of_one_name_have_one_winner(api, namespace):
    def work(client, _):
        return client.create_table(namespace, bodies.table("t"), expect=None).status

    assert sorted(in_threads(api, work)) == [200] + [409] * (THREADS - 1)


def test_tables_and_views__of_one_name_have_one_winner(api, namespace):
    """Rule 57."""
    def work(client, number):
        if number % 2:
            return client.create_table(namespace, bodies.table("t"), expect=None).status
        return client.call("createView", namespace=namespace, json=bodies.view("t")).status

    assert sorted(in_threads(api, work)) == [200] + [409] * (THREADS - 1)


def test_namespace__is_never_dropped_under_a_table(api, unique):
    """Rule 56."""
    for _ in range(5):
        name = unique("ns")
        api.create_namespace(name)
        barrier = threading.Barrier(2)

        def work(client, number, name=name, barrier=barrier):
            barrier.wait()
            if number:
                return client.call("dropNamespace", namespace=name).status
            return client.create_table(name, bodies.table("t"), expect=None).status

        created, dropped = in_threads(api, work, 2)
        assert (created, dropped) in ((200, 409), (404, 204))


def test_loads__during_commits_see_whole_tables(api, namespace):
    api.create_table(namespace, bodies.table("t"))

    def work(client, number):
        for turn in range(COMMITS):
            if number % 2:
                updates = [bodies.set_properties(a=f"{number}_{turn}", b=f"{number}_{turn}")]
                client.commit(namespace, "t", updates, expect=None)
            else:
                seen = client.load_table(namespace, "t").json()["metadata"]["properties"]
                assert seen.get("a") == seen.get("b")
        return True

    assert all(in_threads(api, work))
