"""Steps of a sequence, done by a catalog and by the oracle, and compared one by one.

A step is {"op", "name", "body"}, as it is sent; one without a name has "parts" (a transaction). It
holds whole requests, so a sequence can be done again without the generator, under another name.
"""

import json
import pathlib
import urllib.parse

from differential_compare import compare, unchanged
from differential_rules import explain

NAMESPACE = "/namespaces/ns"


class Session:
    """What one sequence has made so far: by name, the last answer with metadata."""

    def __init__(self, catalog, oracle):
        self.catalog, self.oracle = catalog, oracle
        self.state = {}
        self.answers = {"accepted": 0, "refused": 0}

    def perform(self, step):
        """The findings of one step; each knows the rules that explain it, if some do."""
        work = {"create": self.create, "commit": self.commit, "create-commit": self.create_commit,
                "create-view": self.create_view, "commit-view": self.commit_view,
                "transaction": self.transaction, "refs": self.refs}[step["op"]]
        findings = work(step)
        for finding in findings:
            finding.rules = explain(finding)
        return findings

    def keep(self, name, status, body):
        self.answers["accepted" if status < 300 else "refused"] += 1
        if status == 200:
            self.state[name] = body

    def create(self, step):
        status, body = self.catalog.call("POST", f"{NAMESPACE}/tables", step["body"])
        verdict = self.oracle.ask(kind="create", request=step["body"])
        if not step["body"].get("stage-create"):
            self.keep(step["name"], status, body)
        return compare(step, None, verdict, status, body, fresh=True)

    def create_view(self, step):
        status, body = self.catalog.call("POST", f"{NAMESPACE}/views", step["body"])
        verdict = self.oracle.ask(kind="create-view", request=step["body"])
        self.keep(step["name"], status, body)
        return compare(step, None, verdict, status, body, fresh=True)

    def commit(self, step):
        return self.change(step, "table", f"{NAMESPACE}/tables/{step['name']}")

    def commit_view(self, step):
        return self.change(step, "view", f"{NAMESPACE}/views/{step['name']}")

    def change(self, step, kind, path):
        base, location = self.base_of(step["name"])
        verdict = self.ask(kind, base, location, step["body"])
        status, body = self.catalog.call("POST", path, step["body"])
        self.keep(step["name"], status, body)
        findings = compare(step, base, verdict, status, body)
        if status == 200 and "error" not in verdict:
            findings += unchanged(step, base, location, verdict, body)
            check_deleted(verdict, body)
        return findings

    def create_commit(self, step):
        verdict = self.ask("table", None, None, step["body"])
        path = f"{NAMESPACE}/tables/{step['name']}"
        status, body = self.catalog.call("POST", path, step["body"])
        self.keep(step["name"], status, body)
        actions = [update.get("action") for update in step["body"]["updates"]]
        return compare(step, None, verdict, status, body, fresh="assign-uuid" not in actions)

    def transaction(self, step):
        """All or nothing: the first part that Java refuses is what the whole is refused with."""
        changes = [{"identifier": {"namespace": ["ns"], "name": part["name"]}, **part["body"]}
                   for part in step["parts"]]
        bases = [self.base_of(part["name"]) for part in step["parts"]]
        verdicts = [self.ask("table", *base, part["body"])
                    for base, part in zip(bases, step["parts"])]
        status, answer = self.catalog.call("POST", "/transactions/commit",
                                           {"table-changes": changes})
        self.answers["accepted" if status < 300 else "refused"] += 1
        if status >= 300:
            return self.refused(step, bases, verdicts, status, answer)
        findings = []
        for part, (base, location), verdict in zip(step["parts"], bases, verdicts):
            body = self.load(part["name"])
            findings += compare(step, base, verdict, 200, body)
            if "error" not in verdict:
                findings += unchanged(step, base, location, verdict, body)
            self.state[part["name"]] = body
        return findings

    def refused(self, step, bases, verdicts, status, answer):
        """One part has to be a reason for it, be it by Java's verdict or by a rule."""
        found = []
        for (base, _), verdict in zip(bases, verdicts):
            found.append(compare(step, base, verdict, status, answer))
        for part, (_, location) in zip(step["parts"], bases):
            if self.load(part["name"])["metadata-location"] != location:
                raise AssertionError(f"a refused transaction changed {part['name']}")
        intended = [findings for findings in found if all(map(explain, findings))]
        return min(intended or found, key=len)

    def refs(self, step):
        base, location = self.base_of(step["name"])
        path = f"{NAMESPACE}/tables/{step['name']}"
        status, body = self.catalog.call("GET", path + "?snapshots=refs")
        verdict = self.ask("refs", base, location, {})
        return compare(step, base, verdict, status, body)

    def load(self, name):
        return self.catalog.call("GET", f"{NAMESPACE}/tables/{name}")[1]

    def base_of(self, name):
        body = self.state.get(name)
        return (body["metadata"], body["metadata-location"]) if body else (None, None)

    def ask(self, kind, base, location, body):
        return self.oracle.ask(kind=kind, base=base, **{"base-location": location}, **body)


def local_path(location):
    url = urllib.parse.urlsplit(location)
    return pathlib.Path(url.path) if url.scheme == "file" else None


def check_deleted(verdict, body):
    """With delete-after-commit exactly the files that fell out of the log are gone."""
    path = local_path(body["metadata-location"])
    if path is None or not path.exists():
        return  # The server's files are not on this machine.
    for location in verdict.get("deleted-files", []):
        if local_path(location).exists():
            raise AssertionError(f"delete-after-commit left {location}")
    for entry in body["metadata"].get("metadata-log", []):
        if not local_path(entry["metadata-file"]).exists():
            raise AssertionError(f"{entry['metadata-file']} is in the log, and is gone")


def renamed(steps, old, new):
    """The same steps for entities of another name (and place)."""
    return json.loads(json.dumps(steps).replace(old, new))


def replay(catalog, oracle, steps, uuids):
    """Does steps again; `uuids` are the ones that the first run's entities had, by name.

    Returns the first finding that no rule explains, and how many steps it took."""
    session = Session(catalog, oracle)
    text_of = {}
    for number, step in enumerate(steps):
        for old, new in text_of.items():
            step = renamed(step, old, new)
        for finding in session.perform(step):
            if not finding.rules:
                return finding, number + 1
        name = step.get("name")
        if name in session.state and name in uuids:
            metadata = session.state[name]["metadata"]
            new = metadata.get("table-uuid", metadata.get("view-uuid"))
            text_of.update({uuids[name]: new, uuids[name].upper(): new.upper()})
    return None, len(steps)
