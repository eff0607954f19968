#include "iceberg/manifest_list_extend.h"

#include <stdio.h>

#include "base/limits.h"
#include "iceberg/avro_container.h"
#include "iceberg/manifest.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/manifest_fixture.h"

static const struct fixture_entry PARENT[] = {
    {.path = "file:///p/a.avro",
     .sequence_number = 3,
     .snapshot_id = 30,
     .added_files = 2,
     .added_rows = 20,
     .first_row_id = 100},
    {.path = "file:///p/b.avro",
     .content = 1,
     .sequence_number = 4,
     .snapshot_id = 40,
     .added_files = 1,
     .added_rows = 1,
     .first_row_id = -1,
     .spec_id = 1},
};
static const struct fixture_entry SOURCE[] = {
    {.path = "file:///c/new-0.avro",
     .sequence_number = 4,
     .snapshot_id = 99,
     .added_files = 1,
     .added_rows = 7,
     .first_row_id = 120},
    {.path = "file:///p/a.avro",
     .sequence_number = 3,
     .snapshot_id = 30,
     .added_files = 2,
     .added_rows = 20,
     .first_row_id = 100},
    {.path = "file:///c/new-1.avro",
     .sequence_number = 4,
     .snapshot_id = 99,
     .added_files = 3,
     .added_rows = 5,
     .first_row_id = 127},
};
static const bool IS_ADDED[] = {true, false, true};

static struct fixture_list list_of(const struct fixture_entry *entries, size_t count)
{
    return (struct fixture_list){.format_version = 3, .entries = entries, .count = count};
}

/* Extends a list made from `parent` (NULL: none) by one made from `source`. */
static bool extend(const struct fixture_list *parent, const struct fixture_list *source,
                   int format_version, struct buffer *out, struct manifest_list_extended *ret,
                   struct error *err)
{
    struct buffer parent_bytes = {0}, source_bytes;
    if (parent)
        fixture_list_make(parent, &parent_bytes);
    fixture_list_make(source, &source_bytes);
    const struct manifest_list_extension extension = {
        .parent = parent ? buffer_slice(&parent_bytes) : SLICE_EMPTY,
        .source = buffer_slice(&source_bytes),
        .is_added = IS_ADDED,
        .entry_count = 3,
        .format_version = format_version,
        .snapshot_id = 99,
        .parent_snapshot_id = parent ? 40 : MANIFEST_NO_ID,
        .sequence_number = 8,
        .first_row_id = 1000,
    };
    buffer_init(out, MIB);
    bool ok = manifest_list_extend(&extension, out, ret, err);
    buffer_finish(&parent_bytes);
    buffer_finish(&source_bytes);
    return ok;
}

static struct manifest_list *parse(const struct buffer *bytes)
{
    struct manifest_list *list = NULL;
    struct error err = {0};
    assert_ok(manifest_list_parse(buffer_slice(bytes), &list, &err), &err);
    return list;
}

static void assert_entry(const struct manifest_list_entry *entry,
                         const struct fixture_entry *expected, int64_t sequence_number,
                         int64_t first_row_id)
{
    assert_slice_equal(entry->path, expected->path);
    assert_int_equal(entry->content, expected->content);
    assert_int_equal(entry->spec_id, expected->spec_id);
    assert_int_equal(entry->snapshot_id, expected->snapshot_id);
    assert_int_equal(entry->added_files, expected->added_files);
    assert_int_equal(entry->added_rows, expected->added_rows);
    assert_int_equal(entry->sequence_number, sequence_number);
    assert_int_equal(entry->min_sequence_number, sequence_number);
    assert_int_equal(entry->first_row_id, first_row_id);
}

static void assert_extended(const struct buffer *bytes, bool has_row_ids)
{
    struct manifest_list *list = parse(bytes);
    assert_int_equal(list->count, 4);
    assert_entry(&list->entries[0], &SOURCE[0], 8, has_row_ids ? 1000 : MANIFEST_NO_ID);
    assert_entry(&list->entries[1], &SOURCE[2], 8, has_row_ids ? 1007 : MANIFEST_NO_ID);
    assert_entry(&list->entries[2], &PARENT[0], 3, has_row_ids ? 100 : MANIFEST_NO_ID);
    assert_entry(&list->entries[3], &PARENT[1], 4, MANIFEST_NO_ID);
    manifest_list_unref(list);
}

/* "The existing manifests are written with the first_row_id assigned when the manifests were added
 * to the table"; added ones get the snapshot's, each moved by the rows of those before it. */
