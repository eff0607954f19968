"""Operations of the protocol that Firn does not serve yet say so."""

import pytest

import bodies
import operations

LATER = [row.id for row in operations.OPERATIONS if row.state == "LATER"]


@pytest.mark.parametrize("operation_id", LATER)
def test_later__is_unsupported_and_not_advertised(api, namespace, operation_id):
    """Rule K19."""
    api.create_table(namespace, bodies.table("t"))
    body = {
        "signRequest": {"region": "r", "uri": "http://h/x", "method": "GET", "headers": {}},
    }.get(operation_id)
    answer = api.call(operation_id, namespace=namespace, table="t", plan_id="p", json=body,
                      expect=(406, "UnsupportedOperationException"))
    assert operation_id in answer.error["message"] or "not" in answer.error["message"]
    row = operations.BY_ID[operation_id]
    advertised = api.send("GET", "/v1/config").json()["endpoints"]
    assert f"{row.method} {row.path}" not in advertised
