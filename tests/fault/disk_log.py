"""From the record of a process's file calls (disk_shim.h): what a disk may hold after a power cut.

The model takes nothing for granted that POSIX does not promise. At a cut, a write is on the disk
for sure only if a sync of its file began after it and had ended well. Of the others each file may
have none, all, the first few or any of them, and any may be torn: some of its 512-byte sectors new,
the others as they were (zeros, where the file had not been so long). A name in a directory is there
for sure only if a sync of that directory began after it was made and had ended well; the same for
names that were removed or renamed. A rename happens as a whole.

After a sync of a file that failed the kernel takes the pages for clean: what it should have written
is never made sure of by a later sync, and each descriptor of the file hears of it once. Names are
not lost that way (a file system that cannot write its own metadata stops), nor does a failed syncfs
tell which file it was: neither made anything sure, that is all.
"""
import bisect
import mmap
import os
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
HEADER = struct.Struct("<IIQII")
(OPEN, CLOSE, WRITE, TRUNCATE, MKDIR, RMDIR, UNLINK, RENAME, SYNC_BEGIN, SYNC_END, SYNCFS,
 ANSWER, LINK) = range(1, 14)

CONTROL_SIZE = 4096
FREEZE_S = 0.1  # longer than any call takes
FIELDS = ("classes", "at", "is_persistent", "code", "calls", "hits", "clock_ns", "sync_us",
          "is_frozen")
CLASSES = {"open": 1, "write": 2, "sync": 4, "truncate": 8, "rename": 16, "unlink": 32,
           "mkdir": 64, "read": 128}
CHANGES = sum(CLASSES.values()) - CLASSES["read"]


class Control:
    """The page that is shared with the shim."""

    def __init__(self, path):
        Path(path).write_bytes(bytes(CONTROL_SIZE))
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), CONTROL_SIZE)

    def set(self, **values):
        for name, value in values.items():
            struct.pack_into("<q", self.page, 8 * FIELDS.index(name), value)

    def get(self, name):
        return struct.unpack_from("<q", self.page, 8 * FIELDS.index(name))[0]

    def arm(self, classes, at, code, is_persistent=False):
        """The at-th call of these classes fails from now on; code 0: a write is short."""
        self.set(classes=0)
        self.set(at=at, code=code, is_persistent=is_persistent, calls=0, hits=0)
        self.set(classes=classes)

    def kill(self, server):
        """kill -9, between two calls and never between a call and its record."""
        self.set(is_frozen=1)
        time.sleep(FREEZE_S)
        server.kill()
        self.set(is_frozen=0)

    def disarm(self):
        """How many calls were counted and how many of them failed."""
        self.set(classes=0)
        return self.get("calls"), self.get("hits")


def environment(shim, folder, root, is_recorded=True):
    """Of a process whose calls below `root` are watched; its control page, its log."""
    control, log = Control(folder / "control"), folder / "log"
    made = {"LD_PRELOAD": str(shim), "FAULT_ROOT": os.path.realpath(root),
            "FAULT_CONTROL": str(folder / "control")}
    if is_recorded:
        log.touch()
        made["FAULT_LOG"] = str(log)
    return made, control, log


@dataclass(eq=False, repr=False)
class Inode:
    """A file (`ops` are writes and truncations) or a directory (`ops` change names)."""
    is_directory: bool
    base: object  # bytes, or {name: Inode}: what was there before the record begins
    ops: list = field(default_factory=list)  # (index, …), ascending
    syncs: list = field(default_factory=list)  # (begin, end, ok), ascending begins

    def split(self, cut):
        """[(op, is_sure)] of the ops before the cut."""
        ended = [(begin, ok) for begin, end, ok in self.syncs if end < cut]
        begins = [begin for begin, _ in ended]
        found = []
        for op in self.ops[:bisect.bisect_left(self.ops, cut, key=lambda op: op[0])]:
            first = bisect.bisect_right(begins, op[0])
            found.append((op, first < len(ended) and ended[first][1]))
        return found


def read_tree(path):
    if path.is_dir():
        return Inode(True, {child.name: read_tree(child) for child in path.iterdir()
                            if not child.name.endswith("-shm")})
    return Inode(False, path.read_bytes())


