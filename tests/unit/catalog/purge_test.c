#include "catalog/purge.h"

#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/catalog/catalog_fixture.h"

/* --- manifests ---------------------------------------------------------------------------- */

static const char list_schema[] =
    "{\"type\":\"record\",\"name\":\"manifest_file\",\"fields\":["
    "{\"name\":\"manifest_path\",\"type\":\"string\"}]}";
static const char manifest_schema[] =
    "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":["
    "{\"name\":\"status\",\"type\":\"int\"},{\"name\":\"data_file\",\"type\":{\"type\":\"record\","
    "\"name\":\"r2\",\"fields\":[{\"name\":\"file_path\",\"type\":\"string\"}]}}]}";

static void set_path(avro_value_t *record, const char *path)
{
    avro_value_t inner, field;
    if (avro_value_get_by_name(record, "manifest_path", &field, NULL) == 0) {
        assert_int_equal(avro_value_set_string(&field, path), 0);
        return;
    }
    assert_int_equal(avro_value_get_by_name(record, "status", &field, NULL), 0);
    assert_int_equal(avro_value_set_int(&field, 1), 0);
    assert_int_equal(avro_value_get_by_name(record, "data_file", &inner, NULL), 0);
    assert_int_equal(avro_value_get_by_name(&inner, "file_path", &field, NULL), 0);
    assert_int_equal(avro_value_set_string(&field, path), 0);
}

/* An Avro file that names the paths (a list that ends with NULL). */
static void write_avro(const char *uri, const char *schema_text, const char *const *paths)
{
    avro_schema_t schema;
    avro_file_writer_t writer;
    avro_value_t record;
    file_write(uri, SLICE_EMPTY); /* for the directories */
    assert_int_equal(avro_schema_from_json_length(schema_text, strlen(schema_text), &schema), 0);
    assert_int_equal(avro_file_writer_create(uri + strlen("file://"), schema, &writer), 0);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    assert_int_equal(avro_generic_value_new(class, &record), 0);
    for (; *paths; paths++) {
        set_path(&record, *paths);
        assert_int_equal(avro_file_writer_append_value(writer, &record), 0);
    }
    avro_value_decref(&record);
    avro_value_iface_decref(class);
    assert_int_equal(avro_file_writer_close(writer), 0);
    avro_schema_decref(schema);
}

/* --- a table with files ------------------------------------------------------------------- */

enum place {
    DATA_1, DATA_2, DATA_3, DELETES, FOREIGN, /* what manifests may name */
    MANIFEST_1, MANIFEST_2, LIST_1, LIST_2, STATS, PARTITION_STATS, OLD, CURRENT, PLACE_COUNT
};

static const char *const place_names[PLACE_COUNT] = {
    "w/ns/p/data/1.parquet",    "w/ns/p/data/2.parquet",     "w/ns/p/data/3.parquet",
    "w/ns/p/data/d.parquet",    "foreign.parquet",           "w/ns/p/metadata/m1.avro",
    "w/ns/p/metadata/m2.avro",  "w/ns/p/metadata/l1.avro",   "w/ns/p/metadata/l2.avro",
    "w/ns/p/metadata/s.puffin", "w/ns/p/metadata/p.parquet",
    "w/ns/p/metadata/00000-a.metadata.json", "w/ns/p/metadata/00001-a.metadata.json",
};

struct files {
    char uris[PLACE_COUNT][WORLD_PATH_SIZE];
};

static void write_metadata(struct world *world, const struct files *files, const char *more)
{
    json_t *tree = json_of_text(
        "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1',"
        "'location':'%s/ns/p','last-sequence-number':2,'last-updated-ms':2000,"
        "'last-column-id':2,'current-schema-id':0,'schemas':[%s],'default-spec-id':0,"
        "'partition-specs':[{'spec-id':0,'fields':[]}],'last-partition-id':999,"
        "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
        "'properties':{%s},'current-snapshot-id':20,"
        "'refs':{'main':{'snapshot-id':20,'type':'branch'}},'snapshots':["
        "{'snapshot-id':10,'sequence-number':1,'timestamp-ms':1000,'manifest-list':'%s',"
        "'summary':{'operation':'append'},'schema-id':0},"
        "{'snapshot-id':20,'parent-snapshot-id':10,'sequence-number':2,'timestamp-ms':2000,"
        "'manifest-list':'%s','summary':{'operation':'append'},'schema-id':0}],"
        "'statistics':[{'snapshot-id':10,'statistics-path':'%s','file-size-in-bytes':1,"
        "'file-footer-size-in-bytes':1,'blob-metadata':[]}],"
        "'partition-statistics':[{'snapshot-id':10,'statistics-path':'%s',"
        "'file-size-in-bytes':1}],"
        "'snapshot-log':[{'timestamp-ms':1000,'snapshot-id':10},"
        "{'timestamp-ms':2000,'snapshot-id':20}],"
        "'metadata-log':[{'timestamp-ms':1000,'metadata-file':'%s'}]}",
        world->location, SCHEMA, more, files->uris[LIST_1], files->uris[LIST_2],
        files->uris[STATS], files->uris[PARTITION_STATS], files->uris[OLD]);
    char *text = json_dumps(tree, 0);
    file_write(files->uris[CURRENT], slice_from_string(text));
    free(text);
    json_decref(tree);
}

/* Two snapshots that share a manifest. */
static void make_files(struct world *world, struct files *files)
{
    for (int i = 0; i < PLACE_COUNT; i++)
        (void)snprintf(files->uris[i], sizeof files->uris[i], "file://%s/%s", world->directory,
                       place_names[i]);
    const char (*uris)[WORLD_PATH_SIZE] = (const char (*)[WORLD_PATH_SIZE])files->uris;
    const int plain[] = {DATA_1, DATA_2, DATA_3, DELETES, FOREIGN, STATS, PARTITION_STATS, OLD};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        file_write(uris[plain[i]], SLICE_LITERAL("x"));
    write_avro(uris[MANIFEST_1], manifest_schema,
               (const char *const[]){uris[DATA_1], uris[DATA_2], NULL});
    write_avro(uris[MANIFEST_2], manifest_schema,
               (const char *const[]){uris[DATA_3], uris[DELETES], NULL});
    write_avro(uris[LIST_1], list_schema, (const char *const[]){uris[MANIFEST_1], NULL});
    write_avro(uris[LIST_2], list_schema,
               (const char *const[]){uris[MANIFEST_1], uris[MANIFEST_2], NULL});
    write_metadata(world, files, "");
    assert_ok(register_table(world, NAME("p"), uris[CURRENT], false, NULL), &world->client.err);
}

static bool purge(struct world *world, const struct purge_row *row)
{
    int64_t left = 0;
    return purge_entry(world->catalog, row, NULL, NULL, &left, &world->client.err);
}

static size_t queue_size(struct world *world)
{
    struct purge_row *rows = NULL;
    size_t count = 0;
    assert_ok(purge_list(&world->client.call, 1000, &rows, &count, &world->client.err),
              &world->client.err);
    return count;
}

static void wait_for_queue(struct world *world)
{
    for (int i = 0; i < 2000 && queue_size(world) > 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_int_equal(queue_size(world), 0);
}

static void assert_purged(const struct files *files)
{
    for (int i = 0; i < PLACE_COUNT; i++)
        if (i != FOREIGN && file_is_there(files->uris[i]))
            fail_msg("%s was not purged", place_names[i]);
    assert_true(file_is_there(files->uris[FOREIGN]));
}

/* --- the worker --------------------------------------------------------------------------- */

/* Rule 60. */
static void test_purge__deletes_all_that_the_metadata_reaches(void **state)
{
    struct world *world = *state;
    struct files files;
    char beside[WORLD_PATH_SIZE];
    make_files(world, &files);
    (void)snprintf(beside, sizeof beside, "%s/ns/p/data/unknown.parquet", world->location);
    file_write(beside, SLICE_LITERAL("x"));
    assert_ok(drop_table(world, NAME("p"), true), &world->client.err);
    assert_false(has_table(world, NAME("p")));
    wait_for_queue(world);
    assert_purged(&files);
    assert_true(file_is_there(beside));
}

static void test_purge__does_not_come_with_a_plain_drop(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    assert_ok(drop_table(world, NAME("p"), false), &world->client.err);
    assert_int_equal(queue_size(world), 0);
    for (int i = 0; i < PLACE_COUNT; i++)
        assert_true(file_is_there(files.uris[i]));
}

/* A manifest list by PyIceberg, of a table elsewhere: read, and nothing of it is deleted. */
static void test_purge__reads_manifests_of_other_writers(void **state)
{
    struct world *world = *state;
    struct files files;
    struct buffer bytes;
    struct error err = {0};
    char cwd_uri[WORLD_PATH_SIZE];
    make_files(world, &files);
    char *here = realpath("tests/unit/iceberg/data/v2-list.avro", NULL);
    assert_non_null(here);
    (void)snprintf(cwd_uri, sizeof cwd_uri, "file://%s", here);
    free(here);
    buffer_init(&bytes, 1 << 20);
    assert_ok(object_get(world->objects, slice_from_string(cwd_uri), &bytes, &err), &err);
    file_delete(files.uris[LIST_2]);
    file_write(files.uris[LIST_2], buffer_slice(&bytes));
    buffer_finish(&bytes);
    assert_ok(drop_table(world, NAME("p"), true), &world->client.err);
    wait_for_queue(world);
    assert_false(file_is_there(files.uris[LIST_2]));
    assert_false(file_is_there(files.uris[DATA_1]));
    assert_true(file_is_there(files.uris[DATA_3])); /* nobody names it any more */
}

static void test_purge__keeps_an_entry_that_fails(void **state)
{
    struct world *world = *state;
    struct files files;
    struct purge_row *rows = NULL;
    size_t count = 0;
    make_files(world, &files);
    file_delete(files.uris[MANIFEST_2]);
    file_write(files.uris[MANIFEST_2], SLICE_LITERAL("no Avro"));
    assert_ok(drop_table(world, NAME("p"), true), &world->client.err);
    for (int i = 0; i < 2000 && (count == 0 || rows[0].attempts == 0); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_true(purge_list(&world->client.call, 10, &rows, &count, NULL));
    }
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].attempts, 1);
    /* What is needed to find the rest is still there. */
    assert_true(file_is_there(files.uris[MANIFEST_1]));
    assert_true(file_is_there(files.uris[LIST_1]));
    assert_true(file_is_there(files.uris[CURRENT]));
    /* Cured, it goes on after a restart. */
    file_delete(files.uris[MANIFEST_2]);
    write_avro(files.uris[MANIFEST_2], manifest_schema,
               (const char *const[]){files.uris[DATA_3], files.uris[DELETES], NULL});
    world_reopen(world);
    wait_for_queue(world);
    assert_purged(&files);
}

