#include "catalog/fsck.h"

#include <avro.h>
#include <stdio.h>
#include <stdlib.h>

#include "catalog/pending_files.h"
#include "tests/unit/catalog/catalog_fixture.h"

/* --- a table with two snapshots' worth of files ------------------------------------------- */

static const char list_schema[] = "{\"type\":\"record\",\"name\":\"manifest_file\",\"fields\":["
                                  "{\"name\":\"manifest_path\",\"type\":\"string\"}]}";
static const char manifest_schema[] =
    "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":["
    "{\"name\":\"status\",\"type\":\"int\"},{\"name\":\"data_file\",\"type\":{\"type\":\"record\","
    "\"name\":\"r2\",\"fields\":[{\"name\":\"file_path\",\"type\":\"string\"}]}}]}";

#define STATUS_ADDED 1
#define STATUS_DELETED 2

struct entry {
    const char *path; /* NULL ends a list */
    int status;       /* 0 in a manifest list */
};

static void set_entry(avro_value_t *record, const struct entry *entry)
{
    avro_value_t inner, field;
    if (entry->status == 0) {
        assert_int_equal(avro_value_get_by_name(record, "manifest_path", &field, NULL), 0);
    } else {
        assert_int_equal(avro_value_get_by_name(record, "status", &field, NULL), 0);
        assert_int_equal(avro_value_set_int(&field, entry->status), 0);
        assert_int_equal(avro_value_get_by_name(record, "data_file", &inner, NULL), 0);
        assert_int_equal(avro_value_get_by_name(&inner, "file_path", &field, NULL), 0);
    }
    assert_int_equal(avro_value_set_string(&field, entry->path), 0);
}

static void write_avro(const char *uri, const char *schema_text, const struct entry *entries)
{
    avro_schema_t schema;
    avro_file_writer_t writer;
    avro_value_t record;
    file_write(uri, SLICE_EMPTY); /* for the directories */
    assert_int_equal(avro_schema_from_json_length(schema_text, strlen(schema_text), &schema), 0);
    assert_int_equal(avro_file_writer_create(uri + strlen("file://"), schema, &writer), 0);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    assert_int_equal(avro_generic_value_new(class, &record), 0);
    for (; entries->path; entries++) {
        set_entry(&record, entries);
        assert_int_equal(avro_file_writer_append_value(writer, &record), 0);
    }
    avro_value_decref(&record);
    avro_value_iface_decref(class);
    assert_int_equal(avro_file_writer_close(writer), 0);
    avro_schema_decref(schema);
}

struct files {
    char live[WORLD_PATH_SIZE];
    char deleted[WORLD_PATH_SIZE]; /* never written: its entry says that it was deleted */
    char manifest[WORLD_PATH_SIZE];
    char list[WORLD_PATH_SIZE];
};

static void name_file(struct world *world, char *ret_uri, const char *name)
{
    (void)snprintf(ret_uri, WORLD_PATH_SIZE, "%s/ns/t/%s", world->location, name);
}

static void make_files(struct world *world, struct files *files)
{
    char updates[4096];
    name_file(world, files->live, "data/live.parquet");
    name_file(world, files->deleted, "data/deleted.parquet");
    name_file(world, files->manifest, "metadata/m.avro");
    name_file(world, files->list, "metadata/l.avro");
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    file_write(files->live, SLICE_LITERAL("x"));
    write_avro(files->manifest, manifest_schema,
               (const struct entry[]){{files->live, STATUS_ADDED},
                                      {files->deleted, STATUS_DELETED},
                                      {NULL, 0}});
    write_avro(files->list, list_schema, (const struct entry[]){{files->manifest, 0}, {NULL, 0}});
    (void)snprintf(updates, sizeof updates,
                   "[{'action':'add-snapshot','snapshot':{'snapshot-id':10,'sequence-number':1,"
                   "'timestamp-ms':%lld,'manifest-list':'%s','summary':{'operation':'append'},"
                   "'schema-id':0}}]",
                   (long long)clock_now_ms(&clock_real), files->list);
    assert_ok(commit_table(world, NAME("t"), NO_REQUIREMENTS, updates, NULL), &world->client.err);
}

/* --- running it --------------------------------------------------------------------------- */

#define MAX_FOUND 16

struct found {
    size_t count;
    enum fsck_kind kinds[MAX_FOUND];
    char files[MAX_FOUND][WORLD_PATH_SIZE];
    struct fsck_summary summary;
};

static bool report(void *context, const struct fsck_finding *finding, struct error *err)
{
    struct found *found = context;
    (void)err;
    assert_true(found->count < MAX_FOUND);
    found->kinds[found->count] = finding->kind;
    (void)snprintf(found->files[found->count++], WORLD_PATH_SIZE, "%.*s", SLICE_ARG(finding->file));
    return true;
}

static struct found check(struct world *world, bool is_deep, bool may_delete)
{
    struct found found = {0};
    struct error err = {0};
    struct fsck_options options = {.is_deep = is_deep,
                                   .may_delete = may_delete,
                                   .is_served = true,
                                   .report = report,
                                   .context = &found};
    assert_ok(fsck_run(world->pointers, world->objects, &options, &found.summary, &err), &err);
    assert_int_equal(found.summary.findings, found.count);
    return found;
}

static void assert_found(const struct found *found, enum fsck_kind kind, const char *file)
{
    assert_int_equal(found->count, 1);
    assert_string_equal(fsck_kind_name(found->kinds[0]), fsck_kind_name(kind));
    assert_string_equal(found->files[0], file);
}

static void test_fsck__finds_nothing_in_a_sound_catalog(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    struct found found = check(world, true, true);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.summary.entities, 1);
    assert_int_equal(found.summary.files, 4); /* metadata, list, manifest, live file */
}

