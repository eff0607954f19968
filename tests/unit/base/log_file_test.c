#include "base/log_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/unit/cmocka_all.h"

static int64_t time_ms;

static int64_t now(void *context)
{
    (void)context;
    return time_ms;
}

static const struct clock trial_clock = {.now_ms = now, .monotonic_us = now};

struct trial {
    char directory[64];
    char path[96];
};

static int setup(void **state)
{
    static struct trial trial;
    time_ms = INT64_C(1769860800000); /* 2026-01-31T12:00:00Z */
    strcpy(trial.directory, "/tmp/firn_log_XXXXXX");
    if (!mkdtemp(trial.directory))
        return -1;
    snprintf(trial.path, sizeof(trial.path), "%s/firn.log", trial.directory);
    *state = &trial;
    return 0;
}

/* The names in the directory, sorted, without "." and "..". */
static int names_of(const struct trial *trial, struct dirent ***ret_entries)
{
    int count = scandir(trial->directory, ret_entries, NULL, alphasort), kept = 0;
    for (int i = 0; i < count; i++) {
        if ((*ret_entries)[i]->d_name[0] == '.')
            free((*ret_entries)[i]);
        else
            (*ret_entries)[kept++] = (*ret_entries)[i];
    }
    return kept;
}

static void names_free(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

static int teardown(void **state)
{
    const struct trial *trial = *state;
    struct dirent **entries = NULL;
    char path[512];
    int count = names_of(trial, &entries);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", trial->directory, entries[i]->d_name);
        unlink(path);
    }
    names_free(entries, count);
    return rmdir(trial->directory);
}

static struct log_file *open_file(const struct trial *trial, uint64_t max_size, int64_t max_age_ms,
                                  size_t keep)
{
    struct error err = {0};
    struct log_file *file = NULL;
    const struct log_file_options options = {trial->path, max_size, max_age_ms, keep,
                                             &trial_clock};
    assert_ok(log_file_open(&options, &file, &err), &err);
    return file;
}

/* All that is in the directory's files, the oldest first, compressed or not. */
static size_t read_all(const struct trial *trial, char *out, size_t size)
{
    struct dirent **entries = NULL;
    char path[512];
    size_t len = 0;
    int count = names_of(trial, &entries);
    for (int i = 1; i <= count; i++) { /* "firn.log" sorts first and is the newest */
        snprintf(path, sizeof(path), "%s/%s", trial->directory, entries[i % count]->d_name);
        gzFile file = gzopen(path, "rb"); /* reads plain files as they are */
        assert_non_null(file);
        int got = gzread(file, out + len, (unsigned)(size - len - 1));
        assert_true(got >= 0);
        len += (size_t)got;
        gzclose(file);
    }
    names_free(entries, count);
    out[len] = '\0';
    return len;
}

static void write_line(struct log_file *file, const char *line)
{
    log_file_write(file, slice_from_string(line));
}

static void test_log_file__is_put_aside_when_it_is_full(void **state)
{
    const struct trial *trial = *state;
    struct dirent **entries = NULL;
    char text[256];
    struct log_file *file = open_file(trial, 10, 0, 10);
    write_line(file, "aaaa\n");
    write_line(file, "bbbb\n"); /* ten bytes: full, not above */
    time_ms += 1234;
    write_line(file, "cccc\n");
    log_file_close(file);
    int count = names_of(trial, &entries);
    assert_int_equal(count, 2);
    assert_string_equal(entries[0]->d_name, "firn.log");
    assert_string_equal(entries[1]->d_name, "firn.log.20260131T120001.234Z.gz");
    names_free(entries, count);
    read_all(trial, text, sizeof(text));
    assert_string_equal(text, "aaaa\nbbbb\ncccc\n");
}

static void test_log_file__is_put_aside_when_it_is_old(void **state)
{
    const struct trial *trial = *state;
    struct dirent **entries = NULL;
    struct log_file *file = open_file(trial, 0, 60000, 10);
    write_line(file, "a\n");
    time_ms += 59999;
    write_line(file, "b\n");
    time_ms += 1;
    write_line(file, "c\n");
    log_file_close(file);
    int count = names_of(trial, &entries);
    assert_int_equal(count, 2);
    names_free(entries, count);
}

static void test_log_file__keeps_so_many_and_continues_after_a_start(void **state)
{
    const struct trial *trial = *state;
    struct dirent **entries = NULL;
    char text[256], line[8];
    for (int run = 0; run < 3; run++) {
        struct log_file *file = open_file(trial, 4, 0, 2);
        for (int i = 0; i < 3; i++) {
            time_ms += 1000;
            snprintf(line, sizeof(line), "%d %d\n", run, i);
            write_line(file, line);
        }
        log_file_close(file);
    }
    int count = names_of(trial, &entries);
    assert_int_equal(count, 3);
    names_free(entries, count);
    read_all(trial, text, sizeof(text));
    assert_string_equal(text, "2 0\n2 1\n2 2\n");
}

