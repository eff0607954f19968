"""Plans of a server and of Iceberg's library side by side: one run of them, and its report."""

import collections
import json
import sys

from planning_compare import plan_differences, tasks_of
from planning_rules import COUNTED, explain

STEPS_PER_TABLE = 22
SHOWN_DIFFERENCES = 3  # of a kind


class Run:
    """Plans of one catalog's tables, all in one namespace, beside the library's; what was found."""

    def __init__(self, catalog, oracle, namespace, work=None):
        self.catalog, self.oracle, self.work = catalog, oracle, work
        self.path = f"/namespaces/{namespace}"
        self.counts, self.actions, self.rules = (collections.Counter() for _ in range(3))
        self.findings = []

    def table(self, seed, filters):
        """A table that the library writes."""
        name, location = f"t{seed}", f"file://{self.work}/t{seed}"
        written = self.oracle.ask(kind="write", seed=seed, location=location,
                                  steps=STEPS_PER_TABLE)
        if "error" in written:
            sys.exit(f"table {seed} cannot be written: {written['error']}")
        self.actions.update(written["actions"])
        status, body = self.catalog.call("POST", f"{self.path}/register", {
            "name": name, "metadata-location": written["metadata-location"]})
        if status != 200:
            sys.exit(f"table {seed} cannot be registered: {body}")
        self.counts["tables"] += 1
        self.requests(name, location, seed, filters)

    def given(self, name, seed, metadata_location, rows, filters):
        """A table of the catalog that another program wrote, with the rows of its data files."""
        taken = self.oracle.ask(kind="given", seed=seed, location=name, rows=rows,
                                **{"metadata-location": metadata_location})
        if "error" in taken:
            sys.exit(f"table {name} cannot be read: {taken['error']}")
        self.requests(name, name, seed, filters)

    def requests(self, name, location, seed, filters):
        for number in range(filters):
            request = self.oracle.ask(kind="request", seed=seed * 1000003 + number,
                                      location=location)
            if "error" in request:
                sys.exit(f"no request {number} of table {seed}: {request['error']}")
            self.compare(name, location, request, is_plain=number % 3 == 0)

    def compare(self, name, location, request, is_plain):
        """One request: a typed filter, or one in the words that the library writes."""
        sent = dict(request)
        if is_plain and "filter" in request:
            sent["filter"] = self.oracle.ask(kind="plain", location=location,
                                             request=request).get("filter", request["filter"])
        status, answers = self.plan(name, sent)
        tasks = tasks_of(answers) if status == 200 else []
        residuals = {task["data-file"]["file-path"]: task["residual-filter"] for task in tasks}
        verdict = self.oracle.ask(kind="judge", location=location, request=request,
                                  residuals=residuals)
        self.counts["plans"] += 1
        self.rules.update(rule for rule, count in COUNTED.items() if verdict.get(count))
        unexplained = []
        for finding in self.differences(status, answers, tasks, verdict):
            rule = explain(finding, request, verdict)
            self.rules.update([rule] if rule else [])
            unexplained += [] if rule else [(name, sent, finding)]
        self.counts["plans that differ"] += bool(unexplained)
        self.findings += unexplained

    def plan(self, name, request):
        status, answer = self.catalog.call("POST", f"{self.path}/tables/{name}/plan", request)
        if status != 200:
            return status, answer
        answers = [answer]
        for token in answer.get("plan-tasks", []):
            self.counts["tasks of plans"] += 1
            status, part = self.catalog.call("POST", f"{self.path}/tables/{name}/tasks",
                                             {"plan-task": token})
            if status != 200:
                return status, part
            answers.append(part)
        return status, answers

    def differences(self, status, answers, tasks, verdict):
        if "error" in verdict:
            self.counts["requests that both refuse"] += status == 400
            return [] if status == 400 else [("verdict", "", verdict["error"], status)]
        if status != 200:
            return [("verdict", "", 200, answers)]
        self.counts["files"] += len(tasks)
        self.counts["references to delete files"] += sum(len(task["delete-files"])
                                                         for task in tasks)
        self.counts["files left out"] += verdict["pruned"]
        self.counts["rows judged"] += verdict["rows"]
        self.counts["residuals of the same text"] += verdict["same-texts"]
        self.counts["residuals of another text"] += verdict["other-texts"]
        return plan_differences(verdict["tasks"], tasks) + \
            [("rows", "", problem, None) for problem in verdict["problems"]]


def report(run, complaints):
    shown = collections.Counter()
    for name, request, (what, path, library, server) in run.findings:
        shown[what] += 1
        if shown[what] <= SHOWN_DIFFERENCES:
            print(f"DIFFERS: table {name}, {json.dumps(request)}")
            print(f"  {what} of {path}", f"library {library!r}", f"firn    {server!r}",
                  sep="\n    ")
    for complaint in complaints:
        print(complaint)
    for rule, count in sorted(run.rules.items()):
        print(f"intended: {rule}, {count} times")
    print("done to the tables:", ", ".join(f"{count} {what}" for what, count
                                           in sorted(run.actions.items())))
    print(", ".join(f"{count} {what}" for what, count in sorted(run.counts.items())))
    failed = run.counts["plans that differ"] + len(complaints)
    print(f"{run.counts['plans'] - run.counts['plans that differ']} passed, {failed} failed")
    return 1 if failed or not run.counts["files"] else 0
