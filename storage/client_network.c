#include "storage/client_network.h"

#include <arpa/inet.h>

#define ADDRESS_SIZE 16 /* IPv6; IPv4 stands in its last four bytes behind ::ffff:0:0/96 */
#define V4_BITS 96      /* that come before an IPv4 address */

static const unsigned char V4_PREFIX[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool address_parse(struct slice text, unsigned char ret_bytes[ADDRESS_SIZE], bool *ret_is_v4)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    memcpy(ret_bytes, V4_PREFIX, sizeof(V4_PREFIX));
    *ret_is_v4 = inet_pton(AF_INET, copy, ret_bytes + sizeof(V4_PREFIX)) == 1;
    return *ret_is_v4 || inet_pton(AF_INET6, copy, ret_bytes) == 1;
}

/* *ret_bits of the sixteen bytes count. */
static bool network_parse(struct slice network, unsigned char ret_bytes[ADDRESS_SIZE],
                          unsigned *ret_bits)
{
    bool is_v4 = false;
    size_t slash = slice_find(network, '/');
    if (!address_parse(slice_make(network.ptr, slash), ret_bytes, &is_v4))
        return false;
    int64_t most = is_v4 ? 32 : 128, bits = most;
    if (slash < network.len &&
        (!slice_to_int64(slice_from(network, slash + 1), &bits) || bits < 0 || bits > most))
        return false;
    *ret_bits = (unsigned)bits + (is_v4 ? V4_BITS : 0);
    return true;
}

bool client_network_check(struct slice network, struct error *err)
{
    unsigned char bytes[ADDRESS_SIZE];
    unsigned bits = 0;
    return network_parse(network, bytes, &bits) ||
           error_set(err, ERROR_BAD_REQUEST,
                     "'%.*s' is no network: write an address and its bits, as 10.0.0.0/8",
                     SLICE_ARG(network));
}

bool client_network_contains(struct slice network, struct slice address)
{
    unsigned char base[ADDRESS_SIZE], bytes[ADDRESS_SIZE];
    unsigned bits = 0;
    bool is_v4 = false;
    if (!network_parse(network, base, &bits) || !address_parse(address, bytes, &is_v4))
        return false;
    size_t whole = bits / 8;
    unsigned rest = bits % 8;
    if (memcmp(base, bytes, whole) != 0)
        return false;
    return rest == 0 || ((base[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}
