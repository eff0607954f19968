#include "tests/unit/catalog/metadata_equal.h"

#include "base/limits.h"

#include "tests/unit/cmocka_all.h"

static void view_equals(struct slice found, struct slice wanted)
{
    assert_ptr_equal(found.ptr, wanted.ptr);
    assert_int_equal(found.len, wanted.len);
}

static void members_equal(const struct table_metadata *found, const struct table_metadata *wanted)
{
    for (size_t i = 0; i < TABLE_MEMBER_COUNT; i++)
        view_equals(found->members[i], wanted->members[i]);
    assert_int_equal(found->unknown_count, wanted->unknown_count);
    for (size_t i = 0; i < wanted->unknown_count; i++) {
        view_equals(found->unknown[i].name, wanted->unknown[i].name);
        view_equals(found->unknown[i].value, wanted->unknown[i].value);
    }
}

static void scalars_equal(const struct table_metadata *found, const struct table_metadata *wanted)
{
    assert_int_equal(found->format_version, wanted->format_version);
    assert_true(slice_equals(found->uuid, wanted->uuid));
    assert_true(slice_equals(found->location, wanted->location));
    assert_int_equal(found->last_sequence_number, wanted->last_sequence_number);
    assert_int_equal(found->last_updated_ms, wanted->last_updated_ms);
    assert_int_equal(found->last_column_id, wanted->last_column_id);
    assert_int_equal(found->current_schema_id, wanted->current_schema_id);
    assert_int_equal(found->default_spec_id, wanted->default_spec_id);
    assert_int_equal(found->last_partition_id, wanted->last_partition_id);
    assert_int_equal(found->default_sort_order_id, wanted->default_sort_order_id);
    assert_int_equal(found->current_snapshot_id, wanted->current_snapshot_id);
    assert_int_equal(found->next_row_id, wanted->next_row_id);
}

static void snapshot_fields_equal(const struct table_snapshot *found,
                                  const struct table_snapshot *wanted)
{
    assert_int_equal(found->snapshot_id, wanted->snapshot_id);
    assert_int_equal(found->parent_id, wanted->parent_id);
    assert_int_equal(found->sequence_number, wanted->sequence_number);
    assert_int_equal(found->timestamp_ms, wanted->timestamp_ms);
    assert_int_equal(found->first_row_id, wanted->first_row_id);
    assert_int_equal(found->added_rows, wanted->added_rows);
    assert_int_equal(found->schema_id, wanted->schema_id);
}

static void snapshot_equals(const struct table_snapshot *found, const struct table_snapshot *wanted)
{
    snapshot_fields_equal(found, wanted);
    view_equals(found->text, wanted->text);
}

static void snapshots_equal(const struct table_metadata *found, const struct table_metadata *wanted)
{
    assert_int_equal(found->snapshot_count, wanted->snapshot_count);
    for (size_t i = 0; i < wanted->snapshot_count; i++) {
        snapshot_equals(&found->snapshots[i], &wanted->snapshots[i]);
        assert_int_equal(found->snapshots_by_id[i] - found->snapshots,
                         wanted->snapshots_by_id[i] - wanted->snapshots);
    }
}

static void logs_equal(const struct table_metadata *found, const struct table_metadata *wanted)
{
    assert_int_equal(found->snapshot_log_count, wanted->snapshot_log_count);
    for (size_t i = 0; i < wanted->snapshot_log_count; i++) {
        assert_int_equal(found->snapshot_log[i].timestamp_ms, wanted->snapshot_log[i].timestamp_ms);
        assert_int_equal(found->snapshot_log[i].snapshot_id, wanted->snapshot_log[i].snapshot_id);
    }
    assert_int_equal(found->metadata_log_count, wanted->metadata_log_count);
    for (size_t i = 0; i < wanted->metadata_log_count; i++) {
        const struct metadata_log_entry *entry = &wanted->metadata_log[i];
        assert_int_equal(found->metadata_log[i].timestamp_ms, entry->timestamp_ms);
        view_equals(found->metadata_log[i].text, entry->text);
        assert_true(slice_equals(found->metadata_log[i].metadata_file, entry->metadata_file));
    }
}

