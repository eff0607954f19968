#include "base/clock.h"

#include "base/slice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_clock_us(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_measure_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

static int64_t real_now_ms(void *context)
{
    (void)context;
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

static int64_t real_monotonic_us(void *context)
{
    (void)context;
    return read_clock_us(CLOCK_MONOTONIC);
}

#define UUID_BYTES 16
/* So many the kernel gives without being interrupted. */
#define POOL_SIZE (16 * UUID_BYTES)

/* Random bytes that nobody has had yet, for a thread's next uuids. */
struct random_pool {
    unsigned char bytes[POOL_SIZE];
    size_t left; /* at the end */
};

static _Thread_local struct random_pool pool;

/* Not OpenSSL's generator: for a uuid's 16 bytes that is a system call, too (getpid, in case the
 * process was forked), and 7,000 instructions. */
static bool fill_from_kernel(void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom((char *)bytes + done, size - done, 0);
        if (got < 0 && errno != EINTR)
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Nobody forks without an exec. But a machine may be copied while it runs, and both copies go on
 * with the same pool: that does for uuids, whose files are made only where there is none of that
 * name; keys and nonces come from the kernel each time. */
static bool real_fill(void *context, void *bytes, size_t size)
{
    (void)context;
    if (size != UUID_BYTES)
        return fill_from_kernel(bytes, size);
    if (pool.left == 0) {
        if (!fill_from_kernel(pool.bytes, POOL_SIZE))
            return false;
        pool.left = POOL_SIZE;
    }
    unsigned char *taken = pool.bytes + POOL_SIZE - pool.left;
    memcpy(bytes, taken, UUID_BYTES);
    explicit_bzero(taken, UUID_BYTES);
    pool.left -= UUID_BYTES;
    return true;
}

const struct clock clock_real = {.now_ms = real_now_ms, .monotonic_us = real_monotonic_us};
const struct random_source random_source_real = {.fill = real_fill};

static bool is_dash_place(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

bool uuid_make(const struct random_source *random, char ret_text[UUID_TEXT_SIZE], struct error *err)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[UUID_BYTES];
    if (!random->fill(random->context, bytes, sizeof(bytes)))
        return error_set(err, ERROR_INTERNAL, "the system gave no random bytes for a uuid");
    /* RFC 9562, section 5.4: version 4 in the high bits of octet 6, variant 10 in those of 8. */
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
    size_t out = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (is_dash_place(out))
            ret_text[out++] = '-';
        ret_text[out++] = hex[bytes[i] >> 4];
        ret_text[out++] = hex[bytes[i] & 0xF];
    }
    ret_text[out] = '\0';
    return true;
}

bool uuid_is_valid(const char *text, size_t len)
{
    if (len != UUID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (is_dash_place(i) ? text[i] != '-' : hex_value(text[i]) < 0)
            return false;
    }
    return true;
}

void uuid_canonical(const char *text, char ret_text[UUID_TEXT_SIZE])
{
    for (size_t i = 0; i < UUID_TEXT_SIZE - 1; i++)
        ret_text[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
    ret_text[UUID_TEXT_SIZE - 1] = '\0';
}

void time_format_iso(int64_t ms, char *ret_text, size_t size)
{
    /* Rounded down also before 1970, so that the milliseconds are never negative. */
    int64_t rest = ms % 1000;
    time_t seconds = (time_t)(ms / 1000);
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    struct tm parts = {0};
    if (!gmtime_r(&seconds, &parts)) {
        snprintf(ret_text, size, "%lldms", (long long)ms);
        return;
    }
    char date[64];
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(ret_text, size, "%s.%03dZ", date, (int)rest);
}
