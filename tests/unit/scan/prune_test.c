#include "scan/prune.h"

#include <math.h>

#include "scan/prune_walk.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/prune_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char schema_text[] = "{'type':'struct','fields':["
                                  "{'id':1,'name':'id','required':false,'type':'int'},"
                                  "{'id':2,'name':'name','required':false,'type':'string'},"
                                  "{'id':3,'name':'ratio','required':false,'type':'double'},"
                                  "{'id':4,'name':'none','required':false,'type':'int'},"
                                  "{'id':5,'name':'s','required':false,'type':{'type':'struct',"
                                  "'fields':[{'id':6,'name':'x','required':false,'type':'int'}]}},"
                                  "{'id':7,'name':'l','required':false,'type':'long'}]}";

/* Ten files; each expectation below is a letter for each: x stays (or is sure), - goes. */
static const struct stats_row ids[] = {
    {50, 0, ABSENT, "30", "79"},          /* 0: a range */
    {50, 10, ABSENT, "30", "79"},         /* 1: and nulls */
    {50, 50, ABSENT, NULL, NULL},         /* 2: only nulls */
    {50, 0, ABSENT, "30", "30"},          /* 3: one value */
    {50, ABSENT, ABSENT, "30", "30"},     /* 4: one value, nulls unknown */
    {ABSENT, ABSENT, ABSENT, NULL, NULL}, /* 5: nothing known */
    {50, 0, ABSENT, "30", NULL},          /* 6: no upper bound */
    {50, 0, ABSENT, NULL, "79"},          /* 7: no lower bound */
    {0, 0, ABSENT, "30", "79"},           /* 8: no records */
    {50, 0, ABSENT, "30", "79"},          /* 9: record count not known (-1) */
};
static const int64_t record_counts[] = {50, 50, 50, 50, 50, 50, 50, 50, 0, -1};

static const struct stats_row names[] = {
    {50, 0, ABSENT, "'aaa'", "'zzz'"}, {50, 10, ABSENT, "'abc'", "'abd'"},
    {50, 50, ABSENT, NULL, NULL},      {50, 0, ABSENT, "'abc'", "'abc'"},
    {50, 0, ABSENT, "'ab'", "'abcd'"}, {ABSENT, ABSENT, ABSENT, NULL, NULL},
    {50, 0, ABSENT, "'abc'", NULL},    {50, 0, ABSENT, NULL, "'abc'"},
    {0, 0, ABSENT, "'aaa'", "'zzz'"},  {50, 0, ABSENT, "'aaa'", "'zzz'"},
};

static const struct stats_row ratios[] = {
    {50, 0, 0, "1.0", "2.0"},      {50, 10, 10, "1.0", "2.0"}, {50, 50, 0, NULL, NULL},
    {50, 0, 50, NULL, NULL},       {50, 0, 0, "-0.0", "-0.0"}, {ABSENT, ABSENT, ABSENT, NULL, NULL},
    {50, 0, ABSENT, "1.0", "1.0"}, {50, 0, 0, "1.0", "1.0"},   {0, 0, 0, "1.0", "2.0"},
    {50, 0, 0, "1.0", "2.0"},
};

struct prune_case {
    const char *filter;
    const char *may;
    const char *must;
};

