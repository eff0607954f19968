#include <stdlib.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/plan_fixture.h"

static struct plan_fixture fixture;
static struct buffer out;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    plan_fixture_init(&fixture);
    buffer_init(&out, 1 * MIB);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_finish(&out);
    plan_fixture_finish(&fixture);
    return 0;
}

/* The plan's text with ' for ". */
static const char *planned(const char *request, struct plan_window window)
{
    buffer_truncate(&out, 0);
    assert_ok(plan_fixture_write(&fixture, request, window, &out, &err), &err);
    buffer_append_byte(&out, '\0');
    for (char *at = out.ptr; *at; at++)
        *at = *at == '"' ? '\'' : *at;
    return out.ptr;
}

#define DATA(spec, name, tuple, count)                                                     \
    "{'data-file':{'spec-id':" #spec ",'content':'data','file-path':'mem://b/t/data/" name \
    ".parquet','file-format':'parquet','partition':[" tuple "],'file-size-in-bytes':1010," \
    "'record-count':" #count ",'split-offsets':[4],'sort-order-id':0"
#define FILE_A DATA(0, "a", "'2024-01-01'", 10)
#define FILE_B DATA(0, "b", "'2024-01-02'", 10)
#define FILE_D DATA(1, "d", "", 10)
#define POSITIONS                                                                              \
    "{'spec-id':0,'content':'position-deletes','file-path':'mem://b/t/data/p.parquet','file-"  \
    "format':'parquet','partition':['2024-01-01'],'file-size-in-bytes':1002,'record-count':2," \
    "'split-offsets':[4],'sort-order-id':0}"
#define EQUALITIES                                                                            \
    "{'spec-id':1,'content':'equality-deletes','file-path':'mem://b/t/data/e.parquet','file-" \
    "format':'parquet','partition':[],'file-size-in-bytes':1011,'record-count':11,"           \
    "'split-offsets':[4],'sort-order-id':0,'equality-ids':[1]}"

/* Deleted entries are no tasks; equality deletes of an unpartitioned spec apply to every older file
 * of any spec, position deletes to their file. */
static void test_plan__has_live_files_with_their_deletes(void **state)
{
    (void)state;
    assert_string_equal(planned("{}", PLAN_WINDOW_ALL),
                        "{'file-scan-tasks':[" FILE_A
                        "},'delete-file-references':[0,1],'residual-filter':true}," FILE_B
                        "},'delete-file-references':[0],'residual-filter':true}," FILE_D
                        "},'residual-filter':true}],"
                        "'delete-files':[" EQUALITIES "," POSITIONS "]}");
}

static void test_plan__prunes_by_partition_and_statistics_and_counts_references_anew(void **state)
{
    (void)state;
    assert_string_equal(
        planned("{'filter':{'type':'lt','term':'ts','value':'2024-01-02T00:00:00'}}",
                (struct plan_window){.first = 0, .end = 1}),
        "{'file-scan-tasks':[" FILE_A "},'delete-file-references':[0,1],'residual-filter':true}],"
        "'delete-files':[" EQUALITIES "," POSITIONS "]}");
    assert_string_equal(planned("{'filter':{'type':'gt-eq','term':'id','value':16}}",
                                PLAN_WINDOW_ALL),
                        "{'file-scan-tasks':[" FILE_B
                        "},'residual-filter':{'type':'gt-eq','term':'id','value':16}}," FILE_D
                        "},'residual-filter':{'type':'gt-eq','term':'id','value':16}}]}");
}

static void test_plan__sends_statistics_of_the_fields_that_were_asked_for(void **state)
{
    (void)state;
    assert_string_equal(
        planned("{'stats-fields':['id'],'filter':{'type':'gt','term':'id','value':19}}",
                PLAN_WINDOW_ALL),
        "{'file-scan-tasks':[" FILE_D ",'column-sizes':{'keys':[1],'values':[80]},"
        "'value-counts':{'keys':[1],'values':[10]},'null-value-counts':{'keys':[1],'values':[0]},"
        "'nan-value-counts':{'keys':[],'values':[]},"
        "'lower-bounds':{'keys':[1],'values':['1400000000000000']},"
        "'upper-bounds':{'keys':[1],'values':['1D00000000000000']}},"
        "'residual-filter':{'type':'gt','term':'id','value':19}}]}");
}

static void test_plan__of_windows_is_the_whole_plan(void **state)
{
    (void)state;
    assert_non_null(strstr(planned("{}", (struct plan_window){.first = 0, .end = 1}), "b.parquet"));
    assert_null(strstr(out.ptr, "d.parquet"));
    assert_string_equal(planned("{}", (struct plan_window){.first = 1, .end = 2}),
                        "{'file-scan-tasks':[" FILE_D "},'residual-filter':true}]}");
    assert_string_equal(planned("{}", (struct plan_window){.first = 2, .end = 100}),
                        "{'file-scan-tasks':[]}");
}

