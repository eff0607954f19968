"""kill -9 at random times under sixteen clients, again and again."""
import time

from history import History
from load import Connection, Names, check_catalog, end_clients, prepare, start_clients

CLIENTS = 16
SHORT_ROUNDS = 12
LONG_ROUNDS = 500
# New tables after so many rounds, so that metadata does not grow without an end.
ROUNDS_OF_TABLES = 5
TABLES = 6
LONGEST_LIFE_S = 0.6
REPLAYS = 20


def live_and_die(server, history, names, tables, chance, number):
    clients = start_clients(server.port, CLIENTS, history, names, tables, chance.random())
    time.sleep(chance.uniform(0, LONGEST_LIFE_S))
    server.kill()
    statuses = end_clients(clients)
    wrong = {status for status in statuses if status not in (200, 204)}
    assert not wrong, f"round {number}: answers of {wrong} from a server that nothing is wrong with"
    return sum(statuses.values())


def test_kill__loses_nothing_and_tears_nothing(own_server, fsck, chance, amount, figures):
    server = own_server()
    rounds = amount("rounds", SHORT_ROUNDS, LONG_ROUNDS)
    answers = operations = unknown = orphans = 0
    for number in range(rounds):
        if number % ROUNDS_OF_TABLES == 0:
            history, names = History(), Names()
            tables = [f"t{number}_{table}" for table in range(TABLES)]
            prepare(Connection(server.port), tables)
        before = len(history.ops)
        answers += live_and_die(server, history, names, tables, chance, number)
        operations += len(history.ops) - before
        unknown += sum(op.ended == 0 for op in history.ops)
        server.start()
        connection = Connection(server.port)
        check_catalog(connection, history, names, tables, chance, REPLAYS)
        connection.close()
        history.check(f"round {number}")
        found = fsck(server.data)
        assert {one["finding"] for one in found} <= {"orphan"}, (number, found)
        orphans = len(found)
    server.stop()
    assert answers > rounds and unknown > 0, "nothing was under way when the server was killed"
    figures(f"{rounds} rounds, {operations} operations, {unknown} of unknown outcome at a kill, "
            f"{orphans} orphans at the end")
