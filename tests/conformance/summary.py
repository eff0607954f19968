#!/usr/bin/env python3
"""summary.py REPORTS KIT_TESTS SKIPS [FAILURES]: what a run of the kit showed, and its verdict.

Exit status 0 needs every test of the kit to have run, and exactly the listed ones to have been
skipped and to have failed; without a list of failures, none may fail.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree

MESSAGE_LINES = 12
TRACE_LINES = 4


def names_in(path):
    return {line.strip() for line in pathlib.Path(path).read_text().splitlines() if line.strip()}


def cases_in(reports):
    """Yields (name, outcome, detail, seconds) of each test case."""
    for report in sorted(pathlib.Path(reports).glob("TEST-*.xml")):
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            name = case.get("classname").rsplit(".", 1)[-1] + "." + (case.get("name") or "(class)")
            outcome, detail = outcome_of(case)
            yield name, outcome, detail, float(case.get("time") or 0)


def outcome_of(case):
    for tag in ("error", "failure"):
        found = case.find(tag)
        if found is not None:
            return "failed", detail_of(found)
    return ("passed", "") if case.find("skipped") is None else ("skipped", "")


def detail_of(found):
    kind = (found.get("type") or "").rsplit(".", 1)[-1]
    message = [line for line in (found.get("message") or "").splitlines() if line.strip()]
    trace = [line.strip() for line in (found.text or "").splitlines()
             if line.strip().startswith("at ") and "CatalogTests" in line][:TRACE_LINES]
    return "\n".join("    " + line for line in [kind + ":", *message[:MESSAGE_LINES], *trace])


def complain(title, names):
    for name in sorted(names):
        print(f"{title}: {name}")
    return bool(names)


def main():
    reports, kit, skips = sys.argv[1], names_in(sys.argv[2]), names_in(sys.argv[3])
    failures = names_in(sys.argv[4]) if len(sys.argv) > 4 else set()
    cases = list(cases_in(reports))
    seen = {"passed": set(), "failed": set(), "skipped": set()}
    for name, outcome, detail, _ in cases:
        seen[outcome].add(name)
        if outcome == "failed":
            print(f"FAILED {name}\n{detail}\n")
    ran = set().union(*seen.values())
    wrong = [
        complain("must not fail", seen["failed"] - failures),
        complain("known to fail, but did not", failures - seen["failed"]),
        complain("skipped, but must run", seen["skipped"] - skips),
        complain("listed as skipped, but was not", skips - seen["skipped"] - seen["failed"]),
        complain("test of the kit that did not run", kit - ran),
        complain("test that is not in kit-tests.txt", ran - kit),
    ]
    print(f"conformance kit: {len(cases)} tests in {sum(case[3] for case in cases):.1f} s")
    print(", ".join(f"{len(seen[outcome])} {outcome}" for outcome in seen))
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