static void test_purge__does_not_let_a_failing_entry_stop_others(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    file_delete(files.uris[MANIFEST_2]);
    file_write(files.uris[MANIFEST_2], SLICE_LITERAL("no Avro"));
    assert_ok(drop_table(world, NAME("p"), true), &world->client.err);
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    struct slice other = table_pointer(world, NAME("t"));
    assert_ok(drop_table(world, NAME("t"), true), &world->client.err);
    for (int i = 0; i < 2000 && file_is_there(other.ptr); i++)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_false(file_is_there(other.ptr));
}

/* --- one entry, interrupted --------------------------------------------------------------- */

struct patience {
    int files; /* until the server stops */
};

static bool is_stopping(void *context)
{
    struct patience *patience = context;
    return patience->files-- <= 0;
}

/* For n = 0, 1, 2, … files: stopped there, and run again to the end. */
static void test_purge__goes_on_wherever_it_was_stopped(void **state)
{
    struct world *world = *state;
    struct files files;
    bool was_stopped = true;
    for (int n = 0; was_stopped; n++) {
        make_files(world, &files);
        assert_ok(drop_table(world, NAME("p"), false), &world->client.err);
        struct purge_row row = {.warehouse_id = world->warehouse->id,
                                .kind = ENTITY_TABLE,
                                .location = SLICE_LITERAL("file:///none"),
                                .metadata_location = slice_from_string(files.uris[CURRENT])};
        struct patience patience = {n};
        int64_t left = 0;
        was_stopped = !purge_entry(world->catalog, &row, is_stopping, &patience, &left,
                                   &world->client.err);
        if (was_stopped)
            assert_true(file_is_there(files.uris[CURRENT]));
        assert_ok(purge(world, &row), &world->client.err);
        assert_purged(&files);
        file_delete(files.uris[FOREIGN]);
        assert_true(n < 100);
    }
}