static const struct prune_case file_cases[] = {
    {"true", "xxxxxxxx-x", "xxxxxxxxx-"},
    {"false", "---------x", "--------x-"},
    {"{'type':'is-null','term':'id'}", "-xx-xx---x", "--x-----x-"},
    {"{'type':'not-null','term':'id'}", "xx-xxxxx-x", "x--x--xxx-"},
    {"{'type':'lt','term':'id','value':30}", "-----x-x-x", "--------x-"},
    {"{'type':'lt','term':'id','value':31}", "xx-xxxxx-x", "---x----x-"},
    {"{'type':'lt','term':'id','value':80}", "xx-xxxxx-x", "x--x---xx-"},
    {"{'type':'lt-eq','term':'id','value':29}", "-----x-x-x", "--------x-"},
    {"{'type':'lt-eq','term':'id','value':30}", "xx-xxxxx-x", "---x----x-"},
    {"{'type':'lt-eq','term':'id','value':79}", "xx-xxxxx-x", "x--x---xx-"},
    {"{'type':'gt','term':'id','value':79}", "-----xx--x", "--------x-"},
    {"{'type':'gt','term':'id','value':78}", "xx---xxx-x", "--------x-"},
    {"{'type':'gt','term':'id','value':29}", "xx-xxxxx-x", "x--x--x-x-"},
    {"{'type':'gt-eq','term':'id','value':80}", "-----xx--x", "--------x-"},
    {"{'type':'gt-eq','term':'id','value':79}", "xx---xxx-x", "--------x-"},
    {"{'type':'gt-eq','term':'id','value':30}", "xx-xxxxx-x", "x--x--x-x-"},
    {"{'type':'eq','term':'id','value':29}", "-----x-x-x", "--------x-"},
    {"{'type':'eq','term':'id','value':30}", "xx-xxxxx-x", "---x----x-"},
    {"{'type':'eq','term':'id','value':80}", "-----xx--x", "--------x-"},
    {"{'type':'not-eq','term':'id','value':30}", "xxx-xxxx-x", "--x-----x-"},
    {"{'type':'not-eq','term':'id','value':29}", "xxxxxxxx-x", "xxxxx-x-x-"},
    {"{'type':'not-eq','term':'id','value':80}", "xxxxxxxx-x", "xxxxx--xx-"},
    {"{'type':'in','term':'id','values':[10,29]}", "-----x-x-x", "--------x-"},
    {"{'type':'in','term':'id','values':[10,30,90]}", "xx-xxxxx-x", "---x----x-"},
    {"{'type':'in','term':'id','values':[80,90]}", "-----xxx-x", "--------x-"},
    {"{'type':'in','term':'id','values':[10,90]}", "-----xxx-x", "--------x-"},
    {"{'type':'not-in','term':'id','values':[30,31]}", "xxx-xxxx-x", "--x-----x-"},
    {"{'type':'not-in','term':'id','values':[10,20]}", "xxxxxxxx-x", "xxxxx-x-x-"},
    {"{'type':'not-in','term':'id','values':[10,90]}", "xxxxxxxx-x", "xxxxx---x-"},
    {"{'type':'eq','term':'none','value':1}", "xxxxxxxx-x", "--------x-"},
    {"{'type':'is-null','term':'s.x'}", "xxxxxxxx-x", "--------x-"},
    /* texts: bounds may be cut */
    {"{'type':'starts-with','term':'name','value':'ab'}", "xx-xxxxx-x", "---xx---x-"},
    {"{'type':'starts-with','term':'name','value':'abc'}", "xx-xxxxx-x", "---x----x-"},
    {"{'type':'starts-with','term':'name','value':'abd'}", "xx---xxx-x", "--------x-"},
    {"{'type':'starts-with','term':'name','value':'aaaa'}", "x----x-x-x", "--------x-"},
    {"{'type':'starts-with','term':'name','value':'zzzz'}", "-----xxx-x", "--------x-"},
    {"{'type':'not-starts-with','term':'name','value':'ab'}", "xxx--xxx-x", "--x-----x-"},
    {"{'type':'not-starts-with','term':'name','value':'abc'}", "xxx-xxxx-x", "--x-----x-"},
    {"{'type':'not-starts-with','term':'name','value':'zzzz'}", "xxxxxxxx-x", "xxxxx--xx-"},
    {"{'type':'eq','term':'name','value':'abc'}", "xx-xxxxx-x", "---x----x-"},
    /* NaN */
    {"{'type':'is-nan','term':'ratio'}", "-x-x-xx--x", "---x----x-"},
    {"{'type':'not-nan','term':'ratio'}", "xxx-xxxx-x", "x-x-x--xx-"},
    {"{'type':'gt','term':'ratio','value':0.5}", "xx---xxx-x", "x------xx-"},
    {"{'type':'lt','term':'ratio','value':5}", "xx--xxxx-x", "x---x--xx-"},
    /* The fifth holds -0.0 only, which not every reader takes for 0.0. */
    {"{'type':'eq','term':'ratio','value':0.0}", "----xx---x", "--------x-"},
    {"{'type':'not-eq','term':'ratio','value':1.0}", "xxxxxxx--x", "--xxx---x-"},
    {"{'type':'not-in','term':'ratio','values':[1,3]}", "xxxxxxx--x", "--xxx---x-"},
    {"{'type':'in','term':'ratio','values':[0,3]}", "----xx---x", "--------x-"},
    /* transforms that keep the order use transformed bounds; others know nothing but nulls */
    {"{'type':'eq','term':{'type':'transform','transform':'truncate[50]','term':'id'},'value':50}",
     "xx---xxx-x", "--------x-"},
    {"{'type':'not-eq','term':{'type':'transform','transform':'truncate[100]','term':'id'},"
     "'value':0}",
     "-xx-xxxx-x", "--------x-"},
    {"{'type':'lt','term':{'type':'transform','transform':'bucket[4]','term':'id'},'value':-1}",
     "xx-xxxxx-x", "--------x-"},
    {"{'type':'is-null','term':{'type':'transform','transform':'bucket[4]','term':'id'}}",
     "xxxxxxxx-x", "--------x-"},
    {"{'type':'starts-with','term':{'type':'transform','transform':'truncate[2]','term':'name'},"
     "'value':'q'}",
     "xxxxxxxx-x", "--------x-"},
    /* logic */
    {"{'type':'and','left':{'type':'gt','term':'id','value':78},'right':{'type':'lt','term':'id',"
     "'value':80}}",
     "xx---xxx-x", "--------x-"},
    {"{'type':'or','left':{'type':'gt','term':'id','value':79},'right':{'type':'is-null','term':"
     "'id'}}",
     "-xx-xxx--x", "--x-----x-"},
    {"{'type':'not','child':{'type':'lt','term':'id','value':80}}", "-----xx--x", "--------x-"},
};

