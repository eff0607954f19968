#include "storage/secret_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "storage/file_calls.h"

#define KEY_DIGITS ((size_t)SECRET_KEY_BYTES * 2)
/* Lines of keys with room for blanks. */
#define MAX_KEY_FILE_SIZE (MAX_SECRET_KEYS * (KEY_DIGITS + 16))
/* Parents of a path. */
#define KEY_ARENA_SIZE 16384

const struct secret_keys secret_keys_none = {.count = 0};

static bool key_parse(struct slice digits, struct secret_key *key)
{
    if (digits.len != KEY_DIGITS)
        return false;
    for (size_t i = 0; i < SECRET_KEY_BYTES; i++) {
        int high = hex_value(digits.ptr[2 * i]), low = hex_value(digits.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key->bytes[i] = (unsigned char)((unsigned)high << 4 | (unsigned)low);
    }
    return true;
}

/* Nothing of the key can be told from its id. */
static bool key_name(struct secret_key *key, struct error *err)
{
    char hex[DIGEST_HEX_SIZE];
    const struct slice parts[] = {SLICE_LITERAL("key id"),
                                  {(const char *)key->bytes, sizeof(key->bytes)}};
    TRY(digest_parts(parts, 2, hex, err));
    memcpy(key->id, hex, SECRET_KEY_ID_SIZE - 1);
    key->id[SECRET_KEY_ID_SIZE - 1] = '\0';
    return true;
}

static size_t line_size(struct slice text)
{
    size_t comma = slice_find(text, ','), line = slice_find(text, '\n');
    return comma < line ? comma : line;
}

static struct slice trim(struct slice line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return slice_trim(line);
}

static bool keys_parse(struct slice text, const char *what, struct secret_keys *keys,
                       struct error *err)
{
    for (size_t at = 0; at < text.len;) {
        struct slice rest = slice_from(text, at);
        struct slice line = slice_make(rest.ptr, line_size(rest));
        at += line.len + 1;
        line = trim(line);
        if (line.len == 0)
            continue;
        if (keys->count == MAX_SECRET_KEYS)
            return error_set(err, ERROR_BAD_REQUEST, "%s has more than %d keys: drop old ones",
                             what, MAX_SECRET_KEYS);
        if (!key_parse(line, &keys->keys[keys->count]))
            return error_set(err, ERROR_BAD_REQUEST,
                             "%s must have keys of %zu hexadecimal digits, one a line: make one "
                             "with openssl rand -hex %d",
                             what, KEY_DIGITS, SECRET_KEY_BYTES);
        TRY(key_name(&keys->keys[keys->count++], err));
    }
    return keys->count > 0 || error_set(err, ERROR_BAD_REQUEST, "%s holds no key", what);
}

bool secret_keys_parse(struct slice text, const char *what, struct secret_keys *ret,
                       struct error *err)
{
    struct secret_keys keys = {.count = 0};
    bool ok = keys_parse(text, what, &keys, err);
    if (ok)
        *ret = keys;
    secret_keys_wipe(&keys);
    return ok;
}

/* One byte more than may be there tells that there is too much. */
static bool read_file(const char *path, int file, char text[MAX_KEY_FILE_SIZE + 1],
                      size_t *ret_size, struct error *err)
{
    size_t size = 0;
    ssize_t got = 0;
    while (size <= MAX_KEY_FILE_SIZE) {
        got = read(file, text + size, MAX_KEY_FILE_SIZE + 1 - size);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return error_set(err, ERROR_BAD_REQUEST, "The key file %s cannot be read: %s", path,
                             strerror(errno));
        size += got > 0 ? (size_t)got : 0;
    }
    *ret_size = size;
    return size <= MAX_KEY_FILE_SIZE ||
           error_set(err, ERROR_BAD_REQUEST, "The key file %s has more than %zu bytes", path,
                     MAX_KEY_FILE_SIZE);
}

bool secret_keys_read(const char *path, struct secret_keys *ret, bool *ret_found, struct error *err)
{
    char text[MAX_KEY_FILE_SIZE + 1];
    size_t size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        *ret_found = false;
        return true;
    }
    if (file < 0)
        return error_set(err, ERROR_BAD_REQUEST, "The key file %s cannot be opened: %s", path,
                         strerror(errno));
    bool ok = read_file(path, file, text, &size, err);
    close(file);
    ok = ok && secret_keys_parse(slice_make(text, size), path, ret, err);
    OPENSSL_cleanse(text, sizeof(text));
    if (ok)
        *ret_found = true;
    return ok;
}

