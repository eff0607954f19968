#include "scan/delete_key.h"

/* 64 bits of entropy in, 64 out: the constants are those of a well-known finaliser. */
#define MIX UINT64_C(0x9E3779B97F4A7C15)
/* A name of a file, with the uuid and the numbers in it. */
#define PATH_END_SIZE ((size_t)64)
#define SIZE_OF_NULL UINT32_MAX

static uint64_t mix(uint64_t state, uint64_t word)
{
    state = (state ^ word) * MIX;
    return state ^ (state >> 32);
}

static uint64_t hash_bytes(uint64_t state, const char *bytes, size_t size)
{
    uint64_t word;
    size_t at = 0;
    for (; size - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, bytes + at, sizeof(word));
        state = mix(state, word);
    }
    word = 0;
    if (size > at)
        memcpy(&word, bytes + at, size - at);
    return mix(mix(state, word), state >> 29);
}

uint64_t delete_key_hash(struct slice key)
{
    return hash_bytes(key.len, key.ptr, key.len);
}

uint64_t delete_path_hash(struct slice first, struct slice second)
{
    char end[PATH_END_SIZE];
    size_t len = first.len + second.len;
    if (second.len >= PATH_END_SIZE)
        return hash_bytes(len, second.ptr + second.len - PATH_END_SIZE, PATH_END_SIZE);
    size_t of_first = PATH_END_SIZE - second.len;
    if (of_first > first.len)
        of_first = first.len;
    memcpy(end, first.ptr + first.len - of_first, of_first);
    memcpy(end + of_first, second.ptr, second.len);
    return hash_bytes(len, end, of_first + second.len);
}

void delete_key_bind(const struct manifest_columns *columns, const struct partition_spec *spec,
                     const struct partition_column **ret_columns)
{
    for (size_t i = 0; i < spec->field_count; i++)
        ret_columns[i] =
            manifest_columns_partition(columns, spec->fields[i].field_id, spec->fields[i].name);
}

static void value_write(const struct partition_column *column, size_t row, struct buffer *out)
{
    struct slice bytes;
    int64_t number;
    uint32_t size = SIZE_OF_NULL;
    if (column && bytes_column_get(&column->bytes, row, &bytes)) {
        size = (uint32_t)bytes.len;
        buffer_append(out, &size, sizeof(size));
        buffer_append_slice(out, bytes);
        return;
    }
    if (column && long_column_get(&column->longs, row, &number)) {
        char head[sizeof(size) + sizeof(number)];
        size = sizeof(number);
        memcpy(head, &size, sizeof(size));
        memcpy(head + sizeof(size), &number, sizeof(number));
        buffer_append(out, head, sizeof(head));
        return;
    }
    buffer_append(out, &size, sizeof(size));
}

void delete_key_write(int32_t spec_id, const struct partition_column *const *columns, size_t count,
                      size_t row, struct buffer *out)
{
    buffer_truncate(out, 0);
    buffer_append(out, &spec_id, sizeof(spec_id));
    for (size_t i = 0; i < count; i++)
        value_write(columns[i], row, out);
}