static const struct stats_column *stats_of(struct fixture *fixture, int32_t id)
{
    if (id == 1)
        return prune_stats_column(fixture, "int", ids, COUNT(ids));
    if (id == 2)
        return prune_stats_column(fixture, "string", names, COUNT(names));
    return id == 3 ? prune_stats_column(fixture, "double", ratios, COUNT(ratios)) : NULL;
}

typedef void (*prune_fn)(const struct expression *filter, const struct metrics_rows *rows,
                         size_t first, size_t count, uint8_t *ret_mask);

static void assert_files(struct fixture *fixture, const struct expression *filter, prune_fn prune,
                         const char *text, const char *expected)
{
    const struct stats_column *columns[4] = {NULL};
    struct long_column counts = prune_longs(&fixture->arena, record_counts, COUNT(record_counts));
    struct metrics_rows rows = {&counts, columns};
    uint8_t mask[COUNT(record_counts)];
    char actual[COUNT(record_counts) + 1] = {0};
    for (uint32_t i = 0; i < filter->field_count; i++)
        columns[i] = stats_of(fixture, filter->field_ids[i]);
    prune(filter, &rows, 0, COUNT(mask), mask);
    for (size_t i = 0; i < COUNT(mask); i++)
        actual[i] = mask[i] ? 'x' : '-';
    if (strcmp(actual, expected) != 0)
        fail_msg("%s: %s, not %s", text, actual, expected);
}

static void test_prune_files__inclusive_and_strict_follow_the_reference(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    for (size_t i = 0; i < COUNT(file_cases); i++) {
        const struct prune_case *item = &file_cases[i];
        const struct expression *filter = fixture_bound(fixture, schema, item->filter);
        assert_files(fixture, filter, prune_files_inclusive, item->filter, item->may);
        assert_files(fixture, filter, prune_files_strict, item->filter, item->must);
    }
}

