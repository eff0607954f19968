#include "server/exposition.h"

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

static void assert_text(struct buffer *out, const char *expected)
{
    struct error err = {0};
    assert_ok(buffer_check(out, "the exposition", &err), &err);
    assert_slice_equal(buffer_slice(out), expected);
    buffer_finish(out);
}

static void put_all(struct exposition *exposition)
{
    static struct histogram histogram;
    const struct exposition_label label = {"name", SLICE_LITERAL("a \"b\" \\ c\nd")};
    memset(&histogram, 0, sizeof(histogram));
    histogram_add(&histogram, &histogram_batch, 2);
    histogram_add(&histogram, &histogram_batch, 200);
    exposition_begin_counter(exposition, "x_done", "what was done");
    exposition_counter(exposition, NULL, 0, 12345678901.0);
    exposition_begin_gauge(exposition, "x_now", "what is");
    exposition_gauge(exposition, &label, 1, 0.25);
    exposition_begin_histogram(exposition, "x_size", "how many");
    exposition_histogram(exposition, NULL, 0, &histogram, &histogram_batch);
    exposition_end(exposition);
}

#define GAUGE                        \
    "# HELP x_now what is\n"         \
    "# TYPE x_now gauge\n"           \
    "x_now{name=\"a \\\"b\\\" \\\\ c\\nd\"} 0.25\n"

#define HISTOGRAM                     \
    "# HELP x_size how many\n"        \
    "# TYPE x_size histogram\n"       \
    "x_size_bucket{le=\"1.0\"} 0\n"   \
    "x_size_bucket{le=\"2.0\"} 1\n"   \
    "x_size_bucket{le=\"4.0\"} 1\n"   \
    "x_size_bucket{le=\"8.0\"} 1\n"   \
    "x_size_bucket{le=\"16.0\"} 1\n"  \
    "x_size_bucket{le=\"32.0\"} 1\n"  \
    "x_size_bucket{le=\"64.0\"} 1\n"  \
    "x_size_bucket{le=\"128.0\"} 1\n" \
    "x_size_bucket{le=\"+Inf\"} 2\n"  \
    "x_size_sum 202\n"                \
    "x_size_count 2\n"

static void test_exposition__writes_the_text_format(void **state)
{
    struct buffer out;
    struct exposition exposition = {.out = &out};
    (void)state;
    buffer_init(&out, MIB);
    put_all(&exposition);
    assert_text(&out, "# HELP x_done_total what was done\n"
                      "# TYPE x_done_total counter\n"
                      "x_done_total 12345678901\n" GAUGE HISTOGRAM);
}

static void test_exposition__writes_open_metrics(void **state)
{
    struct buffer out;
    struct exposition exposition = {.out = &out, .is_open_metrics = true};
    (void)state;
    buffer_init(&out, MIB);
    put_all(&exposition);
    assert_text(&out, "# HELP x_done what was done\n"
                      "# TYPE x_done counter\n"
                      "x_done_total 12345678901\n" GAUGE HISTOGRAM "# EOF\n");
}

static void test_exposition__shows_seconds_of_microseconds(void **state)
{
    static struct histogram histogram;
    struct buffer out;
    struct exposition exposition = {.out = &out};
    (void)state;
    buffer_init(&out, MIB);
    histogram_add(&histogram, &histogram_latency, 1500);
    exposition_begin_histogram(&exposition, "x_seconds", "how long");
    exposition_histogram(&exposition, NULL, 0, &histogram, &histogram_latency);
    buffer_append_byte(&out, 0);
    const char *text = out.ptr;
    assert_true(buffer_ok(&out));
    assert_non_null(strstr(text, "x_seconds_bucket{le=\"0.0001\"} 0\n"));
    assert_non_null(strstr(text, "x_seconds_bucket{le=\"0.001\"} 0\n"));
    assert_non_null(strstr(text, "x_seconds_bucket{le=\"0.0025\"} 1\n"));
    assert_non_null(strstr(text, "x_seconds_bucket{le=\"1.0\"} 1\n"));
    assert_non_null(strstr(text, "x_seconds_sum 0.0015"));
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exposition__writes_the_text_format),
        cmocka_unit_test(test_exposition__writes_open_metrics),
        cmocka_unit_test(test_exposition__shows_seconds_of_microseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
