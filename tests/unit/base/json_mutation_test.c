/*
 * json_mutation_test.c — the scanner and jansson, asked the same thousands of questions.
 *
 * Documents are mutated from a fixed seed, so that a disagreement can be repeated.
 */
#include <jansson.h>

#include "base/json_text.h"
#include "base/json_tree.h"
#include "tests/unit/cmocka_all.h"

#define ROUNDS 20000
#define MAX_SIZE 600

static const char *const SEEDS[] = {
    "{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\",\"snapshots\":"
    "[{\"snapshot-id\":3051729675574597004,\"summary\":{\"operation\":\"append\"}}],\"x\":null}",
    "[0,-1,2.5,1e10,-3.25E-7,true,false,null,\"a\\n\\u00e9\\ud83d\\ude00\",{},[]]",
    " { \"a\" : [ 1 , { \"b\" : \"\xE9\x9B\xAA\" } ] , \"c\\\\d\" : \"\" }\n",
    "\"plain text of more than sixteen bytes, with a \\\"quote\\\" in it\"",
    "-12.5e3",
};
/* Bytes that mean something to the grammar, so that a mutation often stays near it. */
static const char ALPHABET[] =
    "{}[],:\"\\/ \n\t0123456789-+.eEtrufalsnbdABCDEF\x01\x7F\xC3\xA9\xFF";

/* xorshift64: the same numbers everywhere. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static char random_byte(uint64_t *seed)
{
    return ALPHABET[next_random(seed) % (sizeof(ALPHABET) - 1)];
}

/* One change: a byte replaced, inserted, removed, or the text cut. */
static size_t mutate(char *text, size_t len, uint64_t *seed)
{
    size_t at = len > 0 ? next_random(seed) % len : 0;
    switch (next_random(seed) % 8) {
    case 0:
        return at;
    case 1:
    case 2:
        if (len == 0)
            return 0;
        memmove(text + at, text + at + 1, len - at - 1);
        return len - 1;
    case 3:
    case 4:
        memmove(text + at + 1, text + at, len - at);
        text[at] = random_byte(seed);
        return len + 1;
    default:
        text[at] = random_byte(seed);
        return len > 0 ? len : 1;
    }
}

/* Inside the grammar of RFC 8259, but jansson cannot hold it: halves of surrogate pairs, numbers
 * out of range, NUL in a name. */
static bool jansson_lacks(const json_error_t *failure)
{
    enum json_error_code code = json_error_code(failure);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           strstr(failure->text, "invalid Unicode");
}

struct tally {
    size_t accepted;
    size_t refused;
};

static void compare(struct slice text, struct tally *tally)
{
    json_error_t failure = {0};
    struct error err = {0};
    bool accepted = json_text_check(text, &err);
    json_t *tree = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &failure);
    if (accepted && !tree && !jansson_lacks(&failure))
        fail_msg("only we accept %.*s: %s", SLICE_ARG(text), failure.text);
    if (!accepted && tree)
        fail_msg("only jansson accepts %.*s: %s", SLICE_ARG(text), err.message);
    tally->accepted += accepted;
    tally->refused += !accepted;
    json_decref(tree);
}

/* Duplicate names are refused by both, NUL in values as well. */
static void compare_trees(struct slice text, struct tally *tally)
{
    json_error_t failure = {0};
    struct error err = {0};
    json_t *ours = NULL;
    bool accepted = json_tree_parse(text, "text", &ours, &err);
    json_t *theirs =
        json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &failure);
    if (accepted != (theirs != NULL))
        fail_msg("%.*s: we say %s, jansson %s", SLICE_ARG(text), err.message, failure.text);
    if (accepted && !json_equal(ours, theirs))
        fail_msg("%.*s is read differently", SLICE_ARG(text));
    tally->accepted += accepted;
    tally->refused += !accepted;
    json_decref(ours);
    json_decref(theirs);
}

static void ask_about_mutations(void (*ask)(struct slice text, struct tally *tally))
{
    uint64_t seed = 0x9E3779B97F4A7C15;
    struct tally tally = {0};
    for (int round = 0; round < ROUNDS; round++) {
        char text[MAX_SIZE];
        const char *source = SEEDS[next_random(&seed) % (sizeof(SEEDS) / sizeof(SEEDS[0]))];
        size_t len = strlen(source);
        memcpy(text, source, len);
        for (uint64_t changes = next_random(&seed) % 4; changes > 0; changes--)
            len = mutate(text, len, &seed);
        ask(slice_make(text, len), &tally);
    }
    /* Both answers were well exercised. */
    assert_true(tally.accepted > ROUNDS / 10);
    assert_true(tally.refused > ROUNDS / 10);
}

static void test_json_text_check__agrees_with_jansson_on_mutated_documents(void **state)
{
    (void)state;
    ask_about_mutations(compare);
}

static void test_json_tree_parse__reads_mutated_documents_as_jansson_does(void **state)
{
    (void)state;
    ask_about_mutations(compare_trees);
}

/* What the object's cursor hands out, parsed by itself, equals jansson's member. */
static void test_json_object_next__spans_hold_what_jansson_finds(void **state)
{
    (void)state;
    struct error err = {0};
    struct json_cursor cursor;
    struct json_member member;
    bool more = false;
    size_t count = 0;
    json_t *whole = json_loads(SEEDS[0], 0, NULL);
    assert_ok(json_object_open(slice_from_string(SEEDS[0]), &cursor, &err), &err);
    assert_ok(json_object_next(&cursor, &member, &more, &err), &err);
    for (; more; count++) {
        char name[64] = "";
        memcpy(name, member.name.ptr, member.name.len);
        json_t *part = json_loadb(member.value.ptr, member.value.len, JSON_DECODE_ANY, NULL);
        assert_true(json_equal(part, json_object_get(whole, name)));
        json_decref(part);
        assert_ok(json_object_next(&cursor, &member, &more, &err), &err);
    }
    assert_int_equal(count, json_object_size(whole));
    json_decref(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_text_check__agrees_with_jansson_on_mutated_documents),
        cmocka_unit_test(test_json_tree_parse__reads_mutated_documents_as_jansson_does),
        cmocka_unit_test(test_json_object_next__spans_hold_what_jansson_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