/* One file with these bounds of the column "id" or another one. */
static bool may_match(struct fixture *fixture, const struct expression *filter, struct slice lower,
                      struct slice upper)
{
    static const int64_t counts[] = {10, 0};
    struct long_column records = prune_longs(&fixture->arena, &counts[0], 1);
    struct long_column zero = prune_longs(&fixture->arena, &counts[1], 1);
    struct stats_column stats = {
        .value_counts = records,
        .null_counts = zero,
        .nan_counts = zero,
        .lower = prune_bytes(&fixture->arena, &lower, 1),
        .upper = prune_bytes(&fixture->arena, &upper, 1),
    };
    const struct stats_column *columns[] = {&stats};
    struct metrics_rows rows = {&records, columns};
    uint8_t mask = 0;
    prune_files_inclusive(filter, &rows, 0, 1, &mask);
    return mask != 0;
}

/* "NaNs are not permitted as lower or upper bounds", but there are files that have them. */
static void test_prune_files__a_nan_bound_is_unknown(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    double nan = (double)NAN, one = 1.0;
    struct slice nan_bytes = slice_make((const char *)&nan, sizeof(nan));
    struct slice one_bytes = slice_make((const char *)&one, sizeof(one));
    const struct expression *less =
        fixture_bound(fixture, schema, "{'type':'lt','term':'ratio','value':0.5}");
    const struct expression *more =
        fixture_bound(fixture, schema, "{'type':'gt','term':'ratio','value':2}");
    assert_true(may_match(fixture, less, nan_bytes, one_bytes));
    assert_true(may_match(fixture, more, one_bytes, nan_bytes));
    assert_false(may_match(fixture, less, one_bytes, nan_bytes));
    assert_false(may_match(fixture, more, nan_bytes, one_bytes));
}

/* IEEE 754 has one zero; who writes bounds by it may name either for a file that has the other. */
static void test_prune_files__a_zero_bound_stands_for_both_zeros(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    static const double zeros[] = {0.0, -0.0};
    static const struct {
        const char *filter;
        bool may;
    } cases[] = {
        {"{'type':'lt','term':'ratio','value':0.0}", true},
        {"{'type':'gt','term':'ratio','value':-0.0}", true},
        {"{'type':'not-eq','term':'ratio','value':0.0}", true},
        {"{'type':'not-in','term':'ratio','values':[0.0,1.0]}", true},
        {"{'type':'not-in','term':'ratio','values':[-0.0,1.0]}", true},
        {"{'type':'lt','term':'ratio','value':-0.0}", false},
        {"{'type':'gt','term':'ratio','value':0.0}", false},
        {"{'type':'eq','term':'ratio','value':1.0}", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct expression *filter = fixture_bound(fixture, schema, cases[i].filter);
        for (size_t j = 0; j < 2; j++) {
            struct slice zero = slice_make((const char *)&zeros[j], sizeof(zeros[j]));
            if (may_match(fixture, filter, zero, zero) != cases[i].may)
                fail_msg("%s, bounds %g", cases[i].filter, zeros[j]);
        }
    }
}

static void test_prune_files__bounds_from_before_a_promotion_still_prune(void **state)
{
    struct fixture *fixture = *state;
    const struct expression *more = fixture_bound(fixture, fixture_schema(fixture, schema_text),
                                                  "{'type':'gt','term':'l','value':100}");
    struct slice small = slice_make("\x05\0\0\0", 4), large = slice_make("\x65\0\0\0", 4);
    assert_false(may_match(fixture, more, small, small));
    assert_true(may_match(fixture, more, small, large));
}

static void test_prune_files__bytes_that_are_no_bound_say_nothing(void **state)
{
    struct fixture *fixture = *state;
    const struct expression *equal = fixture_bound(fixture, fixture_schema(fixture, schema_text),
                                                   "{'type':'eq','term':'id','value':100}");
    struct slice broken = slice_make("\x05\0", 2), small = slice_make("\x05\0\0\0", 4);
    assert_true(may_match(fixture, equal, broken, broken));
    assert_false(may_match(fixture, equal, broken, small));
    assert_true(may_match(fixture, equal, small, broken));
}

static const struct expression *long_list(struct fixture *fixture, size_t count)
{
    struct buffer text;
    buffer_init(&text, (size_t)64 * 1024);
    buffer_append_string(&text, "{'type':'in','term':'id','values':[");
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, i ? ",%zu" : "%zu", i + 1000);
    buffer_append_string(&text, "]}");
    buffer_append_byte(&text, '\0');
    const struct expression *filter =
        fixture_bound(fixture, fixture_schema(fixture, schema_text), text.ptr);
    buffer_finish(&text);
    return filter;
}

