/*
 * option_value.h — reads one option's text by its type.
 *
 * Owns:     copies of the text, in the options' arena
 * Errors:   ERROR_BAD_REQUEST, with the option, the text and what is allowed
 */
#ifndef SERVER_OPTION_VALUE_H
#define SERVER_OPTION_VALUE_H

#include "server/options.h"

bool option_value_set(const struct option_row *row, struct arena *arena, struct slice text,
                      struct option_value *value, struct error *err);
/* One more item of a LIST, taken as it is: option_value_set splits at commas. */
bool option_value_add(struct arena *arena, struct slice text, struct option_value *value,
                      struct error *err);
/* "The option workers is 'x': it must be …". Always false. */
bool option_value_refuse(const struct option_row *row, struct slice text, const char *wanted,
                         struct error *err);

#endif
