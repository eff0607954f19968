"""Clients that write tokens and record what they asked and heard."""
import http.client
import ipaddress
import itertools
import json
import random
import threading
import uuid

from history import COMMIT, DONE, READ, REFUSED, TRANSACTION

TIMEOUT_S = 60
NAMESPACE = "/v1/default/namespaces/fault"
TABLES = f"{NAMESPACE}/tables"
SCHEMA = {"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "id", "required": False, "type": "long"}]}
# Nothing was changed; what else is not a success leaves it open.
REFUSALS = (400, 404, 409, 429, 507)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers = status, headers
        self.body = json.loads(body) if body else {}

    def __repr__(self):
        return f"<{self.status} {str(self.body)[:500]}>"


class Connection:
    """Asks again on a new connection only when told so: what broke off is for the caller to see.

    Each connection comes from a loopback address of its own, by which the shim's record tells them
    apart: ports come again. `place` is (that address, the number of the last answer on it).
    """

    numbers = itertools.count(1)

    def __init__(self, port):
        self.port, self.wire = port, None

    def ask(self, method, path, body=None, key=""):
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        if not self.wire:
            self.local, self.count = ipaddress.ip_address("127.1.0.0") + next(self.numbers), 0
            self.wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S,
                                                   source_address=(str(self.local), 0))
        try:
            self.wire.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self.wire.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionError(str(error)) from error
        self.count += 1
        self.place = (int(self.local), self.count)
        if answer.will_close:
            self.close()
        return Answer(answer.status, answer.headers, text)

    def close(self):
        if self.wire:
            self.wire.close()
        self.wire = None


def new_token():
    return uuid.uuid4().hex[:12]


def update(token):
    return {"action": "set-properties", "updates": {f"token-{token}": "1"}}


def tokens_of(answer):
    return {name.removeprefix("token-") for name in answer.body["metadata"]["properties"]
            if name.startswith("token-")}


def send(connection, op):
    """The operation's request, new or once more."""
    path = f"{TABLES}/{op.tables[0]}"
    if op.kind == READ:
        return connection.ask("GET", path)
    if op.kind == COMMIT:
        return connection.ask("POST", path, {"requirements": [], "updates": [update(op.token)]},
                              op.key)
    return connection.ask("POST", "/v1/default/transactions/commit", {"table-changes": [
        {"identifier": {"namespace": ["fault"], "name": table}, "requirements": [],
         "updates": [update(op.token)]} for table in op.tables]}, op.key)


def finish(history, op, answer, place=None):
    """What the answer says of the operation. One that leaves it open stays unknown."""
    if answer.status in (200, 204):
        state = None if op.kind == TRANSACTION else tokens_of(answer)
        history.end(op, DONE, state, status=answer.status, place=place,
                    location=answer.body.get("metadata-location"))
    elif answer.status in REFUSALS:
        history.end(op, REFUSED, None, status=answer.status)
    else:
        op.answer = {"status": answer.status}


def run_op(connection, history, kind, tables):
    """Raises ConnectionError where no answer comes; the operation is then of unknown outcome."""
    is_write = kind != READ
    op = history.begin(kind, tables, new_token() if is_write else "",
                       str(uuid.uuid4()) if is_write else "")
    answer = send(connection, op)
    finish(history, op, answer, connection.place)
    return op, answer