static void test_prune_files__lists_over_200_literals_prune_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct slice small = slice_make("\x05\0\0\0", 4);
    assert_false(may_match(fixture, long_list(fixture, PRUNE_MAX_LITERALS), small, small));
    assert_true(may_match(fixture, long_list(fixture, PRUNE_MAX_LITERALS + 1), small, small));
}

static void test_prune_files__batches_do_not_change_the_answer(void **state)
{
    struct fixture *fixture = *state;
    enum { ROWS = 3 * PRUNE_BATCH + 7 };
    struct value bounds[ROWS];
    int64_t counts[ROWS];
    uint8_t mask[ROWS];
    for (int i = 0; i < ROWS; i++) {
        bounds[i] = (struct value){.type = TYPE_INT, .number = i};
        counts[i] = 1;
    }
    struct stats_column stats = {
        .lower = prune_bounds(&fixture->arena, bounds, ROWS),
        .upper = prune_bounds(&fixture->arena, bounds, ROWS),
    };
    const struct stats_column *columns[] = {&stats};
    struct long_column records = prune_longs(&fixture->arena, counts, ROWS);
    struct metrics_rows rows = {&records, columns};
    const struct expression *filter = fixture_bound(
        fixture, fixture_schema(fixture, schema_text),
        "{'type':'or','left':{'type':'lt','term':'id','value':3},'right':{'type':'and','left':"
        "{'type':'gt','term':'id','value':500},'right':{'type':'lt','term':'id','value':520}}}");
    prune_files_inclusive(filter, &rows, 5, ROWS - 5, mask);
    for (int i = 0; i < ROWS - 5; i++)
        assert_int_equal(mask[i], i + 5 > 500 && i + 5 < 520);
}

/* Summaries of one partition field "id" of the types int and double. */
struct summary_case {
    bool contains_null;
    enum summary_nan contains_nan;
    const char *lower;
    const char *upper;
};

static const struct summary_case int_summaries[] = {
    {false, SUMMARY_NAN_UNKNOWN, "30", "79"}, {true, SUMMARY_NAN_UNKNOWN, "30", "79"},
    {true, SUMMARY_NAN_UNKNOWN, NULL, NULL},  {false, SUMMARY_NAN_UNKNOWN, "30", "30"},
    {false, SUMMARY_NAN_UNKNOWN, NULL, NULL}, /* left out by its writer */
};
static const struct summary_case double_summaries[] = {
    {false, SUMMARY_NAN_NO, "1.0", "2.0"},   {true, SUMMARY_NAN_YES, "1.0", "2.0"},
    {true, SUMMARY_NAN_NO, NULL, NULL},      {false, SUMMARY_NAN_YES, NULL, NULL},
    {true, SUMMARY_NAN_UNKNOWN, NULL, NULL},
};
static const struct summary_case text_summaries[] = {
    {false, SUMMARY_NAN_UNKNOWN, "'abc'", "'abd'"}, {true, SUMMARY_NAN_UNKNOWN, "'ab'", "'ab'"},
    {true, SUMMARY_NAN_UNKNOWN, NULL, NULL},        {false, SUMMARY_NAN_UNKNOWN, "'x'", "'z'"},
    {false, SUMMARY_NAN_UNKNOWN, NULL, NULL},
};

