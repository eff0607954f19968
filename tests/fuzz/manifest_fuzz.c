/*
 * Any bytes, read as a manifest list and as a manifest, give paths that are text or an error.
 */
#include <assert.h>
#include <stdint.h>

#include "iceberg/manifest.h"
#include "iceberg/manifest_appended.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool check_path(void *context, struct slice path, struct error *err)
{
    (void)context;
    (void)err;
    assert(path.len > 0 && slice_is_utf8(path));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_make((const char *)data, size);
    manifest_list_each(bytes, check_path, NULL, NULL);
    manifest_each_file(bytes, check_path, NULL, NULL);
    struct manifest_appended appended;
    if (manifest_appended_check(bytes, 1, &appended, NULL))
        assert(appended.files >= 0 && appended.rows >= 0);
    return 0;
}
