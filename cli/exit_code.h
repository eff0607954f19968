/*
 * exit_code.h — what the program's exit code says to scripts.
 *
 * X(enumerator, number, "what it means")
 */
#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

#include "base/error.h"

#define EXIT_CODES(X)                                                            \
    X(EXIT_DONE, 0, "done, and nothing is amiss")                                \
    X(EXIT_FAILED, 1, "it could not be done, or a check has found something")    \
    X(EXIT_USAGE, 2,                                                             \
      "the command line is wrong, or what it names cannot be used: nothing was " \
      "done")                                                                    \
    X(EXIT_NO_SERVER, 3, "no server answers at that address")                    \
    X(EXIT_NOT_THERE, 4, "what was named is not there")                          \
    X(EXIT_CONFLICT, 5,                                                          \
      "what is there stands against it: it exists already, is not empty, "       \
      "or was changed meanwhile")

enum exit_code {
#define X(enumerator, number, meaning) enumerator = number,
    EXIT_CODES(X)
#undef X
        EXIT_CODE_COUNT
};

/* The code of an error that nothing more is known of than its kind. */
enum exit_code exit_code_of(enum error_kind kind);
const char *exit_code_meaning(enum exit_code code);

#endif