class Log:
    """`before`: a copy of the directory as it was when the record began; None: empty."""

    def __init__(self, path, root, before=None):
        self.root_path = os.path.realpath(root)
        self.root = read_tree(Path(before)) if before else Inode(True, {})
        self.live, self.handles, self.pending = {}, {}, {}
        self.answers, self.count = {}, 0
        self.add_live("", self.root)
        self.read(Path(path).read_bytes())

    def add_live(self, path, inode):
        self.live[path] = inode
        if inode.is_directory:
            for name, child in inode.base.items():
                self.add_live(f"{path}/{name}", child)

    # --- reading ---

    def read(self, text):
        at = 0
        while at < len(text):
            kind, handle, number, text_size, data_size = HEADER.unpack_from(text, at)
            at += HEADER.size
            words = text[at:at + text_size].decode("utf-8", "surrogateescape")
            at += text_size
            self.add(kind, handle, number, words, text[at:at + data_size])
            at += data_size
            self.count += 1

    def inside(self, path):
        return path.removeprefix(self.root_path).rstrip("/")

    def name_op(self, index, *changes):
        """changes: (path, inode or None), all in one directory."""
        folders = {path.rpartition("/")[0] for path, _ in changes}
        assert len(folders) == 1, f"a rename between directories is not modelled: {folders}"
        entries = [(path.rpartition("/")[2], inode) for path, inode in changes]
        self.live[folders.pop()].ops.append((index, entries))
        for path, inode in changes:
            if inode is None:
                del self.live[path]
            else:
                self.live[path] = inode

    def add(self, kind, handle, number, text, data):
        index = self.count
        if kind == OPEN:
            self.add_open(index, handle, number, self.inside(text))
        elif kind == WRITE:
            self.handles[handle].ops.append((index, WRITE, number, data))
        elif kind == TRUNCATE:
            self.handles[handle].ops.append((index, TRUNCATE, number, b""))
        elif kind == MKDIR:
            self.name_op(index, (self.inside(text), Inode(True, {})))
        elif kind in (RMDIR, UNLINK):
            self.name_op(index, (self.inside(text), None))
        elif kind == RENAME:
            source, _, target = map(self.inside, text.partition("\0"))
            inode = self.live[source]
            assert not inode.is_directory, "a renamed directory is not modelled"
            self.name_op(index, (source, None), (target, inode))
        elif kind == LINK:
            source, _, target = map(self.inside, text.partition("\0"))
            self.name_op(index, (target, self.live[source]))
        elif kind == SYNC_BEGIN:
            self.pending[number] = (index, [self.handles[handle]], False)
        elif kind == SYNCFS:
            self.pending[number] = (index, list(set(self.live.values())), True)
        elif kind == SYNC_END:
            begin, inodes, is_of_all = self.pending.pop(number)
            for inode in inodes:
                if data and (is_of_all or inode.is_directory):
                    continue
                bisect.insort(inode.syncs, (begin, index, not data), key=lambda sync: sync[0])
        elif kind == ANSWER:
            self.answers.setdefault(number, []).append(index)
        else:
            assert kind == CLOSE, f"a record of type {kind}"

    def add_open(self, index, handle, flags, path):
        inode = self.live.get(path)
        if inode is None:
            inode = Inode(False, b"")
            self.name_op(index, (path, inode))
        elif flags & os.O_TRUNC:
            inode.ops.append((index, TRUNCATE, 0, b""))
        self.handles[handle] = inode

    def answered_at(self, place):
        """The record of the number-th answer to a client's address; None: it came after the end."""
        address, number = place
        answers = self.answers.get(address, [])
        return answers[number - 1] if number <= len(answers) else None

    # --- disks ---

    def disk(self, cut, chance, keep=None):
        """{path: bytes, or None for a directory} after a cut before the record `cut`. keep: 1 all
        that was not sure is there, 0 nothing of it, None by chance."""
        found = {}
        self.put_directory(found, "", self.root, cut, chance, keep)
        return found

    def put_directory(self, found, path, inode, cut, chance, keep):
        entries, lost = dict(inode.base), set()
        kept = pick(chance, keep)
        for (_, changes), is_sure in inode.split(cut):
            names = {name for name, _ in changes}
            # What follows a lost change of a name cannot be there either.
            if not is_sure and (names & lost or chance.random() >= kept):
                lost |= names
                continue
            for name, child in changes:
                if child is None:
                    entries.pop(name, None)
                else:
                    entries[name] = child
        for name, child in entries.items():
            if child.is_directory:
                found[f"{path}/{name}"] = None
                self.put_directory(found, f"{path}/{name}", child, cut, chance, keep)
            else:
                found[f"{path}/{name}"] = content(child, cut, chance, keep)


def pick(chance, keep):
    """How likely an unsure change is there, for all of one file or directory."""
    return keep if keep is not None else chance.choice([0, 1, 0.1, 0.5, 0.9])


def content(inode, cut, chance, keep):
    bytes_, kept, tears = bytearray(inode.base), pick(chance, keep), keep is None
    is_prefix, is_cut_off = tears and chance.random() < 0.5, False
    for (_, kind, number, data), is_sure in inode.split(cut):
        is_here = is_sure or (not is_cut_off and chance.random() < kept)
        is_cut_off = is_cut_off or (is_prefix and not is_here)
        if kind == TRUNCATE and is_here:
            del bytes_[number:]
            bytes_.extend(bytes(number - len(bytes_)))
        elif kind == WRITE and is_here and not is_sure and tears and chance.random() < 0.5:
            for start, piece in sectors(number, data):
                if chance.random() < 0.5:
                    write_at(bytes_, start, piece)
        elif kind == WRITE and is_here:
            write_at(bytes_, number, data)
    return bytes(bytes_)


def write_at(bytes_, offset, data):
    if len(bytes_) < offset:
        bytes_.extend(bytes(offset - len(bytes_)))
    bytes_[offset:offset + len(data)] = data


def sectors(offset, data):
    at = 0
    while at < len(data):
        size = SECTOR - (offset + at) % SECTOR
        yield offset + at, data[at:at + size]
        at += size


def make_disk(disk, root):
    """Writes what `disk` gave below an empty directory."""
    for path, bytes_ in disk.items():
        place = Path(f"{root}{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        if bytes_ is None:
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(bytes_)


def differences(log, root, chance):
    """Where the whole record gives something else than what is there: it would be incomplete."""
    wanted = log.disk(log.count, chance, keep=1)
    there = {}
    for path in Path(root).rglob("*"):
        if not path.name.endswith("-shm"):
            there[str(path).removeprefix(str(root))] = None if path.is_dir() else path.read_bytes()
    return [path for path in sorted(wanted.keys() | there.keys())
            if path not in wanted or path not in there or wanted[path] != there[path]]
