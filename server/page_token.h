/*
 * page_token.h — where a listing goes on, as a text that clients hand back unread.
 *
 * A token is base64url of: a version byte, a mark, and the last name of the page before. The mark
 * is a part of a digest over the listing and the name, so that a token of another listing (another
 * kind, warehouse or parent) or a made-up one is 400: it would skip names without a word.
 *
 * Errors:   ERROR_BAD_REQUEST
 */
#ifndef SERVER_PAGE_TOKEN_H
#define SERVER_PAGE_TOKEN_H

#include "base/arena.h"
#include "base/error.h"

/* The listing that a token belongs to. */
struct page_listing {
    char kind; /* a letter, see server/listing.h */
    struct slice warehouse;
    struct slice parent; /* the namespace that is listed; empty: the top */
};

bool page_token_make(const struct page_listing *listing, struct slice after, struct arena *arena,
                     struct slice *ret_token, struct error *err);
bool page_token_read(const struct page_listing *listing, struct slice token, struct arena *arena,
                     struct slice *ret_after, struct error *err);

#endif
