#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/json_tree.h"
#include "iceberg/table_metadata.h"
#include "tests/unit/iceberg/metadata_fixture.h"

static struct table_metadata *parse_blob(struct blob *blob)
{
    struct table_metadata *metadata = NULL;
    struct error err = {.kind = ERROR_NONE};
    if (!table_metadata_parse(blob, &metadata, &err))
        fail_msg("%s", err.message);
    blob_unref(blob);
    return metadata;
}

static struct table_metadata *parse(const char *text)
{
    return parse_blob(fixture_blob(text));
}

/* The replaced text is refused, with a message that has `word`. */
static void refuse(const char *text, const char *old, const char *new, const char *word)
{
    struct blob *blob = fixture_replace(text, old, new);
    struct table_metadata *metadata = NULL;
    struct error err = {.kind = ERROR_NONE};
    if (table_metadata_parse(blob, &metadata, &err))
        fail_msg("accepted with '%s'", new);
    assert_null(metadata);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    if (!strstr(err.message, word))
        fail_msg("'%s' is not in: %s", word, err.message);
    blob_unref(blob);
}

/* The replaced text is fine. */
static struct table_metadata *accept(const char *text, const char *old, const char *new)
{
    return parse_blob(fixture_replace(text, old, new));
}

/* Rules 45, 46. */
static void test_table_metadata__reads_the_oldest_v1_with_its_fallbacks(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V1);
    assert_int_equal(m->format_version, 1);
    assert_int_equal(m->uuid.len, 0);
    assert_true(slice_equals_string(m->location, "s3://b/t"));
    assert_int_equal(m->last_sequence_number, 0);
    assert_int_equal(m->current_schema_id, 0);
    assert_int_equal(m->default_spec_id, 0);
    assert_int_equal(m->last_partition_id, 1001);
    assert_int_equal(m->default_sort_order_id, 0);
    assert_int_equal(m->current_snapshot_id, 7);
    assert_int_equal(m->snapshot_count, 1);
    assert_int_equal(m->snapshots[0].sequence_number, 0);
    assert_int_equal(m->snapshots[0].schema_id, -1);
    assert_int_equal(m->snapshot_log_count, 0);
    assert_null(m->members[TABLE_MEMBER_REFS].ptr);
    table_metadata_unref(m);
}

/* Rule 46. */
static void test_table_metadata__computes_last_partition_id_of_v1_over_all_specs(void **state)
{
    (void)state;
    struct table_metadata *m =
        accept(METADATA_V1, "\"partition-spec\":",
               "\"default-spec-id\":4,\"partition-specs\":[{\"spec-id\":4,\"fields\":[]},"
               "{\"spec-id\":3,\"fields\":[{\"field-id\":1007},{\"field-id\":1003}]}],"
               "\"partition-spec\":");
    assert_int_equal(m->default_spec_id, 4);
    assert_int_equal(m->last_partition_id, 1007);
    table_metadata_unref(m);
    m = accept(METADATA_V1,
               "{\"name\":\"a\",\"transform\":\"identity\",\"source-id\":1},"
               "{\"name\":\"b\",\"transform\":\"identity\",\"source-id\":2}",
               "");
    assert_int_equal(m->last_partition_id, 999);
    table_metadata_unref(m);
}

static void test_table_metadata__indexes_v2_scalars_and_lists(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V2);
    assert_int_equal(m->last_sequence_number, 3);
    assert_int_equal(m->last_updated_ms, 300000);
    assert_int_equal(m->current_schema_id, 1);
    assert_int_equal(m->current_snapshot_id, 30);
    assert_int_equal(m->snapshot_count, 3);
    assert_int_equal(m->snapshots[1].snapshot_id, 20);
    assert_int_equal(m->snapshots[1].parent_id, 10);
    assert_int_equal(m->snapshots[0].parent_id, NO_SNAPSHOT);
    assert_int_equal(m->snapshots[2].schema_id, 1);
    assert_int_equal(m->snapshots[2].first_row_id, NO_ROW_ID);
    assert_int_equal(m->snapshot_log_count, 3);
    assert_int_equal(m->snapshot_log[2].snapshot_id, 30);
    assert_int_equal(m->metadata_log_count, 2);
    assert_true(slice_equals_string(m->metadata_log[0].metadata_file, "s3://b/0.json"));
    assert_int_equal(m->metadata_log[1].timestamp_ms, 200000);
    assert_true(slice_equals_string(m->members[TABLE_MEMBER_SORT_ORDERS],
                                    "[{\"order-id\":0,\"fields\":[]}]"));
    table_metadata_unref(m);
}

