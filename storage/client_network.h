/*
 * client_network.h — networks as people write them ("10.0.0.0/8", "fd00::/8"), and who is in one.
 *
 * Spec:     RFC 4632 and RFC 4291, 2.3: an address and how many of its first bits count
 * Errors:   ERROR_BAD_REQUEST
 * Threads:  pure functions
 */
#ifndef STORAGE_CLIENT_NETWORK_H
#define STORAGE_CLIENT_NETWORK_H

#include "base/error.h"
#include "base/slice.h"

/* An address alone is a network of one. */
bool client_network_check(struct slice network, struct error *err);

/* `network` is one that was checked. An IPv4 address in IPv6 ("::ffff:10.0.0.1") is taken for what
 * it holds. False for a text that is no address. */
bool client_network_contains(struct slice network, struct slice address);

#endif
