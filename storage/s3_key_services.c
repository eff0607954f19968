/* Keys of services that only this machine can reach (storage/s3_key_fetch.h): a container's
 * agent, and an instance's metadata. */
#include "base/json_tree.h"
#include "base/limits.h"
#include "storage/s3_key_fetch.h"
#include "storage/secret_box.h"
#include "storage/secret_file.h"

#define MAX_SERVICE_ANSWER (64 * KIB)
#define SERVICE_ARENA_SIZE (1 * MIB)
#define CONTAINER_AGENT "http://169.254.170.2"
#define INSTANCE_SERVICE "http://169.254.169.254"
#define INSTANCE_KEYS "/latest/meta-data/iam/security-credentials/"
/* Six hours, the most that may be asked for; it is used at once. */
#define TOKEN_LIFE_HEADER "X-aws-ec2-metadata-token-ttl-seconds: 21600"

/* One question with at most one header. */
struct question {
    const char *method;
    const char *url;
    const char *header; /* NULL: none */
    bool is_far;        /* not of this machine's own network: the usual limits */
};

static bool give_header(void *context, struct arena *arena, struct http_header_lines *ret_lines,
                        struct error *err)
{
    const struct question *question = context;
    (void)arena, (void)err;
    *ret_lines = (struct http_header_lines){&question->header, question->header ? 1 : 0};
    return true;
}

/* *ret_status: whatever it is. */
static bool ask(struct http_transport *transport, struct question *question, struct buffer *out,
                long *ret_status, struct error *err)
{
    const struct http_request request = {
        .method = question->method,
        .url = question->url,
        .is_local_service = !question->is_far,
        .headers = give_header,
        .context = question,
    };
    struct http_answer answer = {.body = out};
    TRY(http_transport_send(transport, &request, &answer, err));
    *ret_status = answer.status;
    return true;
}

/* {"AccessKeyId": …, "SecretAccessKey": …, "Token": …, "Expiration": …}, of both services. */
static bool read_keys(struct slice json, const char *service, struct s3_keys *ret_keys,
                      struct error *err)
{
    struct s3_credentials credentials = {SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY};
    struct slice expiration = SLICE_EMPTY;
    int64_t expires_ms = 0;
    json_t *tree = NULL;
    TRY(json_tree_parse(json, service, &tree, err));
    bool ok = json_get_string(tree, "AccessKeyId", &credentials.access_key_id, err) &&
              json_get_string(tree, "SecretAccessKey", &credentials.secret_access_key, err) &&
              json_opt_string(tree, "Token", &credentials.session_token, err) &&
              json_opt_string(tree, "Expiration", &expiration, err);
    if (ok && expiration.len > 0 && !s3_keys_parse_time(expiration, &expires_ms))
        ok = error_set(err, ERROR_STORAGE, "the keys expire at '%.*s', which is no time",
                       SLICE_ARG(expiration));
    ok = ok && s3_keys_set(ret_keys, service, &credentials, expires_ms, err);
    json_decref(tree);
    if (!ok && err)
        err->kind = ERROR_STORAGE; /* what they answered is no fault of a client */
    return ok;
}

static bool ask_for_keys(const struct s3_key_origin *origin, struct question *question,
                         const char *service, struct s3_keys *ret_keys, struct error *err)
{
    struct buffer answer;
    long status = 0;
    buffer_init(&answer, MAX_SERVICE_ANSWER);
    bool ok = ask(origin->transport, question, &answer, &status, err);
    if (ok && status != 200)
        ok = error_set(err, ERROR_STORAGE, "%s answered %ld: see whether this machine has a role",
                       service, status);
    ok = ok && read_keys(buffer_slice(&answer), service, ret_keys, err);
    secret_buffer_finish(&answer);
    return ok;
}

/* --- container ---------------------------------------------------------------------------- */

/* A plain http:// URL of the environment may name these hosts only, as in AWS's own tools: keys
 * must not be asked for, and a token not shown, across a network. */
