/*
 * put_taken.h — what a conditional put means that is refused because something is there.
 *
 * It may be our own bytes: an earlier try whose answer was lost, libcurl (which sends again by
 * itself where an old connection ends) or a proxy that tries twice may have written them. They are
 * read, and where they are ours the put was done.
 *
 * Errors:   ERROR_ALREADY_EXISTS, naming the object; those of reading it
 * Threads:  any; blocks
 */
#ifndef STORAGE_PUT_TAKEN_H
#define STORAGE_PUT_TAKEN_H

#include "storage/http_transport.h"

/* True where the object has these bytes. `read` asks for it once more, with `answer`'s status and
 * body for the outcome; the body is another buffer meanwhile. */
bool put_taken_by_own(struct http_answer *answer, struct slice uri, struct slice bytes,
                      bool (*read)(void *call, struct error *err), void *call, struct error *err);

/* Always false. */
bool put_taken_by_another(struct slice uri, struct error *err);

#endif
