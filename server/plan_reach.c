#include "server/plan_reach.h"

#include "catalog/location_policy.h"
#include "storage/location.h"

static bool check(void *context, struct slice path, struct error *err)
{
    const struct plan_reach *reach = context;
    return location_check_read(reach->catalog, reach->warehouse, reach->place, path, err);
}

void plan_reach_init(struct plan_reach *reach, const struct call *call,
                     const struct table_metadata *metadata)
{
    struct slice place = SLICE_EMPTY;
    /* A table whose location has no canonical form has no place: what it reads must be allowed. */
    (void)location_canonical(metadata->location, call->arena, &place, NULL);
    *reach = (struct plan_reach){
        .catalog = call->catalog,
        .warehouse = call->warehouse,
        .place = place,
        .guard = {check, reach},
    };
}
