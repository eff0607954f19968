#include "storage/s3_xml.h"

#include "base/percent.h"
#include "storage/xml_walk.h"

/* One text of an answer: where it stands, and where it goes. */
struct wanted {
    const char *path; /* its end: "/Error/Code" */
    struct slice *ret_text;
};

struct picking {
    const struct wanted *wanted;
    size_t count;
    struct arena *arena;
};

static bool pick(void *context, struct slice path, struct slice text, struct error *err)
{
    const struct picking *picking = context;
    for (size_t i = 0; i < picking->count; i++) {
        const struct wanted *wanted = &picking->wanted[i];
        if (!slice_ends_with(path, slice_from_string(wanted->path)))
            continue;
        *wanted->ret_text = arena_slice(picking->arena, text);
        if (!wanted->ret_text->ptr)
            return error_no_memory(err, "an answer of an object store");
    }
    return true;
}

bool s3_fault_parse(struct slice xml, struct arena *arena, struct s3_fault *ret_fault,
                    struct error *err)
{
    struct s3_fault fault = {SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY};
    const struct wanted wanted[] = {
        {"/Error/Code", &fault.code},
        {"/Error/Message", &fault.message},
        {"/Error/Region", &fault.region},
    };
    struct picking picking = {wanted, sizeof wanted / sizeof wanted[0], arena};
    TRY(xml_walk(xml, pick, &picking, err));
    if (fault.code.len == 0)
        return error_set(err, ERROR_CORRUPT, "the XML is no error of S3's");
    *ret_fault = fault;
    return true;
}

/* --- ListObjectsV2 -------------------------------------------------------------------------- */

struct listing {
    list_name_fn visit;
    void *context;
    struct arena *arena;
    struct slice next;
    struct slice key; /* of the entry that is being read, as it is encoded */
    int64_t size;
    bool is_listing; /* the root element was that of a listing */
};

static bool list_entry(struct listing *listing, struct error *err)
{
    struct arena scratch;
    struct slice key;
    arena_init(&scratch, XML_MAX_TEXT_SIZE);
    bool ok = percent_decode(listing->key, true, &scratch, &key, err) &&
              listing->visit(listing->context, key, (uint64_t)listing->size, err);
    arena_finish(&scratch);
    return ok;
}

static bool list_text(void *context, struct slice path, struct slice text, struct error *err)
{
    struct listing *listing = context;
    if (slice_equals_string(path, "/ListBucketResult/Contents"))
        return list_entry(listing, err);
    if (slice_equals_string(path, "/ListBucketResult"))
        listing->is_listing = true;
    struct slice *place =
        slice_equals_string(path, "/ListBucketResult/Contents/Key")            ? &listing->key
        : slice_equals_string(path, "/ListBucketResult/NextContinuationToken") ? &listing->next
                                                                               : NULL;
    if (place)
        *place = arena_slice(listing->arena, text);
    if (place && !place->ptr)
        return error_no_memory(err, "a listing of an object store");
    if (slice_equals_string(path, "/ListBucketResult/Contents/Size") &&
        (!slice_to_int64(text, &listing->size) || listing->size < 0))
        return error_set(err, ERROR_CORRUPT, "the listing has an object of no size");
    return true;
}

bool s3_list_parse(struct slice xml, list_name_fn visit, void *context, struct arena *arena,
                   struct slice *ret_next, struct error *err)
{
    struct listing listing = {.visit = visit,
                              .context = context,
                              .arena = arena,
                              .next = SLICE_EMPTY};
    TRY(xml_walk(xml, list_text, &listing, err));
    if (!listing.is_listing)
        return error_set(err, ERROR_CORRUPT, "the XML is no listing of S3's");
    *ret_next = listing.next;
    return true;
}

/* --- DeleteObjects -------------------------------------------------------------------------- */

/* Control characters have no place in XML 1.0, however they are written; as references expat and
 * S3 take the three that are white space. */
static void append_escaped(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\t' || c == '\n' || c == '\r')
            buffer_printf(out, "&#%d;", c);
        else
            buffer_append_byte(out, c);
    }
}

void s3_delete_append(struct buffer *out, const struct slice *keys, size_t count)
{
    buffer_append_string(out, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                              "<Quiet>true</Quiet>");
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, "<Object><Key>");
        append_escaped(out, keys[i]);
        buffer_append_string(out, "</Key></Object>");
    }
    buffer_append_string(out, "</Delete>");
}

struct deletion {
    struct arena *arena;
    struct s3_delete_fault first;
    bool is_result;
};

/* A key that was not there is no failure. */
static bool delete_text(void *context, struct slice path, struct slice text, struct error *err)
{
    struct deletion *deletion = context;
    struct slice *place =
        slice_equals_string(path, "/DeleteResult/Error/Key")    ? &deletion->first.key
        : slice_equals_string(path, "/DeleteResult/Error/Code") ? &deletion->first.code
                                                                : NULL;
    if (slice_equals_string(path, "/DeleteResult"))
        deletion->is_result = true;
    if (place && !place->ptr)
        *place = arena_slice(deletion->arena, text);
    return !place || place->ptr || error_no_memory(err, "an answer of an object store");
}

bool s3_delete_parse(struct slice xml, struct arena *arena, struct s3_delete_fault *ret_fault,
                     struct error *err)
{
    struct deletion deletion = {.arena = arena};
    TRY(xml_walk(xml, delete_text, &deletion, err));
    if (!deletion.is_result)
        return error_set(err, ERROR_CORRUPT, "the XML is no answer to DeleteObjects");
    *ret_fault = deletion.first;
    return true;
}

/* --- STS ------------------------------------------------------------------------------------ */

bool sts_answer_parse(struct slice xml, struct arena *arena, struct sts_answer *ret_answer,
                      struct error *err)
{
    struct sts_answer answer = {SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY};
    const struct wanted wanted[] = {
        {"/Credentials/AccessKeyId", &answer.access_key_id},
        {"/Credentials/SecretAccessKey", &answer.secret_access_key},
        {"/Credentials/SessionToken", &answer.session_token},
        {"/Credentials/Expiration", &answer.expiration},
    };
    struct picking picking = {wanted, sizeof wanted / sizeof wanted[0], arena};
    TRY(xml_walk(xml, pick, &picking, err));
    if (answer.access_key_id.len == 0 || answer.secret_access_key.len == 0)
        return error_set(err, ERROR_CORRUPT, "the XML has no credentials");
    *ret_answer = answer;
    return true;
}
