#include "scan/delete_key.h"

#include <stdlib.h>

#include "base/limits.h"

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

/* Of as many bytes as the end of a path has, mostly: no loop, and nothing left over. */
static inline uint64_t hash_end(size_t len, const char *end)
{
    uint64_t state = KEY_A ^ len, words[PATH_END_SIZE / sizeof(uint64_t)];
    memcpy(words, end, PATH_END_SIZE);
    for (size_t i = 0; i < PATH_END_SIZE / sizeof(uint64_t); i += 2)
        state = fold(words[i] ^ KEY_A, words[i + 1] ^ state);
    return fold(state ^ KEY_B, KEY_A);
}

uint64_t delete_path_hash(struct slice first, struct slice second)
{
    char end[PATH_END_SIZE];
    size_t len = first.len + second.len;
    if (second.len >= PATH_END_SIZE)
        return hash_end(len, second.ptr + second.len - PATH_END_SIZE);
    if (second.len == 0 && len >= PATH_END_SIZE)
        return hash_end(len, first.ptr + len - PATH_END_SIZE);
    size_t of_first = PATH_END_SIZE - second.len;
    if (of_first > first.len)
        of_first = first.len;
    memcpy(end, first.ptr + first.len - of_first, of_first);
    memcpy(end + of_first, second.ptr, second.len);
    return len >= PATH_END_SIZE ? hash_end(len, end) : hash_bytes(len, end, len);
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

/* --- tuples --------------------------------------------------------------------------------- */

void delete_tuples_finish(struct delete_tuples *tuples)
{
    buffer_finish(&tuples->key);
    free(tuples->columns);
}

bool delete_tuples_open(struct delete_tuples *tuples, const struct manifest_columns *columns,
                        const struct partition_spec *spec, struct error *err)
{
    const struct partition_column **bound =
        realloc(tuples->columns, (spec->field_count + 1) * sizeof(*bound));
    if (!bound)
        return error_no_memory(err, "the partitions of delete files");
    if (tuples->spec_id != spec->spec_id)
        memset(tuples->known, 0, sizeof(tuples->known));
    tuples->spec_id = spec->spec_id;
    tuples->columns = bound;
    tuples->count = spec->field_count;
    tuples->are_numbers = spec->field_count <= MAX_KNOWN_NUMBERS;
    for (size_t i = 0; i < spec->field_count; i++) {
        bound[i] =
            manifest_columns_partition(columns, spec->fields[i].field_id, spec->fields[i].name);
        tuples->are_numbers &= !bound[i] || bound[i]->kind != PARTITION_BYTES;
    }
    tuples->key.ceiling = MAX_MANIFEST_BLOCK_SIZE;
    return true;
}

bool delete_tuples_key(struct delete_tuples *tuples, size_t row, struct slice *ret_key,
                       struct error *err)
{
    struct buffer *key = &tuples->key;
    buffer_truncate(key, 0);
    buffer_append(key, &tuples->spec_id, sizeof(tuples->spec_id));
    for (size_t i = 0; i < tuples->count; i++)
        value_write(tuples->columns[i], row, key);
    *ret_key = buffer_slice(key);
    return buffer_check(key, "a partition tuple", err);
}

/* Where the row's tuple of numbers is remembered, or is to be. */
static struct delete_tuple *known_place(struct delete_tuples *tuples, size_t row,
                                        struct delete_tuple *ret_tuple)
{
    uint64_t mixed = 0;
    *ret_tuple = (struct delete_tuple){.is_known = true};
    for (size_t i = 0; i < tuples->count; i++) {
        const struct partition_column *column = tuples->columns[i];
        if (!column || !long_column_get(&column->longs, row, &ret_tuple->numbers[i]))
            ret_tuple->nulls |= UINT32_C(1) << i;
        mixed = (mixed + (uint64_t)ret_tuple->numbers[i]) * KEY_A;
    }
    return &tuples->known[mixed >> 32 & (KNOWN_TUPLES - 1)];
}

static bool tuples_equal(const struct delete_tuple *a, const struct delete_tuple *b)
{
    return a->is_known == b->is_known && a->nulls == b->nulls &&
           memcmp(a->numbers, b->numbers, sizeof(a->numbers)) == 0;
}

/* Rows of a manifest take turns in few partitions. */
bool delete_tuples_get(struct delete_tuples *tuples, size_t row, struct delete_tuple **ret_tuple,
                       bool *ret_is_new, struct error *err)
{
    struct delete_tuple tuple = {.is_known = false}, *place = &tuples->other;
    struct slice key;
    if (tuples->are_numbers)
        place = known_place(tuples, row, &tuple);
    *ret_is_new = !tuples->are_numbers || !tuples_equal(place, &tuple);
    *ret_tuple = place;
    if (!*ret_is_new)
        return true;
    TRY(delete_tuples_key(tuples, row, &key, err));
    tuple.hash = delete_key_hash(key);
    *place = tuple;
    return true;
}
