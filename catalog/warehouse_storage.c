#include "catalog/warehouse_storage.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "storage/gcs_service_account.h"
#include "storage/secret_box.h"
#include "storage/storage_profile.h"

/* What a box of the warehouse is bound to. */
static bool owner_of(struct slice warehouse, struct arena *arena, struct slice *ret,
                     struct error *err)
{
    *ret = arena_printf(arena, "warehouse %.*s", SLICE_ARG(warehouse));
    return ret->ptr != NULL || error_no_memory(err, "a warehouse's name");
}

/* *ret_json: the secrets of before, NULL where there are none. */
static bool secrets_open(const struct catalog *catalog, struct slice warehouse,
                         const struct storage_row *row, struct arena *arena, json_t **ret_json,
                         struct error *err)
{
    struct buffer text;
    struct slice owner;
    if (row->secrets.len == 0)
        return true;
    TRY(owner_of(warehouse, arena, &owner, err));
    buffer_init(&text, MAX_PROFILE_JSON_SIZE);
    bool ok = secret_box_open(catalog->secret_keys, owner, row->secrets, &text, err) &&
              json_tree_parse(buffer_slice(&text), "a warehouse's secrets", ret_json, err);
    secret_buffer_finish(&text);
    return ok;
}

const struct storage_row *storage_row_find(const struct storage_row *rows, size_t count,
                                           int64_t warehouse_id)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].warehouse_id == warehouse_id)
            return &rows[i];
    return NULL;
}

bool storage_row_open(const struct catalog *catalog, struct slice warehouse,
                      const struct storage_row *row, struct arena *arena,
                      struct storage_profile **ret_profile, struct error *err)
{
    json_t *json = NULL, *secrets = NULL;
    bool ok = json_tree_parse(row->profile, "a warehouse's storage", &json, err) &&
              secrets_open(catalog, warehouse, row, arena, &secrets, err) &&
              storage_profile_parse(json, secrets, arena, ret_profile, err);
    json_decref(json);
    json_decref(secrets);
    return ok;
}

/* --- a change ------------------------------------------------------------------------------- */

static bool profile_text(const struct storage_profile *profile, struct arena *arena,
                         struct slice *ret, struct error *err)
{
    struct buffer text;
    struct json_writer writer;
    buffer_init(&text, MAX_PROFILE_JSON_SIZE);
    json_writer_init(&writer, &text);
    storage_profile_write(&writer, profile);
    return buffer_to_arena(&text, true, "the storage profile", arena, ret, err);
}

static bool seal_text(const struct catalog *catalog, struct slice warehouse, struct slice secrets,
                      struct arena *arena, struct slice *ret, struct error *err)
{
    struct buffer box;
    struct slice owner;
    TRY(owner_of(warehouse, arena, &owner, err));
    buffer_init(&box, MAX_PROFILE_JSON_SIZE);
    bool ok =
        secret_box_seal(catalog->secret_keys, catalog->random, owner, secrets, &box, err);
    return buffer_to_arena(&box, ok, "the storage profile", arena, ret, err);
}

static bool seal(const struct call *call, struct slice warehouse,
                 const struct storage_profile *profile, struct slice *ret, struct error *err)
{
    struct buffer secrets;
    buffer_init(&secrets, MAX_PROFILE_JSON_SIZE);
    storage_credentials_secrets_append(&secrets, &profile->credentials);
    bool is_empty = slice_equals_string(buffer_slice(&secrets), "{}");
    bool ok = buffer_check(&secrets, "the secrets", err) &&
              (is_empty || seal_text(call->catalog, warehouse, buffer_slice(&secrets),
                                     call->arena, ret, err));
    secret_buffer_finish(&secrets);
    return ok;
}

