#include "storage/secret_box.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/base64url.h"
#include "base/limits.h"

#define VERSION SLICE_LITERAL("1.")
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define OVERHEAD ((size_t)(NONCE_SIZE + TAG_SIZE))

void secret_buffer_finish(struct buffer *buffer)
{
    if (buffer->ptr)
        OPENSSL_cleanse(buffer->ptr, buffer->capacity);
    buffer_finish(buffer);
}

/* The version is bound, too. */
static bool add_owner(EVP_CIPHER_CTX *context, struct slice owner)
{
    int size = 0;
    return EVP_CipherUpdate(context, NULL, &size, (const unsigned char *)VERSION.ptr,
                            (int)VERSION.len) == 1 &&
           EVP_CipherUpdate(context, NULL, &size, (const unsigned char *)owner.ptr,
                            (int)owner.len) == 1;
}

/* `bytes`: nonce, then room for as much as the secret has, then for the tag. */
static bool encrypt(const struct secret_key *key, struct slice owner, struct slice secret,
                    unsigned char *bytes)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0, rest = 0;
    unsigned char *text = bytes + NONCE_SIZE;
    bool ok = context != NULL &&
              EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, bytes) == 1 &&
              add_owner(context, owner) &&
              EVP_EncryptUpdate(context, text, &size, (const unsigned char *)secret.ptr,
                                (int)secret.len) == 1 &&
              EVP_EncryptFinal_ex(context, text + size, &rest) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, text + secret.len) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok;
}

/* `secret` has room for what `bytes` hold. False where it is not what was sealed. */
static bool decrypt(const struct secret_key *key, struct slice owner, unsigned char *bytes,
                    size_t size, unsigned char *secret)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int put = 0, rest = 0;
    size_t text_size = size - OVERHEAD;
    bool ok = context != NULL &&
              EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, bytes) == 1 &&
              add_owner(context, owner) &&
              EVP_DecryptUpdate(context, secret, &put, bytes + NONCE_SIZE, (int)text_size) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
                                  bytes + NONCE_SIZE + text_size) == 1 &&
              EVP_DecryptFinal_ex(context, secret + put, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok;
}

static bool check_sizes(struct slice owner, struct slice secret, struct error *err)
{
    return (owner.len <= MAX_SECRET_SIZE && secret.len <= 4 * MAX_SECRET_SIZE) ||
           error_set(err, ERROR_TOO_LARGE, "the secrets of '%.*s' are too large", SLICE_ARG(owner));
}

static void append_box(const struct secret_key *key, const unsigned char *bytes, size_t size,
                       struct buffer *out)
{
    buffer_append_slice(out, VERSION);
    buffer_append_string(out, key->id);
    buffer_append_byte(out, '.');
    if (buffer_reserve(out, BASE64URL_SIZE(size)))
        out->len += base64url_encode(bytes, size, out->ptr + out->len);
}

bool secret_box_seal(const struct secret_keys *keys, const struct random_source *random,
                     struct slice owner, struct slice secret, struct buffer *out, struct error *err)
{
    size_t size = secret.len + OVERHEAD;
    TRY(check_sizes(owner, secret, err));
    if (keys->count == 0)
        return error_set(err, ERROR_CONFLICT,
                         "There is no key to encrypt the secrets of %.*s with: start the server "
                         "with --secret-key-file",
                         SLICE_ARG(owner));
    unsigned char *bytes = malloc(size);
    if (bytes == NULL)
        return error_no_memory(err, "a secret");
    bool ok = random->fill(random->context, bytes, NONCE_SIZE) &&
              encrypt(&keys->keys[0], owner, secret, bytes);
    if (ok)
        append_box(&keys->keys[0], bytes, size, out);
    free(bytes);
    if (!ok)
        return error_set(err, ERROR_INTERNAL, "The secrets of %.*s cannot be encrypted",
                         SLICE_ARG(owner));
    return buffer_check(out, "a secret", err);
}

struct slice secret_box_key_id(struct slice box)
{
    size_t begin = VERSION.len, size = SECRET_KEY_ID_SIZE - 1;
    if (!slice_starts_with(box, VERSION) || box.len <= begin + size || box.ptr[begin + size] != '.')
        return SLICE_EMPTY;
    return slice_make(box.ptr + begin, size);
}

static bool damaged(struct slice owner, struct error *err)
{
    return error_set(err, ERROR_CORRUPT,
                     "The secrets of %.*s in the database are damaged or belong elsewhere: give "
                     "them again",
                     SLICE_ARG(owner));
}

static bool find_key(const struct secret_keys *keys, struct slice owner, struct slice box,
                     const struct secret_key **ret_key, struct error *err)
{
    char ids[SECRET_KEYS_TEXT_SIZE];
    struct slice id = secret_box_key_id(box);
    if (id.len == 0)
        return damaged(owner, err);
    *ret_key = secret_keys_find(keys, id);
    if (*ret_key != NULL)
        return true;
    secret_keys_list(keys, ids);
    return error_set(err, ERROR_CONFLICT,
                     "The secrets of %.*s were encrypted with the key %.*s, which is not among "
                     "the server's (%s): start it with the file of that key as --secret-key-file, "
                     "or give the secrets again",
                     SLICE_ARG(owner), SLICE_ARG(id), ids);
}

/* `bytes` has room for the box's text, `secret` as well. */
static bool open_bytes(const struct secret_key *key, struct slice owner, struct slice text,
                       unsigned char *bytes, unsigned char *secret, struct buffer *out,
                       struct error *err)
{
    size_t size = 0;
    if (!base64url_decode(text, bytes, &size) || size < OVERHEAD || size > INT_MAX ||
        !decrypt(key, owner, bytes, size, secret))
        return damaged(owner, err);
    buffer_append(out, secret, size - OVERHEAD);
    return buffer_check(out, "a secret", err);
}

bool secret_box_open(const struct secret_keys *keys, struct slice owner, struct slice box,
                     struct buffer *out, struct error *err)
{
    const struct secret_key *key = NULL;
    TRY(check_sizes(owner, SLICE_EMPTY, err));
    TRY(find_key(keys, owner, box, &key, err));
    struct slice text = slice_from(box, VERSION.len + SECRET_KEY_ID_SIZE);
    unsigned char *bytes = malloc(2 * text.len + 2);
    if (bytes == NULL)
        return error_no_memory(err, "a secret");
    bool ok = open_bytes(key, owner, text, bytes, bytes + text.len + 1, out, err);
    OPENSSL_cleanse(bytes, 2 * text.len + 2);
    free(bytes);
    return ok;
}
