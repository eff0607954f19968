/*
 * embed.h — a file of the source tree as bytes of the program.
 *
 * The assembler reads it: a C array of its bytes would take the compiler longer than all the rest.
 * Behind the bytes is a NUL that does not count.
 *
 * Rule:     the build names the file as a dependency of the object (CMakeLists.txt)
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "base/slice.h"

/* Outside of functions; `path` is a string of constants. */
#define EMBED_FILE(symbol, path)                                                       \
    __asm__(".pushsection .rodata\n" #symbol "_begin:\n.incbin \"" path "\"\n" #symbol \
            "_end:\n.byte 0\n.popsection\n");                                          \
    extern const char symbol##_begin[] __attribute__((visibility("hidden")));          \
    extern const char symbol##_end[] __attribute__((visibility("hidden")));

/* In an initialiser of constants. */
struct embedded {
    const char *begin;
    const char *end;
};
#define EMBEDDED(symbol)             \
    {                                \
        symbol##_begin, symbol##_end \
    }

static inline struct slice embedded_slice(struct embedded file)
{
    return slice_make(file.begin, (size_t)(file.end - file.begin));
}

#endif
