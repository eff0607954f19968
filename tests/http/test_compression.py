"""Compressed answers over a socket: what arrives, and who gets it."""

import gzip
import json

import pytest

import bodies
from api import Api
from raw_http import exchange


@pytest.fixture
def large(own_server, contract):
    """A server and the path of a table whose metadata is large enough."""
    def make(*options):
        server = own_server(*options)
        api = Api(server.port, contract)
        api.create_namespace("ns")
        wide = bodies.schema(*((f"column_{number}", "long") for number in range(100)))
        api.create_table("ns", bodies.table("t", schema=wide))
        api.close()
        return server.port, "/v1/default/namespaces/ns/tables/t"
    return make


def get(port, target, accepted=None, **more):
    headers = [("Accept-Encoding", accepted)] if accepted else []
    headers += [(name.replace("_", "-"), value) for name, value in more.items()]
    return exchange(port, "GET", target, headers)


def test_load__arrives_compressed_with_its_length(large):
    port, target = large("--compress", "always")
    plain = get(port, target)
    assert plain.header("content-encoding") is None
    for _ in range(2):
        answer = get(port, target, "gzip, x-gzip, deflate")
        assert answer.header("content-encoding") == "gzip"
        assert answer.header("vary") == plain.header("vary") == "Accept-Encoding"
        assert int(answer.header("content-length")) == len(answer.body) < len(plain.body) / 2
        assert gzip.decompress(answer.body) == plain.body
        assert answer.header("etag") == "W/" + plain.header("etag")
    assert get(port, target, "zstd").header("content-encoding") == "zstd"


def test_not_modified__is_told_to_who_holds_either_form(large):
    port, target = large("--compress", "always")
    for held in (get(port, target).header("etag"), get(port, target, "gzip").header("etag")):
        for accepted in (None, "gzip", "zstd", "identity"):
            answer = get(port, target, accepted, If_None_Match=held)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.header("vary") == "Accept-Encoding"


def test_client_of_this_machine__gets_compressed_answers_only_where_it_wants_no_others(large):
    port, target = large()
    plain = get(port, target, "gzip")
    assert plain.header("content-encoding") is None
    assert json.loads(plain.body)["metadata"]["last-column-id"] == 100
    forced = get(port, target, "gzip, identity;q=0")
    assert gzip.decompress(forced.body) == plain.body


def test_list__arrives_compressed_and_as_it_is_after_a_change(large, contract):
    port, _ = large("--compress", "always")
    api = Api(port, contract)
    target = "/v1/default/namespaces/ns/tables"
    for number in range(60):
        api.create_table("ns", bodies.table(f"a_table_with_a_long_name_{number}"))
        assert b"long_name_%d" % number in get(port, target).body
    for name in ("a_table_with_a_long_name_7", "t"):
        before = get(port, target, "gzip")
        assert name.encode() in gzip.decompress(before.body)
        api.call("dropTable", namespace="ns", table=name, expect=204)
        after = get(port, target, "gzip")
        assert f'"{name}"'.encode() not in gzip.decompress(after.body)
        assert gzip.decompress(after.body) == get(port, target).body
    api.close()


def test_compress__takes_three_words(own_server):
    with pytest.raises(Exception, match=r"remote\|always\|never"):
        own_server("--compress", "sometimes")
