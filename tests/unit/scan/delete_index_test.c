#include <stdlib.h>

#include "scan/delete_matcher.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/delete_fixture.h"
#include "tests/unit/scan/manifest_random.h"

#define MAX_FILES 40

struct table {
    struct made files[MAX_FILES];
    uint8_t kept[MAX_FILES]; /* 1 for those that a filter leaves */
    size_t count;
};

static bool is_unpartitioned(int spec)
{
    return spec == 0 || spec == 3;
}

/* --- the same rules, file by file ------------------------------------------------------------- */

static bool same_partition(const struct made *a, const struct made *b)
{
    if (a->spec != b->spec)
        return false;
    if (a->spec != 0 && a->day != b->day)
        return false;
    return a->spec != 2 || a->kind == b->kind;
}

static bool is_vector(const struct made *file)
{
    return file->content == CONTENT_POSITION_DELETES && file->format == FORMAT_PUFFIN;
}

/* May a row be in both, as far as the statistics of one field say? */
static bool field_may_meet(const struct made *data, const struct made *deletes, int i)
{
    bool is_required = DELETE_FIELDS[i].is_required;
    bool data_null = !is_required && (data->nulls[i] == NONE || data->nulls[i] > 0);
    bool delete_null = !is_required && (deletes->nulls[i] == NONE || deletes->nulls[i] > 0);
    bool data_all_null =
        !is_required && data->nulls[i] != NONE && data->values[i] == data->nulls[i];
    bool delete_all_null =
        !is_required && deletes->nulls[i] != NONE && deletes->values[i] == deletes->nulls[i];
    bool data_no_null = is_required || (data->nulls[i] != NONE && data->nulls[i] <= 0);
    bool delete_no_null = is_required || (deletes->nulls[i] != NONE && deletes->nulls[i] <= 0);
    if (data_null && delete_null)
        return true;
    if ((data_all_null && delete_no_null) || (delete_all_null && data_no_null))
        return false;
    if (data->lower[i] == NONE || data->upper[i] == NONE || deletes->lower[i] == NONE ||
        deletes->upper[i] == NONE)
        return true;
    return data->lower[i] <= deletes->upper[i] && deletes->lower[i] <= data->upper[i];
}

static bool equality_applies(const struct made *data, const struct made *deletes)
{
    if (data->sequence >= deletes->sequence)
        return false;
    if (!is_unpartitioned(deletes->spec) && !same_partition(data, deletes))
        return false;
    for (int i = 0; i < 2; i++) {
        if ((deletes->equality >> i & 1) && !field_may_meet(data, deletes, i))
            return false;
    }
    return true;
}

enum verdict { APPLIES_NOT, APPLIES, IS_WRONG };

static enum verdict position_applies(const struct table *table, const struct made *data,
                                     const struct made *deletes)
{
    bool is_scoped = deletes->referenced != NONE;
    if (is_scoped && deletes->referenced != data->path)
        return APPLIES_NOT;
    if (is_vector(deletes))
        return deletes->sequence < data->sequence || !same_partition(data, deletes) ? IS_WRONG
                                                                                    : APPLIES;
    for (size_t i = 0; i < table->count; i++) {
        if (table->kept[i] && is_vector(&table->files[i]) &&
            table->files[i].referenced == data->path)
            return APPLIES_NOT;
    }
    if (deletes->sequence < data->sequence)
        return APPLIES_NOT;
    if (same_partition(data, deletes))
        return APPLIES;
    return is_scoped ? IS_WRONG : APPLIES_NOT;
}

/* Which of the table's deletes apply; false where the metadata is wrong. */
static bool match_slowly(const struct table *table, const struct made *data, bool *ret_applies)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct made *deletes = &table->files[i];
        if (!table->kept[i])
            continue;
        enum verdict verdict = deletes->content == CONTENT_EQUALITY_DELETES
                                   ? (enum verdict)equality_applies(data, deletes)
                                   : position_applies(table, data, deletes);
        if (verdict == IS_WRONG)
            return false;
        ret_applies[i] = verdict == APPLIES;
    }
    return true;
}

/* --- random tables ---------------------------------------------------------------------------- */

static int64_t maybe(struct chance *chance, int64_t value)
{
    return chance_once_in(chance, 5) ? NONE : value;
}

