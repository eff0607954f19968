/*
 * Text that parses as table metadata has a refs-only form that parses too, with the same histories
 * and no more snapshots.
 */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "iceberg/table_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refs_text(const struct table_metadata *metadata)
{
    struct buffer out;
    struct blob *blob = NULL;
    struct table_metadata *refs_only = NULL;
    buffer_init(&out, MIB);
    bool ok = table_metadata_refs_text(metadata, &out, NULL) &&
              blob_from_buffer(&out, &blob, NULL) && table_metadata_parse(blob, &refs_only, NULL);
    assert(ok);
    assert(refs_only->snapshot_count <= metadata->snapshot_count);
    assert(refs_only->snapshot_log_count == metadata->snapshot_log_count);
    assert(refs_only->current_snapshot_id == metadata->current_snapshot_id);
    table_metadata_unref(refs_only);
    blob_unref(blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blob *blob = NULL;
    struct table_metadata *metadata = NULL;
    if (size > 256 * KIB || !blob_copy(slice_make((const char *)data, size), &blob, NULL))
        return 0;
    if (table_metadata_parse(blob, &metadata, NULL)) {
        check_refs_text(metadata);
        table_metadata_unref(metadata);
    }
    blob_unref(blob);
    return 0;
}
