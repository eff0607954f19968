#include "iceberg/filter_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/filter_token.h"

/* Brackets and NOTs within each other: the parser recurses, and nobody writes more. */
#define MAX_TEXT_DEPTH 100
/* Digits of a number that strtod gets to see. */
#define MAX_NUMBER_SIZE 64

struct parser {
    struct filter_lexer lexer;
    struct filter_token token; /* the next one */
    unsigned depth;
    struct error *err;
};

/* --- tokens --------------------------------------------------------------------------------- */

static bool advance(struct parser *parser)
{
    return filter_token_next(&parser->lexer, &parser->token, parser->err);
}

static bool is_word(const struct parser *parser, const char *word)
{
    return parser->token.kind == FILTER_NAME && !parser->token.has_quotes &&
           slice_equals_ignore_case(parser->token.value, slice_from_string(word));
}

static bool is_symbol(const struct parser *parser, const char *symbol)
{
    return parser->token.kind == FILTER_SYMBOL && slice_equals_string(parser->token.text, symbol);
}

static bool is_reserved(const struct parser *parser)
{
    static const char *const words[] = {"and", "or",   "not",     "in",   "is",    "null",
                                        "nan", "like", "between", "true", "false", "with"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (is_word(parser, words[i]))
            return true;
    return false;
}

/* "… is expected, not 'x'" at the next token. */
static bool expected(struct parser *parser, const char *what)
{
    const struct filter_token *token = &parser->token;
    if (token->kind == FILTER_END)
        return filter_lexer_fail(&parser->lexer, token->at, parser->err,
                                 "%s is expected, but the filter ends here", what);
    return filter_lexer_fail(&parser->lexer, token->at, parser->err, "%s is expected, not %.*s",
                             what, SLICE_ARG(token->text));
}

static bool fail_here(struct parser *parser, const char *why)
{
    return filter_lexer_fail(&parser->lexer, parser->token.at, parser->err, "%s", why);
}

static bool no_memory(struct parser *parser)
{
    return error_no_memory(parser->err, "a filter");
}

/* Goes past the word where it is next; *ret_taken tells. */
static bool take_word(struct parser *parser, const char *word, bool *ret_taken)
{
    *ret_taken = is_word(parser, word);
    return !*ret_taken || advance(parser);
}

static bool expect_symbol(struct parser *parser, const char *symbol, const char *what)
{
    return is_symbol(parser, symbol) ? advance(parser) : expected(parser, what);
}

/* --- making JSON ---------------------------------------------------------------------------- */

/* Takes `owned` values over, NULL ones too: then memory was short. */
static bool give(struct parser *parser, json_t *owned, json_t **ret_json)
{
    *ret_json = owned;
    return owned != NULL || no_memory(parser);
}

/* The same for a value that the next token stands for. */
static bool give_token(struct parser *parser, json_t *owned, json_t **ret_json)
{
    if (!owned)
        return no_memory(parser);
    if (!advance(parser)) {
        json_decref(owned);
        return false;
    }
    *ret_json = owned;
    return true;
}

static bool make_not(struct parser *parser, json_t *owned, json_t **ret_json)
{
    return give(parser, json_pack("{s:s, s:o}", "type", "not", "child", owned), ret_json);
}

/* A balanced tree: a chain of a thousand ANDs must not be a thousand deep. */
static json_t *combine(const json_t *operands, size_t first, size_t count, const char *word)
{
    if (count == 1)
        return json_incref(json_array_get(operands, first));
    json_t *left = combine(operands, first, count / 2, word);
    json_t *right = combine(operands, first + count / 2, count - count / 2, word);
    return json_pack("{s:s, s:o, s:o}", "type", word, "left", left, "right", right);
}

/* --- columns and values --------------------------------------------------------------------- */

/* The protocol's name of a transform; Spark's plural of the times is known as well. */
static const char *transform_word(struct slice word)
{
    static const char *const names[] = {"year",   "month",    "day",      "hour",
                                        "bucket", "truncate", "identity", "void"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct slice name = slice_from_string(names[i]);
        struct slice cut = i < 4 && word.len == name.len + 1 && (word.ptr[name.len] | 0x20) == 's'
                               ? slice_make(word.ptr, name.len)
                               : word;
        if (slice_equals_ignore_case(cut, name))
            return names[i];
    }
    return NULL;
}

static bool parse_count(struct parser *parser, int64_t *ret_count)
{
    if (parser->token.kind != FILTER_NUMBER || !slice_to_int64(parser->token.text, ret_count))
        return expected(parser, "a whole number");
    return advance(parser);
}

static bool parse_column_name(struct parser *parser, struct slice *ret_name)
{
    if (parser->token.kind == FILTER_STRING)
        return expected(parser, "a column (in ` if it needs quotes)");
    if (parser->token.kind != FILTER_NAME || is_reserved(parser))
        return expected(parser, "a column");
    if (parser->token.value.len == 0)
        return fail_here(parser, "the name of a column is empty");
    *ret_name = parser->token.value;
    return advance(parser);
}

/* "(16, id)", "[16](id)" or "(id)", behind the transform's name. */
static bool parse_transform(struct parser *parser, const char *word, json_t **ret_term)
{
    struct slice name = SLICE_EMPTY;
    int64_t count = 0;
    bool has_count = is_symbol(parser, "[");
    if (has_count)
        TRY(advance(parser) && parse_count(parser, &count) && expect_symbol(parser, "]", "']'"));
    TRY(expect_symbol(parser, "(", "'('"));
    if (!has_count && parser->token.kind == FILTER_NUMBER) {
        has_count = true;
        TRY(parse_count(parser, &count) && expect_symbol(parser, ",", "','"));
    }
    TRY(parse_column_name(parser, &name) && expect_symbol(parser, ")", "')'"));
    struct slice text = has_count
                            ? arena_printf(parser->lexer.arena, "%s[%lld]", word, (long long)count)
                            : slice_from_string(word);
    if (!text.ptr)
        return no_memory(parser);
    json_t *transform = json_from_slice(text), *column = json_from_slice(name);
    return give(parser,
                json_pack("{s:s, s:o, s:o}", "type", "transform", "transform", transform, "term",
                          column),
                ret_term);
}

static bool parse_term(struct parser *parser, json_t **ret_term)
{
    struct filter_token token = parser->token;
    struct slice name = SLICE_EMPTY;
    TRY(parse_column_name(parser, &name));
    bool is_call = is_symbol(parser, "(") || is_symbol(parser, "[");
    if (!is_call)
        return give(parser, json_from_slice(name), ret_term);
    const char *word = token.has_quotes ? NULL : transform_word(name);
    if (word)
        return parse_transform(parser, word, ret_term);
    return filter_lexer_fail(&parser->lexer, token.at, parser->err,
                             "%.*s is no function of a filter: there are year, month, day, hour, "
                             "bucket and truncate",
                             SLICE_ARG(name));
}

static bool parse_number(struct parser *parser, json_t **ret_value)
{
    char digits[MAX_NUMBER_SIZE + 1], *end = NULL;
    struct slice text = parser->token.text;
    int64_t integer = 0;
    if (text.ptr[0] == '+')
        text = slice_from(text, 1);
    if (slice_to_int64(text, &integer))
        return give_token(parser, json_integer(integer), ret_value);
    (void)snprintf(digits, sizeof(digits), "%.*s", (int)text.len, text.ptr);
    double number = strtod(digits, &end);
    bool is_plain = strspn(digits, "0123456789.eE+-") == text.len; /* no hexadecimal, no "inf" */
    if (text.len > MAX_NUMBER_SIZE || !is_plain || *end != '\0' || !isfinite(number))
        return fail_here(parser, "this is no number, or one out of range");
    if (strpbrk(digits, ".eE") == NULL)
        return fail_here(parser, "the number is outside the range of 64 bits");
    return give_token(parser, json_real(number), ret_value);
}

static bool parse_value(struct parser *parser, json_t **ret_value)
{
    static const char *const types[] = {"date", "time", "timestamp", "timestamptz"};
    bool has_type = false;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !has_type; i++)
        TRY(take_word(parser, types[i], &has_type));
    if (has_type && parser->token.kind != FILTER_STRING)
        return expected(parser, "a text in quotes");
    if (parser->token.kind == FILTER_NUMBER)
        return parse_number(parser, ret_value);
    if (parser->token.kind == FILTER_STRING)
        return give_token(parser, json_from_slice(parser->token.value), ret_value);
    if (is_word(parser, "true") || is_word(parser, "false"))
        return give_token(parser, json_boolean(is_word(parser, "true")), ret_value);
    if (is_word(parser, "null"))
        return fail_here(parser, "nothing equals null: say 'is null' or 'is not null'");
    if (is_word(parser, "nan"))
        return fail_here(parser, "nothing equals nan: say 'is nan' or 'is not nan'");
    if (parser->token.kind == FILTER_NAME && !is_reserved(parser))
        return expected(parser,
                        "a value (a text in quotes: columns are compared with values only)");
    return expected(parser, "a value");
}