static void stats_make(struct chance *chance, struct made *file)
{
    for (int i = 0; i < 2; i++) {
        file->values[i] = maybe(chance, 10);
        file->nulls[i] = maybe(chance, chance_once_in(chance, 2)   ? 0
                                       : chance_once_in(chance, 2) ? 10
                                                                   : 3);
        int64_t lower = (int64_t)chance_below(chance, 30);
        file->lower[i] = maybe(chance, lower);
        file->upper[i] = maybe(chance, lower + (int64_t)chance_below(chance, 10));
    }
}

static struct made file_make(struct chance *chance, enum file_content content, int path)
{
    struct made file = {.content = content, .format = FORMAT_PARQUET, .path = path};
    file.spec = (int)chance_below(chance, SPEC_COUNT);
    file.day = file.spec == 3 ? NONE : maybe(chance, (int64_t)chance_below(chance, 2));
    file.kind = maybe(chance, (int64_t)chance_below(chance, 2));
    file.sequence = 1 + (int64_t)chance_below(chance, 6);
    file.referenced = NONE;
    file.equality = content == CONTENT_EQUALITY_DELETES ? 1 + (unsigned)chance_below(chance, 3) : 0;
    stats_make(chance, &file);
    return file;
}

/* Position deletes of one file mostly are as they must be: of its partition, and not older. */
static void file_scope(struct chance *chance, const struct made *data, struct made *deletes)
{
    deletes->referenced = data->path;
    deletes->has_path_bounds = chance_once_in(chance, 2);
    if (chance_once_in(chance, 40))
        return;
    deletes->spec = data->spec;
    deletes->day = data->day;
    deletes->kind = data->kind;
    if (chance_once_in(chance, 3)) {
        deletes->format = FORMAT_PUFFIN;
        deletes->has_path_bounds = false;
        deletes->sequence = data->sequence + (int64_t)chance_below(chance, 3);
    }
}

/* At most one vector a file that the filter leaves: two are another test. */
static void table_make(struct chance *chance, const struct made *data, struct table *table)
{
    bool has_vector[PATH_COUNT] = {false};
    table->count = 1 + chance_below(chance, MAX_FILES);
    for (size_t i = 0; i < table->count; i++) {
        struct made *file = &table->files[i];
        bool is_equality = chance_once_in(chance, 2);
        *file =
            file_make(chance, is_equality ? CONTENT_EQUALITY_DELETES : CONTENT_POSITION_DELETES, 0);
        if (!is_equality && !chance_once_in(chance, 3))
            file_scope(chance, &data[chance_below(chance, PATH_COUNT)], file);
        table->kept[i] = !chance_once_in(chance, 6);
        if (is_vector(file) && has_vector[file->referenced])
            table->kept[i] = 0;
        else if (is_vector(file))
            has_vector[file->referenced] = table->kept[i];
    }
}

static bool index_add(struct delete_index *index, const struct file_ref *ref, struct error *err)
{
    return delete_index_open(index, ref->columns, ref->spec, err) &&
           delete_index_add(index, 0, ref->sequence, err);
}

static bool match(struct delete_matcher *matcher, const struct file_ref *ref,
                  const uint32_t **ret_files, size_t *ret_count, struct error *err)
{
    return delete_matcher_open(matcher, ref->columns, ref->spec, err) &&
           delete_matcher_match(matcher, 0, ref->sequence, ret_files, ret_count, err);
}

static struct delete_index *index_make(struct manifest_decoder *decoder, struct chance *chance,
                                       const struct table *table)
{
    struct delete_index *index;
    struct error err;
    assert_ok(delete_index_create(DELETE_FIELDS, 2, &index, &err), &err);
    for (size_t i = 0; i < table->count; i++) {
        struct file_ref ref =
            delete_fixture_file(decoder, &table->files[i], (int)i, chance_once_in(chance, 2));
        assert_ok(index_add(index, &ref, &err), &err);
        manifest_columns_unref(ref.columns);
    }
    assert_ok(delete_index_seal(index, &err), &err);
    return index;
}

static void compare_match(struct delete_matcher *matcher, const struct table *table,
                          const struct made *data, const struct file_ref *ref, size_t *ret_matches,
                          size_t *ret_wrong)
{
    bool expected[MAX_FILES] = {false}, actual[MAX_FILES] = {false};
    const uint32_t *files;
    size_t count;
    struct error err = {.kind = ERROR_NONE};
    bool is_sound = match_slowly(table, data, expected);
    assert_int_equal(match(matcher, ref, &files, &count, &err), is_sound);
    if (!is_sound) {
        assert_int_equal(err.kind, ERROR_CORRUPT);
        (*ret_wrong)++;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        assert_false(actual[files[i]]);
        actual[files[i]] = true;
    }
    assert_memory_equal(actual, expected, sizeof(actual));
    *ret_matches += count;
}