/* Rule 51. */
static void test_table_metadata__keeps_unknown_members_and_snapshot_text(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V2);
    assert_int_equal(m->unknown_count, 2);
    assert_true(slice_equals_string(m->unknown[0].name, "from-the-future"));
    assert_true(slice_equals_string(m->unknown[0].value, "{\"x\":1}"));
    assert_true(slice_equals_string(m->unknown[1].value, "null"));
    assert_true(
        slice_ends_with(m->snapshots[2].text, SLICE_LITERAL("\"new-in-2030\":{\"a\":[1,2]}}")));
    table_metadata_unref(m);
}

/* Rule 45: -1 and absence say so, too, as older writers do. */
static void test_table_metadata__reads_minus_one_as_no_current_snapshot(void **state)
{
    (void)state;
    static const char *const spellings[] = {"\"current-snapshot-id\":-1,",
                                            "\"current-snapshot-id\":null,", ""};
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        struct table_metadata *m =
            accept(METADATA_V1, "\"current-snapshot-id\":7,", spellings[i]);
        assert_int_equal(m->current_snapshot_id, NO_SNAPSHOT);
        table_metadata_unref(m);
    }
}

/* Rule 45. */
static void test_table_metadata__reads_v3_row_lineage_and_null_current_snapshot(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V3);
    assert_int_equal(m->current_snapshot_id, NO_SNAPSHOT);
    assert_true(m->next_row_id == INT64_MAX);
    assert_int_equal(m->snapshots[0].first_row_id, 0);
    assert_int_equal(m->snapshots[0].added_rows, 10);
    assert_int_equal(m->default_sort_order_id, 1);
    table_metadata_unref(m);
    m = accept(METADATA_V3, "\"current-snapshot-id\":null", "\"current-snapshot-id\":-1");
    assert_int_equal(m->current_snapshot_id, NO_SNAPSHOT);
    table_metadata_unref(m);
    m = accept(METADATA_V3, "\"current-snapshot-id\":null,", "");
    assert_int_equal(m->current_snapshot_id, NO_SNAPSHOT);
    table_metadata_unref(m);
}

static void test_table_metadata__refuses_an_unsupported_format_version(void **state)
{
    (void)state;
    refuse(METADATA_V2, "\"format-version\":2", "\"format-version\":4",
           "cannot read unsupported version 4");
    refuse(METADATA_V2, "\"format-version\":2", "\"format-version\":0", "unsupported version 0");
    refuse(METADATA_V2, "\"format-version\":2", "\"format-version\":2.0", "32-bit integer");
    refuse(METADATA_V2, "\"format-version\":2,", "", "format-version is missing");
}

/* Rule 46. */
static void test_table_metadata__refuses_v2_without_its_required_fields(void **state)
{
    (void)state;
    static const char *const REQUIRED[] = {
        "table-uuid",
        "location",
        "last-sequence-number",
        "last-updated-ms",
        "last-column-id",
        "current-schema-id",
        "schemas",
        "default-spec-id",
        "partition-specs",
        "last-partition-id",
        "default-sort-order-id",
        "sort-orders",
    };
    for (size_t i = 0; i < sizeof(REQUIRED) / sizeof(REQUIRED[0]); i++) {
        char old[64], renamed[64];
        snprintf(old, sizeof(old), "\"%s\":", REQUIRED[i]);
        snprintf(renamed, sizeof(renamed), "\"not-%s\":", REQUIRED[i]);
        refuse(METADATA_V2, old, renamed, REQUIRED[i]);
    }
    refuse(METADATA_V3, "\"next-row-id\"", "\"x\"", "next-row-id is missing");
    refuse(METADATA_V1, "\"schema\"", "\"x\"", "schema is missing");
    refuse(METADATA_V1, "\"partition-spec\"", "\"x\"", "partition-spec is missing");
}

