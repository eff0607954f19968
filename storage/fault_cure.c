#include "storage/fault_cure.h"

const struct fault_cure *fault_cure_find(const struct fault_cure *cures, size_t count,
                                         struct slice code)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equals_string(code, cures[i].code))
            return &cures[i];
    return NULL;
}

bool fault_cure_tell(const struct fault_cure_sentence *sentence, enum error_kind kind,
                     const char *text, struct error *err)
{
    struct buffer cure;
    buffer_init(&cure, ERROR_MESSAGE_SIZE);
    for (; *text; text++) {
        if (*text == '%')
            sentence->word(&cure, *++text, sentence->context);
        else
            buffer_append_byte(&cure, *text);
    }
    struct slice told = buffer_slice(&cure);
    error_set(err, kind, "cannot %s '%.*s': %.*s: %.*s", sentence->verb, SLICE_ARG(sentence->uri),
              SLICE_ARG(sentence->said), SLICE_ARG(told));
    buffer_finish(&cure);
    return false;
}