static void test_purge__is_done_where_the_metadata_is_gone(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    assert_ok(drop_table(world, NAME("p"), false), &world->client.err);
    struct purge_row row = {.warehouse_id = world->warehouse->id,
                            .location = SLICE_LITERAL("file:///none"),
                            .metadata_location = slice_from_string(files.uris[CURRENT])};
    file_delete(files.uris[CURRENT]);
    world_reopen(world);
    assert_ok(purge(world, &row), &world->client.err);
    assert_true(file_is_there(files.uris[DATA_1]));
}

/* Rule 60: Dropped with purge, and registered again before the worker came to it. */
static void test_purge__spares_a_table_that_has_come_back(void **state)
{
    struct world *world = *state;
    struct files files;
    char place[WORLD_PATH_SIZE];
    make_files(world, &files);
    (void)snprintf(place, sizeof place, "%s/ns/p", world->location);
    struct purge_row row = {.warehouse_id = world->warehouse->id,
                            .location = slice_from_string(place),
                            .metadata_location = slice_from_string(files.uris[CURRENT])};
    assert_ok(purge(world, &row), &world->client.err);
    for (int i = 0; i < PLACE_COUNT; i++)
        assert_true(file_is_there(files.uris[i]));
    /* A new table at the same place is another one: its files have other names. */
    assert_ok(drop_table(world, NAME("p"), false), &world->client.err);
    assert_ok(make_table(world, NAME("p")), &world->client.err);
    assert_ok(purge(world, &row), &world->client.err);
    assert_purged(&files);
    assert_true(file_is_there(table_pointer(world, NAME("p")).ptr));
}

