"""A recorded run, and what must hold on every disk that a power cut may leave of it."""
import shutil

import disk_log
from history import COMMIT, DONE, READ, REFUSED
from load import TABLES, Connection, replay, send, tokens_of

FIRST_CUTS = 5
REPLAYS = 6


class Recording:
    def __init__(self, history, names, tables, log, began_at):
        self.history, self.names, self.tables, self.log = history, names, tables, log
        self.began_at = began_at  # records before the tables were there
        self.writes = [op for op in history.ops if op.kind != READ]
        # Each table's states as they were heard, with the record of the answer.
        self.states = {table: [(op.state, log.answered_at(op.answer["place"]))
                               for op in history.ops
                               if op.state is not None and op.tables[0] == table]
                       for table in tables}
        # Of a commit whose sync failed the disk may have everything, and then a cut makes it come
        # to be; without the cut the next commit may have taken its place. So what was heard after
        # the cut is compared without these.
        self.open = {op.token for op in self.writes if op.outcome not in (DONE, REFUSED)}

    def acknowledged(self, cut):
        """The writes whose answer was sent before the cut."""
        return [op for op in self.writes if op.outcome == DONE
                and self.log.answered_at(op.answer["place"]) < cut]

    def cuts(self, chance, count):
        """[(cut, keep)]. First the first answers, when nothing is there that later syncs helped;
        then half of them right behind an answer: what it promises must be there already; and some
        while the database was being made."""
        answers = sorted(index for indices in self.log.answers.values() for index in indices)
        made = [(index + 1, 0) for index in answers if index >= self.began_at][:FIRST_CUTS]
        for number in range(count - len(made)):
            cut = [lambda: chance.choice(answers) + 1,
                   lambda: chance.randrange(self.log.count + 1),
                   lambda: chance.choice(answers) + 1,
                   lambda: chance.randrange(self.began_at)][number % 4]()
            made.append((cut, chance.choice([0, 1, None, None, None])))
        return made


def check_states(recording, cut, connection):
    """Everything acknowledged, no half of a transaction, no state that never was."""
    there = {}
    for table in recording.tables:
        answer = connection.ask("GET", f"{TABLES}/{table}")
        assert answer.status == 200, f"table {table}: {answer}"
        there[table] = tokens_of(answer)
        assert answer.body["metadata-location"].startswith("file:")
    for op in recording.acknowledged(cut):
        for table in op.tables:
            assert op.token in there[table], f"acknowledged, and lost: {op}"
    for op in recording.writes:
        count = sum(op.token in there[table] for table in op.tables)
        assert count in (0, len(op.tables)), f"half there: {op}"
        assert count == 0 or op.outcome != REFUSED, f"refused, and there: {op}"
    sent = {op.token for op in recording.writes}
    for table, tokens in there.items():
        assert tokens <= sent, f"tokens that nobody sent: {tokens - sent}"
        for state, answered_at in recording.states[table]:
            if answered_at is not None and answered_at < cut:
                assert state <= tokens, f"a state of {table} that was heard, and is lost"
            else:
                sure, later = tokens - recording.open, state - recording.open
                assert sure <= later or later <= sure, f"a state of {table} that never was"


def check_names(recording, cut, connection):
    for name, events in recording.names.events.items():
        acknowledged = [state for state, place in events
                        if place and recording.log.answered_at(place) < cut]
        drop_began = any(state == "dropping" for state, _ in events)
        if acknowledged and (acknowledged[-1] == "dropped" or not drop_began):
            status = connection.ask("GET", f"{TABLES}/{name}").status
            assert status == (200 if acknowledged[-1] == "made" else 404), (name, status, events)


def check_keys(recording, cut, connection, chance):
    """Keys of what was acknowledged are answered as before; the others make it happen once."""
    known = recording.acknowledged(cut)
    for op in chance.sample(known, min(REPLAYS, len(known))):
        replay(connection, op)
    open_ones = [op for op in recording.writes if op not in known and op.kind == COMMIT]
    for op in chance.sample(open_ones, min(2, len(open_ones))):
        answers = [send(connection, op), send(connection, op)]
        assert {answer.status for answer in answers} == {200}, (str(op), answers)
        assert len({answer.body["metadata-location"] for answer in answers}) == 1, str(op)
        assert op.token in tokens_of(answers[0]), str(op)


def check_disk(recording, cut, server, fsck, chance):
    connection = Connection(server.port)
    if cut <= recording.began_at:  # before the tables were there
        return 0
    check_states(recording, cut, connection)
    check_names(recording, cut, connection)
    found = fsck(server.data)
    assert {one["finding"] for one in found} <= {"orphan"}, found
    check_keys(recording, cut, connection, chance)
    connection.close()
    return len(found)


def put_disk(disk, root):
    """Locations are absolute: each disk takes the place of the one before."""
    shutil.rmtree(root)
    root.mkdir()
    disk_log.make_disk(disk, root)