static const struct prune_case summary_cases[] = {
    {"{'type':'is-null','term':'id'}", "-xx--", "int"},
    {"{'type':'not-null','term':'id'}", "xx-xx", "int"},
    {"{'type':'lt','term':'id','value':30}", "----x", "int"},
    {"{'type':'lt-eq','term':'id','value':30}", "xx-xx", "int"},
    {"{'type':'gt','term':'id','value':79}", "----x", "int"},
    {"{'type':'gt-eq','term':'id','value':79}", "xx--x", "int"},
    {"{'type':'eq','term':'id','value':79}", "xx--x", "int"},
    {"{'type':'eq','term':'id','value':80}", "----x", "int"},
    {"{'type':'not-eq','term':'id','value':30}", "xxx-x", "int"},
    {"{'type':'in','term':'id','values':[10,30]}", "xx-xx", "int"},
    {"{'type':'in','term':'id','values':[10,90]}", "----x", "int"},
    {"{'type':'not-in','term':'id','values':[30,90]}", "xxx-x", "int"},
    {"{'type':'is-nan','term':'ratio'}", "-x-xx", "double"},
    {"{'type':'not-nan','term':'ratio'}", "xxx-x", "double"},
    {"{'type':'not-null','term':'ratio'}", "xx-xx", "double"},
    {"{'type':'gt','term':'ratio','value':0}", "xx---", "double"},
    {"{'type':'eq','term':'ratio','value':1}", "xx---", "double"},
    {"{'type':'starts-with','term':'name','value':'abc'}", "x---x", "string"},
    {"{'type':'starts-with','term':'name','value':'y'}", "---xx", "string"},
    {"{'type':'not-starts-with','term':'name','value':'ab'}", "-xxxx", "string"},
};

static bool manifest_may_match(struct fixture *fixture, const struct expression *filter,
                               const char *type, const struct summary_case *item)
{
    char scratch[2][VALUE_SCRATCH_SIZE];
    struct value lower = VALUE_NONE, upper = VALUE_NONE;
    struct partition_summary summary = {.contains_null = item->contains_null,
                                        .contains_nan = item->contains_nan};
    if (item->lower) {
        lower = fixture_value(fixture, type, item->lower);
        upper = fixture_value(fixture, type, item->upper);
        summary.lower = value_to_bytes(&lower, scratch[0]);
        summary.upper = value_to_bytes(&upper, scratch[1]);
    }
    return prune_manifest(filter, &summary, 1);
}

static void test_prune_manifest__follows_the_reference(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    for (size_t i = 0; i < COUNT(summary_cases); i++) {
        const struct prune_case *item = &summary_cases[i];
        const struct expression *filter = fixture_bound(fixture, schema, item->filter);
        const struct summary_case *summaries = item->must[0] == 'i'   ? int_summaries
                                               : item->must[0] == 'd' ? double_summaries
                                                                      : text_summaries;
        for (size_t j = 0; j < COUNT(int_summaries); j++) {
            if (manifest_may_match(fixture, filter, item->must, &summaries[j]) !=
                (item->may[j] == 'x'))
                fail_msg("%s, manifest %zu", item->filter, j);
        }
        assert_true(prune_manifest(filter, NULL, 0)); /* no summaries */
    }
}

