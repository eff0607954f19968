/*
 * Any bytes, read as an Avro object container file, give blocks that can be read to their last byte
 * or an error, and never more than the ceiling.
 */
#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "iceberg/avro_container.h"

#define CEILING (4 * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch(struct slice bytes)
{
    size_t sum = 0;
    for (size_t i = 0; i < bytes.len; i++)
        sum += (unsigned char)bytes.ptr[i];
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct avro_container container;
    struct avro_block block;
    struct buffer scratch;
    struct error err = {0};
    bool more = true;
    size_t sum = 0;
    if (!avro_container_open(slice_make((const char *)data, size), &container, &err)) {
        assert(err.kind != ERROR_NONE);
        return 0;
    }
    buffer_init(&scratch, CEILING);
    sum += touch(container.schema);
    while (more && avro_container_next(&container, &scratch, &block, &more, &err)) {
        if (!more)
            break;
        assert(block.count >= 0 && (block.data.len <= CEILING || block.data.len <= size));
        sum += touch(block.data);
    }
    assert(sum < SIZE_MAX);
    avro_container_finish(&container);
    buffer_finish(&scratch);
    return 0;
}