static void test_plan__of_entries_is_a_part_of_a_manifest(void **state)
{
    (void)state;
    planned("{}", (struct plan_window){.first = 0, .end = 1, .first_row = 0, .row_count = 1});
    assert_non_null(strstr(out.ptr, "'mem://b/t/data/a.parquet'"));
    assert_null(strstr(out.ptr, "'mem://b/t/data/b.parquet'"));
    planned("{}", (struct plan_window){.first = 0, .end = 1, .first_row = 1});
    assert_null(strstr(out.ptr, "'file-path':'mem://b/t/data/a.parquet'"));
    assert_non_null(strstr(out.ptr, "'mem://b/t/data/b.parquet'"));
    assert_string_equal(planned("{}", (struct plan_window){.first = 0, .end = 1, .first_row = 3}),
                        "{'file-scan-tasks':[]}");
}

static bool has_once(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    return at && !strstr(at + 1, part);
}

/* Tasks and delete files come in any order, but each is there, and the text is JSON. */
static void test_plan__by_several_hands_has_the_same_files(void **state)
{
    json_error_t place;
    size_t size = strlen(planned("{}", PLAN_WINDOW_ALL));
    (void)state;
    assert_ok(crew_create(3, &fixture.crew, &err), &err);
    fixture.hands = 4;
    for (int round = 0; round < 100; round++) {
        assert_int_equal(strlen(planned("{}", PLAN_WINDOW_ALL)), size);
        assert_true(has_once(out.ptr, FILE_A "}") && has_once(out.ptr, FILE_B "}"));
        assert_true(has_once(out.ptr, FILE_D "}") && has_once(out.ptr, POSITIONS));
        assert_true(has_once(out.ptr, EQUALITIES));
        assert_int_equal(fixture.counts.files_planned, 3);
        for (char *at = out.ptr; *at; at++)
            *at = *at == '\'' ? '"' : *at;
        json_t *tree = json_loads(out.ptr, 0, &place);
        assert_non_null(tree);
        json_decref(tree);
    }
    planned("{'min-rows-requested':1}", PLAN_WINDOW_ALL);
    assert_true(fixture.counts.files_planned > 0);
}

static void test_plan__is_the_same_from_the_cache_with_any_statistics(void **state)
{
    static const char *const requests[] = {"{}", "{'filter':{'type':'gt','term':'id','value':12}}",
                                           "{'stats-fields':['ts','id']}",
                                           "{'filter':{'type':'eq','term':'id','value':3}}"};
    struct cache_stats stats;
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
            char *fresh = strdup(planned(requests[i], PLAN_WINDOW_ALL));
            if (!fixture.cache)
                assert_ok(cache_create(16 * MIB, &fixture.cache, &err), &err);
            assert_string_equal(planned(requests[i], PLAN_WINDOW_ALL), fresh);
            free(fresh);
        }
    }
    cache_get_stats(fixture.cache, &stats);
    assert_true(stats.hits > stats.misses);
}

static void assert_manifests(enum manifest_content content, uint64_t listed, uint64_t not_live,
                             uint64_t ruled_out, uint64_t read)
{
    const struct plan_manifest_counts *counts = &fixture.counts.manifests[content];
    assert_int_equal(counts->listed, listed);
    assert_int_equal(counts->not_live, not_live);
    assert_int_equal(counts->ruled_out, ruled_out);
    assert_int_equal(counts->read, read);
}

static void assert_entries(enum manifest_content content, uint64_t seen, uint64_t by_partition,
                           uint64_t by_statistics)
{
    const struct plan_entry_counts *counts = &fixture.counts.entries[content];
    assert_int_equal(counts->seen, seen);
    assert_int_equal(counts->by_partition, by_partition);
    assert_int_equal(counts->by_statistics, by_statistics);
}

static void test_plan__counts_what_it_read_and_what_it_left_out(void **state)
{
    (void)state;
    planned("{}", PLAN_WINDOW_ALL);
    assert_manifests(MANIFEST_DATA, 2, 0, 0, 2);
    assert_manifests(MANIFEST_DELETES, 2, 0, 0, 2);
    assert_entries(MANIFEST_DATA, 3, 0, 0);
    assert_entries(MANIFEST_DELETES, 2, 0, 0);
    assert_int_equal(fixture.counts.files_planned, 3);
    assert_int_equal(fixture.counts.delete_files, 2);

    planned("{'filter':{'type':'and','left':{'type':'lt','term':'ts','value':'2024-01-02T00:00:00'"
            "},'right':{'type':'lt','term':'id','value':20}}}",
            PLAN_WINDOW_ALL);
    assert_manifests(MANIFEST_DATA, 2, 0, 0, 2);
    assert_entries(MANIFEST_DATA, 3, 1, 1); /* b by its day, d by its ids */
    assert_int_equal(fixture.counts.files_planned, 1);

    planned("{'filter':{'type':'gt','term':'ts','value':'2024-02-01T00:00:00'}}", PLAN_WINDOW_ALL);
    assert_manifests(MANIFEST_DATA, 2, 0, 1, 1); /* m0 by its days */
    assert_manifests(MANIFEST_DELETES, 2, 0, 1, 1);
    assert_entries(MANIFEST_DATA, 1, 0, 0);

    planned("{'filter':false}", PLAN_WINDOW_ALL);
    assert_manifests(MANIFEST_DATA, 0, 0, 0, 0);
}

