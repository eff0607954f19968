/* The SHA256_ functions are deprecated for EVP, which looks its algorithm up by name for each
 * digest: some 12,000 instructions, where a short text's digest takes 500. */
#define OPENSSL_API_COMPAT 0x10101000L

#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#define SHA256_SIZE 32

static bool update_part(SHA256_CTX *context, struct slice part)
{
    unsigned char length[8];
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)part.len >> (56 - 8 * i));
    return SHA256_Update(context, length, sizeof(length)) == 1 &&
           SHA256_Update(context, part.ptr, part.len) == 1;
}

static bool digest_run(const struct slice *parts, size_t count,
                       unsigned char ret_bytes[SHA256_SIZE])
{
    SHA256_CTX context;
    if (SHA256_Init(&context) != 1)
        return false;
    for (size_t i = 0; i < count; i++)
        TRY(update_part(&context, parts[i]));
    return SHA256_Final(ret_bytes, &context) == 1;
}

bool digest_parts(const struct slice *parts, size_t count, char ret_hex[DIGEST_HEX_SIZE],
                  struct error *err)
{
    unsigned char bytes[SHA256_SIZE];
    if (!digest_run(parts, count, bytes))
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
