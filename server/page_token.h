/*
 * page_token.h — where a listing goes on, as a text that clients hand back unread.
 *
 * A token is base64url of: a version byte, the letter of the listing, the last name of the page
 * before, and a check sum byte, so that a token of another listing or a made-up one is 400.
 *
 * Errors:   ERROR_BAD_REQUEST
 */
#ifndef SERVER_PAGE_TOKEN_H
#define SERVER_PAGE_TOKEN_H

#include "base/arena.h"
#include "base/error.h"

bool page_token_make(char kind, struct slice after, struct arena *arena, struct slice *ret_token,
                     struct error *err);
bool page_token_read(char kind, struct slice token, struct arena *arena, struct slice *ret_after,
                     struct error *err);

#endif