static void test_manifest_list_extend__assigns_sequence_numbers_and_row_ids(void **state)
{
    (void)state;
    struct fixture_list parent = list_of(PARENT, 2), source = list_of(SOURCE, 3);
    struct manifest_list_extended extended = {0};
    struct error err = {0};
    struct buffer out;
    assert_ok(extend(&parent, &source, 3, &out, &extended, &err), &err);
    assert_int_equal(extended.kept_count, 2);
    assert_int_equal(extended.added_rows, 12);
    assert_extended(&out, true);
    buffer_finish(&out);
    parent.format_version = source.format_version = 2;
    assert_ok(extend(&parent, &source, 2, &out, &extended, &err), &err);
    assert_int_equal(extended.added_rows, 12);
    assert_extended(&out, false);
    buffer_finish(&out);
}

/* Entries of the two lists in every pair of schemas and codecs. */
static void test_manifest_list_extend__joins_lists_of_different_writers(void **state)
{
    (void)state;
    for (unsigned form = 0; form < 16; form++) {
        struct fixture_list parent = list_of(PARENT, 2), source = list_of(SOURCE, 3);
        struct manifest_list_extended extended;
        struct error err = {0};
        struct buffer out;
        parent.is_renamed = form & 1;
        source.is_renamed = form & 2;
        parent.is_plain = form & 4;
        source.is_plain = form & 8;
        assert_ok(extend(&parent, &source, 3, &out, &extended, &err), &err);
        assert_extended(&out, true);
        buffer_finish(&out);
    }
}

static void test_manifest_list_extend__begins_where_there_is_no_parent(void **state)
{
    (void)state;
    struct fixture_list source = list_of(SOURCE, 3);
    struct manifest_list_extended extended;
    struct error err = {0};
    struct buffer out;
    assert_ok(extend(NULL, &source, 3, &out, &extended, &err), &err);
    struct manifest_list *list = parse(&out);
    assert_int_equal(list->count, 2);
    assert_entry(&list->entries[1], &SOURCE[2], 8, 1007);
    assert_int_equal(extended.kept_count, 0);
    manifest_list_unref(list);
    buffer_finish(&out);
}

static bool bytes_have(const struct buffer *bytes, const char *text)
{
    return memmem(bytes->ptr, bytes->len, text, strlen(text)) != NULL;
}

/* The reference writes these keys; what else the parent's writer wrote stays. */
static void test_manifest_list_extend__writes_the_metadata_of_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
    } pairs[] = {
        {"snapshot-id", "99"},    {"parent-snapshot-id", "40"}, {"sequence-number", "8"},
        {"first-row-id", "1000"}, {"format-version", "3"},      {"avro.codec", "deflate"},
        {"made-by", "a fixture"},
    };
    struct fixture_list parent = list_of(PARENT, 2), source = list_of(SOURCE, 3);
    struct manifest_list_extended extended;
    struct avro_container container;
    struct error err = {0};
    struct buffer out;
    assert_ok(extend(&parent, &source, 3, &out, &extended, &err), &err);
    assert_ok(avro_container_open(buffer_slice(&out), &container, &err), &err);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_slice_equal(avro_container_metadata(&container, pairs[i].key), pairs[i].value);
    avro_container_finish(&container);
    buffer_finish(&out);
    assert_ok(extend(NULL, &source, 3, &out, &extended, &err), &err);
    assert_ok(avro_container_open(buffer_slice(&out), &container, &err), &err);
    assert_slice_equal(avro_container_metadata(&container, "parent-snapshot-id"), "null");
    avro_container_finish(&container);
    buffer_finish(&out);
}

/* A field that this program does not know is kept, and where it has no place nothing is written. */
static void test_manifest_list_extend__loses_no_field_of_the_future(void **state)
{
    (void)state;
    struct fixture_list parent = list_of(PARENT, 2), source = list_of(SOURCE, 3);
    struct manifest_list_extended extended;
    struct error err = {0};
    struct buffer out;
    parent.has_future_field = source.has_future_field = true;
    parent.is_plain = true;
    assert_ok(extend(&parent, &source, 3, &out, &extended, &err), &err);
    struct avro_container container;
    struct avro_block block;
    struct buffer plain, scratch;
    bool more = true;
    buffer_init(&plain, MIB);
    buffer_init(&scratch, MIB);
    assert_ok(avro_container_open(buffer_slice(&out), &container, &err), &err);
    while (avro_container_next(&container, &scratch, &block, &more, &err) && more)
        buffer_append_slice(&plain, block.data);
    assert_true(bytes_have(&plain, "future of file:///p/b.avro"));
    assert_true(bytes_have(&plain, "future of file:///c/new-1.avro"));
    avro_container_finish(&container);
    buffer_finish(&scratch);
    buffer_finish(&plain);
    buffer_finish(&out);

    source.has_future_field = false; /* null then */
    assert_ok(extend(&parent, &source, 3, &out, &extended, &err), &err);
    buffer_finish(&out);
    parent.has_future_field = false;
    source.has_future_field = true;
    assert_fails(extend(&parent, &source, 3, &out, &extended, &err), &err, ERROR_VALIDATION);
    assert_non_null(strstr(err.message, "no place for future"));
    buffer_finish(&out);
}

