#include "cli/terminal.h"

#include <stdlib.h>
#include <unistd.h>

bool terminal_has_colour(int fd, environment_fn environment)
{
    const char *no_colour = environment("NO_COLOR"), *term = environment("TERM");
    if (no_colour && no_colour[0])
        return false;
    return term && strcmp(term, "dumb") != 0 && isatty(fd);
}

const char *terminal_style(bool has_colour, enum style style)
{
    static const char *const SEQUENCES[] = {
        [STYLE_PLAIN] = "\033[0m",  [STYLE_BOLD] = "\033[1m",     [STYLE_GOOD] = "\033[32m",
        [STYLE_BAD] = "\033[1;31m", [STYLE_WARNING] = "\033[33m",
    };
    return has_colour ? SEQUENCES[style] : "";
}

/* How many bytes the character that begins here has, 0 where it is no UTF-8, and its number. */
static size_t next_character(struct slice text, uint32_t *ret_number)
{
    unsigned char first = (unsigned char)text.ptr[0];
    size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size > text.len || !slice_is_utf8(slice_make(text.ptr, size)))
        return 0;
    uint32_t number = size == 1 ? first : first & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++)
        number = number << 6 | ((unsigned char)text.ptr[i] & 0x3F);
    *ret_number = number;
    return size;
}

/* C0 and C1 controls; marks, embeddings, overrides and isolates of direction; separators of lines
 * and paragraphs; what has no width; tags. */
static bool is_harmful(uint32_t c)
{
    static const uint32_t RANGES[][2] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},       {0x61C, 0x61C},
        {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},
        {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
    };
    for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++)
        if (c >= RANGES[i][0] && c <= RANGES[i][1])
            return true;
    return false;
}

void terminal_append(struct buffer *out, struct slice text)
{
    while (text.len > 0) {
        uint32_t number = 0;
        size_t size = next_character(text, &number);
        if (size == 0)
            buffer_printf(out, "\\x%02x", (unsigned char)text.ptr[0]);
        else if (is_harmful(number))
            buffer_printf(out, "\\u{%x}", number);
        else
            buffer_append(out, text.ptr, size);
        text = slice_from(text, size ? size : 1);
    }
}

void terminal_print(FILE *out, struct slice text)
{
    struct buffer safe;
    buffer_init(&safe, text.len * 9 + 1); /* "\u{e007f}" */
    terminal_append(&safe, text);
    fwrite(buffer_slice(&safe).ptr, 1, buffer_slice(&safe).len, out);
    buffer_finish(&safe);
}
