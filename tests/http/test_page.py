"""The web page's files and the API's documentation. tests/browser drives the page itself."""

import re
import subprocess
import sys

import operations

FILES = sorted(path.name for path in (operations.ROOT / "web").iterdir() if path.is_file())


def get(api, target, expect=200, **headers):
    answer = api.send("GET", target, headers=headers)
    assert answer.status == expect, answer
    return answer


def test_page__is_what_the_root_answers(api):
    answer = get(api, "/")
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert b"/web/app.js" in answer.body


def test_page__has_every_file_of_its_folder(api):
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    for name in FILES:
        answer = get(api, f"/web/{name}")
        assert answer.body == (operations.ROOT / "web" / name).read_bytes(), name
        assert answer.header("content-type").split(";")[0] == types[name.rsplit(".", 1)[1]]
    get(api, "/web/none.js", expect=404)


def test_page__is_asked_for_again_and_not_sent_again(api):
    answer = get(api, "/web/app.js")
    assert answer.header("cache-control") == "no-cache"
    tag = answer.header("etag")
    assert get(api, "/web/app.js", expect=304, **{"If-None-Match": tag}).body == b""
    get(api, "/web/app.js", **{"If-None-Match": '"other"'})


def test_page__allows_nothing_but_its_own_server(api):
    for target in ("/", "/docs", "/web/app.js"):
        answer = get(api, target)
        policy = dict(part.strip().split(" ", 1)
                      for part in answer.header("content-security-policy").split(";"))
        assert policy.pop("default-src") == "'none'"
        assert set(policy.values()) <= {"'self'", "'none'"}
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("referrer-policy") == "no-referrer"


def test_page__names_no_other_server():
    for name in FILES:
        text = (operations.ROOT / "web" / name).read_text()
        found = set(re.findall(r"""(?:src|href)=["'](https?:[^"']+)""", text))
        assert not found, (name, found)


def test_documentation__is_that_of_firn_yaml(api):
    made = subprocess.run([sys.executable, operations.ROOT / "openapi" / "render", "--check"],
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    body = get(api, "/docs").body.decode()
    for operation in operations.OPERATIONS:
        assert f'id="{operation.id}"' in body, operation.id


def test_manifests__are_those_of_the_snapshot(api, server, unique):
    from pyiceberg.catalog import load_catalog
    import planning_tables

    catalog = load_catalog("firn", type="rest", uri=f"http://127.0.0.1:{server.port}")
    namespace = unique()
    catalog.create_namespace(namespace)
    table = catalog.create_table(f"{namespace}.t", schema=planning_tables.SCHEMA)
    answer = api.call("listManifests", warehouse="default", namespace=namespace, table="t", expect=200)
    assert answer.json() == {"snapshot-id": None, "manifests": []}
    for seed in (1, 2):
        table.append(planning_tables.rows(seed, 10))
    first, second = table.snapshots()
    answer = api.call("listManifests", warehouse="default", namespace=namespace, table="t", expect=200).json()
    assert answer["snapshot-id"] == second.snapshot_id
    expected = second.manifests(table.io)
    assert [one["path"] for one in answer["manifests"]] == [one.manifest_path for one in expected]
    assert [one["added-rows-count"] for one in answer["manifests"]] == [one.added_rows_count for one in expected]
    assert {one["content"] for one in answer["manifests"]} == {"data"}
    older = api.call("listManifests", warehouse="default", namespace=namespace, table="t", expect=200,
                     query={"snapshot-id": first.snapshot_id}).json()
    assert len(older["manifests"]) == 1
    api.call("listManifests", warehouse="default", namespace=namespace, table="t",
             expect=(400, "ValidationException"), query={"snapshot-id": 1})
