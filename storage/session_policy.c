#include "storage/session_policy.h"

#include "base/json_write.h"
#include "base/limits.h"

/* A location of MAX_URI_SIZE, five times, with room for escapes. */
#define MAX_POLICY_SIZE (1 * MIB)

static const char *const READ_ACTIONS[] = {"s3:GetObject"};
static const char *const WRITE_ACTIONS[] = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject",
                                            "s3:AbortMultipartUpload",
                                            "s3:ListMultipartUploadParts"};

struct place {
    struct slice partition;
    struct slice bucket;
    struct slice prefix; /* of keys, without slashes at its ends; empty: the whole bucket */
};

static struct slice partition_of(struct slice region)
{
    if (slice_starts_with(region, SLICE_LITERAL("cn-")))
        return SLICE_LITERAL("aws-cn");
    if (slice_starts_with(region, SLICE_LITERAL("us-gov-")))
        return SLICE_LITERAL("aws-us-gov");
    return SLICE_LITERAL("aws");
}

/* '*', '?' and '$' mean more than themselves there: a name with one would open its neighbours. */
static bool place_of(struct slice location, struct slice region, struct place *ret,
                     struct error *err)
{
    const struct slice scheme = SLICE_LITERAL("s3://");
    struct slice rest = slice_from(location, scheme.len);
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] == '*' || rest.ptr[i] == '?' || rest.ptr[i] == '$')
            return error_set(
                err, ERROR_VALIDATION,
                "No credentials can be cut down to %.*s, for '%c' is a sign of policies: "
                "use remote signing, or another location",
                SLICE_ARG(location), rest.ptr[i]);
    if (!slice_starts_with(location, scheme) || rest.len == 0)
        return error_set(err, ERROR_VALIDATION, "%.*s is no place on S3", SLICE_ARG(location));
    struct slice bucket = slice_make(rest.ptr, slice_find(rest, '/'));
    *ret = (struct place){partition_of(region), bucket, slice_from(rest, bucket.len + 1)};
    return true;
}

static void write_actions(struct json_writer *json, const char *const *actions, size_t count)
{
    json_write_string_member(json, "Effect", SLICE_LITERAL("Allow"));
    json_write_key(json, "Action");
    json_write_array_begin(json);
    for (size_t i = 0; i < count; i++)
        json_write_string(json, slice_from_string(actions[i]));
    json_write_array_end(json);
}

static bool write_resource(struct json_writer *json, const struct place *place, bool is_objects,
                           struct arena *arena)
{
    struct slice arn =
        arena_printf(arena, "arn:%.*s:s3:::%.*s%s%.*s%s", SLICE_ARG(place->partition),
                     SLICE_ARG(place->bucket), is_objects && place->prefix.len > 0 ? "/" : "",
                     is_objects ? (int)place->prefix.len : 0, place->prefix.ptr,
                     is_objects ? "/*" : "");
    if (arn.ptr)
        json_write_string_member(json, "Resource", arn);
    return arn.ptr != NULL;
}

/* Listing "db/t" would name the objects of "db/t2", too: only what is below the slash. */
static bool write_listing(struct json_writer *json, const struct place *place, struct arena *arena)
{
    static const char *const actions[] = {"s3:ListBucket"};
    struct slice prefix =
        arena_printf(arena, "%.*s%s*", SLICE_ARG(place->prefix), place->prefix.len > 0 ? "/" : "");
    json_write_object_begin(json);
    write_actions(json, actions, 1);
    bool ok = write_resource(json, place, false, arena) && prefix.ptr != NULL;
    json_write_key(json, "Condition");
    json_write_object_begin(json);
    json_write_key(json, "StringLike");
    json_write_object_begin(json);
    json_write_string_member(json, "s3:prefix", ok ? prefix : SLICE_EMPTY);
    json_write_object_end(json);
    json_write_object_end(json);
    json_write_object_end(json);
    return ok;
}

static bool write_policy(struct json_writer *json, const struct place *place,
                         enum session_rights rights, struct arena *arena)
{
    bool may_write = rights == SESSION_READ_WRITE;
    json_write_object_begin(json);
    json_write_string_member(json, "Version", SLICE_LITERAL("2012-10-17"));
    json_write_key(json, "Statement");
    json_write_array_begin(json);
    json_write_object_begin(json);
    write_actions(json, may_write ? WRITE_ACTIONS : READ_ACTIONS,
                  may_write ? sizeof(WRITE_ACTIONS) / sizeof(WRITE_ACTIONS[0]) : 1);
    bool ok = write_resource(json, place, true, arena);
    json_write_object_end(json);
    ok = write_listing(json, place, arena) && ok;
    json_write_array_end(json);
    json_write_object_end(json);
    return ok;
}

bool session_policy_make(struct slice location, enum session_rights rights, struct slice region,
                         struct arena *arena, struct slice *ret_policy, struct error *err)
{
    struct place place;
    struct buffer text;
    struct json_writer json;
    TRY(place_of(location, region, &place, err));
    buffer_init(&text, MAX_POLICY_SIZE);
    json_writer_init(&json, &text);
    bool ok = write_policy(&json, &place, rights, arena);
    struct slice copy =
        ok && buffer_ok(&text) ? arena_slice(arena, buffer_slice(&text)) : (struct slice){NULL, 0};
    buffer_finish(&text);
    if (copy.ptr == NULL)
        return error_no_memory(err, "a policy");
    *ret_policy = copy;
    return true;
}
