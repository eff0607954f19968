#include "storage/xml_walk.h"

#include <expat.h>
#include <limits.h>

#include "base/buffer.h"
#include "base/limits.h"

#define MAX_PATH_SIZE (4 * KIB)

struct walk {
    XML_Parser parser;
    xml_visit_fn visit;
    void *context;
    struct error *err;
    struct buffer path;
    struct buffer text;               /* of all open elements, one behind the other */
    size_t text_start[XML_MAX_DEPTH]; /* of each open element, in `text` */
    size_t depth;
    bool has_failed; /* and *err says why */
};

/* Always ends the walk. */
static void refuse(struct walk *walk, const char *why)
{
    if (!walk->has_failed)
        error_set(walk->err, ERROR_CORRUPT, "the XML %s", why);
    walk->has_failed = true;
    XML_StopParser(walk->parser, XML_FALSE);
}

static void element_begins(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct walk *walk = context;
    (void)attributes;
    if (walk->has_failed)
        return;
    if (walk->depth == XML_MAX_DEPTH) {
        refuse(walk, "is nested too deep");
        return;
    }
    walk->text_start[walk->depth++] = walk->text.len;
    buffer_append_byte(&walk->path, '/');
    buffer_append_string(&walk->path, name);
    if (!buffer_ok(&walk->path))
        refuse(walk, "has a name that is too long");
}

static void text_comes(void *context, const XML_Char *text, int size)
{
    struct walk *walk = context;
    buffer_append(&walk->text, text, (size_t)size);
    if (!buffer_ok(&walk->text))
        refuse(walk, "has a text that is too long");
}

static void element_ends(void *context, const XML_Char *name)
{
    struct walk *walk = context;
    if (walk->has_failed || walk->depth == 0)
        return;
    size_t start = walk->text_start[--walk->depth];
    struct slice text = slice_from(buffer_slice(&walk->text), start);
    if (!walk->visit(walk->context, buffer_slice(&walk->path), text, walk->err)) {
        walk->has_failed = true;
        XML_StopParser(walk->parser, XML_FALSE);
    }
    buffer_truncate(&walk->text, start);
    buffer_truncate(&walk->path, walk->path.len - strlen(name) - 1);
}

static void doctype_begins(void *context, const XML_Char *name, const XML_Char *system_id,
                           const XML_Char *public_id, int has_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_subset;
    refuse(context, "has a document type, which no answer of an object store has");
}

static bool parse(struct walk *walk, struct slice xml)
{
    if (xml.len > INT_MAX)
        return error_set(walk->err, ERROR_CORRUPT, "the XML is too long");
    XML_SetUserData(walk->parser, walk);
    XML_SetElementHandler(walk->parser, element_begins, element_ends);
    XML_SetCharacterDataHandler(walk->parser, text_comes);
    XML_SetStartDoctypeDeclHandler(walk->parser, doctype_begins);
    if (XML_Parse(walk->parser, xml.ptr, (int)xml.len, XML_TRUE) == XML_STATUS_OK)
        return !walk->has_failed;
    enum XML_Error code = XML_GetErrorCode(walk->parser);
    if (walk->has_failed)
        return false;
    if (code == XML_ERROR_NO_MEMORY)
        return error_no_memory(walk->err, "an answer of an object store");
    return error_set(walk->err, ERROR_CORRUPT, "the XML is not well formed at byte %ld: %s",
                     (long)XML_GetCurrentByteIndex(walk->parser), XML_ErrorString(code));
}

bool xml_walk(struct slice xml, xml_visit_fn visit, void *context, struct error *err)
{
    struct error cause = {0};
    struct walk walk = {.parser = XML_ParserCreate("UTF-8"),
                        .visit = visit,
                        .context = context,
                        .err = &cause};
    if (!walk.parser)
        return error_no_memory(err, "an answer of an object store");
    buffer_init(&walk.path, MAX_PATH_SIZE);
    buffer_init(&walk.text, XML_MAX_TEXT_SIZE);
    bool ok = parse(&walk, xml);
    XML_ParserFree(walk.parser);
    buffer_finish(&walk.path);
    buffer_finish(&walk.text);
    if (!ok && err)
        *err = cause;
    return ok;
}