static void test_delete_index__matches_as_file_by_file_over_random_tables(void **state)
{
    (void)state;
    struct manifest_decoder *decoder;
    struct error err;
    size_t matches = 0, wrong = 0;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    for (uint64_t seed = 0; seed < 2500; seed++) {
        struct chance chance = {seed};
        struct made data[PATH_COUNT];
        struct table table;
        struct delete_matcher *matcher;
        for (int i = 0; i < PATH_COUNT; i++)
            data[i] = file_make(&chance, CONTENT_DATA, i);
        table_make(&chance, data, &table);
        struct delete_index *index = index_make(decoder, &chance, &table);
        assert_ok(delete_index_check_vectors(index, table.kept, &err), &err);
        assert_ok(delete_matcher_create(index, table.kept, &matcher, &err), &err);
        for (int i = 0; i < PATH_COUNT; i++) {
            struct file_ref ref =
                delete_fixture_file(decoder, &data[i], i, chance_once_in(&chance, 2));
            compare_match(matcher, &table, &data[i], &ref, &matches, &wrong);
            manifest_columns_unref(ref.columns);
        }
        delete_matcher_destroy(matcher);
        delete_index_unref(index);
    }
    assert_true(matches > 10000 && wrong > 100);
    manifest_decoder_destroy(decoder);
}

/* --- single rules ----------------------------------------------------------------------------- */

static struct made plain(enum file_content content, int64_t sequence)
{
    struct made file = {.content = content,
                        .format = FORMAT_PARQUET,
                        .day = NONE,
                        .kind = NONE,
                        .sequence = sequence,
                        .referenced = NONE,
                        .values = {NONE, NONE},
                        .nulls = {NONE, NONE},
                        .lower = {NONE, NONE},
                        .upper = {NONE, NONE}};
    return file;
}

static size_t count_matches(const struct table *table, const struct made *data)
{
    struct chance chance = {1};
    struct manifest_decoder *decoder;
    struct delete_matcher *matcher;
    struct error err;
    const uint32_t *files;
    size_t count;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    struct delete_index *index = index_make(decoder, &chance, table);
    assert_int_equal(delete_index_count(index), table->count);
    assert_ok(delete_index_check_vectors(index, NULL, &err), &err);
    assert_ok(delete_matcher_create(index, NULL, &matcher, &err), &err);
    struct file_ref ref = delete_fixture_file(decoder, data, 0, false);
    assert_ok(match(matcher, &ref, &files, &count, &err), &err);
    manifest_columns_unref(ref.columns);
    delete_matcher_destroy(matcher);
    delete_index_unref(index);
    manifest_decoder_destroy(decoder);
    return count;
}

/* Position deletes: "data sequence number is less than or equal to the delete file's"; equality
 * deletes: "strictly less than". */
static void test_delete_index__applies_by_sequence_number(void **state)
{
    (void)state;
    struct table positions = {.files = {plain(CONTENT_POSITION_DELETES, 5)}, .count = 1};
    struct table equality = {.files = {plain(CONTENT_EQUALITY_DELETES, 5)}, .count = 1};
    equality.files[0].equality = 1;
    struct made data = plain(CONTENT_DATA, 5);
    assert_int_equal(count_matches(&positions, &data), 1);
    assert_int_equal(count_matches(&equality, &data), 0);
    data.sequence = 4;
    assert_int_equal(count_matches(&positions, &data), 1);
    assert_int_equal(count_matches(&equality, &data), 1);
    data.sequence = 6;
    assert_int_equal(count_matches(&positions, &data), 0);
    assert_int_equal(count_matches(&equality, &data), 0);
}

/* "There is no deletion vector that must be applied to the data file": it replaces them, equality
 * deletes stay. */
static void test_delete_index__lets_a_vector_replace_position_deletes(void **state)
{
    (void)state;
    struct table table = {.files = {plain(CONTENT_POSITION_DELETES, 5),
                                    plain(CONTENT_POSITION_DELETES, 5),
                                    plain(CONTENT_EQUALITY_DELETES, 5)},
                          .count = 3};
    struct made data = plain(CONTENT_DATA, 1);
    table.files[1].referenced = 0;
    table.files[2].equality = 1;
    assert_int_equal(count_matches(&table, &data), 3);
    table.files[1].format = FORMAT_PUFFIN;
    assert_int_equal(count_matches(&table, &data), 2);
}

