#include "catalog/format_policy.h"

#include "base/json_tree.h"

#define ALL_VERSIONS (((1u << (TABLE_FORMAT_VERSION_MAX + 1)) - 1) & ~1u)

static bool refuse_list(struct slice list, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST,
                     "The warehouse property " FORMAT_VERSIONS_PROPERTY " is '%.*s': list format "
                     "versions from 1 to %d with commas, as in \"2,3\"",
                     SLICE_ARG(list), TABLE_FORMAT_VERSION_MAX);
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && text.ptr[0] == ' ')
        text = slice_from(text, 1);
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

static bool parse_list(struct slice list, unsigned *ret_versions, struct error *err)
{
    unsigned versions = 0;
    size_t end = 0;
    for (struct slice rest = list;; rest = slice_from(rest, end + 1)) {
        int64_t version = 0;
        end = slice_find(rest, ',');
        if (!slice_to_int64(trim(slice_make(rest.ptr, end)), &version) || version < 1 ||
            version > TABLE_FORMAT_VERSION_MAX)
            return refuse_list(list, err);
        versions |= 1u << version;
        if (end == rest.len)
            break;
    }
    *ret_versions = versions;
    return true;
}

bool format_versions_read(const json_t *properties, unsigned *ret_versions, struct error *err)
{
    const json_t *list = json_object_get(properties, FORMAT_VERSIONS_PROPERTY);
    if (list)
        return parse_list(json_is_string(list) ? json_slice(list) : SLICE_EMPTY, ret_versions, err);
    *ret_versions = ALL_VERSIONS;
    return true;
}

int32_t format_version_default(const struct warehouse *warehouse)
{
    int32_t version = TABLE_FORMAT_VERSION_DEFAULT;
    if (warehouse->format_versions >> version & 1)
        return version;
    version = TABLE_FORMAT_VERSION_MAX;
    while (version > 1 && !(warehouse->format_versions >> version & 1))
        version--;
    return version;
}

/* "2", "2 or 3": what to use instead. */
static void name_allowed(unsigned versions, struct error *err)
{
    bool is_first = true;
    for (int version = 1; version <= TABLE_FORMAT_VERSION_MAX; version++) {
        if (!(versions >> version & 1))
            continue;
        (void)error_set(err, err->kind, "%s%s %d", err->message, is_first ? "" : " or", version);
        is_first = false;
    }
}

bool format_policy_check(const struct warehouse *warehouse, const struct table_metadata *base,
                         const struct table_metadata *next, struct error *err)
{
    int32_t version = next->format_version;
    if (warehouse->format_versions >> version & 1)
        return true;
    if (base && base->format_version == version)
        return true;
    (void)error_set(err, ERROR_VALIDATION,
                    "Format version %d is not allowed in warehouse %.*s: use", version,
                    SLICE_ARG(warehouse->name));
    if (err)
        name_allowed(warehouse->format_versions, err);
    return false;
}