void metadata_equals(const struct table_metadata *found, const struct table_metadata *wanted)
{
    assert_ptr_equal(found->blob, wanted->blob);
    members_equal(found, wanted);
    scalars_equal(found, wanted);
    snapshots_equal(found, wanted);
    logs_equal(found, wanted);
    /* What the cache is charged for. */
    assert_int_equal(found->arena.total, wanted->arena.total);
}

/* --- what shares ---------------------------------------------------------------------------- */

static void snapshots_same(const struct table_metadata *found, const struct table_metadata *wanted)
{
    assert_int_equal(found->snapshot_count, wanted->snapshot_count);
    for (size_t i = 0; i < wanted->snapshot_count; i++) {
        const struct table_snapshot *snapshot = table_metadata_snapshot_at(found, i);
        snapshot_fields_equal(snapshot, &wanted->snapshots[i]);
        assert_true(slice_equals(snapshot->text, wanted->snapshots[i].text));
        assert_ptr_equal(table_metadata_snapshot(found, snapshot->snapshot_id), snapshot);
        assert_int_equal(table_metadata_snapshot_index(found, snapshot), i);
    }
    assert_null(table_metadata_snapshot(found, INT64_MAX));
}

static void logs_same(const struct table_metadata *found, const struct table_metadata *wanted)
{
    assert_int_equal(found->snapshot_log_count, wanted->snapshot_log_count);
    for (size_t i = 0; i < wanted->snapshot_log_count; i++) {
        const struct snapshot_log_entry *entry = table_metadata_log_at(found, i);
        assert_int_equal(entry->timestamp_ms, wanted->snapshot_log[i].timestamp_ms);
        assert_int_equal(entry->snapshot_id, wanted->snapshot_log[i].snapshot_id);
    }
    assert_int_equal(found->metadata_log_count, wanted->metadata_log_count);
    for (size_t i = 0; i < wanted->metadata_log_count; i++) {
        const struct metadata_log_entry *entry = &wanted->metadata_log[i];
        assert_int_equal(found->metadata_log[i].timestamp_ms, entry->timestamp_ms);
        assert_true(slice_equals(found->metadata_log[i].text, entry->text));
        assert_true(slice_equals(found->metadata_log[i].metadata_file, entry->metadata_file));
    }
}

static void members_same(const struct table_metadata *found, const struct table_metadata *wanted)
{
    for (size_t i = 0; i < TABLE_MEMBER_COUNT; i++)
        if (i != TABLE_MEMBER_SNAPSHOTS && i != TABLE_MEMBER_SNAPSHOT_LOG)
            assert_true(slice_equals(found->members[i], wanted->members[i]));
    assert_int_equal(found->unknown_count, wanted->unknown_count);
    for (size_t i = 0; i < wanted->unknown_count; i++) {
        assert_true(slice_equals(found->unknown[i].name, wanted->unknown[i].name));
        assert_true(slice_equals(found->unknown[i].value, wanted->unknown[i].value));
    }
}

static void refs_same(const struct table_metadata *found, const struct table_metadata *wanted)
{
    struct buffer texts[2];
    struct error err = {0};
    buffer_init(&texts[0], MAX_METADATA_SIZE);
    buffer_init(&texts[1], MAX_METADATA_SIZE);
    assert_ok(table_metadata_refs_text(found, &texts[0], &err), &err);
    assert_ok(table_metadata_refs_text(wanted, &texts[1], &err), &err);
    assert_true(slice_equals(buffer_slice(&texts[0]), buffer_slice(&texts[1])));
    buffer_finish(&texts[0]);
    buffer_finish(&texts[1]);
}

void metadata_same(const struct table_metadata *found, const struct table_metadata *wanted)
{
    assert_null(found->origin->origin);
    scalars_equal(found, wanted);
    members_same(found, wanted);
    snapshots_same(found, wanted);
    logs_same(found, wanted);
    refs_same(found, wanted);
    assert_int_equal(table_metadata_memory(found),
                     found->blob->size + found->arena.total + found->origin->blob->size +
                         found->origin->arena.total);
}
