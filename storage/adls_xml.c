#include "storage/adls_xml.h"

#include "storage/xml_walk.h"

#define BLOB "/EnumerationResults/Blobs/Blob"

struct listing {
    list_name_fn visit;
    void *context;
    struct arena *arena; /* of the marker */
    struct arena names;  /* of the entry that is being read */
    struct slice next;
    struct slice name;
    int64_t size;
    bool is_directory;
    bool is_listing; /* the root element was that of a listing */
};

static void entry_begin(struct listing *listing)
{
    arena_finish(&listing->names);
    arena_init(&listing->names, 2 * XML_MAX_TEXT_SIZE);
    listing->name = SLICE_EMPTY;
    listing->size = 0;
    listing->is_directory = false;
}

static bool entry_end(struct listing *listing, struct error *err)
{
    bool ok = listing->is_directory ||
              listing->visit(listing->context, listing->name, (uint64_t)listing->size, err);
    entry_begin(listing);
    return ok;
}

static bool keep(struct arena *arena, struct slice text, struct slice *ret_text, struct error *err)
{
    *ret_text = arena_slice(arena, text);
    return ret_text->ptr || error_no_memory(err, "a listing of an object store");
}

/* A hierarchical namespace lists directories as blobs that say so, the one way or the other. */
static bool is_directory_mark(struct slice path, struct slice text)
{
    return (slice_equals_ignore_case(path, SLICE_LITERAL(BLOB "/Metadata/hdi_isfolder")) &&
            slice_equals_ignore_case(text, SLICE_LITERAL("true"))) ||
           (slice_equals_string(path, BLOB "/Properties/ResourceType") &&
            slice_equals_ignore_case(text, SLICE_LITERAL("directory")));
}

static bool list_text(void *context, struct slice path, struct slice text, struct error *err)
{
    struct listing *listing = context;
    if (slice_equals_string(path, BLOB))
        return entry_end(listing, err);
    if (slice_equals_string(path, "/EnumerationResults"))
        listing->is_listing = true;
    if (slice_equals_string(path, "/EnumerationResults/NextMarker"))
        return keep(listing->arena, text, &listing->next, err);
    if (slice_equals_string(path, BLOB "/Name"))
        return keep(&listing->names, text, &listing->name, err);
    if (is_directory_mark(path, text))
        listing->is_directory = true;
    if (slice_equals_string(path, BLOB "/Properties/Content-Length") &&
        (!slice_to_int64(text, &listing->size) || listing->size < 0))
        return error_set(err, ERROR_CORRUPT, "the listing has an object of no size");
    return true;
}

bool adls_list_parse(struct slice xml, list_name_fn visit, void *context, struct arena *arena,
                     struct slice *ret_next, struct error *err)
{
    struct listing listing = {.visit = visit, .context = context, .arena = arena};
    listing.next = SLICE_EMPTY;
    arena_init(&listing.names, 2 * XML_MAX_TEXT_SIZE);
    entry_begin(&listing);
    bool ok = xml_walk(xml, list_text, &listing, err);
    arena_finish(&listing.names);
    if (ok && !listing.is_listing)
        return error_set(err, ERROR_CORRUPT, "the XML is no listing of Azure's");
    if (ok)
        *ret_next = listing.next;
    return ok;
}

/* --- Get User Delegation Key ---------------------------------------------------------------- */

struct delegation {
    struct arena *arena;
    struct azure_delegation_key key;
};

static bool key_text(void *context, struct slice path, struct slice text, struct error *err)
{
    struct delegation *delegation = context;
    struct azure_delegation_key *key = &delegation->key;
    const struct {
        const char *path;
        struct slice *ret_text;
    } wanted[] = {
        {"/UserDelegationKey/SignedOid", &key->object_id},
        {"/UserDelegationKey/SignedTid", &key->tenant_id},
        {"/UserDelegationKey/SignedStart", &key->start},
        {"/UserDelegationKey/SignedExpiry", &key->expiry},
        {"/UserDelegationKey/SignedService", &key->service},
        {"/UserDelegationKey/SignedVersion", &key->version},
        {"/UserDelegationKey/Value", &key->value},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!slice_equals_string(path, wanted[i].path))
            continue;
        *wanted[i].ret_text = arena_slice(delegation->arena, text);
        if (!wanted[i].ret_text->ptr)
            return error_no_memory(err, "a user delegation key");
    }
    return true;
}

bool adls_delegation_key_parse(struct slice xml, struct arena *arena,
                               struct azure_delegation_key *ret_key, struct error *err)
{
    struct delegation delegation = {.arena = arena};
    const struct azure_delegation_key *key = &delegation.key;
    TRY(xml_walk(xml, key_text, &delegation, err));
    const struct slice parts[] = {key->object_id, key->tenant_id, key->start, key->expiry,
                                  key->service,   key->version,   key->value};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].len == 0)
            return error_set(err, ERROR_CORRUPT, "the XML is no user delegation key");
    *ret_key = *key;
    return true;
}