/* Partition values null, 29, 30, 31 of an int; null, NaN, 1.0, -0.0 of a double. */
static const struct prune_case tuple_cases[] = {
    {"{'type':'is-null','term':'id'}", "x---", "int"},
    {"{'type':'not-null','term':'id'}", "-xxx", "int"},
    {"{'type':'lt','term':'id','value':30}", "xx--", "int"}, /* null is less to the reference */
    {"{'type':'lt-eq','term':'id','value':30}", "xxx-", "int"},
    {"{'type':'gt','term':'id','value':30}", "---x", "int"},
    {"{'type':'gt-eq','term':'id','value':30}", "--xx", "int"},
    {"{'type':'eq','term':'id','value':30}", "--x-", "int"},
    {"{'type':'not-eq','term':'id','value':30}", "xx-x", "int"},
    {"{'type':'in','term':'id','values':[29,31]}", "-x-x", "int"},
    {"{'type':'not-in','term':'id','values':[29,31]}", "x-x-", "int"},
    {"{'type':'is-nan','term':'ratio'}", "-x--", "double"},
    {"{'type':'not-nan','term':'ratio'}", "x-xx", "double"},
    {"{'type':'gt','term':'ratio','value':0}", "-xx-", "double"}, /* NaN is greater to it */
    {"{'type':'eq','term':'ratio','value':0}", "---x", "double"},
    {"{'type':'lt','term':'ratio','value':0.5}", "x--x", "double"},
    {"{'type':'starts-with','term':'name','value':'ab'}", "-x--", "string"},
    {"{'type':'not-starts-with','term':'name','value':'ab'}", "x-xx", "string"},
    {"{'type':'eq','term':'name','value':'a'}", "--x-", "string"},
};

static void fill_tuples(const char *type, struct value *values)
{
    static const int64_t numbers[] = {0, 29, 30, 31};
    static const char *const texts[] = {"", "abc", "a", ""};
    double reals[] = {0, (double)NAN, 1.0, -0.0};
    for (size_t i = 1; i < 4; i++) {
        if (type[0] == 'i')
            values[i] = (struct value){.type = TYPE_INT, .number = numbers[i]};
        else if (type[0] == 'd')
            values[i] = (struct value){.type = TYPE_DOUBLE, .real = reals[i]};
        else
            values[i] = (struct value){.type = TYPE_STRING, .bytes = slice_from_string(texts[i])};
    }
}

static void test_prune_tuples__keeps_what_any_reader_would_find(void **state)
{
    struct fixture *fixture = *state;
    const struct schema *schema = fixture_schema(fixture, schema_text);
    for (size_t i = 0; i < COUNT(tuple_cases); i++) {
        const struct prune_case *item = &tuple_cases[i];
        const struct expression *filter = fixture_bound(fixture, schema, item->filter);
        struct value values[4] = {VALUE_NONE};
        uint8_t mask[4];
        fill_tuples(item->must, values);
        struct partition_column column =
            prune_partition(&fixture->arena, filter->terms[0].type->id, values, 4);
        const struct partition_column *columns[] = {&column};
        struct tuple_rows rows = {columns};
        prune_tuples(filter, &rows, 0, 4, mask);
        for (size_t j = 0; j < 4; j++) {
            if (mask[j] != (item->may[j] == 'x'))
                fail_msg("%s, tuple %zu", item->filter, j);
        }
    }
}

static void test_prune_tuples__a_field_that_is_not_there_is_null(void **state)
{
    struct fixture *fixture = *state;
    const struct partition_column *columns[] = {NULL};
    struct tuple_rows rows = {columns};
    uint8_t mask[2];
    const struct schema *schema = fixture_schema(fixture, schema_text);
    prune_tuples(fixture_bound(fixture, schema, "{'type':'is-null','term':'id'}"), &rows, 0, 2,
                 mask);
    assert_true(mask[0] && mask[1]);
    prune_tuples(fixture_bound(fixture, schema, "{'type':'eq','term':'id','value':1}"), &rows, 0, 2,
                 mask);
    assert_false(mask[0] || mask[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_prune_files__inclusive_and_strict_follow_the_reference),
        TEST(test_prune_files__a_nan_bound_is_unknown),
        TEST(test_prune_files__a_zero_bound_stands_for_both_zeros),
        TEST(test_prune_files__bounds_from_before_a_promotion_still_prune),
        TEST(test_prune_files__bytes_that_are_no_bound_say_nothing),
        TEST(test_prune_files__lists_over_200_literals_prune_nothing),
        TEST(test_prune_files__batches_do_not_change_the_answer),
        TEST(test_prune_manifest__follows_the_reference),
        TEST(test_prune_tuples__keeps_what_any_reader_would_find),
        TEST(test_prune_tuples__a_field_that_is_not_there_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
