/*
 * The index of a commit's text is made from that of the base. Every commit of these tests, and of
 * all others that use the fixture, is indexed in both ways (update_fixture.c); here the commits are
 * many, of many kinds and in any order, each on the result of the one before.
 */
#include <stdlib.h>

#include "base/byte_budget.h"
#include "base/limits.h"
#include "tests/unit/catalog/update_fixture.h"

#define RUNS 60
#define COMMITS 40
#define LINE 400

/* The same in every run of the tests. */
static unsigned pick(uint64_t *state, unsigned below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*state >> 33) % below;
}

static int64_t known_id(uint64_t *state, const struct table_metadata *table)
{
    if (table->snapshot_count == 0)
        return 1;
    unsigned index = pick(state, (unsigned)table->snapshot_count);
    return table_metadata_snapshot_at(table, index)->snapshot_id;
}

/* Ids in no order; a few are there already. */
static void add_snapshot(uint64_t *state, const struct table_metadata *table, char *line)
{
    int64_t id = pick(state, 5000), number = table->last_sequence_number + 1;
    snprintf(line, LINE,
             "{'action':'add-snapshot','snapshot':{'snapshot-id':%lld,'sequence-number':%lld,"
             "'timestamp-ms':%lld,'summary':{'operation':'append','k':'%u'},"
             "'manifest-list':'m','schema-id':0,'first-row-id':%lld,'added-rows':3}},"
             "{'action':'set-snapshot-ref','ref-name':'%s','type':'branch','snapshot-id':%lld}",
             (long long)id, (long long)number, (long long)table->last_updated_ms, pick(state, 9999),
             (long long)table->next_row_id, pick(state, 3) ? "main" : "b", (long long)id);
}

static void make_update(uint64_t *state, const struct table_metadata *table, char *line)
{
    switch (pick(state, 10)) {
    case 0:
        snprintf(line, LINE, "{'action':'set-properties','updates':{'k':'%u'}}", pick(state, 999));
        return;
    case 1:
        snprintf(line, LINE,
                 "{'action':'set-properties','updates':{"
                 "'write.metadata.previous-versions-max':'%u'}}",
                 1 + pick(state, 8));
        return;
    case 2:
        snprintf(line, LINE, "{'action':'remove-snapshots','snapshot-ids':[%lld,%lld]}",
                 (long long)known_id(state, table), (long long)known_id(state, table));
        return;
    case 3:
        snprintf(line, LINE,
                 "{'action':'set-snapshot-ref','ref-name':'%s','type':'branch','snapshot-id':%lld}",
                 pick(state, 2) ? "main" : "b", (long long)known_id(state, table));
        return;
    case 4:
        snprintf(line, LINE, "{'action':'remove-snapshot-ref','ref-name':'b'}");
        return;
    case 5:
        snprintf(line, LINE, "{'action':'upgrade-format-version','format-version':%u}",
                 2 + pick(state, 2));
        return;
    default:
        add_snapshot(state, table, line);
    }
}

static bool commit_any(uint64_t *state, struct fixture *fixture)
{
    char first[LINE], second[LINE], updates[2 * LINE + 8];
    make_update(state, fixture->table, first);
    make_update(state, fixture->table, second);
    snprintf(updates, sizeof(updates), pick(state, 4) ? "[%s]" : "[%s,%s]", first, second);
    bool ok = apply(fixture, updates);
    fixture->now_ms += pick(state, 5000);
    if (!ok || !fixture->table_result.is_changed)
        return false;
    commit_result(fixture);
    return true;
}

/* Spaces around elements, and names that are spelled with escapes. */
static const char table_spaced[] =
    "{ 'format-version' : 2, 'table-uuid':'" UUID_A "','location':'file:///w/t',"
    "'last-sequence-number':2,'last-updated-ms':1000000,'last-column-id':1,"
    "'current-schema-id':0,'schemas':[{'type':'struct','schema-id':0,'fields':["
    "{'id':1,'name':'id','required':true,'type':'long'}]}],"
    "'default-spec-id':0,'partition-specs':[{'spec-id':0,'fields':[]}],'last-partition-id':999,"
    "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],'current-snapshot-id':1,"
    "'metadata-log' : [ {'metadata-file':'f\\u0030', 'timestamp-ms':900000} ,\n"
    "{'timestamp-ms':950000,'metadata-file':'f\\\\1'} ] , 'snapshot-log':[\n],"
    "'snapshots' : [ {'sequence-number':2,'snapshot-id':2500,'timestamp-ms':900000,"
    "'summary':{'operation':'append'},'manifest-list':'\xC3\xA4.avro'} ,\t"
    "{'sequence-number':1,'snapshot-id':1,'timestamp-ms':900000,'manifest-list':'m'} ],"
    "'x' : [ 1 ] }";

