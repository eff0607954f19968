"""A server's answer to planTableScan in the shape of the library's plan, and what differs."""

import math
import struct

STATISTICS = ("column-sizes", "value-counts", "null-value-counts", "nan-value-counts",
              "lower-bounds", "upper-bounds")
BOUNDS = ("lower-bounds", "upper-bounds")


def statistics_of(file):
    """Statistics by kind and field id; a map without entries says what no map says."""
    found = {}
    for kind in STATISTICS:
        pairs = file.get(kind, {"keys": [], "values": []})
        assert len(pairs["keys"]) == len(pairs["values"]), file
        values = {key: value.upper() if kind in BOUNDS else value
                  for key, value in zip(pairs["keys"], pairs["values"])}
        if values:
            found[kind] = values
    return found


def same_real(left, right):
    """A float may be written with the digits of a double."""
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    if left == right:
        return math.copysign(1, left) == math.copysign(1, right)
    return abs(left) < 3.5e38 and abs(right) < 3.5e38 and \
        struct.pack("<f", left) == struct.pack("<f", right)


def same_value(left, right):
    """One partition value, as two writers of JSON spell it."""
    if isinstance(left, float) or isinstance(right, float):
        return isinstance(left, (int, float)) and isinstance(right, (int, float)) and \
            same_real(float(left), float(right))
    if isinstance(left, str) and isinstance(right, str):
        return left == right or left.upper() == right.upper()
    return left == right and type(left) is type(right)


def same_partition(library, server):
    """The library has no tuple where all fields of a spec are void."""
    if not library:
        return all(value is None for value in server)
    return len(library) == len(server) and all(map(same_value, library, server))


def file_differences(library, server, has_statistics):
    """The members of a content file that differ, each as (name, the library's, the server's)."""
    plain = {name for name in library.keys() | server.keys() if name not in STATISTICS}
    found = []
    for name in sorted(plain - {"partition"}):
        left, right = library.get(name), server.get(name)
        if name == "key-metadata" and left and right:
            left, right = left.upper(), right.upper()
        if left != right:
            found.append((name, left, right))
    if not same_partition(library.get("partition", []), server.get("partition", [])):
        found.append(("partition", library.get("partition"), server.get("partition")))
    if has_statistics:
        left, right = statistics_of(library), statistics_of(server)
        found += [(kind, left.get(kind), right.get(kind)) for kind in STATISTICS
                  if left.get(kind) != right.get(kind)]
    return found


def file_key(file):
    """Deletion vectors of one Puffin file differ by their offsets."""
    return file["file-path"], file.get("content-offset")


def delete_names(files):
    """What delete files are told by where they differ: path, offset, and the columns compared."""
    return sorted((file["file-path"], file.get("content-offset", -1),
                   tuple(file.get("equality-ids", ()))) for file in files)


def tasks_of(answers):
    """The tasks of a plan's answers, each with its delete files in it."""
    tasks = []
    for answer in answers:
        deletes = answer.get("delete-files", [])
        referred = set()
        for task in answer.get("file-scan-tasks", []):
            places = task.get("delete-file-references", [])
            assert len(set(places)) == len(places), task
            referred |= set(places)
            tasks.append({"data-file": task["data-file"],
                          "delete-files": [deletes[place] for place in places],
                          "residual-filter": task["residual-filter"]})
        assert referred == set(range(len(deletes))), "delete files that no task names"
    return tasks


def plan_differences(library, server):
    """What two lists of tasks disagree about: (what, path, the library's, the server's)."""
    found = []
    left = {file_key(task["data-file"]): task for task in library}
    right = {file_key(task["data-file"]): task for task in server}
    if len(left) != len(library) or len(right) != len(server):
        found.append(("file-twice", "", len(library) - len(left), len(server) - len(right)))
    for key in sorted(left.keys() - right.keys()):
        found.append(("file-missing", key[0], left[key], None))
    for key in sorted(right.keys() - left.keys()):
        found.append(("file-more", key[0], None, right[key]))
    for key in sorted(left.keys() & right.keys()):
        found += task_differences(key[0], left[key], right[key])
    return found


def task_differences(path, library, server):
    found = [(name, path, *values) for name, *values in
             file_differences(library["data-file"], server["data-file"], True)]
    left = {file_key(file): file for file in library["delete-files"]}
    right = {file_key(file): file for file in server["delete-files"]}
    if left.keys() != right.keys():
        found.append(("deletes", path, delete_names(left.values()), delete_names(right.values())))
    for key in left.keys() & right.keys():
        found += [(f"delete-{name}", path, *values) for name, *values in
                  file_differences(left[key], right[key], False)]
        if statistics_of(left[key]) != statistics_of(right[key]):
            found.append(("delete-statistics", path, statistics_of(left[key]),
                          statistics_of(right[key])))
    return found
