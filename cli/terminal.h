/*
 * terminal.h — what is shown to people: colours where they are wanted, names made harmless.
 *
 * Rule:     colours only on a terminal, never where NO_COLOR is set (no-color.org) or TERM is dumb
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "base/buffer.h"
#include "server/options.h"

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_GOOD, STYLE_BAD, STYLE_WARNING };

bool terminal_has_colour(int fd, environment_fn environment);
/* The escape sequence that begins a style; "" without colour. STYLE_PLAIN ends every style. */
const char *terminal_style(bool has_colour, enum style style);

/* Appends text from elsewhere (names, locations, messages): control characters, and those that
 * turn the direction of what follows or cannot be seen, as \u{…}; so are bytes that are not UTF-8,
 * as \x…. */
void terminal_append(struct buffer *out, struct slice text);
/* The same, to a stream. */
void terminal_print(FILE *out, struct slice text);

#endif
