#include "server/access.h"

#include "base/limits.h"
#include "base/percent.h"
#include "iceberg/table_metadata.h"
#include "server/access_config.h"
#include "server/access_grant.h"
#include "server/server.h"
#include "storage/location.h"
#include "storage/secret_box.h"
#include "storage/storage_profile.h"
#include "storage/vended_keys.h"

const struct access access_none = {.config = {"", 0}, .credentials = {"", 0}, .signing = {"", 0}};

#define MAX_ACCESS_TEXT (1 * MIB)

enum access_kind access_choose(struct slice header, unsigned client_access)
{
    while (header.ptr != NULL && header.len > 0) {
        struct slice part = slice_make(header.ptr, slice_find(header, ','));
        struct slice word = slice_trim(part);
        header = slice_from(header, part.len + 1);
        if (slice_equals_ignore_case(word, SLICE_LITERAL("vended-credentials"))) {
            if ((client_access & CLIENT_ACCESS_VENDED) != 0)
                return ACCESS_VENDED;
            if ((client_access & CLIENT_ACCESS_STATIC_KEYS) != 0)
                return ACCESS_STATIC_KEYS;
        }
        if (slice_equals_ignore_case(word, SLICE_LITERAL("remote-signing")) &&
            (client_access & CLIENT_ACCESS_SIGNING) != 0)
            return ACCESS_SIGNING;
    }
    return ACCESS_NONE;
}

/* --- keys ----------------------------------------------------------------------------------- */

static bool vend(struct op *op, struct slice location, enum session_rights rights,
                 struct s3_keys *ret_keys, struct error *err)
{
    struct vended_request request;
    TRY(vended_request_begin(op->server->objects, op->call.warehouse->storage, location, rights,
                             &request, err));
    bool ok = vended_keys_find(op->server->vended, &request, ret_keys);
    if (!ok && !op->request->may_block)
        op->would_block = true;
    else if (!ok)
        ok = vended_keys_get(op->server->vended, &request, ret_keys, err);
    vended_request_finish(&request);
    return ok;
}

static bool find_keys(struct op *op, struct slice location, enum access_kind kind,
                      enum session_rights rights, struct s3_keys *ret_keys, struct error *err)
{
    const struct storage_credentials *own = &op->call.warehouse->storage->credentials;
    const struct s3_credentials credentials = {own->access_key_id,
                                               own->account_key.len > 0 ? own->account_key
                                                                        : own->secret_access_key,
                                               own->session_token};
    if (kind == ACCESS_STATIC_KEYS)
        return s3_keys_set(ret_keys, "the warehouse", &credentials, 0, err);
    return vend(op, location, rights, ret_keys, err);
}

/* --- texts ---------------------------------------------------------------------------------- */

/* "v1/<warehouse>/namespaces/<ns>/tables/<table>/<action>?grant=…", relative to what the client
 * calls the catalog: the server's own name for itself may be of no use to it. */
static void put_table_path(struct op *op, const char *action, struct buffer *out)
{
    buffer_append_string(out, "v1/");
    percent_append(out, op->call.warehouse->name);
    buffer_append_string(out, "/namespaces/");
    percent_append(out, op->table.namespace_path);
    buffer_append_string(out, "/tables/");
    percent_append(out, op->table.name);
    buffer_append_byte(out, '/');
    buffer_append_string(out, action);
    if (op->grant.len > 0) {
        buffer_append_string(out, "?grant=");
        buffer_append_slice(out, op->grant);
    }
}

/* In the arena; empty where the answer is of no table yet. */
static struct slice table_path(struct op *op, const char *action)
{
    struct buffer path;
    if (op->table.name.len == 0)
        return SLICE_EMPTY;
    buffer_init(&path, 2 * MAX_URI_SIZE);
    put_table_path(op, action, &path);
    struct slice copy =
        buffer_ok(&path) ? arena_slice(op->call.arena, buffer_slice(&path)) : SLICE_EMPTY;
    buffer_finish(&path);
    return copy.ptr ? copy : SLICE_EMPTY;
}

/* For this client: endpoints are chosen by where it comes from. */
static struct access_told told_to(struct op *op, struct slice location)
{
    const struct storage_profile *profile = op->call.warehouse->storage;
    struct slice host = request_header(op->request, "Host");
    return (struct access_told){
        .profile = profile,
        .location = location,
        .endpoint = storage_profile_client_endpoint(profile, host.ptr ? host : SLICE_EMPTY,
                                                    op->request->peer.ptr ? op->request->peer
                                                                          : SLICE_EMPTY),
        .refresh = table_path(op, "credentials"),
    };
}

/* The names that clients of different ages have for the same: `signer.…` since 1.11 of Java,
 * `s3.signer.…` before and in Python, whose other file system cannot sign. */
static void write_signing(struct op *op, struct json_writer *json)
{
    json_write_string_member(json, "s3.remote-signing-enabled", SLICE_LITERAL("true"));
    json_write_string_member(json, "s3.signer", SLICE_LITERAL("S3V4RestSigner"));
    json_write_string_member(json, "py-io-impl", SLICE_LITERAL("pyiceberg.io.fsspec.FsspecFileIO"));
    struct slice path = table_path(op, "sign");
    if (path.len == 0)
        return;
    json_write_string_member(json, "s3.signer.endpoint", path);
    json_write_string_member(json, "signer.endpoint", path);
}

/* [{"prefix": "s3://bucket/table/", "config": {…}}]: with its slash, so that a table "t2" beside it
 * is not meant. */
