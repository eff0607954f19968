/*
 * plan_reply.h — what the operations on plans have in common: the table, its tokens' sealer, an
 * opened plan, and its files as an answer that is sent while it is made.
 *
 * Errors:   those of the table, of the plan and of the stream
 * Threads:  one request's
 */
#ifndef SERVER_PLAN_REPLY_H
#define SERVER_PLAN_REPLY_H

#include "catalog/table.h"
#include "scan/plan_split.h"
#include "server/op.h"
#include "server/plan_reach.h"

/* The table that the path names; table_result_finish is due after success. */
bool plan_reply_table(struct op *op, struct table_result *ret_table, struct error *err);
struct plan_sealer plan_reply_sealer(const struct op *op, const struct table_metadata *metadata);

/* `reach` is filled, and must outlive the plan, as must the request. */
bool plan_reply_open(struct op *op, struct table_metadata *metadata,
                     const struct plan_request *request, struct plan_reach *reach,
                     struct plan **ret_plan, struct error *err);

/* {"status":"completed", "plan-id" where there is one, credentials to read the files where the
 * client asks for them, and files or plan tasks}. */
bool plan_reply_completed(struct op *op, const struct table_metadata *metadata,
                          const struct plan_sealer *sealer, struct plan *plan, struct slice id,
                          struct reply **ret_reply, struct error *err);
/* The files of a part. */
bool plan_reply_part(struct op *op, struct plan *plan, struct plan_window window,
                     struct reply **ret_reply, struct error *err);

#endif
