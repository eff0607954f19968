"""Nothing breaks, and the history must be that of a catalog that does one thing at a time."""
import time

import pytest

from history import READ, History
from load import Connection, Names, end_clients, prepare, run_op, start_clients

CLIENTS = 16
TABLES = [f"t{number}" for number in range(4)]
SHORT_S, LONG_S = 4, 30
# Syncs that take time, so that commits meet in one batch: within their commit, and so slow that
# they come after it.
SYNCS_US = {"fast": 500, "slow": 4000}


@pytest.mark.parametrize("disk", SYNCS_US)
def test_load__has_one_order(disk, own_server, watched, chance, is_long, figures):
    environment, control, _ = watched("one-order", is_recorded=False)
    control.set(sync_us=SYNCS_US[disk])
    server, history, names = own_server(environment=environment), History(), Names()
    connection = Connection(server.port)
    prepare(connection, TABLES)
    clients = start_clients(server.port, CLIENTS, history, names, TABLES, chance.random())
    time.sleep(LONG_S if is_long else SHORT_S)
    statuses = end_clients(clients)
    assert set(statuses) <= {200, 204}, statuses
    for table in TABLES:
        run_op(connection, history, READ, [table])
    history.check()
    assert list(names.wrong(connection)) == []
    server.stop()
    figures(f"{len(history.ops)} operations of {CLIENTS} clients on {len(TABLES)} tables, a {disk} disk")
