#include "server/reply_stream.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define PIECE 50000

/* A channel whose connection is a semaphore: posted when it is opened and resumed. */
struct fake {
    struct reply_channel channel;
    struct reply *reply;
    sem_t wake;
    int pauses, resumes, cuts; /* under the stream's mutex */
    struct reply_stream *stream;
    size_t pieces; /* that the writer writes */
    bool fails;    /* and then fails */
    bool ok;       /* that it could */
    struct error err;
};

static void fake_open(void *context, struct reply *reply)
{
    struct fake *fake = context;
    fake->reply = reply;
    sem_post(&fake->wake);
}

static void fake_pause(void *context)
{
    ((struct fake *)context)->pauses++;
}

static void fake_resume(void *context)
{
    struct fake *fake = context;
    fake->resumes++;
    sem_post(&fake->wake);
}

static void fake_cut(void *context)
{
    ((struct fake *)context)->cuts++;
}

static void set_up(struct fake *fake, size_t pieces, int64_t stall_ms)
{
    *fake = (struct fake){.pieces = pieces};
    fake->channel =
        (struct reply_channel){fake_open, fake_pause, fake_resume, fake_cut, fake, stall_ms};
    sem_init(&fake->wake, 0, 0);
    assert_ok(reply_stream_create(&fake->channel, &fake->stream, &fake->err), &fake->err);
}

static void tear_down(struct fake *fake)
{
    reply_unref(fake->reply);
    reply_stream_unref(fake->stream);
    sem_destroy(&fake->wake);
}

/* Byte n of an answer. */
static char byte_at(size_t n)
{
    return (char)('a' + n / 7 % 26);
}

static bool write_pieces(struct fake *fake)
{
    struct buffer piece;
    bool ok = true;
    buffer_init(&piece, 1 * MIB);
    for (size_t i = 0; ok && i < fake->pieces; i++) {
        for (size_t j = 0; j < PIECE; j++)
            buffer_append_byte(&piece, byte_at(i * PIECE + j));
        ok = reply_stream_take(fake->stream, &piece, &fake->err);
        assert_int_equal(piece.len, 0);
    }
    buffer_finish(&piece);
    return ok;
}

static void *write_all(void *context)
{
    struct fake *fake = context;
    struct reply *reply = NULL;
    fake->ok = write_pieces(fake);
    if (fake->ok && !fake->fails)
        assert_ok(reply_stream_end(fake->stream, &reply, &fake->err), &fake->err);
    else
        reply_stream_fail(fake->stream);
    reply_unref(reply);
    return NULL;
}

/* Reads as the HTTP thread does, and checks every byte; how it ended. */
static ssize_t read_all(struct fake *fake, size_t *ret_size)
{
    char bytes[7777];
    size_t total = 0;
    ssize_t got;
    sem_wait(&fake->wake);
    while ((got = reply_stream_read(fake->reply->stream, bytes, sizeof(bytes))) >= 0) {
        if (got == STREAM_PAUSED)
            sem_wait(&fake->wake);
        for (ssize_t i = 0; i < got; i++)
            assert_int_equal(bytes[i], byte_at(total++));
    }
    *ret_size = total;
    return got;
}

static void test_stream__that_is_small_is_one_answer(void **state)
{
    (void)state;
    struct fake fake;
    struct reply *reply = NULL;
    struct buffer body;
    set_up(&fake, 3, 1000);
    assert_true(write_pieces(&fake));
    assert_ok(reply_stream_end(fake.stream, &reply, &fake.err), &fake.err);
    assert_null(fake.reply);
    assert_null(reply->stream);
    assert_int_equal(reply->status, 200);
    buffer_init(&body, 1 * MIB);
    assert_true(reply_body(reply, &body));
    assert_int_equal(body.len, 3 * PIECE);
    for (size_t i = 0; i < body.len; i++)
        assert_int_equal(body.ptr[i], byte_at(i));
    buffer_finish(&body);
    reply_unref(reply);
    tear_down(&fake);
}

static void test_stream__gives_every_byte_in_order(void **state)
{
    (void)state;
    struct fake fake;
    pthread_t writer;
    size_t size = 0;
    set_up(&fake, 400, 10000);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &fake), 0);
    assert_int_equal(read_all(&fake, &size), STREAM_END);
    pthread_join(writer, NULL);
    assert_true(fake.ok);
    assert_int_equal(size, 400 * PIECE);
    assert_int_equal(fake.cuts, 0);
    assert_int_equal(fake.pauses, fake.resumes);
    tear_down(&fake);
}

static const char *cache_control(const struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, "Cache-Control") == 0)
            return reply->headers[i].value;
    return NULL;
}