/* Several within one millisecond do not replace each other. */
static void test_log_file__loses_nothing_when_files_follow_at_once(void **state)
{
    const struct trial *trial = *state;
    char text[4096], expected[4096] = "", line[16];
    struct log_file *file = open_file(trial, 1, 0, 1000);
    for (int i = 0; i < 50; i++) {
        snprintf(line, sizeof(line), "line %02d\n", i);
        strcat(expected, line);
        write_line(file, line);
    }
    log_file_close(file);
    read_all(trial, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void test_log_file__finishes_what_an_earlier_run_left(void **state)
{
    const struct trial *trial = *state;
    struct dirent **entries = NULL;
    char path[160], text[64];
    snprintf(path, sizeof(path), "%s.20260130T000000.000Z", trial->path);
    FILE *left = fopen(path, "w");
    fputs("left\n", left);
    fclose(left);
    snprintf(path, sizeof(path), "%s.20260130T000000.000Z.gz.part", trial->path);
    fclose(fopen(path, "w"));
    snprintf(path, sizeof(path), "%s.other", trial->path); /* not ours */
    fclose(fopen(path, "w"));
    log_file_close(open_file(trial, 0, 0, 5));
    int count = names_of(trial, &entries);
    assert_int_equal(count, 3);
    assert_string_equal(entries[1]->d_name, "firn.log.20260130T000000.000Z.gz");
    assert_string_equal(entries[2]->d_name, "firn.log.other");
    names_free(entries, count);
    read_all(trial, text, sizeof(text));
    assert_string_equal(text, "left\n");
}

static void test_log_file_reopen__follows_a_file_that_was_moved_away(void **state)
{
    const struct trial *trial = *state;
    char moved[160], text[64];
    struct error err = {0};
    struct log_file *file = open_file(trial, 0, 0, 5);
    write_line(file, "before\n");
    snprintf(moved, sizeof(moved), "%s.1", trial->path);
    assert_int_equal(rename(trial->path, moved), 0);
    write_line(file, "between\n");
    assert_ok(log_file_reopen(file, &err), &err);
    write_line(file, "after\n");
    log_file_close(file);
    read_all(trial, text, sizeof(text));
    assert_string_equal(text, "before\nbetween\nafter\n");
}

/* A full disk: here the largest file that the process may write. */
static void test_log_file__counts_what_cannot_be_written_and_goes_on(void **state)
{
    const struct trial *trial = *state;
    struct rlimit before, small = {.rlim_cur = 10};
    char text[64];
    signal(SIGXFSZ, SIG_IGN);
    struct log_file *file = open_file(trial, 0, 0, 5);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    write_line(file, "1234567\n");
    setrlimit(RLIMIT_FSIZE, &small);
    write_line(file, "torn line\n");
    write_line(file, "lost line\n");
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(log_file_lost(file), 2);
    write_line(file, "whole\n");
    assert_int_equal(log_file_lost(file), 2);
    log_file_close(file);
    read_all(trial, text, sizeof(text));
    assert_string_equal(text, "1234567\nto\nwhole\n");
}

static void test_log_file_open__says_what_is_wrong(void **state)
{
    struct error err = {0};
    struct log_file *file = NULL;
    const struct log_file_options options = {"/nowhere/at/all/firn.log", 0, 0, 1, &trial_clock};
    (void)state;
    assert_fails(log_file_open(&options, &file, &err), &err, ERROR_STORAGE);
    assert_non_null(strstr(err.message, "/nowhere/at/all/firn.log"));
}

#define WRITERS 4
#define LINES 500

static void *write_many(void *context)
{
    struct log_file *file = context;
    for (int i = 0; i < LINES; i++)
        log_file_write(file, SLICE_LITERAL("0123456789abcdef0123456789abcde\n"));
    return NULL;
}

static void test_log_file__loses_no_line_of_many_threads(void **state)
{
    const struct trial *trial = *state;
    static char text[WRITERS * LINES * 32 + 1];
    pthread_t threads[WRITERS];
    struct log_file *file = open_file(trial, 5000, 0, 1000);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, file), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    log_file_close(file);
    assert_int_equal(read_all(trial, text, sizeof(text)), WRITERS * LINES * 32);
    for (size_t i = 31; i < sizeof(text) - 1; i += 32)
        assert_int_equal(text[i], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_log_file__is_put_aside_when_it_is_full, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_log_file__is_put_aside_when_it_is_old, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_log_file__keeps_so_many_and_continues_after_a_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_file__loses_nothing_when_files_follow_at_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_file__finishes_what_an_earlier_run_left, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_log_file_reopen__follows_a_file_that_was_moved_away,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_log_file__counts_what_cannot_be_written_and_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_file_open__says_what_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_file__loses_no_line_of_many_threads, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
