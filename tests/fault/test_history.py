"""The checker itself: right histories pass, and each way to be wrong is found."""
import random

import pytest

from history import COMMIT, DONE, READ, REFUSED, TRANSACTION, UNKNOWN, Op, violations


def op(kind, tables, began, ended, state=None, token="", outcome=DONE):
    return Op(kind, tuple(tables.split()), token, "", began, ended, outcome,
              None if state is None else frozenset(state.split()))


def commit(token, began, ended, state, table="t", outcome=DONE):
    return op(COMMIT, table, began, ended, state, token, outcome)


def transaction(token, tables, began, ended, outcome=DONE):
    return op(TRANSACTION, tables, began, ended, None, token, outcome)


def read(began, ended, state, table="t"):
    return op(READ, table, began, ended, state)


RIGHT = {
    "one after another": [commit("a", 1, 2, "a"), read(3, 4, "a"), commit("b", 5, 6, "a b")],
    "at once, in either order": [commit("a", 1, 9, "a b"), commit("b", 2, 8, "b")],
    "a read beside a commit": [commit("a", 1, 9, "a"), read(2, 3, ""), read(4, 5, "a")],
    "an unknown that happened": [commit("a", 1, 0, None, outcome=UNKNOWN), read(3, 4, "a")],
    "an unknown that did not": [commit("a", 1, 0, None, outcome=UNKNOWN), read(3, 4, "")],
    "an unknown that happened late": [commit("a", 1, 0, None, outcome=UNKNOWN), read(3, 4, ""),
                                      read(5, 6, "a")],
    "a refused one": [commit("a", 1, 2, None, outcome=REFUSED), read(3, 4, "")],
    "a transaction": [transaction("x", "t u", 1, 2), read(3, 4, "x"), read(5, 6, "x", "u")],
    "reads around a transaction": [transaction("x", "t u", 1, 9), read(2, 3, ""),
                                   read(4, 5, "x", "u")],
    "an unknown transaction": [transaction("x", "t u", 1, 0, UNKNOWN), read(3, 4, "x", "u"),
                               read(5, 6, "x")],
}
WRONG = {
    "a lost update": [commit("a", 1, 2, "a"), commit("b", 3, 4, "b")],
    "a lost update of two at once": [commit("a", 1, 9, "a"), commit("b", 1, 9, "b")],
    "an update that is lost later": [commit("a", 1, 2, "a"), read(3, 4, "")],
    "a stale read": [commit("a", 1, 2, "a"), commit("b", 3, 4, "a b"), read(5, 6, "a")],
    "a read that goes back": [commit("a", 1, 9, "a"), read(2, 3, "a"), read(4, 5, "")],
    "a token from nowhere": [read(1, 2, "ghost")],
    "a read of the future": [read(1, 2, "a"), commit("a", 3, 4, "a")],
    "a refused one that happened": [commit("a", 1, 2, None, outcome=REFUSED), read(3, 4, "a")],
    "an answer without its own token": [commit("a", 1, 2, "a"), commit("b", 3, 4, "a")],
    "two that were told of one state": [commit("a", 1, 9, "a b"), commit("b", 1, 9, "a b")],
    "an answer to come": [commit("a", 1, 2, "a b"), commit("b", 3, 4, "a b")],
    "an unknown seen and lost": [commit("a", 1, 0, None, outcome=UNKNOWN), read(2, 3, "a"),
                                 read(4, 5, "")],
    "an unknown seen before it was sent": [read(1, 2, "a"),
                                           commit("a", 3, 0, None, outcome=UNKNOWN)],
    "half of a transaction": [transaction("x", "t u", 1, 2), read(3, 4, "x"), read(5, 6, "", "u")],
    "half of an unknown transaction": [transaction("x", "t u", 1, 0, UNKNOWN), read(3, 4, "x"),
                                       read(5, 6, "", "u")],
    "a transaction seen in two orders": [
        transaction("x", "t u", 1, 9), transaction("y", "t u", 1, 9),
        read(2, 3, "x"), read(2, 3, "y", "u"), read(10, 11, "x y"), read(10, 11, "x y", "u")],
    "an acknowledged transaction that never shows": [transaction("x", "t u", 1, 2),
                                                     read(3, 4, ""), read(3, 4, "", "u")],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_history__passes(name):
    assert violations(RIGHT[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_history__is_found(name):
    assert violations(WRONG[name])


def made_history(seed, clients=6, tables=3, count=400):
    """What a right catalog would let be seen: each operation takes effect somewhere within it."""
    chance = random.Random(seed)
    names, ops = [f"t{number}" for number in range(tables)], []
    free = [0] * clients
    for number in range(count):
        client = chance.randrange(clients)
        began = free[client] + chance.randrange(1, 20)
        effect, free[client] = began + chance.randrange(1, 20), began + 40
        ops.append((effect, began, free[client], chance.choice([READ, COMMIT, TRANSACTION]),
                    f"k{number}"))
    states, history = {name: frozenset() for name in names}, []
    for _, began, ended, kind, token in sorted(ops):
        chosen = chance.sample(names, 2 if kind == TRANSACTION else 1)
        if kind != READ:
            for name in chosen:
                states[name] |= {token}
        outcome = UNKNOWN if kind != READ and chance.random() < 0.1 else DONE
        state = None if kind == TRANSACTION or outcome == UNKNOWN else states[chosen[0]]
        history.append(Op(kind, tuple(chosen), "" if kind == READ else token, "", began,
                          0 if outcome == UNKNOWN else ended, outcome, state))
    return history


def remove_token(history, chance):
    """One answer forgets one token that it had shown."""
    shown = [op for op in history if op.state]
    broken = chance.choice(shown)
    broken.state -= {chance.choice(sorted(broken.state))}


def swap_states(history, chance):
    """Two reads of one table, one finished before the other began, change places."""
    reads = [op for op in history if op.kind == READ and op.state is not None]
    pairs = [(a, b) for a in reads for b in reads if a.tables == b.tables and a.ended < b.began
             and a.state != b.state]
    first, second = chance.choice(pairs)
    first.state, second.state = second.state, first.state


@pytest.mark.parametrize("seed", range(10))
def test_made_history__passes_and_every_breakage_is_found(seed):
    assert violations(made_history(seed)) == []
    for damage in (remove_token, swap_states):
        history = made_history(seed)
        damage(history, random.Random(seed))
        assert violations(history), damage.__name__