/* Rule 60. The place that the entry names is nobody's any more. */
static void test_purge__spares_a_table_that_has_come_back_and_moved(void **state)
{
    struct world *world = *state;
    struct files files;
    char place[WORLD_PATH_SIZE], updates[2 * WORLD_PATH_SIZE];
    make_files(world, &files);
    (void)snprintf(place, sizeof place, "%s/ns/p", world->location);
    (void)snprintf(updates, sizeof updates, "[{'action':'set-location','location':'%s/moved'}]",
                   world->allowed);
    assert_ok(commit_table(world, NAME("p"), NO_REQUIREMENTS, updates, NULL), &world->client.err);
    struct purge_row row = {.warehouse_id = world->warehouse->id,
                            .location = slice_from_string(place),
                            .metadata_location = slice_from_string(files.uris[CURRENT])};
    assert_ok(purge(world, &row), &world->client.err);
    for (int i = 0; i < PLACE_COUNT; i++)
        assert_true(file_is_there(files.uris[i]));
}

static void test_purge__without_its_warehouse_deletes_nothing(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    assert_ok(drop_table(world, NAME("p"), false), &world->client.err);
    struct purge_row row = {.warehouse_id = 999,
                            .location = SLICE_LITERAL("file:///none"),
                            .metadata_location = slice_from_string(files.uris[CURRENT])};
    assert_false(purge(world, &row));
    assert_error_has(world, ERROR_FORBIDDEN, "7 files lie outside");
    for (int i = 0; i < PLACE_COUNT; i++)
        assert_true(file_is_there(files.uris[i]));
}

/* --- files that are not ours to delete ---------------------------------------------------- */

/* The second manifest names a file outside of all allowed places, twice. */
static void drop_with_a_foreign_file(struct world *world, struct files *files)
{
    make_files(world, files);
    file_delete(files->uris[MANIFEST_2]);
    write_avro(files->uris[MANIFEST_2], manifest_schema,
               (const char *const[]){files->uris[FOREIGN], files->uris[DATA_3],
                                     files->uris[DELETES], files->uris[FOREIGN], NULL});
    assert_ok(drop_table(world, NAME("p"), true), &world->client.err);
}

static void wait_for_an_attempt(struct world *world, struct purge_row *ret_row)
{
    struct purge_row *rows = NULL;
    size_t count = 0;
    for (int i = 0; i < 2000 && (count == 0 || rows[0].attempts == 0); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_true(purge_list(&world->client.call, 10, &rows, &count, NULL));
    }
    assert_int_equal(count, 1);
    *ret_row = rows[0];
}

/* Rule 60: what was left is shown, and what names it stays. */
static void test_purge__keeps_an_entry_with_files_that_it_must_leave(void **state)
{
    struct world *world = *state;
    struct files files;
    struct purge_row row;
    drop_with_a_foreign_file(world, &files);
    wait_for_an_attempt(world, &row);
    assert_int_equal(row.files_left, 1);
    assert_non_null(strstr(row.reason.ptr, "1 files lie outside of the warehouse"));
    assert_non_null(strstr(row.reason.ptr, files.uris[FOREIGN]));
    static const enum place gone[] = {DATA_1, DATA_2, DATA_3, DELETES, STATS, OLD};
    static const enum place kept[] = {FOREIGN, MANIFEST_1, MANIFEST_2, LIST_1, LIST_2, CURRENT};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        assert_false(file_is_there(files.uris[gone[i]]));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_true(file_is_there(files.uris[kept[i]]));
}