static void test_fsck_deep__misses_a_live_data_file(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    file_delete(files.live);
    struct found found = check(world, true, false);
    assert_found(&found, FSCK_FILE_MISSING, files.live);
    found = check(world, false, false);
    assert_int_equal(found.count, 0);
}

static void test_fsck_deep__misses_manifests_and_lists(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    file_delete(files.manifest);
    struct found found = check(world, true, false);
    assert_found(&found, FSCK_FILE_MISSING, files.manifest);
    file_delete(files.list);
    found = check(world, true, false);
    assert_found(&found, FSCK_FILE_MISSING, files.list);
}

static void test_fsck_deep__tells_a_damaged_manifest_from_a_missing_one(void **state)
{
    struct world *world = *state;
    struct files files;
    make_files(world, &files);
    file_delete(files.manifest);
    file_write(files.manifest, SLICE_LITERAL("Obj"));
    struct found found = check(world, true, false);
    assert_found(&found, FSCK_FILE_BROKEN, files.manifest);
}

static void test_fsck__deletes_orphans_only_where_it_may(void **state)
{
    struct world *world = *state;
    struct files files;
    char orphan[WORLD_PATH_SIZE], other[WORLD_PATH_SIZE];
    make_files(world, &files);
    name_file(world, orphan, "metadata/00007-x.gz.metadata.json");
    name_file(world, other, "metadata/deeper/00007-x.metadata.json");
    file_write(orphan, SLICE_LITERAL("x"));
    file_write(other, SLICE_LITERAL("x"));
    struct found found = check(world, false, false);
    assert_found(&found, FSCK_ORPHAN, orphan);
    assert_true(file_is_there(orphan));
    found = check(world, false, true);
    assert_found(&found, FSCK_ORPHAN, orphan);
    assert_int_equal(found.summary.deleted, 1);
    assert_false(file_is_there(orphan));
    assert_true(file_is_there(other));
}

/* Two tables that write their metadata into one directory. */
static void test_fsck__knows_the_files_of_every_table_of_a_shared_directory(void **state)
{
    struct world *world = *state;
    char more[WORLD_PATH_SIZE];
    (void)snprintf(more, sizeof more, "'properties':{'write.metadata.path':'%s/shared'}",
                   world->location);
    assert_ok(make_table_with(world, NAME("a"), more, NULL), &world->client.err);
    assert_ok(make_table_with(world, NAME("b"), more, NULL), &world->client.err);
    assert_ok(set_property(world, NAME("a"), "k", "v"), &world->client.err);
    assert_ok(set_property(world, NAME("b"), "k", "v"), &world->client.err);
    struct found found = check(world, false, true);
    assert_int_equal(found.count, 0);
}

/* What can be brought back is as good as what is there: its files are looked for, and are no
 * orphans in a directory that another table writes to as well. */
/* A file that the database still carries is not missing: the next start writes it again. */
static void let_files_rest(struct world *world)
{
    pending_files_stop(world->catalog->pending);
    world->catalog->pending = NULL;
}

static void test_fsck__counts_what_was_dropped_and_is_kept(void **state)
{
    struct world *world = *state;
    struct slice pointer;
    char more[WORLD_PATH_SIZE], file[WORLD_PATH_SIZE];
    (void)snprintf(more, sizeof more, "'properties':{'write.metadata.path':'%s/shared'}",
                   world->location);
    set_retention(world, "1d");
    assert_ok(make_table_with(world, NAME("a"), more, NULL), &world->client.err);
    assert_ok(make_table_with(world, NAME("b"), more, NULL), &world->client.err);
    assert_ok(set_property(world, NAME("b"), "k", "v"), &world->client.err);
    pointer = table_pointer(world, NAME("b"));
    (void)snprintf(file, sizeof file, "%.*s", (int)pointer.len, pointer.ptr);
    assert_ok(drop_table(world, NAME("b"), true), &world->client.err);
    struct found found = check(world, false, true);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.summary.entities, 2);
    let_files_rest(world);
    file_delete(file);
    found = check(world, false, true);
    assert_found(&found, FSCK_METADATA_MISSING, file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fsck__finds_nothing_in_a_sound_catalog, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_fsck_deep__misses_a_live_data_file, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_fsck_deep__misses_manifests_and_lists, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_fsck_deep__tells_a_damaged_manifest_from_a_missing_one,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_fsck__deletes_orphans_only_where_it_may, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(
            test_fsck__knows_the_files_of_every_table_of_a_shared_directory, world_setup,
            world_teardown),
        cmocka_unit_test_setup_teardown(test_fsck__counts_what_was_dropped_and_is_kept, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
