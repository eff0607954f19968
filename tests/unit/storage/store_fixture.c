#include "tests/unit/storage/store_fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"

/* --- the directory ------------------------------------------------------------------------ */

void directory_make(char *ret_path, size_t size)
{
    int written = snprintf(ret_path, size, "/tmp/firn-storage-XXXXXX");
    assert_true(written > 0 && (size_t)written < size);
    assert_non_null(mkdtemp(ret_path));
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void directory_remove(const char *path)
{
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- the store ---------------------------------------------------------------------------- */

void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    directory_make(fixture->directory, sizeof fixture->directory);
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/firn.db", fixture->directory);
    arena_init(&fixture->arena, 64 * MIB);
}

bool fixture_try_open(struct fixture *fixture, struct error *err)
{
    struct pointer_store_options options = {
        .path = fixture->path,
        .vfs = fixture->vfs,
        .clock = &clock_real,
        .busy_timeout_ms = 1000,
    };
    return pointer_store_open(&options, &fixture->store, err);
}

void fixture_open(struct fixture *fixture)
{
    struct error err = {0};
    if (!fixture_try_open(fixture, &err))
        fail_msg("%s", err.message);
}

void fixture_close(struct fixture *fixture)
{
    pointer_store_close(fixture->store);
    fixture->store = NULL;
}

void fixture_finish(struct fixture *fixture)
{
    fixture_close(fixture);
    arena_finish(&fixture->arena);
    directory_remove(fixture->directory);
}

/* False where there is nothing to copy. */
static bool copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    if (!in)
        return false;
    FILE *out = fopen(to, "wb");
    assert_non_null(out);
    static char bytes[65536];
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, size, out), size);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    return true;
}

bool fixture_crash(const struct fixture *fixture, struct fixture *ret_left)
{
    char source[128];
    char target[128];
    fixture_init(ret_left);
    ret_left->vfs = fixture->vfs;
    ret_left->warehouse_id = fixture->warehouse_id;
    ret_left->namespace_id = fixture->namespace_id;
    assert_true(copy_file(fixture->path, ret_left->path));
    (void)snprintf(source, sizeof source, "%s-wal", fixture->path);
    (void)snprintf(target, sizeof target, "%s-wal", ret_left->path);
    return copy_file(source, target);
}

void fixture_start(struct fixture *fixture)
{
    struct error err = {0};
    fixture_init(fixture);
    fixture_open(fixture);
    assert_true(write_warehouse(fixture->store, "main", true, &fixture->warehouse_id, &err));
    assert_true(write_namespace(fixture->store, fixture->warehouse_id, 0, "db",
                                &fixture->namespace_id, &err));
}

/* --- jobs --------------------------------------------------------------------------------- */

struct job {
    int64_t id;
    int64_t parent_id;
    enum entity_kind kind;
    struct slice text;
    struct slice other;
    bool flag;
};

static bool job_warehouse(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    struct warehouse_row row = {.name = job->text,
                                .location = SLICE_LITERAL("file:///w"),
                                .properties = SLICE_LITERAL("{}"),
                                .is_default = job->flag};
    return pointer_warehouse_insert(txn, &row, &job->id, err);
}

bool write_warehouse(struct pointer_store *store, const char *name, bool is_default,
                     int64_t *ret_id, struct error *err)
{
    struct job job = {.text = slice_from_string(name), .flag = is_default};
    TRY(pointer_store_write(store, job_warehouse, &job, err));
    *ret_id = job.id;
    return true;
}

static bool job_namespace(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    return pointer_namespace_insert(txn, job->id, job->parent_id, job->text, SLICE_LITERAL("{}"),
                                    &job->id, err);
}

bool write_namespace(struct pointer_store *store, int64_t warehouse_id, int64_t parent_id,
                     const char *path, int64_t *ret_id, struct error *err)
{
    struct job job = {.id = warehouse_id, .parent_id = parent_id, .text = slice_from_string(path)};
    TRY(pointer_store_write(store, job_namespace, &job, err));
    *ret_id = job.id;
    return true;
}

static bool job_namespace_drop(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    return pointer_namespace_delete(txn, job->id, err);
}

bool write_namespace_drop(struct pointer_store *store, int64_t id, struct error *err)
{
    struct job job = {.id = id};
    return pointer_store_write(store, job_namespace_drop, &job, err);
}

static bool job_entity(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    struct entity_row row = {.namespace_id = job->parent_id,
                             .kind = job->kind,
                             .name = job->text,
                             .uuid = SLICE_LITERAL("11111111-2222-4333-8444-555555555555"),
                             .location = job->other,
                             .metadata_location = SLICE_LITERAL("m0")};
    return pointer_entity_insert(txn, &row, &job->id, err);
}

