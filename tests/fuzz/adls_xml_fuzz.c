/*
 * adls_xml_fuzz.c — what the Blob service answers: listings, keys.
 */
#include <stdlib.h>

#include "storage/adls_xml.h"
#include "storage/xml_walk.h"

#define CEILING ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool take_name(void *context, struct slice name, uint64_t size, struct error *err)
{
    (void)err;
    require(name.len <= *(const size_t *)context && size <= INT64_MAX);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice xml = {(const char *)data, size}, next = SLICE_EMPTY;
    struct arena arena;
    struct error err = {0};
    if (size > 64 * 1024)
        return 0;
    arena_init(&arena, CEILING);
    if (adls_list_parse(xml, take_name, &size, &arena, &next, &err))
        require(next.len <= XML_MAX_TEXT_SIZE);
    else
        require(err.kind == ERROR_CORRUPT || err.kind == ERROR_NO_MEMORY);
    struct azure_delegation_key key;
    if (adls_delegation_key_parse(xml, &arena, &key, NULL))
        require(key.value.len > 0 && key.object_id.len > 0 && key.version.len > 0);
    arena_finish(&arena);
    return 0;
}
