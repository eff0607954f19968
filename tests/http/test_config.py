"""getConfig and getToken: what a client reads first."""

from urllib.parse import quote

import operations


def config(api, query="", expect=200):
    answer = api.send("GET", f"/v1/config{query}")
    assert answer.status == expect, answer
    return answer.json()


def test_config__advertises_exactly_the_served_operations(api):
    """Rule K19."""
    served = [f"{row.method} {row.path}" for row in operations.OPERATIONS
              if row.state == "SERVED"]
    assert sorted(config(api)["endpoints"]) == sorted(served)


def test_config__names_the_default_warehouse_as_prefix(api):
    assert config(api)["overrides"]["prefix"] == "default"


def test_config__advertises_the_separator_and_the_lifetime_of_keys(api):
    """Rule K20."""
    answer = config(api)
    assert answer["overrides"]["namespace-separator"] == "%1F"
    assert answer["idempotency-key-lifetime"] == "PT30M"


def test_config__finds_a_warehouse_by_name(api, server, unique):
    name = unique("wh")
    api.call("createWarehouse", json={"name": name, "location": f"file://{server.data}/{name}"},
             expect=200)
    assert config(api, f"?warehouse={name}")["overrides"]["prefix"] == name


def test_config__finds_a_warehouse_by_location(api, server, unique):
    name = unique("wh")
    location = f"file://{server.data}/{name}"
    api.call("createWarehouse", json={"name": name, "location": location}, expect=200)
    for spelling in (location, location + "/", f"file:{server.data}/{name}"):
        found = config(api, f"?warehouse={quote(spelling, safe='')}")
        assert found["overrides"]["prefix"] == name, spelling


def test_config__of_an_unknown_warehouse_is_not_found(api):
    error = config(api, "?warehouse=nobody", expect=404)["error"]
    assert error["type"] == "NoSuchWarehouseException"
    assert "nobody" in error["message"]


def test_config__of_an_empty_warehouse_is_the_default(api):
    assert config(api, "?warehouse=")["overrides"]["prefix"] == "default"


def test_config__with_bad_percent_encoding_is_refused(api):
    assert config(api, "?warehouse=%zz", expect=400)["error"]["type"] == "BadRequestException"


def test_unknown_prefix__is_a_warehouse_that_does_not_exist(api):
    answer = api.call("listNamespaces", prefix="nobody",
                      expect=(404, "NoSuchWarehouseException"))
    assert "nobody" in answer.error["message"]


def test_paths_without_prefix__mean_the_default_warehouse(api, namespace):
    answer = api.send("GET", f"/v1/namespaces/{namespace}")
    assert answer.status == 200
    assert answer.json()["namespace"] == [namespace]


def test_token__says_in_oauth_shape_that_no_authentication_is_configured(api):
    """Rule 59."""
    answer = api.send("POST", "/v1/oauth/tokens",
                      body="grant_type=client_credentials&client_id=a&client_secret=b",
                      headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 400
    assert answer.json()["error"] == "unsupported_grant_type"
    assert answer.json()["error_description"]