bool write_entity(struct pointer_store *store, int64_t namespace_id, enum entity_kind kind,
                  const char *name, const char *location, int64_t *ret_id, struct error *err)
{
    struct job job = {.parent_id = namespace_id,
                      .kind = kind,
                      .text = slice_from_string(name),
                      .other = slice_from_string(location)};
    TRY(pointer_store_write(store, job_entity, &job, err));
    *ret_id = job.id;
    return true;
}

static bool job_swap(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    return pointer_entity_swap(txn, job->id, job->text, job->other, SLICE_LITERAL("file:///w/t"),
                               &job->flag, err);
}

bool write_swap(struct pointer_store *store, int64_t id, const char *expected, const char *next,
                bool *ret_swapped, struct error *err)
{
    struct job job = {.id = id,
                      .text = slice_from_string(expected),
                      .other = slice_from_string(next)};
    TRY(pointer_store_write(store, job_swap, &job, err));
    *ret_swapped = job.flag;
    return true;
}

static bool job_rename(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    return pointer_entity_rename(txn, job->id, job->parent_id, job->text, err);
}

bool write_rename(struct pointer_store *store, int64_t id, int64_t namespace_id, const char *name,
                  struct error *err)
{
    struct job job = {.id = id, .parent_id = namespace_id, .text = slice_from_string(name)};
    return pointer_store_write(store, job_rename, &job, err);
}

static bool job_drop(struct pointer_txn *txn, void *context, struct error *err)
{
    struct job *job = context;
    return pointer_entity_delete(txn, job->id, err);
}

bool write_drop(struct pointer_store *store, int64_t id, struct error *err)
{
    struct job job = {.id = id};
    return pointer_store_write(store, job_drop, &job, err);
}

/* --- reads -------------------------------------------------------------------------------- */

bool read_entity(struct fixture *fixture, const char *namespace_path, const char *name,
                 struct entity_row *ret_row)
{
    struct error err = {0};
    struct pointer_view *view;
    bool found = false;
    if (!pointer_view_begin(fixture->store, &view, &err))
        fail_msg("%s", err.message);
    bool ok = pointer_entity_get(view, fixture->warehouse_id, slice_from_string(namespace_path),
                                 slice_from_string(name), &fixture->arena, ret_row, &found, &err);
    pointer_view_end(view);
    if (!ok)
        fail_msg("%s", err.message);
    return found;
}

bool read_namespace(struct fixture *fixture, const char *path, struct namespace_row *ret_row)
{
    struct error err = {0};
    struct pointer_view *view;
    bool found = false;
    if (!pointer_view_begin(fixture->store, &view, &err))
        fail_msg("%s", err.message);
    bool ok = pointer_namespace_get(view, fixture->warehouse_id, slice_from_string(path),
                                    &fixture->arena, ret_row, &found, &err);
    pointer_view_end(view);
    if (!ok)
        fail_msg("%s", err.message);
    return found;
}

bool peek_entity(struct fixture *fixture, const char *namespace_path, const char *name,
                 struct entity_row *ret_row)
{
    return pointer_store_peek(fixture->store, fixture->warehouse_id,
                              slice_from_string(namespace_path), slice_from_string(name),
                              &fixture->arena, ret_row);
}

bool points_at(const struct entity_row *row, const char *metadata_location)
{
    return slice_equals_string(row->metadata_location, metadata_location);
}

/* --- what must work ----------------------------------------------------------------------- */

void must_write(struct fixture *fixture, pointer_job_fn job, void *context)
{
    struct error err = {0};
    if (!pointer_store_write(fixture->store, job, context, &err))
        fail_msg("%s", err.message);
}

struct pointer_view *must_view(struct fixture *fixture)
{
    struct error err = {0};
    struct pointer_view *view;
    if (!pointer_view_begin(fixture->store, &view, &err))
        fail_msg("%s", err.message);
    return view;
}

int64_t must_table(struct fixture *fixture, const char *name, const char *location)
{
    struct error err = {0};
    int64_t id = 0;
    if (!write_entity(fixture->store, fixture->namespace_id, ENTITY_TABLE, name, location, &id,
                      &err))
        fail_msg("%s", err.message);
    return id;
}

/* --- the gate ----------------------------------------------------------------------------- */

bool job_gate(struct pointer_txn *txn, void *context, struct error *err)
{
    (void)txn;
    struct gate *gate = context;
    pthread_mutex_lock(&gate->lock);
    while (!gate->is_open)
        pthread_cond_wait(&gate->opened, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return error_set(err, ERROR_VALIDATION, "a gate writes nothing");
}

void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}
