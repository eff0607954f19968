#include "scan/plan_explain.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/plan_fixture.h"

static struct plan_fixture fixture;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    plan_fixture_init(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plan_fixture_finish(&fixture);
    return 0;
}

/* Each look at it takes 10 microseconds. */
static int64_t ticking_us(void)
{
    static int64_t now_us;
    return now_us += 10;
}

static void run(struct plan *plan, struct plan_explain *explain, struct buffer *out)
{
    struct json_writer json;
    struct plan_visitor visitor = {plan_explain_visit, explain};
    plan_explain_init(explain, plan);
    plan_measure(plan, ticking_us);
    assert_ok(plan_open(plan, fixture.objects, NULL, NULL, &err), &err);
    assert_ok(plan_run(plan, PLAN_WINDOW_ALL, &visitor, &err), &err);
    explain->bind_us = 1500;
    json_writer_init(&json, out);
    plan_explain_write(explain, &json);
    assert_ok(buffer_check(out, "an explanation", &err), &err);
}

/* The explanation of a request with ' for "; the caller frees it. */
static json_t *explained(const char *request)
{
    struct arena arena;
    struct plan_request parsed;
    struct plan_explain explain;
    struct plan *plan = NULL;
    struct buffer text, out;
    json_t *tree = NULL, *answer = NULL;
    arena_init(&arena, MIB);
    buffer_init(&text, MIB);
    buffer_init(&out, MIB);
    buffer_append_string(&text, request);
    for (size_t i = 0; i < text.len; i++)
        text.ptr[i] = text.ptr[i] == '\'' ? '"' : text.ptr[i];
    assert_ok(json_tree_parse(buffer_slice(&text), "request", &tree, &err), &err);
    assert_ok(plan_request_parse(tree, &arena, &parsed, &err), &err);
    assert_ok(plan_create(fixture.metadata, &parsed, &plan, &err), &err);
    run(plan, &explain, &out);
    plan_explain_finish(&explain);
    plan_destroy(plan);
    assert_ok(json_tree_parse(buffer_slice(&out), "explanation", &answer, &err), &err);
    json_decref(tree);
    buffer_finish(&text);
    buffer_finish(&out);
    arena_finish(&arena);
    return answer;
}

static json_int_t number(const json_t *answer, const char *object, const char *name)
{
    const json_t *value = json_object_get(json_object_get(answer, object), name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void assert_words(const json_t *answer, const char *const *lines, size_t count)
{
    const json_t *words = json_object_get(answer, "words");
    for (size_t i = 0; i < count; i++)
        assert_string_equal(json_string_value(json_array_get(words, i)), lines[i]);
}

static void test_plan_explain__of_a_whole_table(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "snapshot 7",
        "manifests: 2 of 2 read",
        "delete manifests: 2 of 2 read",
        "files: 3 of 3 kept",
        "to read: 3 files, 3.0 kB, 30 rows",
        "delete files: 2 of 2 kept",
        "deletes: 2 files have deleted rows; 2.0 kB of delete files to read; 1 with positions; 1 "
        "with equalities",
        "time: 1.50 ms to bind names, 0.01 ms for manifest lists, 0.01 ms to prune manifests, "
        "0.01 ms for delete manifests, 0.03 ms to find and index deletes, 0.02 ms for data "
        "manifests, 0.02 ms to match and write files",
    };
    json_t *answer = explained("{}");
    assert_words(answer, lines, sizeof(lines) / sizeof(lines[0]));
    assert_int_equal(number(answer, "data-files", "planned-bytes"), 3030);
    assert_int_equal(number(answer, "data-files", "with-deletes"), 2);
    assert_int_equal(number(answer, "microseconds", "matching"), 20); /* of two manifests */
    assert_int_equal(number(answer, "io", "delete-indexes-from-cache"), 0);
    assert_int_equal(number(answer, "delete-files", "attached-bytes"), 2013);
    json_decref(answer);
}

static void test_plan_explain__says_why_files_are_left_out(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "snapshot 7",
        "filter: ts < \"2024-01-02T00:00:00\" and id < 20",
        "manifests: 2 of 2 read",
        "delete manifests: 2 of 2 read",
        "files: 1 of 3 kept; 1 ruled out by partition; 1 ruled out by statistics",
        "to read: 1 file, 1.0 kB, 10 rows",
    };
    json_t *answer = explained(
        "{'filter':{'type':'and','left':{'type':'lt','term':'ts','value':'2024-01-02T00:00:00'},"
        "'right':{'type':'lt','term':'id','value':20}}}");
    assert_words(answer, lines, sizeof(lines) / sizeof(lines[0]));
    const json_t *residual = json_array_get(json_object_get(answer, "residuals"), 0);
    assert_string_equal(json_string_value(json_object_get(residual, "filter")), "id < 20");
    json_decref(answer);
}

static void test_plan_explain__counts_files_of_manifests_that_were_not_read(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "snapshot 7",
        "filter: ts > \"2024-02-01T00:00:00\"",
        "manifests: 1 of 2 read; 1 ruled out by their partition summaries",
        "delete manifests: 1 of 2 read; 1 ruled out by their partition summaries",
        "files: 1 of 3 kept; 2 ruled out with their manifests",
    };
    json_t *answer =
        explained("{'filter':{'type':'gt','term':'ts','value':'2024-02-01T00:00:00'}}");
    assert_words(answer, lines, sizeof(lines) / sizeof(lines[0]));
    assert_int_equal(number(answer, "data-files", "ruled-out-with-manifests"), 2);
    json_decref(answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plan_explain__of_a_whole_table),
        TEST(test_plan_explain__says_why_files_are_left_out),
        TEST(test_plan_explain__counts_files_of_manifests_that_were_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
