#include "storage/s3_sign.h"

#include <jansson.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/percent.h"
#include "tests/unit/cmocka_all.h"

/* The published vectors: requests as AWS's own libraries sign them. Those that remove dot segments
 * are left out, for S3 does not. */
#define VECTORS "tests/unit/storage/data/sigv4.json"
#define VECTOR_COUNT 32
#define VECTOR_TIME 1440938160 /* 2015-08-30T12:36:00Z */
#define VECTOR_LIFE_S 3600
#define MAX_HEADERS 16

static const struct s3_scope VECTOR_SCOPE = {
    {"us-east-1", sizeof("us-east-1") - 1}, {"service", sizeof("service") - 1}, VECTOR_TIME};

struct trial {
    json_t *vectors;
    struct arena arena;
    struct buffer path, out, names;
    struct http_header headers[MAX_HEADERS];
    char time[S3_TIME_SIZE];
    char payload_hash[DIGEST_HEX_SIZE];
    struct s3_request request;
    struct s3_credentials credentials;
};

static int setup(void **state)
{
    static struct trial trial;
    json_error_t problem;
    trial.vectors = json_load_file(VECTORS, 0, &problem);
    if (!trial.vectors)
        fail_msg("%s: %s", VECTORS, problem.text);
    *state = &trial;
    return 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    json_decref(trial->vectors);
    return 0;
}

static void trial_begin(struct trial *trial)
{
    arena_init(&trial->arena, MIB);
    buffer_init(&trial->path, MIB);
    buffer_init(&trial->out, MIB);
    buffer_init(&trial->names, MIB);
}

static void trial_end(struct trial *trial)
{
    buffer_finish(&trial->path);
    buffer_finish(&trial->out);
    buffer_finish(&trial->names);
    arena_finish(&trial->arena);
}

static struct slice text_of(const json_t *vector, const char *field)
{
    return slice_from_string(json_string_value(json_object_get(vector, field)));
}

static void add_header(struct trial *trial, const char *name, struct slice value)
{
    assert_true(trial->request.header_count < MAX_HEADERS);
    trial->headers[trial->request.header_count++] =
        (struct http_header){slice_from_string(name), value};
}

static void read_vector(struct trial *trial, const json_t *vector)
{
    struct error err = {0};
    const json_t *headers = json_object_get(vector, "headers");
    percent_path_append(&trial->path, text_of(vector, "path"));
    trial->request = (struct s3_request){.method = text_of(vector, "method"),
                                         .path = buffer_slice(&trial->path),
                                         .query = text_of(vector, "query"),
                                         .headers = trial->headers};
    for (size_t i = 0; i < json_array_size(headers); i++) {
        const json_t *header = json_array_get(headers, i);
        add_header(trial, json_string_value(json_array_get(header, 0)),
                   slice_from_string(json_string_value(json_array_get(header, 1))));
    }
    assert_ok(digest_bytes(text_of(vector, "body"), trial->payload_hash, &err), &err);
    trial->request.payload_hash = slice_from_string(trial->payload_hash);
    trial->credentials = (struct s3_credentials){
        SLICE_LITERAL("AKIDEXAMPLE"), SLICE_LITERAL("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        json_is_true(json_object_get(vector, "omit-token")) ? SLICE_EMPTY
                                                            : text_of(vector, "token")};
}

/* What a signature in a header signs besides the request's own headers. */
static void add_signature_headers(struct trial *trial, const json_t *vector)
{
    s3_time_put(VECTOR_TIME, trial->time);
    add_header(trial, "X-Amz-Date", slice_from_string(trial->time));
    if (trial->credentials.session_token.len > 0)
        add_header(trial, "X-Amz-Security-Token", trial->credentials.session_token);
    if (json_is_true(json_object_get(vector, "sign-body")))
        add_header(trial, "X-Amz-Content-Sha256", trial->request.payload_hash);
}

static void assert_ends_with(struct slice text, struct slice end, struct slice what)
{
    if (!slice_ends_with(text, end))
        fail_msg("%.*s: %.*s does not end with %.*s", SLICE_ARG(what), SLICE_ARG(text),
                 SLICE_ARG(end));
}

static void test_s3_authorization__signs_as_the_published_vectors(void **state)
{
    struct trial *trial = *state;
    struct error err = {0};
    assert_int_equal(json_array_size(trial->vectors), VECTOR_COUNT);
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        const json_t *vector = json_array_get(trial->vectors, i);
        struct slice name = text_of(vector, "name");
        trial_begin(trial);
        read_vector(trial, vector);
        add_signature_headers(trial, vector);
        assert_ok(s3_canonical_request_append(&trial->out, &trial->names, &trial->request,
                                              &trial->arena, &err),
                  &err);
        if (!slice_equals(buffer_slice(&trial->out), text_of(vector, "canonical")))
            fail_msg("%.*s:\n%.*s", SLICE_ARG(name), SLICE_ARG(buffer_slice(&trial->out)));
        assert_ok(s3_authorization_append(&trial->out, &trial->request, &VECTOR_SCOPE,
                                          &trial->credentials, &trial->arena, &err),
                  &err);
        assert_ends_with(buffer_slice(&trial->out), text_of(vector, "header-signature"), name);
        trial_end(trial);
    }
}