static bool seal_of(const struct made *files, size_t count, const uint8_t *kept, struct error *err)
{
    struct manifest_decoder *decoder;
    struct delete_index *index;
    bool ok = true;
    assert_ok(manifest_decoder_create(&decoder, err), err);
    assert_ok(delete_index_create(DELETE_FIELDS, 2, &index, err), err);
    for (size_t i = 0; ok && i < count; i++) {
        struct file_ref ref = delete_fixture_file(decoder, &files[i], (int)i, false);
        ok = index_add(index, &ref, err);
        manifest_columns_unref(ref.columns);
    }
    ok = ok && delete_index_seal(index, err) && delete_index_check_vectors(index, kept, err);
    delete_index_unref(index);
    manifest_decoder_destroy(decoder);
    return ok;
}

static bool seal(const struct made *files, size_t count, struct error *err)
{
    return seal_of(files, count, NULL, err);
}

/* "There can be at most one deletion vector for a given data file in a snapshot." */
static void test_delete_index__refuses_two_vectors_for_a_file(void **state)
{
    (void)state;
    struct error err;
    struct made files[2] = {plain(CONTENT_POSITION_DELETES, 5), plain(CONTENT_POSITION_DELETES, 6)};
    files[0].format = files[1].format = FORMAT_PUFFIN;
    files[0].referenced = 3;
    files[1].referenced = 4;
    assert_ok(seal(files, 2, &err), &err);
    files[1].referenced = 3;
    assert_fails(seal(files, 2, &err), &err, ERROR_CORRUPT);
    assert_non_null(strstr(err.message, "2 deletion vectors for the data file"));
    static const uint8_t KEPT[] = {0, 1};
    assert_ok(seal_of(files, 2, KEPT, &err), &err);
}

/* "Deletion vector metadata must include the referenced data file." */
static void test_delete_index__refuses_what_is_no_delete_file(void **state)
{
    (void)state;
    struct error err;
    struct made file = plain(CONTENT_POSITION_DELETES, 5);
    file.format = FORMAT_PUFFIN;
    assert_fails(seal(&file, 1, &err), &err, ERROR_CORRUPT);
    file = plain(CONTENT_DATA, 5);
    assert_fails(seal(&file, 1, &err), &err, ERROR_CORRUPT);
}

static void test_delete_index__names_the_columns_it_needs_of_data_files(void **state)
{
    (void)state;
    struct chance chance = {1};
    struct manifest_decoder *decoder;
    struct error err;
    size_t count;
    struct table table = {.files = {plain(CONTENT_EQUALITY_DELETES, 5),
                                    plain(CONTENT_EQUALITY_DELETES, 5)},
                          .count = 2};
    table.files[0].equality = 2;
    table.files[1].equality = 3;
    assert_ok(manifest_decoder_create(&decoder, &err), &err);
    struct delete_index *index = index_make(decoder, &chance, &table);
    const int32_t *ids = delete_index_equality_ids(index, &count);
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[1], 2);
    assert_int_equal(delete_index_file(index, 1).sequence, 5);
    assert_true(delete_index_size(index) > 0);
    struct delete_index *again = delete_index_ref(index);
    delete_index_unref(index);
    assert_int_equal(delete_index_count(again), 2);
    delete_index_unref(again);
    manifest_decoder_destroy(decoder);
}

static void test_delete_index__of_nothing_matches_nothing(void **state)
{
    (void)state;
    struct table table = {.count = 0};
    struct made data = plain(CONTENT_DATA, 1);
    assert_int_equal(count_matches(&table, &data), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delete_index__matches_as_file_by_file_over_random_tables),
        cmocka_unit_test(test_delete_index__applies_by_sequence_number),
        cmocka_unit_test(test_delete_index__lets_a_vector_replace_position_deletes),
        cmocka_unit_test(test_delete_index__refuses_two_vectors_for_a_file),
        cmocka_unit_test(test_delete_index__refuses_what_is_no_delete_file),
        cmocka_unit_test(test_delete_index__names_the_columns_it_needs_of_data_files),
        cmocka_unit_test(test_delete_index__of_nothing_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