/* --- predicates ----------------------------------------------------------------------------- */

/* Borrows the term, takes over the value. */
static bool compare(struct parser *parser, const char *op, json_t *term, json_t *owned,
                    json_t **ret_json)
{
    return give(parser, json_pack("{s:s, s:O, s:o}", "type", op, "term", term, "value", owned),
                ret_json);
}

static bool test(struct parser *parser, const char *op, json_t *term, json_t **ret_json)
{
    return give(parser, json_pack("{s:s, s:O}", "type", op, "term", term), ret_json);
}

struct comparison {
    const char *symbol, *op, *turned; /* `turned` where the value stands on the left */
};

static const struct comparison *find_comparison(const struct parser *parser)
{
    static const struct comparison comparisons[] = {
        {"=", "eq", "eq"},          {"==", "eq", "eq"},       {"!=", "not-eq", "not-eq"},
        {"<>", "not-eq", "not-eq"}, {"<", "lt", "gt"},        {"<=", "lt-eq", "gt-eq"},
        {">", "gt", "lt"},          {">=", "gt-eq", "lt-eq"},
    };
    for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
        if (is_symbol(parser, comparisons[i].symbol))
            return &comparisons[i];
    return NULL;
}

static bool parse_is(struct parser *parser, json_t *term, json_t **ret_json)
{
    bool is_not = false;
    TRY(take_word(parser, "not", &is_not));
    bool is_null = is_word(parser, "null");
    if (!is_null && !is_word(parser, "nan"))
        return expected(parser, "null or nan");
    TRY(advance(parser));
    const char *op = is_null ? (is_not ? "not-null" : "is-null") : (is_not ? "not-nan" : "is-nan");
    return test(parser, op, term, ret_json);
}