static void test_s3_presigned_query__signs_as_the_published_vectors(void **state)
{
    struct trial *trial = *state;
    struct error err = {0};
    size_t tried = 0;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        const json_t *vector = json_array_get(trial->vectors, i);
        /* there the token is added after the signature was made; S3 wants it signed */
        if (json_is_true(json_object_get(vector, "omit-token")))
            continue;
        trial_begin(trial);
        read_vector(trial, vector);
        assert_ok(s3_presigned_query_append(&trial->out, &trial->request, &VECTOR_SCOPE,
                                            &trial->credentials, VECTOR_LIFE_S, &trial->arena,
                                            &err),
                  &err);
        assert_ends_with(buffer_slice(&trial->out), text_of(vector, "query-signature"),
                         text_of(vector, "name"));
        trial_end(trial);
        tried++;
    }
    assert_int_equal(tried, VECTOR_COUNT - 1);
}

/* --- S3's own examples, from its API reference ---------------------------------------------- */

static const struct s3_scope EXAMPLE_SCOPE = {{"us-east-1", sizeof("us-east-1") - 1},
                                              {"s3", sizeof("s3") - 1},
                                              1369353600}; /* 2013-05-24T00:00:00Z */

static const struct s3_credentials EXAMPLE_CREDENTIALS = {
    {"AKIAIOSFODNN7EXAMPLE", sizeof("AKIAIOSFODNN7EXAMPLE") - 1},
    {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
     sizeof("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") - 1},
    {"", 0}};

#define EXAMPLE_HOST {SLICE_LITERAL("Host"), SLICE_LITERAL("examplebucket.s3.amazonaws.com")}

static void assert_authorization(struct trial *trial, const struct s3_request *request,
                                 const char *signature)
{
    struct error err = {0};
    trial_begin(trial);
    assert_ok(s3_authorization_append(&trial->out, request, &EXAMPLE_SCOPE, &EXAMPLE_CREDENTIALS,
                                      &trial->arena, &err),
              &err);
    assert_ends_with(buffer_slice(&trial->out), slice_from_string(signature), request->path);
    trial_end(trial);
}