/* Secrets that are null in the request are those of before. */
static bool parse_with_kept(const struct call *call, struct slice warehouse, const json_t *json,
                            const struct storage_row *old, struct storage_profile **ret,
                            struct error *err)
{
    struct storage_profile *before = NULL, *now = NULL;
    json_t *secrets = NULL;
    TRY(secrets_open(call->catalog, warehouse, old, call->arena, &secrets, err));
    bool ok = storage_profile_parse(json, secrets, call->arena, &now, err);
    json_decref(secrets);
    TRY(ok);
    TRY(storage_row_open(call->catalog, warehouse, old, call->arena, &before, err));
    if (!storage_profile_may_keep_secrets(before, now))
        return error_set(err, ERROR_BAD_REQUEST,
                         "storage: type, endpoint or identity change, so the secrets have to be "
                         "given again: null stands for them only where these stay");
    *ret = now;
    return true;
}

static bool parse_change(const struct call *call, struct slice warehouse, const json_t *json,
                         const struct storage_row *old, struct storage_change *change,
                         struct error *err)
{
    struct storage_profile *profile = NULL;
    struct error own = {.kind = ERROR_NONE};
    if (storage_profile_parse(json, NULL, call->arena, &profile, &own)) {
        change->has_own_secrets = !credentials_are_ambient(&profile->credentials);
    } else if (old->secrets.len > 0) {
        TRY(parse_with_kept(call, warehouse, json, old, &profile, err));
        change->is_kept = true;
    } else {
        if (err)
            *err = own;
        return false;
    }
    change->profile = profile;
    return true;
}

bool storage_change_make(const struct call *call, struct slice warehouse, const json_t *json,
                         const struct storage_row *old, struct storage_change *ret,
                         struct error *err)
{
    struct storage_change change = {.row = *old};
    struct storage_profile *profile = NULL;
    if (json == NULL && old->profile.len > 0) {
        TRY(storage_row_open(call->catalog, warehouse, old, call->arena, &profile, err));
        change.profile = profile;
    }
    if (json != NULL) {
        change.is_changed = true;
        change.row.profile = change.row.secrets = SLICE_EMPTY;
    }
    if (json != NULL && !json_is_null(json)) {
        TRY(parse_change(call, warehouse, json, old, &change, err));
        TRY(storage_check_endpoints(call->catalog, change.profile, call->arena, err));
        TRY(profile_text(change.profile, call->arena, &change.row.profile, err));
        TRY(seal(call, warehouse, change.profile, &change.row.secrets, err));
    }
    *ret = change;
    return true;
}

static bool is_allowed(const struct catalog *catalog, struct slice endpoint)
{
    for (size_t i = 0; i < catalog->allowed_endpoint_count; i++)
        if (slice_equals(endpoint, catalog->allowed_endpoints[i]))
            return true;
    return false;
}

static bool check_endpoint(const struct catalog *catalog, struct slice endpoint, const char *what,
                           struct error *err)
{
    return endpoint.len == 0 || is_allowed(catalog, endpoint) ||
           error_set(err, ERROR_FORBIDDEN,
                     "storage: the machine's own credentials do not go to the %s %.*s: start the "
                     "server with --allow-endpoint, or give credentials with the warehouse",
                     what, SLICE_ARG(endpoint));
}

/* A key file says itself where it is exchanged for a token, and it comes with a request. */
static bool check_key(const struct catalog *catalog, struct slice key, struct arena *arena,
                      struct error *err)
{
    struct gcs_service_account account;
    struct slice endpoint;
    TRY(gcs_service_account_parse(key, arena, &account, err));
    TRY(gcs_service_account_endpoint(&account, arena, &endpoint, err));
    return slice_equals_string(endpoint, GCS_TOKEN_ENDPOINT) || is_allowed(catalog, endpoint) ||
           error_set(
               err, ERROR_FORBIDDEN,
               "storage.credentials: the key's token_uri is at %.*s, and tokens are asked for "
               "at " GCS_TOKEN_ENDPOINT " alone: start the server with --allow-endpoint",
               SLICE_ARG(endpoint));
}

