#include "base/digest.h"

#include <openssl/evp.h>

#define SHA256_SIZE 32

static bool update_part(EVP_MD_CTX *context, struct slice part)
{
    unsigned char length[8];
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)part.len >> (56 - 8 * i));
    return EVP_DigestUpdate(context, length, sizeof(length)) == 1 &&
           EVP_DigestUpdate(context, part.ptr, part.len) == 1;
}

static bool digest_run(EVP_MD_CTX *context, const struct slice *parts, size_t count,
                       unsigned char ret_bytes[SHA256_SIZE])
{
    if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        return false;
    for (size_t i = 0; i < count; i++)
        TRY(update_part(context, parts[i]));
    return EVP_DigestFinal_ex(context, ret_bytes, NULL) == 1;
}

bool digest_parts(const struct slice *parts, size_t count, char ret_hex[DIGEST_HEX_SIZE],
                  struct error *err)
{
    unsigned char bytes[SHA256_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return error_no_memory(err, "a digest");
    bool done = digest_run(context, parts, count, bytes);
    EVP_MD_CTX_free(context);
    if (!done)
        return error_set(err, ERROR_INTERNAL, "OpenSSL cannot compute a SHA-256 digest");
    hex_put(bytes, SHA256_SIZE, ret_hex);
    return true;
}

bool digest_bytes(struct slice bytes, char ret_hex[DIGEST_HEX_SIZE], struct error *err)
{
    unsigned char digest[SHA256_SIZE];
    if (EVP_Digest(bytes.ptr, bytes.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return error_set(err, ERROR_INTERNAL, "OpenSSL cannot compute a SHA-256 digest");
    hex_put(digest, SHA256_SIZE, ret_hex);
    return true;
}

void hex_put(const unsigned char *bytes, size_t size, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        ret_hex[2 * i] = digits[bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[bytes[i] & 0xF];
    }
    ret_hex[2 * size] = '\0';
}

bool digest_md5_text(struct slice bytes, char ret_text[DIGEST_MD5_TEXT_SIZE], struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes.ptr, bytes.len, digest, &size, EVP_md5(), NULL) != 1 || size != 16)
        return error_set(err, ERROR_INTERNAL, "OpenSSL gives no MD5, which object stores ask for");
    EVP_EncodeBlock((unsigned char *)ret_text, digest, (int)size);
    return true;
}