static bool make_failed(const char *path, int code, struct error *err)
{
    enum error_kind kind = code == EEXIST                     ? ERROR_ALREADY_EXISTS
                           : code == ENOSPC || code == EDQUOT ? ERROR_STORAGE_FULL
                                                              : ERROR_STORAGE;
    return error_set(err, kind, "The key file %s cannot be made: %s", path, strerror(code));
}

/* Under a name of its own first: what has the final name is whole. link, and not rename, so that no
 * key that was there is ever lost. */
static int write_new(const char *path, const char *part, const char *text, size_t size)
{
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return errno;
    ssize_t put = write(file, text, size);
    int code = put < 0 ? errno : (size_t)put < size ? ENOSPC : 0;
    if (code == 0 && fsync(file) != 0)
        code = errno;
    if (close(file) != 0 && code == 0)
        code = errno;
    if (code == 0 && link(part, path) != 0)
        code = errno;
    if (unlink(part) != 0 && code == 0)
        code = errno;
    return code;
}

static bool store_key(const char *path, const char *text, size_t size, struct error *err)
{
    struct arena arena;
    arena_init(&arena, KEY_ARENA_SIZE);
    struct slice part = arena_printf(&arena, "%s.part", path);
    const char *parent = file_parent(path, &arena);
    bool ok = (part.ptr && parent) || error_no_memory(err, "the key file's path");
    int code = ok ? write_new(path, part.ptr, text, size) : 0;
    if (ok && code == 0)
        code = file_sync_directory(&file_calls_real, parent);
    arena_finish(&arena);
    return ok && (code == 0 || make_failed(path, code, err));
}

bool secret_keys_make(const char *path, const struct random_source *random, struct secret_keys *ret,
                      struct error *err)
{
    struct secret_keys keys = {.count = 1};
    char text[KEY_DIGITS + 2];
    bool ok = random->fill(random->context, keys.keys[0].bytes, SECRET_KEY_BYTES) ||
              error_set(err, ERROR_INTERNAL, "no random numbers for a key");
    ok = ok && key_name(&keys.keys[0], err);
    if (ok) {
        hex_put(keys.keys[0].bytes, SECRET_KEY_BYTES, text);
        text[KEY_DIGITS] = '\n';
        ok = store_key(path, text, KEY_DIGITS + 1, err);
    }
    if (ok)
        *ret = keys;
    OPENSSL_cleanse(text, sizeof(text));
    secret_keys_wipe(&keys);
    return ok;
}

const struct secret_key *secret_keys_find(const struct secret_keys *keys, struct slice id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (slice_equals_string(id, keys->keys[i].id))
            return &keys->keys[i];
    return NULL;
}

void secret_keys_list(const struct secret_keys *keys, char ret_text[SECRET_KEYS_TEXT_SIZE])
{
    size_t at = 0;
    snprintf(ret_text, SECRET_KEYS_TEXT_SIZE, "none");
    for (size_t i = 0; i < keys->count; i++)
        at += (size_t)snprintf(ret_text + at, SECRET_KEYS_TEXT_SIZE - at, "%s%s", i ? ", " : "",
                               keys->keys[i].id);
}

void secret_keys_wipe(struct secret_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof(*keys));
}
