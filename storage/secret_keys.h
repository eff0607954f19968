/*
 * secret_keys.h — the keys that secrets in the database are encrypted with; they lie outside of it.
 *
 * As text each key is 64 hexadecimal digits; several stand on lines of their own (in a variable:
 * separated by commas). The first seals what is new, all of them open what is there: so a key is
 * changed by putting another before it.
 *
 * Owns:     struct secret_keys is a value; who has one wipes it
 * Errors:   ERROR_BAD_REQUEST: no such file, or not keys; ERROR_ALREADY_EXISTS, ERROR_STORAGE_FULL,
 *           ERROR_STORAGE: one cannot be made. No sentence holds a key
 * Threads:  a start; immutable afterwards
 */
#ifndef STORAGE_SECRET_KEYS_H
#define STORAGE_SECRET_KEYS_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

#define SECRET_KEY_BYTES 32  /* AES-256 */
#define SECRET_KEY_ID_SIZE 9 /* eight digits that tell keys apart, and NUL */
/* At a time: the present one and those before it, until all is sealed anew. */
#define MAX_SECRET_KEYS 8
#define SECRET_KEYS_TEXT_SIZE (MAX_SECRET_KEYS * (SECRET_KEY_ID_SIZE + 1))

struct secret_key {
    unsigned char bytes[SECRET_KEY_BYTES];
    char id[SECRET_KEY_ID_SIZE];
};

struct secret_keys {
    struct secret_key keys[MAX_SECRET_KEYS];
    size_t count; /* 0: nothing can be sealed or opened */
};

/* For where nothing is encrypted. */
extern const struct secret_keys secret_keys_none;

/* `what` names the text's place in errors: "FIRN_SECRET_KEY". */
bool secret_keys_parse(struct slice text, const char *what, struct secret_keys *ret,
                       struct error *err);

/* *ret_found is false, and *ret untouched, where there is no such file. */
bool secret_keys_read(const char *path, struct secret_keys *ret, bool *ret_found,
                      struct error *err);

/* Makes a new file of one new key, readable for its owner alone (0600) and durable. */
bool secret_keys_make(const char *path, const struct random_source *random, struct secret_keys *ret,
                      struct error *err);

/* The key with this id, or NULL. */
const struct secret_key *secret_keys_find(const struct secret_keys *keys, struct slice id);

/* The ids, for sentences: "1f2e3d4c, 00aa11bb", or "none". */
void secret_keys_list(const struct secret_keys *keys, char ret_text[SECRET_KEYS_TEXT_SIZE]);

void secret_keys_wipe(struct secret_keys *keys);

#endif
