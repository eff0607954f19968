#include "server/access_grant.h"

#include "scan/plan_token.h"
#include "server/server.h"

#define GRANT_STEP_MS ((int64_t)3600 * 1000)

static struct plan_sealer sealer_at(const struct op *op, int64_t now_ms)
{
    return (struct plan_sealer){.key = &op->server->plan_key,
                                .table = op->call.warehouse->name,
                                .now_ms = now_ms};
}

bool access_grant_make(struct op *op, struct slice location, struct error *err)
{
    int64_t now_ms = clock_now_ms(op->server->catalog->clock);
    const struct plan_sealer sealer = sealer_at(op, now_ms - now_ms % GRANT_STEP_MS);
    return plan_token_seal(&sealer, PLAN_TOKEN_GRANT, location, op->call.arena, &op->grant, err);
}

/* A dropped table keeps its place for a while: whoever had it may still clean up there. */
static bool check_free(struct op *op, struct slice location, struct error *err)
{
    struct pointer_view *view = NULL;
    struct entity_row row = {.is_dropped = false};
    bool is_found = false;
    TRY(pointer_view_begin(op->server->pointers, &view, err));
    bool ok = pointer_location_overlap(view, location, 0, op->call.arena, &row, &is_found, err);
    pointer_view_end(view);
    TRY(ok);
    return !is_found || row.is_dropped ||
           error_set(err, ERROR_FORBIDDEN,
                     "%.*s is the place of another table by now: load that one by its name",
                     SLICE_ARG(location));
}

bool access_grant_open(struct op *op, struct slice *ret_location, struct error *err)
{
    struct slice text, location = {NULL, 0};
    TRY(request_query(op->request, "grant", &text, err));
    if (text.ptr != NULL) {
        const struct plan_sealer sealer = sealer_at(op, clock_now_ms(op->server->catalog->clock));
        TRY(plan_token_open(&sealer, PLAN_TOKEN_GRANT, text, op->call.arena, &location, err));
        TRY(check_free(op, location, err));
    }
    *ret_location = location;
    return true;
}
