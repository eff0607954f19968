/*
 * Any bytes, read as a manifest list, give entries whose paths are text, or an error.
 */
#include <assert.h>
#include <stdint.h>

#include "iceberg/manifest_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest_list *list = NULL;
    size_t touched = 0;
    if (!manifest_list_parse(slice_make((const char *)data, size), &list, NULL))
        return 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct manifest_list_entry *entry = &list->entries[i];
        assert(entry->path.len > 0 && slice_is_utf8(entry->path));
        assert(entry->added_files >= MANIFEST_COUNT_UNKNOWN);
        for (size_t k = 0; k < entry->summary_count; k++)
            touched += slice_equals(entry->summaries[k].lower, entry->summaries[k].upper);
    }
    assert(touched <= size);
    manifest_list_unref(list);
    return 0;
}