bool storage_check_endpoints(const struct catalog *catalog, const struct storage_profile *profile,
                             struct arena *arena, struct error *err)
{
    const struct storage_credentials *credentials = &profile->credentials;
    if (credentials->source == CREDENTIALS_SERVICE_ACCOUNT)
        return check_key(catalog, credentials->service_account_key, arena, err);
    if (!credentials_are_ambient(&profile->credentials))
        return true;
    return check_endpoint(catalog, profile->endpoint, "endpoint", err) &&
           check_endpoint(catalog, profile->sts.endpoint, "sts endpoint", err);
}

/* --- another key ---------------------------------------------------------------------------- */

/* What the first key has sealed stays, and what no key opens: its warehouse says so. */
static bool is_of_old_key(const struct secret_keys *keys, const struct storage_row *row)
{
    struct slice id = secret_box_key_id(row->secrets);
    return id.len > 0 && keys->count > 0 && !slice_equals_string(id, keys->keys[0].id) &&
           secret_keys_find(keys, id) != NULL;
}

struct resealing {
    struct catalog *catalog;
    struct arena arena;
    bool is_needed;
};

static bool reseal_row(struct resealing *resealing, struct pointer_txn *txn,
                       const struct warehouse_row *warehouse, struct storage_row row,
                       struct error *err)
{
    struct buffer text;
    struct slice owner;
    TRY(owner_of(warehouse->name, &resealing->arena, &owner, err));
    buffer_init(&text, MAX_PROFILE_JSON_SIZE);
    /* One that was damaged stays as it is. */
    bool is_open =
        secret_box_open(resealing->catalog->secret_keys, owner, row.secrets, &text, NULL);
    bool ok = !is_open ||
              (seal_text(resealing->catalog, warehouse->name, buffer_slice(&text),
                         &resealing->arena, &row.secrets, err) &&
               pointer_storage_put(txn, &row, err));
    secret_buffer_finish(&text);
    return ok;
}

static bool reseal_rows(struct pointer_txn *txn, void *context, struct error *err)
{
    struct resealing *resealing = context;
    struct pointer_view *view = pointer_txn_view(txn);
    struct warehouse_row *warehouses = NULL;
    struct storage_row *rows = NULL;
    size_t warehouse_count = 0, count = 0;
    TRY(pointer_warehouse_list(view, &resealing->arena, &warehouses, &warehouse_count, err));
    TRY(pointer_storage_list(view, &resealing->arena, &rows, &count, err));
    for (size_t i = 0; i < warehouse_count; i++) {
        const struct storage_row *row = storage_row_find(rows, count, warehouses[i].id);
        if (row && is_of_old_key(resealing->catalog->secret_keys, row))
            TRY(reseal_row(resealing, txn, &warehouses[i], *row, err));
    }
    return true;
}

static bool look_for_old_keys(struct resealing *resealing, struct error *err)
{
    struct pointer_view *view = NULL;
    struct storage_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_view_begin(resealing->catalog->pointers, &view, err));
    bool ok = pointer_storage_list(view, &resealing->arena, &rows, &count, err);
    pointer_view_end(view);
    for (size_t i = 0; ok && i < count; i++)
        if (is_of_old_key(resealing->catalog->secret_keys, &rows[i]))
            resealing->is_needed = true;
    return ok;
}

bool storage_rows_reseal(struct catalog *catalog, struct error *err)
{
    struct resealing resealing = {.catalog = catalog};
    arena_init(&resealing.arena, MAX_REQUEST_ARENA);
    bool ok = look_for_old_keys(&resealing, err);
    /* A full disk must not keep the server from answering reads: the next start tries again. */
    if (ok && resealing.is_needed)
        (void)pointer_store_write(catalog->pointers, reseal_rows, &resealing, NULL);
    arena_finish(&resealing.arena);
    return ok;
}
