/* The files of deploy/ in the program (cli/init.h); the build names the root FIRN_SOURCE_DIR. */
#include "cli/init.h"

#include "base/embed.h"

#define X(enumerator, path) EMBED_FILE(enumerator, FIRN_SOURCE_DIR "/" path)
INIT_FILES(X)
#undef X

static const struct {
    const char *path;
    struct embedded file;
} FILES[INIT_FILE_COUNT] = {
#define X(enumerator, path) [enumerator] = {path, EMBEDDED(enumerator)},
    INIT_FILES(X)
#undef X
};

struct slice init_file(enum init_file_id id)
{
    return embedded_slice(FILES[id].file);
}

const char *init_file_path(enum init_file_id id)
{
    return FILES[id].path;
}