static void test_s3_authorization__signs_a_ranged_get(void **state)
{
    const struct http_header headers[] = {
        EXAMPLE_HOST,
        {SLICE_LITERAL("Range"), SLICE_LITERAL("bytes=0-9")},
        {SLICE_LITERAL("x-amz-content-sha256"), SLICE_LITERAL(S3_EMPTY_PAYLOAD_HASH)},
        {SLICE_LITERAL("x-amz-date"), SLICE_LITERAL("20130524T000000Z")}};
    const struct s3_request request = {.method = SLICE_LITERAL("GET"),
                                       .path = SLICE_LITERAL("/test.txt"),
                                       .query = SLICE_EMPTY,
                                       .headers = headers,
                                       .header_count = 4,
                                       .payload_hash = SLICE_LITERAL(S3_EMPTY_PAYLOAD_HASH)};
    assert_authorization(*state, &request,
                         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void test_s3_authorization__signs_a_list_with_a_parameter_without_value(void **state)
{
    const struct http_header headers[] = {
        EXAMPLE_HOST,
        {SLICE_LITERAL("x-amz-content-sha256"), SLICE_LITERAL(S3_EMPTY_PAYLOAD_HASH)},
        {SLICE_LITERAL("x-amz-date"), SLICE_LITERAL("20130524T000000Z")}};
    struct s3_request request = {.method = SLICE_LITERAL("GET"),
                                 .path = SLICE_LITERAL("/"),
                                 .query = SLICE_LITERAL("lifecycle"),
                                 .headers = headers,
                                 .header_count = 3,
                                 .payload_hash = SLICE_LITERAL(S3_EMPTY_PAYLOAD_HASH)};
    assert_authorization(*state, &request,
                         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    request.query = SLICE_LITERAL("max-keys=2&prefix=J");
    assert_authorization(*state, &request,
                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void test_s3_presigned_query__signs_a_get(void **state)
{
    struct trial *trial = *state;
    struct error err = {0};
    const struct http_header headers[] = {EXAMPLE_HOST};
    const struct s3_request request = {.method = SLICE_LITERAL("GET"),
                                       .path = SLICE_LITERAL("/test.txt"),
                                       .query = SLICE_EMPTY,
                                       .headers = headers,
                                       .header_count = 1,
                                       .payload_hash = SLICE_LITERAL(S3_UNSIGNED_PAYLOAD)};
    trial_begin(trial);
    assert_ok(s3_presigned_query_append(&trial->out, &request, &EXAMPLE_SCOPE, &EXAMPLE_CREDENTIALS,
                                        86400, &trial->arena, &err),
              &err);
    assert_slice_equal(
        buffer_slice(&trial->out),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    trial_end(trial);
}

/* --- what else can be in a request ---------------------------------------------------------- */

static void test_s3_path__encodes_all_but_unreserved_and_slashes(void **state)
{
    struct trial *trial = *state;
    trial_begin(trial);
    percent_path_append(&trial->out, SLICE_LITERAL("a b/c+d//%41/\xC3\xA9/=&?#/~._-/"));
    assert_slice_equal(buffer_slice(&trial->out),
                       "a%20b/c%2Bd//%2541/%C3%A9/%3D%26%3F%23/~._-/");
    trial_end(trial);
}

static void test_s3_canonical_request__has_one_form_of_a_query(void **state)
{
    struct trial *trial = *state;
    struct error err = {0};
    const struct http_header headers[] = {{SLICE_LITERAL("host"), SLICE_LITERAL("h")}};
    const struct s3_request request = {
        .method = SLICE_LITERAL("GET"),
        .path = SLICE_LITERAL("/"),
        .query = SLICE_LITERAL("&b=%7e%2f&a=x%20y&&a=b+c&a=&flag"),
        .headers = headers,
        .header_count = 1,
        .payload_hash = SLICE_LITERAL("H"),
    };
    trial_begin(trial);
    assert_ok(
        s3_canonical_request_append(&trial->out, &trial->names, &request, &trial->arena, &err),
        &err);
    assert_slice_equal(buffer_slice(&trial->out),
                       "GET\n/\na=&a=b%20c&a=x%20y&b=~%2F&flag=\nhost:h\n\nhost\nH");
    assert_slice_equal(buffer_slice(&trial->names), "host");
    trial_end(trial);
}

static void test_s3_sign__refuses_what_cannot_be_signed(void **state)
{
    struct trial *trial = *state;
    struct error err = {0};
    struct s3_request request = {.method = SLICE_LITERAL("GET"),
                                 .path = SLICE_LITERAL("/"),
                                 .query = SLICE_LITERAL("a=%zz"),
                                 .payload_hash = SLICE_LITERAL("H")};
    trial_begin(trial);
    assert_fails(s3_authorization_append(&trial->out, &request, &EXAMPLE_SCOPE,
                                         &EXAMPLE_CREDENTIALS, &trial->arena, &err),
                 &err, ERROR_BAD_REQUEST);
    request.query = SLICE_EMPTY;
    assert_fails(s3_presigned_query_append(&trial->out, &request, &EXAMPLE_SCOPE,
                                           &EXAMPLE_CREDENTIALS, 0, &trial->arena, &err),
                 &err, ERROR_BAD_REQUEST);
    assert_fails(s3_presigned_query_append(&trial->out, &request, &EXAMPLE_SCOPE,
                                           &EXAMPLE_CREDENTIALS, S3_MAX_PRESIGNED_LIFE_S + 1,
                                           &trial->arena, &err),
                 &err, ERROR_BAD_REQUEST);
    assert_int_equal(trial->out.len, 0);
    trial_end(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s3_authorization__signs_as_the_published_vectors),
        cmocka_unit_test(test_s3_presigned_query__signs_as_the_published_vectors),
        cmocka_unit_test(test_s3_authorization__signs_a_ranged_get),
        cmocka_unit_test(test_s3_authorization__signs_a_list_with_a_parameter_without_value),
        cmocka_unit_test(test_s3_presigned_query__signs_a_get),
        cmocka_unit_test(test_s3_path__encodes_all_but_unreserved_and_slashes),
        cmocka_unit_test(test_s3_canonical_request__has_one_form_of_a_query),
        cmocka_unit_test(test_s3_sign__refuses_what_cannot_be_signed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