static bool parse_values(struct parser *parser, json_t *values)
{
    for (;;) {
        json_t *value = NULL;
        TRY(parse_value(parser, &value));
        if (json_array_append_new(values, value) != 0)
            return no_memory(parser);
        if (json_array_size(values) > MAX_FILTER_LITERALS)
            return fail_here(parser, "the list has too many values");
        if (!is_symbol(parser, ","))
            return true;
        TRY(advance(parser));
    }
}

static bool parse_in(struct parser *parser, bool is_not, json_t *term, json_t **ret_json)
{
    json_auto_t *values = json_array();
    if (!values)
        return no_memory(parser);
    TRY(expect_symbol(parser, "(", "'(' and a list of values"));
    if (!is_symbol(parser, ")"))
        TRY(parse_values(parser, values));
    TRY(expect_symbol(parser, ")", "',' or ')'"));
    return give(parser,
                json_pack("{s:s, s:O, s:O}", "type", is_not ? "not-in" : "in", "term", term,
                          "values", values),
                ret_json);
}

static bool parse_between(struct parser *parser, bool is_not, json_t *term, json_t **ret_json)
{
    json_auto_t *low = NULL, *high = NULL, *first = NULL, *second = NULL;
    TRY(parse_value(parser, &low));
    if (!is_word(parser, "and"))
        return expected(parser, "'and' and a second value");
    TRY(advance(parser) && parse_value(parser, &high));
    TRY(compare(parser, is_not ? "lt" : "gt-eq", term, json_incref(low), &first));
    TRY(compare(parser, is_not ? "gt" : "lt-eq", term, json_incref(high), &second));
    return give(parser,
                json_pack("{s:s, s:O, s:O}", "type", is_not ? "or" : "and", "left", first, "right",
                          second),
                ret_json);
}