static bool is_safe(struct slice url)
{
    static const char *const HOSTS[] = {"localhost",     "127.0.0.1",      "[::1]",
                                        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    if (slice_starts_with(url, SLICE_LITERAL("https://")))
        return true;
    if (!slice_starts_with(url, SLICE_LITERAL("http://")))
        return false;
    struct slice host = slice_from(url, sizeof "http://" - 1);
    for (size_t i = 0; i < sizeof HOSTS / sizeof HOSTS[0]; i++) {
        struct slice name = slice_from_string(HOSTS[i]);
        if (!slice_starts_with(host, name))
            continue;
        struct slice rest = slice_from(host, name.len);
        if (rest.len == 0 || rest.ptr[0] == ':' || rest.ptr[0] == '/')
            return true;
    }
    return false;
}

static bool container_url(const struct s3_key_origin *origin, struct arena *arena,
                          struct slice *ret_url, struct error *err)
{
    struct slice relative = s3_environment(origin, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    struct slice full = s3_environment(origin, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative.len == 0 && full.len == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set in the "
                         "server's environment: give its task a role");
    if (relative.len == 0 && !is_safe(full))
        return error_set(err, ERROR_STORAGE,
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or of this machine");
    const struct slice parts[] = {SLICE_LITERAL(CONTAINER_AGENT), relative};
    *ret_url = relative.len ? arena_join(arena, parts, 2) : arena_slice(arena, full);
    return ret_url->ptr || error_no_memory(err, "a URL");
}

/* A line of its own would end the header. */
static bool container_header(const struct s3_key_origin *origin, struct arena *arena,
                             const char **ret_header, struct error *err)
{
    struct slice file = s3_environment(origin, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    struct slice token = s3_environment(origin, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct buffer text;
    bool ok = true;
    buffer_init(&text, MAX_SERVICE_ANSWER);
    if (file.len > 0) {
        ok = secret_file_read(file.ptr, &text, err);
        token = slice_trim_lines(buffer_slice(&text));
    }
    if (ok && (slice_find(token, '\n') != token.len || slice_find(token, '\r') != token.len))
        ok = error_set(err, ERROR_STORAGE, "the container's authorization token has a line end");
    if (ok && token.len > 0) {
        const struct slice parts[] = {SLICE_LITERAL("Authorization: "), token};
        *ret_header = arena_join(arena, parts, 2).ptr;
        ok = *ret_header || error_no_memory(err, "a token");
    }
    secret_buffer_finish(&text);
    return ok;
}

bool s3_key_fetch_container(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                            struct error *err)
{
    struct arena arena;
    struct slice url = SLICE_EMPTY;
    struct question question = {.method = "GET"};
    arena_init(&arena, SERVICE_ARENA_SIZE);
    bool ok = container_url(origin, &arena, &url, err) &&
              container_header(origin, &arena, &question.header, err);
    question.url = url.ptr;
    ok = ok && ask_for_keys(origin, &question, "the container's agent", ret_keys, err);
    arena_finish(&arena);
    return ok;
}

/* --- instance ----------------------------------------------------------------------------- */

struct instance {
    const struct s3_key_origin *origin;
    struct slice service;
    struct arena arena;
    const char *token; /* a header */
};

/* One short text into the arena; ERROR_NOT_FOUND where nothing is there that answers. */
static bool ask_text(struct instance *instance, struct question *question, struct slice *ret_text,
                     struct error *err)
{
    struct buffer out;
    struct error cause = {0};
    long status = 0;
    buffer_init(&out, MAX_SERVICE_ANSWER);
    bool ok = ask(instance->origin->transport, question, &out, &status, &cause);
    if (!ok)
        error_set(err, ERROR_NOT_FOUND, "no metadata service of an instance answers: %s",
                  cause.message);
    else if (status != 200)
        ok = error_set(err, ERROR_NOT_FOUND,
                       "the instance's metadata service answered %ld: give the instance a role",
                       status);
    if (ok)
        *ret_text = arena_slice(&instance->arena, slice_trim_lines(buffer_slice(&out)));
    secret_buffer_finish(&out);
    return ok && (ret_text->ptr || error_no_memory(err, "an answer"));
}

static bool instance_url(struct instance *instance, struct slice path, struct slice name,
                         const char **ret_url, struct error *err)
{
    const struct slice parts[] = {instance->service, path, name};
    *ret_url = arena_join(&instance->arena, parts, 3).ptr;
    return *ret_url || error_no_memory(err, "a URL");
}

/* Version 2 of the service: a token first. */
static bool instance_token(struct instance *instance, struct error *err)
{
    struct question question = {.method = "PUT", .header = TOKEN_LIFE_HEADER};
    struct slice token;
    TRY(instance_url(instance, SLICE_LITERAL("/latest/api/token"), SLICE_EMPTY, &question.url,
                     err));
    TRY(ask_text(instance, &question, &token, err));
    const struct slice parts[] = {SLICE_LITERAL("X-aws-ec2-metadata-token: "), token};
    instance->token = arena_join(&instance->arena, parts, 2).ptr;
    return instance->token || error_no_memory(err, "a token");
}

static bool instance_keys(struct instance *instance, struct s3_keys *ret_keys, struct error *err)
{
    struct question question = {.method = "GET"};
    struct slice role;
    TRY(instance_token(instance, err));
    question.header = instance->token;
    TRY(instance_url(instance, SLICE_LITERAL(INSTANCE_KEYS), SLICE_EMPTY, &question.url, err));
    TRY(ask_text(instance, &question, &role, err));
    role.len = slice_find(role, '\n');
    TRY(instance_url(instance, SLICE_LITERAL(INSTANCE_KEYS), role, &question.url, err));
    return ask_for_keys(instance->origin, &question, "the instance's metadata service", ret_keys,
                        err);
}

bool s3_key_fetch_instance(const struct s3_key_origin *origin, struct s3_keys *ret_keys,
                           struct error *err)
{
    struct instance instance = {
        .origin = origin,
        .service = s3_environment(origin, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
    };
    if (slice_equals_ignore_case(s3_environment(origin, "AWS_EC2_METADATA_DISABLED"),
                                 SLICE_LITERAL("true")))
        return error_set(err, ERROR_NOT_FOUND,
                         "AWS_EC2_METADATA_DISABLED forbids to ask for the instance's keys");
    if (instance.service.len == 0)
        instance.service = SLICE_LITERAL(INSTANCE_SERVICE);
    if (slice_ends_with(instance.service, SLICE_LITERAL("/")))
        instance.service.len--;
    arena_init(&instance.arena, SERVICE_ARENA_SIZE);
    bool ok = instance_keys(&instance, ret_keys, err);
    arena_finish(&instance.arena);
    return ok;
}