static void write_credentials(struct op *op, const struct access_told *told,
                              const struct s3_keys *keys, struct json_writer *json)
{
    struct slice location = told->location;
    struct slice prefix = arena_printf(op->call.arena, "%.*s/", SLICE_ARG(location));
    json_write_array_begin(json);
    json_write_object_begin(json);
    json_write_string_member(json, "prefix", prefix.ptr ? prefix : location);
    json_write_key(json, "config");
    json_write_object_begin(json);
    access_config_write_place(told, json);
    access_config_write_keys(told, keys, json);
    json_write_object_end(json);
    json_write_object_end(json);
    json_write_array_end(json);
}

/* --- all of it ------------------------------------------------------------------------------ */

struct texts {
    struct buffer config, credentials, signing;
};

static void write_texts(struct op *op, struct slice location, enum access_kind kind,
                        const struct s3_keys *keys, struct texts *texts)
{
    struct json_writer config, credentials;
    const struct access_told told = told_to(op, location);
    json_writer_init(&config, &texts->config);
    json_writer_init(&credentials, &texts->credentials);
    json_write_object_begin(&config);
    access_config_write_place(&told, &config);
    if (kind == ACCESS_SIGNING) {
        write_signing(op, &config);
        buffer_append_string(&texts->signing, "{\"properties\":{},\"headers\":{}}");
    }
    if (kind == ACCESS_VENDED || kind == ACCESS_STATIC_KEYS) {
        access_config_write_keys(&told, keys, &config);
        write_credentials(op, &told, keys, &credentials);
    }
    json_write_object_end(&config);
}

static bool take_text(struct arena *arena, struct slice text, struct slice *ret, struct error *err)
{
    *ret = arena_slice(arena, text);
    return ret->ptr != NULL || error_no_memory(err, "the answer");
}

static bool take_texts(struct op *op, const struct texts *texts, struct access *access,
                       struct error *err)
{
    struct slice config = buffer_slice(&texts->config);
    TRY(buffer_check(&texts->config, "the answer", err));
    TRY(buffer_check(&texts->credentials, "the answer", err));
    TRY(buffer_check(&texts->signing, "the answer", err));
    TRY(take_text(op->call.arena, slice_make(config.ptr + 1, config.len - 2), &access->config,
                  err));
    TRY(take_text(op->call.arena, buffer_slice(&texts->credentials), &access->credentials, err));
    TRY(take_text(op->call.arena, buffer_slice(&texts->signing), &access->signing, err));
    const struct slice parts[] = {access->config, access->credentials, access->signing};
    return digest_parts(parts, 3, access->digest, err);
}

static bool make_texts(struct op *op, struct slice location, enum access_kind kind,
                       const struct s3_keys *keys, struct access *access, struct error *err)
{
    struct texts texts;
    buffer_init(&texts.config, MAX_ACCESS_TEXT);
    buffer_init(&texts.credentials, MAX_ACCESS_TEXT);
    buffer_init(&texts.signing, MAX_ACCESS_TEXT);
    write_texts(op, location, kind, keys, &texts);
    bool ok = take_texts(op, &texts, access, err);
    secret_buffer_finish(&texts.config);
    secret_buffer_finish(&texts.credentials);
    buffer_finish(&texts.signing);
    return ok;
}

static bool make(struct op *op, struct slice location, enum access_kind kind,
                 enum session_rights rights, struct access *ret, struct error *err)
{
    struct access access = access_none;
    access.has_secrets = kind == ACCESS_VENDED || kind == ACCESS_STATIC_KEYS;
    struct s3_keys keys = {.expires_ms = 0};
    if (kind != ACCESS_NONE && rights == SESSION_READ_WRITE)
        TRY(access_grant_make(op, location, err));
    bool ok = !access.has_secrets || find_keys(op, location, kind, rights, &keys, err);
    ok = ok && make_texts(op, location, kind, &keys, &access, err);
    s3_keys_wipe(&keys);
    if (ok)
        *ret = access;
    return ok;
}

/* Does the table lie where the warehouse's credentials are meant for? It may have been elsewhere,
 * or the warehouse. */
static bool is_in_warehouse(const struct op *op, struct slice location)
{
    return location_is_within(location, op->call.warehouse->canonical);
}

bool access_make(struct op *op, struct slice location, enum session_rights rights,
                 struct access *ret, struct error *err)
{
    const struct warehouse *warehouse = op->call.warehouse;
    *ret = access_none;
    if (warehouse->storage == NULL)
        return true;
    struct slice header = request_header(op->request, "X-Iceberg-Access-Delegation");
    bool is_inside = is_in_warehouse(op, location);
    unsigned allowed = is_inside ? warehouse->storage->client_access : 0;
    return make(op, location, access_choose(header, allowed), rights, ret, err);
}

bool access_make_of_table(struct op *op, const struct table_metadata *metadata,
                          enum session_rights rights, struct access *ret, struct error *err)
{
    struct slice canonical;
    *ret = access_none;
    if (op->call.warehouse->storage == NULL)
        return true;
    return location_canonical(metadata->location, op->call.arena, &canonical, err) &&
           access_make(op, canonical, rights, ret, err);
}

bool access_make_credentials(struct op *op, struct slice location, enum session_rights rights,
                             struct access *ret, struct error *err)
{
    const struct warehouse *warehouse = op->call.warehouse;
    *ret = access_none;
    if (warehouse->storage == NULL || !is_in_warehouse(op, location))
        return true;
    enum access_kind kind =
        access_choose(SLICE_LITERAL("vended-credentials"), warehouse->storage->client_access);
    return kind == ACCESS_NONE || make(op, location, kind, rights, ret, err);
}