/* What a pattern begins with, where it has one wildcard and that is a % at its end; a \ makes the
 * next character stand for itself. */
static bool like_prefix(struct parser *parser, struct slice pattern, struct slice *ret_prefix,
                        bool *ret_is_exact)
{
    size_t size = 0, i = 0;
    char *prefix = arena_alloc(parser->lexer.arena, pattern.len + 1);
    if (!prefix)
        return no_memory(parser);
    for (; i < pattern.len && pattern.ptr[i] != '%' && pattern.ptr[i] != '_'; i++) {
        i += pattern.ptr[i] == '\\' && i + 1 < pattern.len;
        prefix[size++] = pattern.ptr[i];
    }
    *ret_is_exact = i == pattern.len;
    *ret_prefix = slice_make(prefix, size);
    bool is_prefix = i + 1 == pattern.len && pattern.ptr[i] == '%' && size > 0;
    return *ret_is_exact || is_prefix ||
           fail_here(parser, "only patterns of the form 'x%' can be planned: one % at the end");
}

static bool parse_prefix(struct parser *parser, bool is_like, bool is_not, json_t *term,
                         json_t **ret_json)
{
    struct slice prefix = parser->token.value;
    bool is_exact = false;
    if (parser->token.kind != FILTER_STRING)
        return expected(parser, "a text in quotes");
    if (is_like)
        TRY(like_prefix(parser, prefix, &prefix, &is_exact));
    TRY(advance(parser));
    const char *op =
        is_exact ? (is_not ? "not-eq" : "eq") : (is_not ? "not-starts-with" : "starts-with");
    return compare(parser, op, term, json_from_slice(prefix), ret_json);
}

static bool parse_worded(struct parser *parser, json_t *term, json_t **ret_json)
{
    bool is_not = false, is_found = false;
    TRY(take_word(parser, "not", &is_not));
    TRY(take_word(parser, "in", &is_found));
    if (is_found)
        return parse_in(parser, is_not, term, ret_json);
    TRY(take_word(parser, "between", &is_found));
    if (is_found)
        return parse_between(parser, is_not, term, ret_json);
    TRY(take_word(parser, "like", &is_found));
    if (is_found)
        return parse_prefix(parser, true, is_not, term, ret_json);
    TRY(take_word(parser, "starts", &is_found));
    if (!is_found)
        return expected(parser, is_not ? "in, between, like or starts with"
                                       : "a comparison, is, in, between, like or starts with");
    if (!is_word(parser, "with"))
        return expected(parser, "with");
    TRY(advance(parser));
    return parse_prefix(parser, false, is_not, term, ret_json);
}

/* What follows the column. */
static bool parse_rest(struct parser *parser, json_t *term, json_t **ret_json)
{
    const struct comparison *comparison = find_comparison(parser);
    json_t *value = NULL;
    bool is_found = false;
    if (comparison) {
        TRY(advance(parser) && parse_value(parser, &value));
        return compare(parser, comparison->op, term, value, ret_json);
    }
    TRY(take_word(parser, "is", &is_found));
    return is_found ? parse_is(parser, term, ret_json) : parse_worded(parser, term, ret_json);
}