static void test_plan__counts_files_and_what_the_cache_saved(void **state)
{
    (void)state;
    assert_ok(cache_create(16 * MIB, &fixture.cache, &err), &err);
    planned("{}", PLAN_WINDOW_ALL);
    assert_int_equal(fixture.counts.files.files_read, 5);
    assert_in_range(fixture.counts.files.bytes_read, 5000, 50000);
    assert_in_range(fixture.counts.files.bytes_inflated, 500, 5000);
    assert_int_equal(fixture.counts.files.lists_from_cache, 0);
    assert_int_equal(fixture.counts.files.manifests_from_cache, 0);
    planned("{}", PLAN_WINDOW_ALL);
    assert_int_equal(fixture.counts.files.files_read, 0);
    assert_int_equal(fixture.counts.files.bytes_read, 0);
    assert_int_equal(fixture.counts.files.bytes_inflated, 0);
    assert_int_equal(fixture.counts.files.lists_from_cache, 1);
    assert_int_equal(fixture.counts.files.manifests_from_cache, 4);
}

static void assert_indexes(uint64_t built, uint64_t from_cache)
{
    assert_int_equal(fixture.counts.delete_indexes_built, built);
    assert_int_equal(fixture.counts.delete_indexes_from_cache, from_cache);
}

/* It is one for all plans that leave the same manifests of delete files, whatever their filter and
 * their window; files that a filter rules out are left out all the same. */
static void test_plan__finds_the_index_of_its_deletes_again(void **state)
{
    (void)state;
    assert_ok(cache_create(16 * MIB, &fixture.cache, &err), &err);
    planned("{}", PLAN_WINDOW_ALL);
    assert_indexes(1, 0);
    planned("{}", (struct plan_window){.first = 0, .end = 1});
    assert_indexes(0, 1);
    assert_int_equal(fixture.counts.manifests[MANIFEST_DELETES].read, 2);
    assert_int_equal(fixture.counts.files.manifests_from_cache, 3);
    assert_entries(MANIFEST_DELETES, 2, 0, 0);
    assert_non_null(
        strstr(planned("{'filter':{'type':'lt','term':'id','value':5}}", PLAN_WINDOW_ALL),
               "p.parquet"));
    assert_indexes(0, 1);
    assert_entries(MANIFEST_DELETES, 2, 0, 1); /* the equality deletes begin at 5 */
    assert_int_equal(fixture.counts.delete_files, 1);
    assert_null(strstr(out.ptr, "e.parquet"));
    /* m2 is of another day. */
    static const char LATER[] = "{'filter':{'type':'gt-eq','term':'ts','value':"
                                "'2024-01-02T00:00:00'}}";
    planned(LATER, PLAN_WINDOW_ALL);
    assert_indexes(1, 0);
    planned(LATER, PLAN_WINDOW_ALL);
    assert_indexes(0, 1);
}

/* A manifest that two snapshots list with different numbers is two indexes: in the one the deletes
 * are as old as the data and apply to none of it, in the other they are newer. */
static void test_plan__of_another_inherited_sequence_number_has_an_index_of_its_own(void **state)
{
    static const char OLD[] = "{'snapshot-id':21}", NEW[] = "{'snapshot-id':22}";
    (void)state;
    assert_ok(cache_create(16 * MIB, &fixture.cache, &err), &err);
    for (uint64_t round = 0; round < 2; round++) {
        assert_null(strstr(planned(OLD, PLAN_WINDOW_ALL), "i.parquet"));
        assert_indexes(1 - round, round);
        assert_int_equal(fixture.counts.delete_files, 1);
        assert_non_null(strstr(planned(NEW, PLAN_WINDOW_ALL), "i.parquet"));
        assert_indexes(1 - round, round);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plan__has_live_files_with_their_deletes),
        TEST(test_plan__prunes_by_partition_and_statistics_and_counts_references_anew),
        TEST(test_plan__sends_statistics_of_the_fields_that_were_asked_for),
        TEST(test_plan__of_windows_is_the_whole_plan),
        TEST(test_plan__of_entries_is_a_part_of_a_manifest),
        TEST(test_plan__by_several_hands_has_the_same_files),
        TEST(test_plan__is_the_same_from_the_cache_with_any_statistics),
        TEST(test_plan__counts_what_it_read_and_what_it_left_out),
        TEST(test_plan__counts_files_and_what_the_cache_saved),
        TEST(test_plan__finds_the_index_of_its_deletes_again),
        TEST(test_plan__of_another_inherited_sequence_number_has_an_index_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
