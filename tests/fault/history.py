"""What clients asked and heard, and whether a catalog that does one thing at a time explains it.

Every write lays a token that is used once into the properties of one table or, in one transaction,
of several. So the state of a table is the set of tokens in it, and states only grow. A commit's
answer and a read show a state. `violations` holds the history against strict serializability: one
order of all operations, which keeps what was finished before something else was begun, in which
each answer is right. For one table this is linearizability; that a transaction is one point in that
order makes it atomic across its tables.

How: of each table, the states that were seen must be a chain of sets. That places every write
between two neighbours of the chain, and every read behind its state and before the next. With the
real-time order these are edges of a graph; a history is right where it has no cycle. Writes of
unknown outcome (the server died) may have happened at any time since, or never; those of which it
was said that nothing was changed, never.
"""
import threading
import time
from dataclasses import dataclass, field

READ, COMMIT, TRANSACTION = "read", "commit", "transaction"
UNKNOWN, DONE, REFUSED = "unknown", "done", "refused"


@dataclass(eq=False)
class Op:
    kind: str
    tables: tuple
    token: str = ""  # of a write
    key: str = ""  # its Idempotency-Key
    began: int = 0
    ended: int = 0  # 0: no answer
    outcome: str = UNKNOWN
    state: frozenset = None  # what the answer shows of the one table
    answer: dict = field(default_factory=dict)  # for whoever wants to compare it later

    def __str__(self):
        return (f"{self.kind} {self.token} on {','.join(self.tables)} ({self.outcome}, "
                f"{self.began} to {self.ended})")


class History:
    """Recorded by many threads."""

    def __init__(self):
        self.ops, self.lock = [], threading.Lock()

    def begin(self, kind, tables, token="", key=""):
        op = Op(kind, tuple(tables), token, key, time.monotonic_ns())
        with self.lock:
            self.ops.append(op)
        return op

    def end(self, op, outcome, state=None, **answer):
        op.state = None if state is None else frozenset(state)
        op.outcome, op.answer = outcome, answer
        op.ended = time.monotonic_ns()

    def check(self, what=""):
        found = violations(self.ops)
        if found:
            raise AssertionError("\n".join([what, *found[:5]]))


class Graph:
    def __init__(self):
        self.after, self.before_count, self.names = {}, {}, {}

    def node(self, key, name):
        if key not in self.names:
            self.names[key], self.after[key], self.before_count[key] = name, [], 0
        return key

    def edge(self, first, then):
        self.after[first].append(then)
        self.before_count[then] += 1

    def left_over(self):
        """What has no place in any order: what lies in cycles or behind one."""
        counts = dict(self.before_count)
        ready = [key for key, count in counts.items() if count == 0]
        while ready:
            for then in self.after[ready.pop()]:
                counts[then] -= 1
                if counts[then] == 0:
                    ready.append(then)
        return {key for key, count in counts.items() if count > 0}

    def cycle(self):
        """The names on one cycle, in its order; empty where there is none."""
        left = self.left_over()
        if not left:
            return []
        before = {then: key for key in left for then in self.after[key] if then in left}
        at, path = next(iter(left)), []
        while at not in path:
            path.append(at)
            at = before[at]
        return [self.names[key] for key in reversed(path[path.index(at):])]


def chain_of(table, ops):
    """The states of the table that were seen, from the smallest; or what forbids one."""
    states = sorted({op.state for op in ops if op.state is not None}, key=len)
    for smaller, larger in zip(states, states[1:]):
        if not smaller < larger:
            lost = sorted(smaller - larger)[:3]
            return states, [f"{table}: {lost} seen in one state, and missing in a later or equal"]
    return states, []


def writes_of(ops):
    return {op.token: op for op in ops if op.kind != READ}


def check_tokens(table, states, ops):
    """Who may have written what is there, and is what was acknowledged there at the end?"""
    writes, found = writes_of(ops), states[-1] if states else frozenset()
    for token in found:
        if token not in writes:
            yield f"{table}: token {token} was never sent"
        elif writes[token].outcome == REFUSED:
            yield f"{table}: {writes[token]} took effect"
    for op in ops:
        if op.kind == COMMIT and op.outcome == DONE and op.token not in op.state:
            yield f"{table}: the answer of {op} lacks its own token"


def place_writes(graph, table, states, ops):
    """Edges from each state to what was written upon it, to the next state."""
    writes, makers = writes_of(ops), {}
    for op in ops:
        if op.kind == COMMIT and op.state is not None:
            if op.state in makers:
                yield f"{table}: {op} and {makers[op.state]} were both told of one state"
            makers[op.state] = op
    earlier = frozenset()
    for number, state in enumerate(states):
        node = graph.node((table, number), f"{table} with {len(state)} tokens")
        if number:
            graph.edge((table, number - 1), node)
        new = [writes[token] for token in state - earlier if token in writes]
        for op in new:
            graph.edge(id(op), node)
            if number:
                graph.edge((table, number - 1), id(op))
        maker = makers.get(state)
        if maker and maker not in new:
            yield f"{table}: {maker} was told of a state that is older than itself"
        elif maker:
            for op in new:
                if op is not maker:
                    graph.edge(id(op), id(maker))
        earlier = state
    # What happened and no state of this table shows came behind the last one.
    for op in ops:
        if op.kind != READ and op.token not in earlier and states:
            graph.edge((table, len(states) - 1), id(op))


def place_reads(graph, table, states, ops):
    numbers, writes = {state: number for number, state in enumerate(states)}, writes_of(ops)
    following = {}
    for number, state in enumerate(states[1:]):
        following[number] = [writes[t] for t in state - states[number] if t in writes]
    if states:
        following[len(states) - 1] = [op for op in writes.values() if op.token not in states[-1]]
    for op in ops:
        if op.kind == READ and op.state is not None:
            number = numbers[op.state]
            graph.edge((table, number), id(op))
            for write in following[number]:
                graph.edge(id(op), id(write))


def add_real_time(graph, ops):
    """An operation that ended before another began comes first."""
    events = sorted([(op.began, 1, op) for op in ops] +
                    [(op.ended, 0, op) for op in ops if op.ended and op.outcome == DONE],
                    key=lambda event: event[:2])
    moment = graph.node(("moment", 0), "")
    for number, (_, is_begin, op) in enumerate(events, 1):
        if is_begin:
            graph.edge(moment, id(op))
        else:
            later = graph.node(("moment", number), f"moment {op.ended}")
            graph.edge(moment, later)
            graph.edge(id(op), later)
            moment = later


def violations(ops):
    """Sentences; none where the history is right."""
    graph, found = Graph(), []
    # Reads that got no answer say nothing, refused writes must not show (check_tokens).
    shown = set().union(*(op.state for op in ops if op.state is not None), set())
    counted = [op for op in ops if op.outcome == DONE or
               (op.outcome == UNKNOWN and op.kind != READ and op.token in shown)]
    for op in counted:
        graph.node(id(op), str(op))
    for table in sorted({table for op in ops for table in op.tables}):
        everything = [op for op in ops if table in op.tables]
        mine = [op for op in counted if table in op.tables]
        states, broken = chain_of(table, mine)
        found += broken
        found += check_tokens(table, states, everything)
        found += place_writes(graph, table, states, mine)
        place_reads(graph, table, states, mine)
    add_real_time(graph, counted)
    cycle = graph.cycle()
    if cycle and not found:
        found.append("no order explains this, where each must come before the next: "
                     + "; ".join(cycle))
    return found
