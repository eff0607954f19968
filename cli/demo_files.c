#include "cli/demo_files.h"

#include "base/embed.h"

#define X(enumerator, file) EMBED_FILE(enumerator, FIRN_SOURCE_DIR "/cli/demo/" file)
DEMO_FILES(X)
#undef X

static const struct embedded FILES[DEMO_FILE_COUNT] = {
#define X(enumerator, file) [enumerator] = EMBEDDED(enumerator),
    DEMO_FILES(X)
#undef X
};

struct slice demo_file(enum demo_file_id id)
{
    return embedded_slice(FILES[id]);
}