static void test_manifest_list_extend__refuses_a_parent_of_an_older_version(void **state)
{
    (void)state;
    struct fixture_list parent = list_of(PARENT, 2), source = list_of(SOURCE, 3);
    struct manifest_list_extended extended;
    struct error err = {0};
    struct buffer out;
    parent.format_version = 2;
    assert_fails(extend(&parent, &source, 3, &out, &extended, &err), &err, ERROR_VALIDATION);
    assert_non_null(strstr(err.message, "older format version"));
    buffer_finish(&out);
    parent.format_version = 1;
    assert_fails(extend(&parent, &source, 2, &out, &extended, &err), &err, ERROR_VALIDATION);
    buffer_finish(&out);
}

struct walk {
    size_t count;
    int64_t sum;
};

/* What avro-c reads: a reader that is not ours. */
static bool walk_path(void *context, struct slice path, struct error *err)
{
    struct walk *walk = context;
    int64_t number = 0;
    (void)err;
    assert_true(slice_to_int64(slice_from(path, strlen("file:///c/")), &number));
    walk->count++;
    walk->sum += number;
    return true;
}

static size_t block_count(const struct buffer *bytes)
{
    struct avro_container container;
    struct avro_block block;
    struct error err = {0};
    size_t count = 0;
    bool more = true;
    assert_ok(avro_container_open(buffer_slice(bytes), &container, &err), &err);
    while (avro_container_next_raw(&container, &block, &more, &err) && more)
        count++;
    avro_container_finish(&container);
    return count;
}

/* Each list is the next one's parent: nothing is lost, and blocks do not pile up. */
static void test_manifest_list_extend__keeps_all_of_a_thousand_appends(void **state)
{
    (void)state;
    enum { APPENDS = 1000 };
    struct buffer parent = {0};
    const bool is_added = true;
    for (int64_t i = 1; i <= APPENDS; i++) {
        char path[64];
        struct buffer source, out;
        struct manifest_list_extended extended;
        struct error err = {0};
        snprintf(path, sizeof path, "file:///c/%lld", (long long)i);
        const struct fixture_entry entry = {.path = path, .snapshot_id = i, .added_rows = i};
        struct fixture_list list = list_of(&entry, 1);
        fixture_list_make(&list, &source);
        const struct manifest_list_extension extension = {.parent = i > 1 ? buffer_slice(&parent)
                                                                          : SLICE_EMPTY,
                                                          .source = buffer_slice(&source),
                                                          .is_added = &is_added,
                                                          .entry_count = 1,
                                                          .format_version = 3,
                                                          .snapshot_id = i,
                                                          .parent_snapshot_id = i - 1,
                                                          .sequence_number = i,
                                                          .first_row_id = 0};
        buffer_init(&out, MIB);
        assert_ok(manifest_list_extend(&extension, &out, &extended, &err), &err);
        assert_int_equal(extended.kept_count, i - 1);
        assert_true(block_count(&out) <= 14 + (size_t)i / 64);
        buffer_finish(&source);
        buffer_finish(&parent);
        parent = out;
    }
    struct walk walk = {0};
    struct error err = {0};
    assert_ok(manifest_list_each(buffer_slice(&parent), walk_path, &walk, &err), &err);
    assert_int_equal(walk.count, APPENDS);
    assert_int_equal(walk.sum, APPENDS * (APPENDS + 1) / 2);
    struct manifest_list *list = parse(&parent);
    for (size_t i = 0; i < APPENDS; i++)
        assert_int_equal(list->entries[i].sequence_number, list->entries[i].snapshot_id);
    manifest_list_unref(list);
    buffer_finish(&parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_list_extend__assigns_sequence_numbers_and_row_ids),
        cmocka_unit_test(test_manifest_list_extend__joins_lists_of_different_writers),
        cmocka_unit_test(test_manifest_list_extend__begins_where_there_is_no_parent),
        cmocka_unit_test(test_manifest_list_extend__writes_the_metadata_of_the_file),
        cmocka_unit_test(test_manifest_list_extend__loses_no_field_of_the_future),
        cmocka_unit_test(test_manifest_list_extend__refuses_a_parent_of_an_older_version),
        cmocka_unit_test(test_manifest_list_extend__keeps_all_of_a_thousand_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
