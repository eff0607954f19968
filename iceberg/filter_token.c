#include "iceberg/filter_token.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json_tree.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Letters of any script: whatever is not ASCII counts as one. */
static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_character(char c)
{
    return is_name_start(c) || is_digit(c);
}

/* 0 at the end of the text; a NUL in it is no character of the language either. */
static char peek(const struct filter_lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->text.len ? lexer->text.ptr[lexer->at + ahead] : '\0';
}

bool filter_lexer_fail(struct filter_lexer *lexer, size_t at, struct error *err, const char *fmt,
                       ...)
{
    char why[ERROR_MESSAGE_SIZE];
    size_t position = 1;
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, arguments);
    va_end(arguments);
    for (size_t i = 0; i < at && i < lexer->text.len; i++)
        position += ((unsigned char)lexer->text.ptr[i] & 0xC0) != 0x80;
    lexer->failed_at = at;
    return error_set(err, ERROR_BAD_REQUEST, "Cannot parse filter at position %zu: %s", position,
                     why);
}

static struct slice since(const struct filter_lexer *lexer, size_t from)
{
    return slice_make(lexer->text.ptr + from, lexer->at - from);
}

/* Goes past a text in quotes, in which a doubled one stands for itself. */
static bool skip_quoted(struct filter_lexer *lexer, struct error *err)
{
    size_t from = lexer->at;
    char quote = peek(lexer, 0);
    for (lexer->at++; lexer->at < lexer->text.len; lexer->at++) {
        if (peek(lexer, 0) != quote)
            continue;
        lexer->at++;
        if (peek(lexer, 0) != quote)
            return true;
    }
    return filter_lexer_fail(lexer, from, err, "the quote %c is not closed", quote);
}

/* Without the quotes; what is outside of them stays. */
static bool unquote(struct filter_lexer *lexer, struct slice written, char quote,
                    struct slice *ret_value, struct error *err)
{
    bool is_inside = false;
    size_t size = 0;
    char *value = arena_alloc(lexer->arena, written.len + 1);
    if (!value)
        return error_no_memory(err, "a filter");
    for (size_t i = 0; i < written.len; i++) {
        bool is_quote = written.ptr[i] == quote;
        bool is_doubled =
            is_inside && is_quote && i + 1 < written.len && written.ptr[i + 1] == quote;
        is_inside ^= is_quote && !is_doubled;
        i += is_doubled;
        if (!is_quote || is_doubled)
            value[size++] = written.ptr[i];
    }
    *ret_value = slice_make(value, size);
    return true;
}

static bool take_sql_string(struct filter_lexer *lexer, struct slice *ret_value, struct error *err)
{
    size_t from = lexer->at;
    TRY(skip_quoted(lexer, err));
    return unquote(lexer, since(lexer, from), '\'', ret_value, err);
}

/* A text as JSON has it: filters are printed so. */
static bool take_json_string(struct filter_lexer *lexer, struct slice *ret_value, struct error *err)
{
    size_t from = lexer->at++;
    for (; lexer->at < lexer->text.len && peek(lexer, 0) != '"'; lexer->at++)
        lexer->at += peek(lexer, 0) == '\\';
    if (lexer->at >= lexer->text.len)
        return filter_lexer_fail(lexer, from, err, "the quote \" is not closed");
    lexer->at++;
    struct slice written = since(lexer, from);
    json_auto_t *json =
        json_loadb(written.ptr, written.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!json_is_string(json))
        return filter_lexer_fail(lexer, from, err,
                                 "the text in double quotes has a \\ or a control character that "
                                 "JSON does not allow");
    *ret_value = arena_slice(lexer->arena, json_slice(json));
    return ret_value->ptr != NULL || error_no_memory(err, "a filter");
}

static bool skip_name_part(struct filter_lexer *lexer, bool *ret_has_quotes, struct error *err)
{
    if (peek(lexer, 0) == '`') {
        *ret_has_quotes = true;
        return skip_quoted(lexer, err);
    }
    if (!is_name_start(peek(lexer, 0)))
        return filter_lexer_fail(lexer, lexer->at, err, "a name is expected after '.'");
    while (is_name_character(peek(lexer, 0)))
        lexer->at++;
    return true;
}

static bool take_name(struct filter_lexer *lexer, struct filter_token *token, struct error *err)
{
    size_t from = lexer->at;
    TRY(skip_name_part(lexer, &token->has_quotes, err));
    while (peek(lexer, 0) == '.') {
        lexer->at++;
        TRY(skip_name_part(lexer, &token->has_quotes, err));
    }
    token->value = since(lexer, from);
    return !token->has_quotes || unquote(lexer, token->value, '`', &token->value, err);
}

/* As much as may belong to a number; what it is worth is seen when it is read. */
static void take_number(struct filter_lexer *lexer)
{
    lexer->at++;
    for (;; lexer->at++) {
        char c = peek(lexer, 0), before = lexer->text.ptr[lexer->at - 1];
        bool is_sign = (c == '-' || c == '+') && (before == 'e' || before == 'E');
        if (!is_name_character(c) && c != '.' && !is_sign)
            return;
    }
}

static bool take_symbol(struct filter_lexer *lexer, struct error *err)
{
    static const char *const symbols[] = {"==", "!=", "<>", "<=", ">=", "=", "<",
                                          ">",  "(",  ")",  "[",  "]",  ","};
    struct slice rest = slice_from(lexer->text, lexer->at);
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        struct slice symbol = slice_from_string(symbols[i]);
        if (!slice_starts_with(rest, symbol))
            continue;
        lexer->at += symbol.len;
        return true;
    }
    return filter_lexer_fail(lexer, lexer->at, err, "this character is not understood");
}

static bool take(struct filter_lexer *lexer, struct filter_token *token, struct error *err)
{
    char c = peek(lexer, 0);
    bool is_signed = (c == '-' || c == '+') && (is_digit(peek(lexer, 1)) || peek(lexer, 1) == '.');
    if (is_digit(c) || is_signed || (c == '.' && is_digit(peek(lexer, 1)))) {
        token->kind = FILTER_NUMBER;
        take_number(lexer);
        return true;
    }
    if (c == '\'' || c == '"') {
        token->kind = FILTER_STRING;
        return c == '"' ? take_json_string(lexer, &token->value, err)
                        : take_sql_string(lexer, &token->value, err);
    }
    if (c == '`' || is_name_start(c)) {
        token->kind = FILTER_NAME;
        return take_name(lexer, token, err);
    }
    token->kind = FILTER_SYMBOL;
    return take_symbol(lexer, err);
}

bool filter_token_next(struct filter_lexer *lexer, struct filter_token *ret_token,
                       struct error *err)
{
    while (lexer->at < lexer->text.len && is_space(peek(lexer, 0)))
        lexer->at++;
    struct filter_token token = {.kind = FILTER_END, .at = lexer->at, .value = SLICE_EMPTY};
    if (lexer->at < lexer->text.len)
        TRY(take(lexer, &token, err));
    token.text = slice_make(lexer->text.ptr + token.at, lexer->at - token.at);
    *ret_token = token;
    return true;
}
