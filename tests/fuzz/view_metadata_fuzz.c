/*
 * Any bytes, as they are or as a gzip'd metadata file, give view metadata or an error.
 */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "iceberg/metadata_file.h"
#include "iceberg/view_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(const struct view_metadata *metadata)
{
    assert(json_is_object(metadata->tree));
    assert(metadata->uuid.ptr && metadata->location.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer text;
    struct blob *blob = NULL;
    struct view_metadata *metadata = NULL;
    buffer_init(&text, MIB);
    if (metadata_file_decode(slice_make((const char *)data, size), &text, NULL) &&
        blob_from_buffer(&text, &blob, NULL) && view_metadata_parse(blob, &metadata, NULL)) {
        check_view(metadata);
        view_metadata_unref(metadata);
    }
    blob_unref(blob);
    buffer_finish(&text);
    return 0;
}
