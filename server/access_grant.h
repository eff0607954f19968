/*
 * access_grant.h — what the addresses say that a table's client is told, so that they serve it
 * where the table's name does not: before a staged table is created, after one was dropped.
 *
 * A grant is a token (scan/plan_token.h) with the table's location. Clients send it back without
 * knowing of it, as the query of the address.
 *
 * Owns:     texts lie in the request's arena
 * Errors:   ERROR_FORBIDDEN: not ours, expired, or of a place that a table of another name has now
 * Threads:  any; access_grant_open reads the database and may block
 * Rule:     a grant is good for a place that no table is in. Where one is, only its name counts
 */
#ifndef SERVER_ACCESS_GRANT_H
#define SERVER_ACCESS_GRANT_H

#include "server/op.h"

/* For the links of op's answer: op->grant. The same for an hour, so that answers with one can be
 * kept by their ETag. */
bool access_grant_make(struct op *op, struct slice location, struct error *err);

/* The location that the request's grant is for; ret->ptr is NULL where it has none. */
bool access_grant_open(struct op *op, struct slice *ret_location, struct error *err);

#endif
