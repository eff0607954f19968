/*
 * s3_xml_fuzz.c — what object stores answer: errors, listings, deletions, keys.
 */
#include <stdlib.h>

#include "storage/s3_xml.h"
#include "storage/xml_walk.h"

#define CEILING ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Keys come decoded, and no longer than the text that they were in. */
static bool take_key(void *context, struct slice key, uint64_t size, struct error *err)
{
    (void)size, (void)err;
    require(key.len <= *(const size_t *)context && slice_find(key, '\0') == key.len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice xml = {(const char *)data, size};
    struct s3_fault fault = {SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY};
    struct s3_delete_fault deletion;
    struct sts_answer answer;
    struct slice next;
    struct arena arena;
    struct error err = {0};
    if (size > 64 * 1024)
        return 0;
    arena_init(&arena, CEILING);
    if (s3_fault_parse(xml, &arena, &fault, &err))
        require(fault.code.len > 0 && fault.code.len <= XML_MAX_TEXT_SIZE);
    else
        require(err.kind == ERROR_CORRUPT);
    (void)s3_list_parse(xml, take_key, &size, &arena, &next, NULL);
    (void)s3_delete_parse(xml, &arena, &deletion, NULL);
    if (sts_answer_parse(xml, &arena, &answer, NULL))
        require(answer.access_key_id.len > 0 && answer.secret_access_key.len > 0);
    arena_finish(&arena);
    return 0;
}