static void test_table_metadata__refuses_values_of_the_wrong_type(void **state)
{
    (void)state;
    refuse(METADATA_V2, "\"last-column-id\":2", "\"last-column-id\":2147483648", "32-bit");
    refuse(METADATA_V2, "\"last-updated-ms\":300000", "\"last-updated-ms\":9223372036854775808",
           "64-bit");
    refuse(METADATA_V2, "\"last-updated-ms\":300000", "\"last-updated-ms\":\"3\"", "64-bit");
    refuse(METADATA_V2, "\"location\":\"s3://b/t\"", "\"location\":null", "location must be");
    refuse(METADATA_V2, "\"refs\":{", "\"refs\":[],\"old\":{", "refs must be an object");
    refuse(METADATA_V2, "\"owner\":\"o\"", "\"owner\":1", "properties: 'owner' must be a string");
    refuse(METADATA_V2, "\"snapshots\":[", "\"snapshots\":null,\"old\":[", "must be an array");
    refuse(METADATA_V2, "\"snapshots\":[", "\"snapshots\":[7,", "snapshots: every entry");
    refuse(METADATA_V2, "\"statistics\":[", "\"statistics\":[{}", "");
    refuse(METADATA_V2, "\"statistics\":[{\"snapshot-id\":20", "\"statistics\":[{\"a\":20",
           "statistics: snapshot-id is missing");
    refuse(METADATA_V3, "\"key-id\":\"k\"", "\"key-id\":1", "encryption-keys: key-id");
}

static void test_table_metadata__refuses_text_that_is_no_metadata(void **state)
{
    (void)state;
    refuse("[]", "[]", "[]", "object");
    refuse("[]", "[]", "", "object");
    refuse(METADATA_V2, "\"owner\":\"o\"", "\"owner\":\"o", "JSON");
    refuse(METADATA_V2, "\"owner\":\"o\"", "\"owner\":\"\xff\"", "UTF-8");
    refuse(METADATA_V2, "\"another\":null}", "\"another\":null} x", "text after");
}

static void test_table_metadata__refuses_duplicate_top_level_members(void **state)
{
    (void)state;
    refuse(METADATA_V2, "{", "{\"location\":\"s3://elsewhere\",", "'location' is there twice");
    refuse(METADATA_V2, "{", "{\"loc\\u0061tion\":\"s3://elsewhere\",",
           "'location' is there twice");
    refuse(METADATA_V2, "\"another\":null", "\"another\":null,\"z\":1,\"another\":2",
           "'another' is there twice");
}

static void test_table_metadata__finds_an_escaped_spelling_of_a_member(void **state)
{
    (void)state;
    struct table_metadata *m =
        accept(METADATA_V2, "\"last-sequence-number\"", "\"last\\u002Dsequence-number\"");
    assert_int_equal(m->last_sequence_number, 3);
    table_metadata_unref(m);
}

static void test_table_metadata__requires_current_ids_to_be_listed(void **state)
{
    (void)state;
    refuse(METADATA_V2, "\"current-schema-id\":1", "\"current-schema-id\":2",
           "current-schema-id is 2");
    refuse(METADATA_V2, "\"default-spec-id\":0", "\"default-spec-id\":1", "default-spec-id is 1");
    refuse(METADATA_V3, "\"default-sort-order-id\":1", "\"default-sort-order-id\":2",
           "default-sort-order-id is 2");
    /* Order 0 is "unsorted" whether it is listed or not. */
    table_metadata_unref(
        accept(METADATA_V3, "\"default-sort-order-id\":1", "\"default-sort-order-id\":0"));
    refuse(METADATA_V2, "\"current-snapshot-id\":30", "\"current-snapshot-id\":31",
           "current-snapshot-id 31 does not match");
    refuse(METADATA_V1, "\"current-snapshot-id\":7", "\"current-snapshot-id\":8",
           "current-snapshot-id 8 is not among the snapshots");
}

static void test_table_metadata__refuses_empty_lists_and_duplicate_ids(void **state)
{
    (void)state;
    refuse(METADATA_V2, "[{\"spec-id\":0,\"fields\":[]}]", "[]", "partition-specs must not be");
    refuse(METADATA_V2, "[{\"order-id\":0,\"fields\":[]}]", "[]", "sort-orders must not be empty");
    refuse(METADATA_V2, "\"schema-id\":0,\"fields\"", "\"schema-id\":1,\"fields\"",
           "schema-id 1 is there twice");
    refuse(METADATA_V2, "{\"spec-id\":0,\"fields\":[]}",
           "{\"spec-id\":0,\"fields\":[]},{\"spec-id\":0,\"fields\":[]}", "spec-id 0");
    refuse(METADATA_V2, "\"snapshot-id\":20,\"parent", "\"snapshot-id\":10,\"parent",
           "snapshot-id 10 is there twice");
}

