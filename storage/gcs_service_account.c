#include "storage/gcs_service_account.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/base64url.h"
#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "storage/endpoint.h"

#define KEY_FIELD "service-account-key"
#define MAX_CLAIMS_SIZE (64 * KIB)
/* The longest that Google takes. */
#define ASSERTION_LIFE_S 3600
/* RSA keys below it are refused by Google, and above it nobody makes them. */
#define MIN_KEY_BITS 2048
#define MAX_KEY_BITS 16384

/* --- the key ------------------------------------------------------------------------------ */

/* A key that is locked is none for a server; without this OpenSSL asks the terminal. */
static int give_no_password(char *out, int size, int is_writing, void *context)
{
    (void)out, (void)size, (void)is_writing, (void)context;
    return -1;
}

/* NULL where it is no RSA key. */
static EVP_PKEY *key_read(struct slice pem)
{
    BIO *source = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = source ? PEM_read_bio_PrivateKey(source, NULL, give_no_password, NULL) : NULL;
    BIO_free(source);
    bool is_fine = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
                   EVP_PKEY_get_bits(key) >= MIN_KEY_BITS && EVP_PKEY_get_bits(key) <= MAX_KEY_BITS;
    if (is_fine)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static bool read_text(const json_t *tree, const char *name, struct arena *arena, struct slice *ret,
                      struct error *err)
{
    struct slice text = SLICE_EMPTY;
    TRY(json_opt_string(tree, name, &text, err));
    *ret = arena_slice(arena, text);
    return ret->ptr || error_no_memory(err, "a service account's key");
}

static bool read_account(const json_t *tree, struct arena *arena, struct gcs_service_account *ret,
                         struct error *err)
{
    struct slice type = SLICE_EMPTY;
    TRY(json_opt_string(tree, "type", &type, err));
    if (!slice_equals_string(type, "service_account"))
        return error_set(err, ERROR_BAD_REQUEST,
                         "type is '%.*s': give the key file of a service account", SLICE_ARG(type));
    TRY(read_text(tree, "client_email", arena, &ret->client_email, err));
    TRY(read_text(tree, "private_key_id", arena, &ret->private_key_id, err));
    TRY(read_text(tree, "private_key", arena, &ret->private_key, err));
    TRY(read_text(tree, "token_uri", arena, &ret->token_uri, err));
    if (ret->client_email.len == 0 || ret->private_key.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "client_email or private_key is missing");
    if (ret->token_uri.len == 0)
        ret->token_uri = SLICE_LITERAL(GCS_TOKEN_ENDPOINT GCS_TOKEN_PATH);
    EVP_PKEY *key = key_read(ret->private_key);
    EVP_PKEY_free(key);
    return key || error_set(err, ERROR_BAD_REQUEST,
                            "private_key is no RSA key in PEM: give the file as Google made it");
}

bool gcs_service_account_parse(struct slice json, struct arena *arena,
                               struct gcs_service_account *ret_account, struct error *err)
{
    struct gcs_service_account account = {.token_uri = SLICE_EMPTY};
    struct slice endpoint;
    json_t *tree = NULL;
    bool ok = json_tree_parse(json, "the key file", &tree, err) &&
              (json_is_object(tree) ||
               error_set(err, ERROR_BAD_REQUEST, "it is not the JSON object of a key file")) &&
              read_account(tree, arena, &account, err) &&
              gcs_service_account_endpoint(&account, arena, &endpoint, err);
    json_decref(tree);
    if (!ok)
        return error_prefix(err, KEY_FIELD);
    *ret_account = account;
    return true;
}

bool gcs_service_account_endpoint(const struct gcs_service_account *account, struct arena *arena,
                                  struct slice *ret_endpoint, struct error *err)
{
    struct slice uri = account->token_uri;
    const char *host = memmem(uri.ptr, uri.len, "://", 3);
    size_t start = host ? (size_t)(host - uri.ptr) + 3 : 0;
    struct slice rest = slice_from(uri, start);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] <= ' ' || rest.ptr[i] >= 0x7F || strchr("?#\\@", rest.ptr[i]))
            return error_set(err, ERROR_BAD_REQUEST, "token_uri must be a plain https URL");
    struct slice authority = slice_make(uri.ptr, start + slice_find(rest, '/'));
    return endpoint_canonical(authority, "token_uri", arena, ret_endpoint, err);
}

/* --- the assertion ------------------------------------------------------------------------ */

static void append_base64url(struct buffer *out, const unsigned char *bytes, size_t size)
{
    if (buffer_reserve(out, BASE64URL_SIZE(size)))
        out->len += base64url_encode(bytes, size, out->ptr + out->len);
}

static void append_header(struct json_writer *json, const struct gcs_service_account *account)
{
    json_write_object_begin(json);
    json_write_string_member(json, "alg", SLICE_LITERAL("RS256"));
    json_write_string_member(json, "typ", SLICE_LITERAL("JWT"));
    if (account->private_key_id.len > 0)
        json_write_string_member(json, "kid", account->private_key_id);
    json_write_object_end(json);
}

static void append_claims(struct json_writer *json, const struct gcs_service_account *account,
                          struct slice scope, int64_t now_s)
{
    json_write_object_begin(json);
    json_write_string_member(json, "iss", account->client_email);
    json_write_string_member(json, "scope", scope);
    json_write_string_member(json, "aud", account->token_uri);
    json_write_int64_member(json, "iat", now_s);
    json_write_int64_member(json, "exp", now_s + ASSERTION_LIFE_S);
    json_write_object_end(json);
}

static bool append_signature(struct buffer *out, struct slice signed_text, EVP_PKEY *key)
{
    unsigned char signature[MAX_KEY_BITS / 8];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &size, (const unsigned char *)signed_text.ptr,
                             signed_text.len) == 1;
    EVP_MD_CTX_free(context);
    if (!ok)
        return false;
    buffer_append_byte(out, '.');
    append_base64url(out, signature, size);
    return true;
}

/* Header and claims, each as base64url, with a '.' between. */
static void append_signed(struct buffer *out, const struct gcs_service_account *account,
                          struct slice scope, int64_t now_s)
{
    struct buffer part;
    struct json_writer json;
    buffer_init(&part, MAX_CLAIMS_SIZE);
    json_writer_init(&json, &part);
    append_header(&json, account);
    append_base64url(out, (const unsigned char *)buffer_slice(&part).ptr, part.len);
    buffer_append_byte(out, '.');
    bool ok = buffer_ok(&part);
    buffer_truncate(&part, 0);
    json_writer_init(&json, &part);
    append_claims(&json, account, scope, now_s);
    append_base64url(out, (const unsigned char *)buffer_slice(&part).ptr, part.len);
    if (!ok || !buffer_ok(&part))
        out->state = BUFFER_NO_MEMORY;
    buffer_finish(&part);
}

bool gcs_service_account_assert(const struct gcs_service_account *account, struct slice scope,
                                int64_t now_s, struct buffer *out, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_CLAIMS_SIZE);
    append_signed(&text, account, scope, now_s);
    EVP_PKEY *key = key_read(account->private_key);
    bool ok = buffer_check(&text, "an assertion", err);
    if (ok) {
        buffer_append_slice(out, buffer_slice(&text));
        ok = (key && append_signature(out, buffer_slice(&text), key)) ||
             error_set(err, ERROR_STORAGE,
                       "OpenSSL signs nothing with the private key of the service account");
    }
    EVP_PKEY_free(key);
    buffer_finish(&text);
    return ok && buffer_check(out, "an assertion", err);
}
