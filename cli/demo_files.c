#include "cli/demo_files.h"

/* The assembler reads the files: a C array of 700,000 numbers would take the compiler longer than
 * the rest of the program. */
#define X(enumerator, file)                                                             \
    __asm__(".pushsection .rodata\n" #enumerator "_begin:\n"                            \
            ".incbin \"" FIRN_SOURCE_DIR "/cli/demo/" file "\"\n" #enumerator "_end:\n" \
            ".byte 0\n"                                                                 \
            ".popsection\n");                                                           \
    extern const char enumerator##_begin[] __attribute__((visibility("hidden")));       \
    extern const char enumerator##_end[] __attribute__((visibility("hidden")));
DEMO_FILES(X)
#undef X

static const struct {
    const char *begin;
    const char *end;
} FILES[DEMO_FILE_COUNT] = {
#define X(enumerator, file) [enumerator] = {enumerator##_begin, enumerator##_end},
    DEMO_FILES(X)
#undef X
};

struct slice demo_file(enum demo_file_id id)
{
    return slice_make(FILES[id].begin, (size_t)(FILES[id].end - FILES[id].begin));
}
