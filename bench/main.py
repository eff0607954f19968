"""Runs benchmarks, prints their tables, and writes docs/performance.md and its plots.

usage: bench/run [SUBJECT...] [SECONDS] [--quick] [--no-reference] [--write] [--load-client]

  SUBJECT         loads, lists, start, commits; without one: all of them, and then the document
                  is written. objects, which needs a MinIO, when it is named. `bench/run plans` is
                  a program of its own
  SECONDS         of each measurement (default 2)
  --quick         one second, two rounds, and nothing is written
  --no-reference  without the Java reference server
  --write         writes the document's parts of the subjects that were named
  --load-client   loads come from load_client.c instead of wrk
"""
import importlib
import json
import sys
import tempfile
import time

import report
import servers
from figures import Context

SUBJECTS = ["start", "loads", "lists", "commits"]
NAMED = ["objects"]  # run when they are named
SECONDS = 2
ROUNDS = 5


def read_arguments(arguments):
    flags = {word for word in arguments if word.startswith("--")}
    words = [word for word in arguments if not word.startswith("--")]
    unknown = flags - {"--quick", "--no-reference", "--write", "--load-client"}
    unknown |= {word for word in words if not word.isdigit() and word not in SUBJECTS + NAMED}
    if unknown:
        raise SystemExit(f"{__doc__}\nnot known: {', '.join(sorted(unknown))}")
    names = [word for word in words if not word.isdigit()]
    seconds = next((int(word) for word in words if word.isdigit()), SECONDS)
    return names, seconds, flags


def keep(subjects):
    """The single values, for whoever wants to look at them again."""
    folder = servers.ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        values = {row.case: {name: cell.values for name, cell in row.cells.items()}
                  for row in subject.rows}
        (folder / f"{subject.name}.json").write_text(json.dumps(values, indent=1))


def main(arguments):
    names, seconds, flags = read_arguments(arguments)
    is_quick = "--quick" in flags
    subjects = []
    for name in names or SUBJECTS:
        with tempfile.TemporaryDirectory(prefix="firn-bench.") as work:
            context = Context(
                seconds=1 if is_quick else seconds, rounds=2 if is_quick else ROUNDS,
                has_reference="--no-reference" not in flags, work=work, is_quick=is_quick,
                rate=servers.load_client_rate if "--load-client" in flags else servers.wrk)
            started = time.monotonic()
            measured = importlib.import_module(name).measure(context)
            keep(measured)
            for subject in measured:
                print(report.as_text(subject), flush=True)
            print(f"{name}: {time.monotonic() - started:.0f} s\n", file=sys.stderr)
            subjects += measured
    if "--write" in flags or (not names and not is_quick):
        report.write(subjects)
        print(f"written: {report.DOCUMENT}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
