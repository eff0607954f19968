"""What tests of every store do: a commit, and waiting for what comes by itself."""

import time

WAIT_S = 60


def wait_until(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def commit(api, namespace, table, *updates, expect=200):
    return api.call("updateTable", namespace=namespace, table=table, expect=expect,
                    json={"requirements": [], "updates": list(updates)})