/* 5 < id */
static bool parse_turned(struct parser *parser, json_t **ret_json)
{
    json_auto_t *value = NULL, *term = NULL;
    TRY(parse_value(parser, &value));
    const struct comparison *comparison = find_comparison(parser);
    if (!comparison)
        return expected(parser, "a comparison");
    TRY(advance(parser) && parse_term(parser, &term));
    return compare(parser, comparison->turned, term, json_incref(value), ret_json);
}

static bool parse_predicate(struct parser *parser, json_t **ret_json)
{
    json_auto_t *term = NULL;
    if (parser->token.kind == FILTER_NUMBER || parser->token.kind == FILTER_STRING)
        return parse_turned(parser, ret_json);
    if (is_word(parser, "true") || is_word(parser, "false"))
        return give_token(parser, json_boolean(is_word(parser, "true")), ret_json);
    return parse_term(parser, &term) && parse_rest(parser, term, ret_json);
}

/* --- and, or, not --------------------------------------------------------------------------- */

static bool parse_or(struct parser *parser, json_t **ret_json);

static bool parse_brackets(struct parser *parser, json_t **ret_json)
{
    json_auto_t *inner = NULL;
    TRY(advance(parser) && parse_or(parser, &inner) && expect_symbol(parser, ")", "')'"));
    *ret_json = json_incref(inner);
    return true;
}

static bool parse_not(struct parser *parser, json_t **ret_json)
{
    bool is_not = is_word(parser, "not"), ok = true;
    json_t *child = NULL;
    if (!is_not && !is_symbol(parser, "("))
        return parse_predicate(parser, ret_json);
    if (++parser->depth > MAX_TEXT_DEPTH)
        return fail_here(parser, "too many brackets and nots within each other");
    if (is_not)
        ok = advance(parser) && parse_not(parser, &child) && make_not(parser, child, ret_json);
    else
        ok = parse_brackets(parser, ret_json);
    parser->depth--;
    return ok;
}

typedef bool (*operand_fn)(struct parser *parser, json_t **ret_json);

static bool parse_chain(struct parser *parser, const char *word, operand_fn operand,
                        json_t **ret_json)
{
    json_auto_t *operands = json_array();
    bool has_more = true;
    while (has_more) {
        json_t *one = NULL;
        TRY(operand(parser, &one));
        if (json_array_append_new(operands, one) != 0)
            return no_memory(parser);
        if (json_array_size(operands) > MAX_FILTER_PREDICATES)
            return fail_here(parser, "the filter has too many parts");
        TRY(take_word(parser, word, &has_more));
    }
    return give(parser, combine(operands, 0, json_array_size(operands), word), ret_json);
}

static bool parse_and(struct parser *parser, json_t **ret_json)
{
    return parse_chain(parser, "and", parse_not, ret_json);
}

static bool parse_or(struct parser *parser, json_t **ret_json)
{
    return parse_chain(parser, "or", parse_and, ret_json);
}

static bool check_text(struct parser *parser)
{
    struct slice text = parser->lexer.text;
    if (text.len > MAX_FILTER_TEXT_SIZE)
        return filter_lexer_fail(&parser->lexer, 0, parser->err,
                                 "it has %zu bytes, the most allowed are %zu", text.len,
                                 (size_t)MAX_FILTER_TEXT_SIZE);
    return slice_is_utf8(text) ||
           filter_lexer_fail(&parser->lexer, 0, parser->err, "the text is not UTF-8");
}

bool filter_text_parse(struct slice text, struct arena *arena, json_t **ret_filter, size_t *ret_at,
                       struct error *err)
{
    struct parser parser = {.lexer = {.text = text, .arena = arena}, .err = err};
    json_auto_t *filter = NULL;
    bool ok = check_text(&parser) && advance(&parser) && parse_or(&parser, &filter);
    if (ok && parser.token.kind != FILTER_END)
        ok = expected(&parser, "and, or, or the end");
    if (!ok && ret_at)
        *ret_at = parser.lexer.failed_at;
    if (ok)
        *ret_filter = json_incref(filter);
    return ok;
}