/* Rule 28: "Every snapshot's sequence number is at most last-sequence-number." */
static void test_table_metadata__refuses_a_snapshot_past_the_last_sequence_number(void **state)
{
    (void)state;
    refuse(METADATA_V2, "\"last-sequence-number\":3", "\"last-sequence-number\":2",
           "snapshot 30 has sequence number 3, greater than");
    refuse(METADATA_V1, "\"timestamp-ms\":900", "\"timestamp-ms\":900,\"sequence-number\":1",
           "greater than");
}

/* Rule 28. */
static void test_table_metadata__takes_a_missing_sequence_number_in_v2_as_zero(void **state)
{
    (void)state;
    struct table_metadata *m = accept(METADATA_V2, "\"sequence-number\":1,", "");
    assert_int_equal(m->snapshots[0].sequence_number, 0);
    table_metadata_unref(m);
}

static void test_table_metadata__checks_snapshot_fields(void **state)
{
    (void)state;
    refuse(METADATA_V2, ",\"manifest-list\":\"s3://b/1.avro\"", "", "manifest-list is missing");
    refuse(METADATA_V2, "\"timestamp-ms\":100000,\"summary\"", "\"summary\"",
           "snapshots: timestamp-ms is missing");
    refuse(METADATA_V2, "\"summary\":{\"operation\":\"append\"}", "\"summary\":[]",
           "summary must be an object");
    refuse(METADATA_V3, "\"first-row-id\":0", "\"first-row-id\":-1", "cannot be negative");
    refuse(METADATA_V3, ",\"added-rows\":10", "", "added-rows is required");
    struct table_metadata *m =
        accept(METADATA_V2, "\"parent-snapshot-id\":10", "\"parent-snapshot-id\":null");
    assert_int_equal(m->snapshots[1].parent_id, NO_SNAPSHOT);
    table_metadata_unref(m);
}

static void test_table_metadata__checks_refs(void **state)
{
    (void)state;
    refuse(METADATA_V2, "\"eom\":{\"snapshot-id\":10", "\"eom\":{\"snapshot-id\":11",
           "'eom' names snapshot 11");
    refuse(METADATA_V2, "\"type\":\"tag\"", "\"type\":\"label\"", "'branch' or 'tag'");
    refuse(METADATA_V2, "\"type\":\"tag\"", "\"type\":\"tag\",\"min-snapshots-to-keep\":1",
           "a tag cannot have");
    refuse(METADATA_V2, "\"min-snapshots-to-keep\":2", "\"min-snapshots-to-keep\":0",
           "greater than 0");
    refuse(METADATA_V2, "\"main\":{\"snapshot-id\":30", "\"main\":{\"snapshot-id\":20",
           "does not match the main branch");
    refuse(METADATA_V2, "\"current-snapshot-id\":30", "\"current-snapshot-id\":-1",
           "is not set, but the main branch exists");
    table_metadata_unref(accept(METADATA_V2, "\"type\":\"tag\"", "\"type\":\"TAG\""));
}

/* Rule 36: Commits come from many machines: 60 seconds of disorder are fine, more are not. */
static void test_table_metadata__tolerates_a_minute_of_disorder_in_logs(void **state)
{
    (void)state;
    table_metadata_unref(accept(METADATA_V2, "{\"timestamp-ms\":200000,\"snapshot-id\":20}",
                                "{\"timestamp-ms\":360000,\"snapshot-id\":20}"));
    refuse(METADATA_V2, "{\"timestamp-ms\":200000,\"snapshot-id\":20}",
           "{\"timestamp-ms\":360001,\"snapshot-id\":20}", "snapshot-log: entries must be sorted");
    table_metadata_unref(
        accept(METADATA_V2, "\"last-updated-ms\":300000", "\"last-updated-ms\":240000"));
    refuse(METADATA_V2, "\"last-updated-ms\":300000", "\"last-updated-ms\":239999",
           "before the last entry of snapshot-log");
    refuse(METADATA_V2, "\"timestamp-ms\":100000,\"metadata-file\"",
           "\"timestamp-ms\":260001,\"metadata-file\"", "metadata-log: entries must be sorted");
    refuse(METADATA_V2, "\"timestamp-ms\":200000,\"metadata-file\"",
           "\"timestamp-ms\":360001,\"metadata-file\"", "before the last entry of metadata-log");
    refuse(METADATA_V2, "\"last-updated-ms\":300000", "\"last-updated-ms\":-9223372036854775808",
           "before the last entry");
}

