#include "server/secrets.h"

#include "base/limits.h"
#include "storage/secret_box.h"

const char *secrets_key_path(struct slice data_directory, struct arena *arena, struct error *err)
{
    struct slice path =
        arena_printf(arena, "%.*s/" SECRET_KEY_FILE_NAME, SLICE_ARG(data_directory));
    if (path.ptr == NULL)
        (void)error_no_memory(err, "the key file's path");
    return path.ptr;
}

static bool read_named(struct slice path, struct secret_keys *ret_keys, bool *ret_found,
                       struct error *err)
{
    TRY(secret_keys_read(path.ptr, ret_keys, ret_found, err));
    return *ret_found ||
           error_set(err, ERROR_BAD_REQUEST, "The key file %.*s (--secret-key-file) is not there",
                     SLICE_ARG(path));
}

bool secrets_find(const struct options *options, struct slice data_directory,
                  struct secret_keys *ret_keys, bool *ret_found, struct error *err)
{
    struct slice text = option_text(options, OPTION_SECRET_KEY);
    struct slice file = option_text(options, OPTION_SECRET_KEY_FILE);
    struct arena arena;
    if (text.len > 0 && file.len > 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Give the secret key itself or its file (--secret-key-file), not both");
    if (text.len > 0) {
        *ret_found = true;
        return secret_keys_parse(text, "FIRN_SECRET_KEY", ret_keys, err);
    }
    if (file.len > 0)
        return read_named(file, ret_keys, ret_found, err);
    arena_init(&arena, 64 * KIB);
    const char *path = secrets_key_path(data_directory, &arena, err);
    bool ok = path != NULL && secret_keys_read(path, ret_keys, ret_found, err);
    arena_finish(&arena);
    return ok;
}

static struct slice name_of(const struct warehouse_row *rows, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].id == id)
            return rows[i].name;
    return SLICE_EMPTY;
}

bool secrets_count_closed(struct pointer_store *pointers, const struct secret_keys *keys,
                          struct arena *arena, size_t *ret_count, struct slice *ret_name,
                          struct error *err)
{
    struct pointer_view *view = NULL;
    struct warehouse_row *warehouses = NULL;
    struct storage_row *rows = NULL;
    size_t warehouse_count = 0, count = 0, closed = 0;
    TRY(pointer_view_begin(pointers, &view, err));
    bool ok = pointer_warehouse_list(view, arena, &warehouses, &warehouse_count, err) &&
              pointer_storage_list(view, arena, &rows, &count, err);
    pointer_view_end(view);
    TRY(ok);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].secrets.len == 0 || secret_keys_find(keys, secret_box_key_id(rows[i].secrets)))
            continue;
        *ret_name = name_of(warehouses, warehouse_count, rows[i].warehouse_id);
        closed++;
    }
    *ret_count = closed;
    return true;
}

static bool make_first(struct slice data_directory, struct arena *arena, struct log *log,
                       struct secret_keys *ret_keys, struct error *err)
{
    const char *path = secrets_key_path(data_directory, arena, err);
    TRY(path != NULL && secret_keys_make(path, &random_source_real, ret_keys, err));
    struct log_field fields[] = {LOG_TEXT_FIELD("file", slice_from_string(path))};
    log_write(log, LOG_INFO,
              "made the key that warehouses' secrets are encrypted with; keep a copy of it apart "
              "from the backups",
              fields, 1);
    return true;
}

static void warn_of_closed(struct log *log, size_t count, struct slice name)
{
    struct log_field fields[] = {LOG_TEXT_FIELD("warehouse", name),
                                 LOG_NUMBER_FIELD("warehouses", (int64_t)count)};
    log_write(log, LOG_WARN,
              "secrets of warehouses were encrypted with a key that is not here: start with its "
              "file as --secret-key-file, or give these secrets again",
              fields, 2);
}

bool secrets_open(const struct options *options, struct slice data_directory,
                  struct pointer_store *pointers, struct log *log, struct secret_keys *ret_keys,
                  struct error *err)
{
    struct secret_keys keys = {.count = 0};
    struct slice name = SLICE_EMPTY;
    struct arena arena;
    bool is_found = false;
    size_t closed = 0;
    arena_init(&arena, MAX_REQUEST_ARENA);
    bool ok = secrets_find(options, data_directory, &keys, &is_found, err) &&
              secrets_count_closed(pointers, &keys, &arena, &closed, &name, err);
    if (ok && closed > 0)
        warn_of_closed(log, closed, name);
    else if (ok && !is_found)
        ok = make_first(data_directory, &arena, log, &keys, err);
    arena_finish(&arena);
    if (ok)
        *ret_keys = keys;
    secret_keys_wipe(&keys);
    return ok;
}
