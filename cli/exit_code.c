#include "cli/exit_code.h"

enum exit_code exit_code_of(enum error_kind kind)
{
    switch (kind) {
    case ERROR_NONE:
        return EXIT_DONE;
    case ERROR_BAD_REQUEST:
        return EXIT_USAGE;
    case ERROR_NO_SUCH_WAREHOUSE:
    case ERROR_NO_SUCH_NAMESPACE:
    case ERROR_NO_SUCH_TABLE:
    case ERROR_NO_SUCH_VIEW:
    case ERROR_NO_SUCH_FUNCTION:
    case ERROR_NOT_FOUND:
        return EXIT_NOT_THERE;
    case ERROR_ALREADY_EXISTS:
    case ERROR_NAMESPACE_NOT_EMPTY:
    case ERROR_CONFLICT:
    case ERROR_COMMIT_FAILED:
        return EXIT_CONFLICT;
    default:
        return EXIT_FAILED;
    }
}

const char *exit_code_meaning(enum exit_code code)
{
    static const char *const MEANINGS[] = {
#define X(enumerator, number, meaning) [number] = meaning,
        EXIT_CODES(X)
#undef X
    };
    return MEANINGS[code];
}