class Names:
    """Tables that are made and dropped meanwhile. Of each, what was asked and answered in turn:
    "making", "made", "dropping", "dropped", with the place of the answer."""

    def __init__(self):
        self.events, self.lock = {}, threading.Lock()

    def add(self, name, state, place=None):
        with self.lock:
            self.events.setdefault(name, []).append((state, place))

    def take(self, chance):
        """One that is there, now to be dropped; or None."""
        with self.lock:
            made = [name for name, events in self.events.items() if events[-1][0] == "made"]
            if not made or chance.random() < 0.5:
                return None
            name = chance.choice(made)
            self.events[name].append(("dropping", None))
            return name

    def make_or_drop(self, connection, chance):
        name = self.take(chance)
        if name:
            answer = connection.ask("DELETE", f"{TABLES}/{name}?purgeRequested=true",
                                    key=str(uuid.uuid4()))
            wanted, after = 204, "dropped"
        else:
            name = f"made_{new_token()}"
            self.add(name, "making")
            answer = connection.ask("POST", TABLES, {"name": name, "schema": SCHEMA},
                                    str(uuid.uuid4()))
            wanted, after = 200, "made"
        if answer.status == wanted:
            self.add(name, after, connection.place)
        return answer

    def wrong(self, connection):
        """What is not as it was acknowledged last, as sentences."""
        for name, events in sorted(self.events.items()):
            state = events[-1][0]
            status = connection.ask("GET", f"{TABLES}/{name}").status
            if {"made": 200, "dropped": 404}.get(state, status) != status:
                yield f"table {name} was {state}, and its load is answered {status}"


class Client(threading.Thread):
    """Random operations until told to stop, or until the server is gone."""

    def __init__(self, port, history, names, tables, seed):
        super().__init__(daemon=True)
        self.history, self.names, self.tables = history, names, tables
        self.chance = random.Random(seed)
        self.connection = Connection(port)
        self.stop, self.failure, self.statuses = False, None, {}

    def step(self):
        kind = self.chance.choices([COMMIT, TRANSACTION, READ, None], [8, 3, 3, 1])[0]
        if kind is None:
            return self.names.make_or_drop(self.connection, self.chance)
        count = self.chance.randint(2, 3) if kind == TRANSACTION else 1
        return run_op(self.connection, self.history, kind, self.chance.sample(self.tables, count))[1]

    def run(self):
        try:
            while not self.stop:
                status = self.step().status
                self.statuses[status] = self.statuses.get(status, 0) + 1
        except ConnectionError:
            pass  # what it asked last has no answer
        except Exception as error:  # the test reports it
            self.failure = f"{type(error).__name__}: {error}"
        self.connection.close()


def prepare(connection, tables):
    """Gives the place of the last answer: from there on the tables are there."""
    connection.ask("POST", "/v1/default/namespaces", {"namespace": ["fault"]})
    for table in tables:
        answer = connection.ask("POST", TABLES, {"name": table, "schema": SCHEMA})
        assert answer.status == 200, answer
    return connection.place


def start_clients(port, count, history, names, tables, seed):
    clients = [Client(port, history, names, tables, f"{seed}/{number}") for number in range(count)]
    for client in clients:
        client.start()
    return clients


def end_clients(clients):
    """How many answers of each status."""
    statuses = {}
    for client in clients:
        client.stop = True
    for client in clients:
        client.join(TIMEOUT_S)
        assert not client.is_alive(), "a client waits for an answer that does not come"
        assert client.failure is None, client.failure
        for status, count in client.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return statuses


# --- after a crash -------------------------------------------------------------------------------

def replay(connection, op):
    """The same key again: what was answered before must be answered again."""
    answer = send(connection, op)
    assert answer.status == op.answer["status"], f"{op} was {op.answer}, and then {answer}"
    if op.kind == COMMIT:
        assert answer.body["metadata-location"] == op.answer["location"], f"{op}: another commit"
        assert tokens_of(answer) == op.state, f"{op}: another state came back for its key"


def resolve(connection, history, op):
    """A write of unknown outcome, sent again with its key: now it has happened, once."""
    answer = send(connection, op)
    assert answer.status in (200, 204), f"{op}, sent again: {answer}"
    finish(history, op, answer, connection.place)


def check_catalog(connection, history, names, tables, chance, replays):
    """What must hold after every crash, of a server that answers again."""
    done = [op for op in history.ops if op.outcome == DONE and op.kind != READ]
    for op in chance.sample(done, min(replays, len(done))):
        replay(connection, op)
    for op in [op for op in history.ops if op.ended == 0 and op.kind != READ]:
        resolve(connection, history, op)
    for table in tables:
        run_op(connection, history, READ, [table])
    wrong = list(names.wrong(connection))
    assert not wrong, wrong[:5]