/* Whoever writes the data may put a link in its place: what lies behind it is not the table's. */
static void test_purge__leaves_what_lies_behind_a_link(void **state)
{
    struct world *world = *state;
    struct files files;
    struct purge_row row;
    char data[WORLD_PATH_SIZE], outside[WORLD_PATH_SIZE], file[2 * WORLD_PATH_SIZE];
    make_files(world, &files);
    (void)snprintf(data, sizeof data, "%s/w/ns/p/data", world->directory);
    (void)snprintf(outside, sizeof outside, "%s/outside", world->directory);
    (void)snprintf(file, sizeof file, "%s/1.parquet", outside);
    assert_int_equal(rename(data, outside), 0);
    assert_int_equal(symlink(outside, data), 0);
    assert_ok(drop_table(world, NAME("p"), true), &world->client.err);
    wait_for_an_attempt(world, &row);
    assert_int_equal(row.files_left, 4);
    assert_true(file_is_there(file));
    assert_true(file_is_there(files.uris[MANIFEST_1]));
    assert_true(file_is_there(files.uris[CURRENT]));
}

/* Rule 60. */
static void test_purge__goes_on_once_nothing_is_left(void **state)
{
    struct world *world = *state;
    struct files files;
    struct purge_row row;
    drop_with_a_foreign_file(world, &files);
    wait_for_an_attempt(world, &row);
    file_delete(files.uris[FOREIGN]);
    world_reopen(world);
    wait_for_queue(world);
    file_write(files.uris[FOREIGN], SLICE_LITERAL("x"));
    assert_purged(&files);
}

static bool fail_entry(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_purge_failed(txn, context, err);
}

/* Rule 60: the new start may allow more locations. */
static void test_purge__is_tried_again_by_a_start_after_it_was_given_up(void **state)
{
    struct world *world = *state;
    struct files files;
    struct purge_row row;
    drop_with_a_foreign_file(world, &files);
    wait_for_an_attempt(world, &row);
    for (int i = 0; i < MAX_PURGE_ATTEMPTS; i++)
        assert_true(pointer_store_write(world->pointers, fail_entry, &row, NULL));
    world_close(world);
    (void)snprintf(world->allowed, sizeof world->allowed, "file://%s", world->directory);
    world_open(world);
    wait_for_queue(world);
    assert_false(file_is_there(files.uris[FOREIGN]));
    file_write(files.uris[FOREIGN], SLICE_LITERAL("x"));
    assert_purged(&files);
}

/* --- a long queue ------------------------------------------------------------------------- */

#define DROPPED 130

struct backlog {
    struct purge_row rows[DROPPED];
};

static bool add_backlog(struct pointer_txn *txn, void *context, struct error *err)
{
    struct backlog *backlog = context;
    for (size_t i = 0; i < DROPPED; i++)
        TRY(pointer_purge_add(txn, &backlog->rows[i], err));
    return true;
}

/* More than one batch, found at a start: nobody wakes the worker for the rest. */
static void test_purge__empties_a_long_queue_after_a_start(void **state)
{
    struct world *world = *state;
    struct backlog backlog;
    char name[16];
    for (int i = 0; i < DROPPED; i++) {
        (void)snprintf(name, sizeof name, "t%d", i);
        assert_ok(make_table(world, NAME(name)), &world->client.err);
        backlog.rows[i] = (struct purge_row){.warehouse_id = world->warehouse->id,
                                             .kind = ENTITY_TABLE,
                                             .location = SLICE_LITERAL("file:///none"),
                                             .metadata_location =
                                                 table_pointer(world, NAME(name))};
        assert_ok(drop_table(world, NAME(name), false), &world->client.err);
    }
    assert_int_equal(metadata_files(world), DROPPED);
    assert_ok(pointer_store_write(world->pointers, add_backlog, &backlog, &world->client.err),
              &world->client.err);
    world_reopen(world);
    wait_for_queue(world);
    assert_int_equal(metadata_files(world), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_purge__deletes_all_that_the_metadata_reaches),
        IN_WORLD(test_purge__leaves_what_lies_behind_a_link),
        IN_WORLD(test_purge__does_not_come_with_a_plain_drop),
        IN_WORLD(test_purge__reads_manifests_of_other_writers),
        IN_WORLD(test_purge__keeps_an_entry_that_fails),
        IN_WORLD(test_purge__does_not_let_a_failing_entry_stop_others),
        IN_WORLD(test_purge__goes_on_wherever_it_was_stopped),
        IN_WORLD(test_purge__is_done_where_the_metadata_is_gone),
        IN_WORLD(test_purge__spares_a_table_that_has_come_back),
        IN_WORLD(test_purge__spares_a_table_that_has_come_back_and_moved),
        IN_WORLD(test_purge__without_its_warehouse_deletes_nothing),
        IN_WORLD(test_purge__keeps_an_entry_with_files_that_it_must_leave),
        IN_WORLD(test_purge__goes_on_once_nothing_is_left),
        IN_WORLD(test_purge__is_tried_again_by_a_start_after_it_was_given_up),
        IN_WORLD(test_purge__empties_a_long_queue_after_a_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