static void test_table_metadata__finds_snapshots_by_id(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V2);
    assert_ptr_equal(table_metadata_snapshot(m, 10), &m->snapshots[0]);
    assert_ptr_equal(table_metadata_snapshot(m, 30), &m->snapshots[2]);
    assert_null(table_metadata_snapshot(m, 11));
    assert_null(table_metadata_snapshot(m, NO_SNAPSHOT));
    table_metadata_unref(m);
}

static void test_table_metadata__reads_properties_unescaped(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V2);
    struct arena arena;
    struct slice value = SLICE_EMPTY;
    struct error err;
    arena_init(&arena, 1 << 20);
    assert_true(table_metadata_property(m, "owner", &arena, &value, &err));
    assert_true(slice_equals_string(value, "o"));
    assert_true(table_metadata_property(m, "escaped", &arena, &value, &err));
    assert_true(slice_equals_string(value, "v\n"));
    assert_true(table_metadata_property(m, "none", &arena, &value, &err));
    assert_null(value.ptr);
    arena_finish(&arena);
    table_metadata_unref(m);
}

/* The refs-only form of `text` must equal `text` with `old` replaced by `new`. */
static void check_refs_text(struct blob *blob, const char *old, const char *new)
{
    struct blob *wanted = fixture_replace(blob->bytes, old, new);
    struct table_metadata *m = parse_blob(blob);
    struct buffer out;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&out, 1 << 20);
    assert_true(table_metadata_refs_text(m, &out, &err));
    assert_int_equal(out.len, wanted->size);
    assert_memory_equal(out.ptr, wanted->bytes, wanted->size);
    buffer_finish(&out);
    blob_unref(wanted);
    table_metadata_unref(m);
}

#define SNAPSHOT_20                                                           \
    ",\n{\"sequence-number\":2,\"snapshot-id\":20,\"parent-snapshot-id\":10," \
    "\"timestamp-ms\":200000,\"manifest-list\":\"s3://b/2.avro\",\"schema-id\":0},\n"

/* Rule 41. */
static void test_table_metadata__refs_text_drops_only_unnamed_snapshots(void **state)
{
    (void)state;
    check_refs_text(fixture_blob(METADATA_V2), SNAPSHOT_20, ",");
}

/* Rule 41. */
static void test_table_metadata__refs_text_keeps_statistics_of_dropped_snapshots(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V2);
    struct buffer out;
    struct error err;
    struct blob *blob = NULL;
    buffer_init(&out, 1 << 20);
    assert_true(table_metadata_refs_text(m, &out, &err));
    assert_true(blob_from_buffer(&out, &blob, &err));
    struct table_metadata *refs_only = parse_blob(blob);
    assert_int_equal(refs_only->snapshot_count, 2);
    assert_int_equal(refs_only->snapshot_log_count, 3);
    assert_true(slice_equals(refs_only->members[TABLE_MEMBER_STATISTICS],
                             m->members[TABLE_MEMBER_STATISTICS]));
    table_metadata_unref(refs_only);
    table_metadata_unref(m);
}

/* Rule 45. */
static void test_table_metadata__refs_text_keeps_the_current_snapshot_without_refs(void **state)
{
    (void)state;
    check_refs_text(fixture_blob(METADATA_V1), "\"format-version\":1", "\"format-version\":1");
    check_refs_text(fixture_replace(METADATA_V1, "[{\"snapshot-id\":7",
                                    "[{\"snapshot-id\":6,\"timestamp-ms\":1,\"manifests\":[]}"
                                    ",{\"snapshot-id\":7"),
                    "{\"snapshot-id\":6,\"timestamp-ms\":1,\"manifests\":[]},", "");
}

