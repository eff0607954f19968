/*
 * Any bytes, read as a manifest list, give entries whose paths are text, or an error; and where
 * they are one, a list that extends them by all of their entries is one of twice as many.
 */
#include <assert.h>
#include <stdint.h>

#include <stdlib.h>

#include "base/limits.h"
#include "iceberg/manifest_list_extend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void extend(struct slice bytes, size_t count)
{
    struct manifest_list_extended extended;
    struct manifest_list *list = NULL;
    struct buffer out;
    bool *is_added = calloc(count + 1, sizeof(bool));
    for (size_t i = 0; is_added && i < count; i++)
        is_added[i] = true;
    const struct manifest_list_extension extension = {.parent = bytes,
                                                      .source = bytes,
                                                      .is_added = is_added,
                                                      .entry_count = count,
                                                      .format_version = 2,
                                                      .snapshot_id = 1,
                                                      .sequence_number = 1};
    buffer_init(&out, 64 * MIB);
    if (is_added && manifest_list_extend(&extension, &out, &extended, NULL)) {
        assert(manifest_list_parse(buffer_slice(&out), &list, NULL));
        assert(list->count == 2 * count && extended.kept_count == count);
        manifest_list_unref(list);
    }
    buffer_finish(&out);
    free(is_added);
}

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
    extend(slice_make((const char *)data, size), list->count);
    manifest_list_unref(list);
    return 0;
}