static size_t run_any(uint64_t *state, struct fixture *fixture, size_t *ret_shared)
{
    const char *const bases[] = {table_v2, table_spaced, table_v3, table_v1};
    size_t commits = 0;
    for (size_t run = 0; run < RUNS; run++) {
        fixture->now_ms = NOW_MS;
        table_of(fixture, bases[run % 4]);
        for (size_t i = 0; i < COMMITS; i++) {
            bool is_made = commit_any(state, fixture);
            commits += is_made;
            *ret_shared += is_made && fixture->table->origin;
        }
        arena_finish(&fixture->arena);
    }
    return commits;
}

static void test_table_metadata__is_the_same_whether_read_or_taken_over(void **unused)
{
    uint64_t state = 1;
    size_t shared = 0;
    assert_true(run_any(&state, *unused, &shared) > RUNS * COMMITS / 2);
    assert_int_equal(shared, 0);
}

/* From one byte on every list is shared until something is added; the more is asked for, the longer
 * is added to what is shared, until all is put together again. */
static void test_table_metadata__is_the_same_whether_shared_or_not(void **unused)
{
    static const size_t froms[] = {1, 150, 600, 2000};
    struct fixture *fixture = *unused;
    uint64_t state = 2;
    for (size_t i = 0; i < sizeof(froms) / sizeof(froms[0]); i++) {
        size_t shared = 0;
        fixture->share_from = froms[i];
        size_t commits = run_any(&state, fixture, &shared);
        assert_true(shared > commits / 20 && shared < commits);
    }
}

/* A budget's bytes are held as long as what was read for them, and no longer for a commit. */
static void test_table_metadata__shares_nothing_that_a_budget_counts(void **unused)
{
    struct fixture *fixture = *unused;
    struct byte_budget *budget = NULL;
    fixture->share_from = 1;
    assert_ok(byte_budget_create(1000, 1, &budget, &fixture->err), &fixture->err);
    assert_ok(byte_budget_take(budget, 10, 0, "x", &fixture->err), &fixture->err);
    blob_charge(table_of(fixture, table_v2)->blob, budget, 10);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'1'}}]"), &fixture->err);
    assert_null(fixture->next->origin);
    commit_result(fixture);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'2'}}]"), &fixture->err);
    assert_ptr_equal(fixture->next->origin, fixture->table);
    byte_budget_destroy(budget);
}

static void test_table_metadata__counts_what_it_shares(void **unused)
{
    struct fixture *fixture = *unused;
    fixture->share_from = 1;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'1'}}]"), &fixture->err);
    assert_non_null(fixture->next->origin);
    fixture->out.ceiling = fixture->out.len;
    commit_result(fixture);
    refuses(fixture, "[{'action':'set-properties','updates':{'k':'2'}}]", ERROR_TOO_LARGE,
            "table metadata is larger than");
    fixture->out.ceiling = MAX_METADATA_SIZE;
}

/* Only a lower last-sequence-number could make a base's snapshots wrong; the updates of a client
 * cannot lower it, and whoever does must not get by. */
static void refuses_lower_number(struct fixture *fixture, size_t share_from)
{
    fixture->share_from = share_from;
    struct table_metadata *table = NULL;
    struct blob *blob = NULL;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'v'}}]"), &fixture->err);
    char *number = strstr(fixture->out.ptr, "\"last-sequence-number\":2");
    assert_non_null(number);
    number[strlen("\"last-sequence-number\":")] = '1';
    assert_ok(blob_copy(buffer_slice(&fixture->out), &blob, &fixture->err), &fixture->err);
    assert_false(
        table_metadata_parse_next(blob, &fixture->table_result.copied, &table, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "greater than the last-sequence-number 1"));
    blob_unref(blob);
}

static void test_table_metadata__reads_snapshots_whose_numbers_are_in_doubt(void **unused)
{
    refuses_lower_number(*unused, 0);
    refuses_lower_number(*unused, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table_metadata__is_the_same_whether_read_or_taken_over,
                                        update_setup, update_teardown),
        cmocka_unit_test_setup_teardown(test_table_metadata__is_the_same_whether_shared_or_not,
                                        update_setup, update_teardown),
        cmocka_unit_test_setup_teardown(
            test_table_metadata__shares_nothing_that_a_budget_counts, update_setup,
            update_teardown),
        cmocka_unit_test_setup_teardown(test_table_metadata__counts_what_it_shares, update_setup,
                                        update_teardown),
        cmocka_unit_test_setup_teardown(
            test_table_metadata__reads_snapshots_whose_numbers_are_in_doubt, update_setup,
            update_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