static void test_table_metadata__refs_text_of_a_table_without_refs_has_no_snapshots(void **state)
{
    (void)state;
    check_refs_text(fixture_blob(METADATA_V3),
                    "{\"sequence-number\":1,\"snapshot-id\":5,\"timestamp-ms\":1,"
                    "\"manifest-list\":\"s3://b/1.avro\",\"first-row-id\":0,\"added-rows\":10}",
                    "");
}

static void test_table_metadata__refs_text_reports_a_full_buffer(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V2);
    struct buffer out;
    struct error err = {.kind = ERROR_NONE};
    buffer_init(&out, 100);
    assert_false(table_metadata_refs_text(m, &out, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    buffer_finish(&out);
    table_metadata_unref(m);
}

static void test_table_metadata__outlives_its_first_owner(void **state)
{
    (void)state;
    struct table_metadata *m = parse(METADATA_V2);
    struct table_metadata *second = table_metadata_ref(m);
    table_metadata_unref(m);
    assert_int_equal(second->snapshots[0].snapshot_id, 10);
    table_metadata_unref(second);
    table_metadata_unref(NULL);
}

static void test_table_metadata__survives_every_truncation(void **state)
{
    (void)state;
    for (size_t size = 0; size < strlen(METADATA_V2); size++) {
        struct blob *blob = NULL;
        struct table_metadata *metadata = NULL;
        struct error err = {.kind = ERROR_NONE};
        assert_true(blob_copy(slice_make(METADATA_V2, size), &blob, &err));
        assert_false(table_metadata_parse(blob, &metadata, &err));
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        blob_unref(blob);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_metadata__reads_the_oldest_v1_with_its_fallbacks),
        cmocka_unit_test(test_table_metadata__computes_last_partition_id_of_v1_over_all_specs),
        cmocka_unit_test(test_table_metadata__indexes_v2_scalars_and_lists),
        cmocka_unit_test(test_table_metadata__keeps_unknown_members_and_snapshot_text),
        cmocka_unit_test(test_table_metadata__reads_minus_one_as_no_current_snapshot),
        cmocka_unit_test(test_table_metadata__reads_v3_row_lineage_and_null_current_snapshot),
        cmocka_unit_test(test_table_metadata__refuses_an_unsupported_format_version),
        cmocka_unit_test(test_table_metadata__refuses_v2_without_its_required_fields),
        cmocka_unit_test(test_table_metadata__refuses_values_of_the_wrong_type),
        cmocka_unit_test(test_table_metadata__refuses_text_that_is_no_metadata),
        cmocka_unit_test(test_table_metadata__refuses_duplicate_top_level_members),
        cmocka_unit_test(test_table_metadata__finds_an_escaped_spelling_of_a_member),
        cmocka_unit_test(test_table_metadata__requires_current_ids_to_be_listed),
        cmocka_unit_test(test_table_metadata__refuses_empty_lists_and_duplicate_ids),
        cmocka_unit_test(test_table_metadata__refuses_a_snapshot_past_the_last_sequence_number),
        cmocka_unit_test(test_table_metadata__takes_a_missing_sequence_number_in_v2_as_zero),
        cmocka_unit_test(test_table_metadata__checks_snapshot_fields),
        cmocka_unit_test(test_table_metadata__checks_refs),
        cmocka_unit_test(test_table_metadata__tolerates_a_minute_of_disorder_in_logs),
        cmocka_unit_test(test_table_metadata__finds_snapshots_by_id),
        cmocka_unit_test(test_table_metadata__reads_properties_unescaped),
        cmocka_unit_test(test_table_metadata__refs_text_drops_only_unnamed_snapshots),
        cmocka_unit_test(test_table_metadata__refs_text_keeps_statistics_of_dropped_snapshots),
        cmocka_unit_test(test_table_metadata__refs_text_keeps_the_current_snapshot_without_refs),
        cmocka_unit_test(test_table_metadata__refs_text_of_a_table_without_refs_has_no_snapshots),
        cmocka_unit_test(test_table_metadata__refs_text_reports_a_full_buffer),
        cmocka_unit_test(test_table_metadata__outlives_its_first_owner),
        cmocka_unit_test(test_table_metadata__survives_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
