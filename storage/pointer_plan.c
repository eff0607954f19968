#include "storage/pointer_plan.h"

#include "storage/pointer_internal.h"

bool pointer_plan_get(struct pointer_view *view, struct slice id, int64_t now_ms,
                      struct arena *arena, struct plan_row *ret_row, bool *ret_found,
                      struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    struct plan_row row = {0};
    bool has_row = false;
    TRY(statement_begin(view->connection, STATEMENT_PLAN_GET, &statement, err));
    statement_bind_text(&statement, 1, id);
    statement_bind_int64(&statement, 2, now_ms);
    TRY(statement_step(&statement, &has_row, err));
    if (has_row) {
        row.state = (enum plan_state)statement_int64(&statement, 0);
        TRY(statement_text(&statement, 1, arena, &row.request, err));
        TRY(statement_text(&statement, 2, arena, &row.failure, err));
        *ret_row = row;
    }
    *ret_found = has_row;
    return true;
}

static bool insert(struct pointer_txn *txn, const struct plan_submission *plan, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_PLAN_INSERT, &statement, err));
    statement_bind_text(&statement, 1, plan->id);
    statement_bind_text(&statement, 2, plan->request);
    statement_bind_int64(&statement, 3, plan->expires_ms);
    statement_bind_int64(&statement, 4, plan->now_ms);
    statement_bind_int64(&statement, 5, plan->most - 1);
    return statement_run(&statement, err);
}

bool pointer_plan_submit(struct pointer_txn *txn, const struct plan_submission *plan,
                         bool *ret_has_room, struct error *err)
{
    TRY(pointer_plan_expire(txn, plan->now_ms, err));
    TRY(insert(txn, plan, err));
    *ret_has_room = sqlite3_changes(txn->view.connection->db) > 0;
    return true;
}

bool pointer_plan_settle(struct pointer_txn *txn, struct slice id, enum plan_state state,
                         struct slice failure, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_PLAN_SETTLE, &statement, err));
    statement_bind_text(&statement, 1, id);
    statement_bind_int64(&statement, 2, (int64_t)state);
    statement_bind_text(&statement, 3, failure);
    return statement_run(&statement, err);
}

bool pointer_plan_cancel(struct pointer_txn *txn, struct slice id, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_PLAN_CANCEL, &statement, err));
    statement_bind_text(&statement, 1, id);
    return statement_run(&statement, err);
}

bool pointer_plan_expire(struct pointer_txn *txn, int64_t now_ms, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(txn->view.connection, STATEMENT_PLAN_EXPIRE, &statement, err));
    statement_bind_int64(&statement, 1, now_ms);
    return statement_run(&statement, err);
}
