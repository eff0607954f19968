#include "cli/program.h"

#include "base/clock.h"
#include "tests/unit/cmocka_all.h"

#define LONG_MS 30000

static bool run(const char *script, int timeout_ms, struct buffer *out)
{
    return program_run((char *const[]){"sh", "-c", (char *)script, NULL}, timeout_ms, out);
}

static void test_program__gives_what_it_prints(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 1024);
    assert_true(run("echo one; echo two >&2; read x; echo [$x]", LONG_MS, &out));
    assert_slice_equal(buffer_slice(&out), "one\ntwo\n[]\n");
    buffer_finish(&out);
}

static void test_program__that_fails_is_told(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 1024);
    assert_false(run("exit 3", LONG_MS, &out));
    assert_false(run("kill -9 $$", LONG_MS, &out));
    assert_false(program_run((char *const[]){"/nonexistent/x", NULL}, LONG_MS, &out));
    buffer_finish(&out);
    buffer_init(&out, 10);
    assert_false(run("echo more than ten bytes", LONG_MS, &out));
    buffer_finish(&out);
}

/* Not a measure of speed: a program that never ends is left, with what it has started. */
static void test_program__that_hangs_is_ended(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 1024);
    assert_false(run("sleep 1000 & echo started; wait", 1000, &out));
    buffer_finish(&out);
}

static const char *path_variable(const char *name)
{
    return strcmp(name, "PATH") == 0 ? "/nonexistent::/bin:/usr/bin" : NULL;
}

static const char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static void test_program__is_looked_up_in_path(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 65536);
    assert_slice_equal(program_find("sh", path_variable, &arena), "/bin/sh");
    assert_null(program_find("no-such-program", path_variable, &arena).ptr);
    assert_null(program_find("sh", no_variable, &arena).ptr);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program__gives_what_it_prints),
        cmocka_unit_test(test_program__that_fails_is_told),
        cmocka_unit_test(test_program__that_hangs_is_ended),
        cmocka_unit_test(test_program__is_looked_up_in_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
