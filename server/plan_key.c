#include "server/plan_key.h"

#include "base/limits.h"

#define KEY_NAME SLICE_LITERAL("plan-token")
#define KEY_DIGITS ((size_t)MAC_KEY_SIZE * 2)
#define KEY_ARENA_SIZE (4 * KIB)

struct key_job {
    struct slice made; /* to be stored where there is none */
    struct arena *arena;
    struct slice stored; /* what is there at the end */
};

static bool key_digits(const struct random_source *random, char ret_text[KEY_DIGITS],
                       struct error *err)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[MAC_KEY_SIZE];
    if (!random->fill(random->context, bytes, sizeof(bytes)))
        return error_set(err, ERROR_INTERNAL, "no random numbers for the key of plans");
    for (size_t i = 0; i < sizeof(bytes); i++) {
        ret_text[2 * i] = hex[bytes[i] >> 4];
        ret_text[2 * i + 1] = hex[bytes[i] & 0xF];
    }
    return true;
}

static bool key_store(struct pointer_txn *txn, void *context, struct error *err)
{
    struct key_job *job = context;
    struct secret_row row = {.name = KEY_NAME, .version = 1, .value = job->made};
    struct secret_row present;
    bool is_there = false;
    TRY(pointer_secret_get(pointer_txn_view(txn), KEY_NAME, job->arena, &present, &is_there, err));
    job->stored = is_there ? present.value : job->made;
    return is_there || pointer_secret_insert(txn, &row, err);
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool key_parse(struct slice text, struct mac_key *ret_key, struct error *err)
{
    struct mac_key key;
    bool ok = text.len == KEY_DIGITS;
    for (size_t i = 0; ok && i < MAC_KEY_SIZE; i++) {
        int high = digit_value(text.ptr[2 * i]), low = digit_value(text.ptr[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        key.bytes[i] = (unsigned char)((unsigned)high << 4 | (unsigned)low);
    }
    if (!ok)
        return error_set(err, ERROR_CORRUPT, "the database's key for plans is damaged");
    *ret_key = key;
    return true;
}

static bool key_find(struct pointer_store *pointers, struct arena *arena, struct slice *ret_value,
                     struct error *err)
{
    struct pointer_view *view = NULL;
    struct secret_row row = {.value = SLICE_EMPTY};
    bool is_there = false;
    TRY(pointer_view_begin(pointers, &view, err));
    bool ok = pointer_secret_get(view, KEY_NAME, arena, &row, &is_there, err);
    pointer_view_end(view);
    if (ok)
        *ret_value = row.value;
    return ok;
}

bool plan_key_open(struct pointer_store *pointers, const struct random_source *random,
                   struct mac_key *ret_key, struct error *err)
{
    char digits[KEY_DIGITS];
    struct arena arena;
    arena_init(&arena, KEY_ARENA_SIZE);
    struct key_job job = {.made = {digits, KEY_DIGITS}, .arena = &arena};
    bool ok = key_find(pointers, &arena, &job.stored, err);
    if (ok && job.stored.len == 0)
        ok = key_digits(random, digits, err) && pointer_store_write(pointers, key_store, &job, err);
    ok = ok && key_parse(job.stored, ret_key, err);
    arena_finish(&arena);
    return ok;
}