/* Whether it becomes one answer or is sent while it is made. */
static void test_stream__that_is_private_is_kept_by_nobody(void **state)
{
    (void)state;
    for (size_t pieces = 3; pieces <= 300; pieces *= 100) {
        struct fake fake;
        pthread_t writer;
        struct reply *whole = NULL;
        size_t size = 0;
        set_up(&fake, pieces, 10000);
        reply_stream_set_private(fake.stream);
        if (pieces == 3) {
            assert_true(write_pieces(&fake));
            assert_ok(reply_stream_end(fake.stream, &whole, &fake.err), &fake.err);
        } else {
            assert_int_equal(pthread_create(&writer, NULL, write_all, &fake), 0);
            assert_int_equal(read_all(&fake, &size), STREAM_END);
            pthread_join(writer, NULL);
        }
        assert_string_equal(cache_control(whole ? whole : fake.reply), "no-store");
        reply_unref(whole);
        tear_down(&fake);
    }
}

static void test_stream__that_fails_early_has_sent_nothing(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 3, 1000);
    fake.fails = true;
    write_all(&fake);
    assert_null(fake.reply);
    assert_int_equal(fake.cuts, 0);
    tear_down(&fake);
}

static void test_stream__that_fails_late_is_cut(void **state)
{
    (void)state;
    struct fake fake;
    pthread_t writer;
    size_t size = 0;
    set_up(&fake, 100, 10000);
    fake.fails = true;
    assert_int_equal(pthread_create(&writer, NULL, write_all, &fake), 0);
    assert_int_equal(read_all(&fake, &size), STREAM_FAILED);
    pthread_join(writer, NULL);
    assert_int_equal(fake.cuts, 1);
    tear_down(&fake);
}

static void test_stream__ends_where_nobody_reads(void **state)
{
    (void)state;
    struct fake fake;
    set_up(&fake, 100, 50);
    write_all(&fake);
    assert_false(fake.ok);
    assert_non_null(strstr(fake.err.message, "read too little"));
    assert_int_equal(fake.cuts, 1);
    tear_down(&fake);
}

/* Some bytes now and then, but never room for a piece in time. */
static void test_stream__ends_where_reading_is_too_slow(void **state)
{
    (void)state;
    struct fake fake;
    pthread_t writer;
    char byte;
    set_up(&fake, 100, 200);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &fake), 0);
    sem_wait(&fake.wake);
    for (int i = 0; i < 100; i++) {
        if (reply_stream_read(fake.reply->stream, &byte, 1) != 1)
            break;
        const struct timespec pause = {.tv_nsec = 5000000};
        nanosleep(&pause, NULL);
    }
    pthread_join(writer, NULL);
    assert_false(fake.ok);
    assert_int_equal(reply_stream_read(fake.reply->stream, &byte, 1), STREAM_FAILED);
    tear_down(&fake);
}

static void test_stream__ends_where_the_client_hangs_up(void **state)
{
    (void)state;
    struct fake fake;
    pthread_t writer;
    set_up(&fake, 100, 60000);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &fake), 0);
    sem_wait(&fake.wake);
    reply_stream_abandon(fake.reply->stream);
    pthread_join(writer, NULL);
    assert_false(fake.ok);
    assert_non_null(strstr(fake.err.message, "hung up"));
    assert_int_equal(fake.cuts, 0);
    assert_int_equal(fake.resumes, 0);
    tear_down(&fake);
}

static void test_stream__without_a_channel_collects(void **state)
{
    (void)state;
    struct fake fake = {.pieces = 100};
    struct reply *reply = NULL;
    assert_ok(reply_stream_create(NULL, &fake.stream, &fake.err), &fake.err);
    assert_true(write_pieces(&fake));
    assert_ok(reply_stream_end(fake.stream, &reply, &fake.err), &fake.err);
    assert_int_equal(reply->body_size, 100 * PIECE);
    reply_unref(reply);
    reply_stream_unref(fake.stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream__that_is_small_is_one_answer),
        cmocka_unit_test(test_stream__gives_every_byte_in_order),
        cmocka_unit_test(test_stream__that_is_private_is_kept_by_nobody),
        cmocka_unit_test(test_stream__that_fails_early_has_sent_nothing),
        cmocka_unit_test(test_stream__that_fails_late_is_cut),
        cmocka_unit_test(test_stream__ends_where_nobody_reads),
        cmocka_unit_test(test_stream__ends_where_reading_is_too_slow),
        cmocka_unit_test(test_stream__ends_where_the_client_hangs_up),
        cmocka_unit_test(test_stream__without_a_channel_collects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
