#include "scan/delete_key.h"

/* Odd, with as many ones as zeros. */
#define KEY_A UINT64_C(0x9E3779B97F4A7C15)
#define KEY_B UINT64_C(0xD1B54A32D192ED03)
/* A name of a file, with the uuid and the numbers in it. */
#define PATH_END_SIZE ((size_t)64)
#define SIZE_OF_NULL UINT32_MAX

__extension__ typedef unsigned __int128 wide;

/* Both halves of the product: every bit of either word has a say in it. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(size_t len, const char *bytes, size_t size)
{
    uint64_t state = KEY_A ^ len, words[2];
    for (; size >= sizeof(words); size -= sizeof(words), bytes += sizeof(words)) {
        memcpy(words, bytes, sizeof(words));
        state = fold(words[0] ^ KEY_A, words[1] ^ state);
    }
    memset(words, 0, sizeof(words));
    memcpy(words, bytes, size);
    state = fold(words[0] ^ KEY_A, words[1] ^ state);
    return fold(state ^ KEY_B, KEY_A);
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

/* Its size and the value. */
#define NUMBER_SIZE (sizeof(uint32_t) + sizeof(int64_t))

/* There is room for it. A null is the same whatever the column's type is, and whether the manifest
 * has the column. */
static inline void number_put(struct buffer *out, uint32_t size, int64_t number)
{
    char *at = out->ptr + out->len;
    memcpy(at, &size, sizeof(size));
    memcpy(at + sizeof(size), &number, sizeof(number));
    out->len += NUMBER_SIZE;
}

static inline void value_write(const struct partition_column *column, size_t row,
                               struct buffer *out)
{
    struct slice bytes;
    int64_t number;
    if (!buffer_reserve(out, NUMBER_SIZE))
        return;
    if (column && long_column_get(&column->longs, row, &number)) {
        number_put(out, sizeof(number), number);
    } else if (column && bytes_column_get(&column->bytes, row, &bytes)) {
        uint32_t size = (uint32_t)bytes.len;
        buffer_append(out, &size, sizeof(size));
        buffer_append_slice(out, bytes);
    } else {
        number_put(out, SIZE_OF_NULL, 0);
    }
}

void delete_key_write(int32_t spec_id, const struct partition_column *const *columns, size_t count,
                      size_t row, struct buffer *out)
{
    buffer_truncate(out, 0);
    buffer_append(out, &spec_id, sizeof(spec_id));
    for (size_t i = 0; i < count; i++)
        value_write(columns[i], row, out);
}
