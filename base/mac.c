#include "base/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static bool update_part(EVP_MAC_CTX *context, struct slice part)
{
    unsigned char length[8];
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)part.len >> (56 - 8 * i));
    return EVP_MAC_update(context, length, sizeof(length)) == 1 &&
           EVP_MAC_update(context, (const unsigned char *)part.ptr, part.len) == 1;
}

static bool mac_run(EVP_MAC_CTX *context, const struct mac_key *key, const struct slice *parts,
                    size_t count, unsigned char ret_mac[MAC_SIZE])
{
    char digest[] = "SHA256";
    size_t size = 0;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_MAC_init(context, key->bytes, sizeof(key->bytes), parameters) != 1)
        return false;
    for (size_t i = 0; i < count; i++)
        TRY(update_part(context, parts[i]));
    return EVP_MAC_final(context, ret_mac, &size, MAC_SIZE) == 1 && size == MAC_SIZE;
}

bool mac_parts(const struct mac_key *key, const struct slice *parts, size_t count,
               unsigned char ret_mac[MAC_SIZE], struct error *err)
{
    unsigned char mac[MAC_SIZE];
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    bool done = context && mac_run(context, key, parts, count, mac);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
    if (!done)
        return error_set(err, ERROR_INTERNAL, "OpenSSL cannot compute an HMAC");
    memcpy(ret_mac, mac, MAC_SIZE);
    return true;
}

bool mac_bytes(struct slice key, struct slice bytes, unsigned char ret_mac[MAC_SIZE],
               struct error *err)
{
    unsigned char mac[MAC_SIZE];
    size_t size = 0;
    if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.ptr, key.len,
                   (const unsigned char *)bytes.ptr, bytes.len, mac, sizeof(mac), &size) ||
        size != MAC_SIZE)
        return error_set(err, ERROR_INTERNAL, "OpenSSL cannot compute an HMAC");
    memcpy(ret_mac, mac, MAC_SIZE);
    return true;
}

bool mac_equals(const unsigned char a[MAC_SIZE], const unsigned char b[MAC_SIZE])
{
    return CRYPTO_memcmp(a, b, MAC_SIZE) == 0;
}
