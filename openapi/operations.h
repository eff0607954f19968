/*
 * operations.h — the one table of operations.
 *
 * The router, the `endpoints` list of GET /v1/config, the names in the log and the change log,
 * privileges, lanes and the test against the protocol's document all come from these rows.
 * A new operation is a row here, a handler in server/op_*.c and its tests.
 *
 * X(operationId, METHOD, path, handler, privilege, lane, state)
 *   privilege  what the caller must be allowed to do (checked once authentication exists)
 *   lane       FAST: tried on the HTTP thread from memory, handed to a worker where it would wait;
 *              WORKER: always handed to a worker; STREAM: so is this, and its answer may be sent
 *              while it is made (server/workers.h)
 *   state      SERVED: routed and advertised · HIDDEN: routed, not advertised
 */
#ifndef OPENAPI_OPERATIONS_H
#define OPENAPI_OPERATIONS_H

#define NS "/v1/{prefix}/namespaces/{namespace}"
#define TABLE NS "/tables/{table}"
#define VIEW NS "/views/{view}"

/* The protocol's operations (Iceberg REST catalog). */
#define PROTOCOL_OPERATIONS(X)                                                                    \
    X(getConfig, GET, "/v1/config", op_get_config, CATALOG_READ, FAST, SERVED)                    \
    X(getToken, POST, "/v1/oauth/tokens", op_get_token, NONE, FAST, HIDDEN)                       \
    X(listNamespaces, GET, "/v1/{prefix}/namespaces", op_list_namespaces, NAMESPACE_READ, FAST,   \
      SERVED)                                                                                     \
    X(createNamespace, POST, "/v1/{prefix}/namespaces", op_create_namespace, NAMESPACE_WRITE,     \
      WORKER, SERVED)                                                                             \
    X(loadNamespaceMetadata, GET, NS, op_load_namespace, NAMESPACE_READ, WORKER, SERVED)          \
    X(namespaceExists, HEAD, NS, op_namespace_exists, NAMESPACE_READ, WORKER, SERVED)             \
    X(dropNamespace, DELETE, NS, op_drop_namespace, NAMESPACE_WRITE, WORKER, SERVED)              \
    X(updateProperties, POST, NS "/properties", op_update_properties, NAMESPACE_WRITE, WORKER,    \
      SERVED)                                                                                     \
    X(listTables, GET, NS "/tables", op_list_tables, TABLE_LIST, FAST, SERVED)                    \
    X(createTable, POST, NS "/tables", op_create_table, TABLE_CREATE, WORKER, SERVED)             \
    X(listFunctions, GET, NS "/functions", op_list_functions, FUNCTION_READ, FAST, SERVED)        \
    X(loadFunction, GET, NS "/functions/{function}", op_load_function, FUNCTION_READ, WORKER,     \
      SERVED)                                                                                     \
    X(planTableScan, POST, TABLE "/plan", op_plan_scan, TABLE_READ, STREAM, SERVED)               \
    X(fetchPlanningResult, GET, TABLE "/plan/{plan-id}", op_fetch_plan, TABLE_READ,               \
      STREAM, SERVED)                                                                             \
    X(cancelPlanning, DELETE, TABLE "/plan/{plan-id}", op_cancel_plan, TABLE_READ,                \
      WORKER, SERVED)                                                                             \
    X(fetchScanTasks, POST, TABLE "/tasks", op_fetch_tasks, TABLE_READ, STREAM, SERVED)           \
    X(registerTable, POST, NS "/register", op_register_table, TABLE_CREATE, WORKER, SERVED)       \
    X(loadTable, GET, TABLE, op_load_table, TABLE_READ, FAST, SERVED)                             \
    X(updateTable, POST, TABLE, op_update_table, TABLE_WRITE, WORKER, SERVED)                     \
    X(dropTable, DELETE, TABLE, op_drop_table, TABLE_DROP, WORKER, SERVED)                        \
    X(tableExists, HEAD, TABLE, op_table_exists, TABLE_READ, FAST, SERVED)                        \
    X(unregisterTable, POST, TABLE "/unregister", op_unregister_table, TABLE_DROP, WORKER,        \
      SERVED)                                                                                     \
    X(loadCredentials, GET, TABLE "/credentials", op_load_credentials, TABLE_READ, FAST, SERVED)  \
    X(signRequest, POST, TABLE "/sign", op_sign, TABLE_READ, FAST, SERVED)                        \
    X(renameTable, POST, "/v1/{prefix}/tables/rename", op_rename_table, TABLE_DROP, WORKER,       \
      SERVED)                                                                                     \
    X(reportMetrics, POST, TABLE "/metrics", op_report_metrics, TABLE_READ, WORKER, SERVED)       \
    X(commitTransaction, POST, "/v1/{prefix}/transactions/commit", op_commit_transaction,         \
      TABLE_WRITE, WORKER, SERVED)                                                                \
    X(listViews, GET, NS "/views", op_list_views, VIEW_LIST, FAST, SERVED)                        \
    X(createView, POST, NS "/views", op_create_view, VIEW_CREATE, WORKER, SERVED)                 \
    X(loadView, GET, VIEW, op_load_view, VIEW_READ, FAST, SERVED)                                 \
    X(replaceView, POST, VIEW, op_replace_view, VIEW_WRITE, WORKER, SERVED)                       \
    X(dropView, DELETE, VIEW, op_drop_view, VIEW_DROP, WORKER, SERVED)                            \
    X(viewExists, HEAD, VIEW, op_view_exists, VIEW_READ, FAST, SERVED)                            \
    X(renameView, POST, "/v1/{prefix}/views/rename", op_rename_view, VIEW_DROP, WORKER, SERVED)   \
    X(registerView, POST, NS "/register-view", op_register_view, VIEW_CREATE, WORKER, SERVED)

/* Our own operations, for the people who run the server, and what old clients ask for. Never in
 * `endpoints`. */
#define MANAGEMENT_OPERATIONS(X)                                                                  \
    X(signObject, POST, "/v1/{prefix}/aws/s3/sign", op_sign_object, TABLE_READ, WORKER, HIDDEN)   \
    X(listWarehouses, GET, "/management/v1/warehouses", op_list_warehouses, MANAGE, WORKER,       \
      HIDDEN)                                                                                     \
    X(createWarehouse, POST, "/management/v1/warehouses", op_create_warehouse, MANAGE, WORKER,    \
      HIDDEN)                                                                                     \
    X(loadWarehouse, GET, "/management/v1/warehouses/{warehouse}", op_load_warehouse, MANAGE,     \
      WORKER, HIDDEN)                                                                             \
    X(alterWarehouse, POST, "/management/v1/warehouses/{warehouse}", op_alter_warehouse, MANAGE,  \
      WORKER, HIDDEN)                                                                             \
    X(removeWarehouse, DELETE, "/management/v1/warehouses/{warehouse}", op_remove_warehouse,      \
      MANAGE, WORKER, HIDDEN)                                                                     \
    X(checkWarehouse, POST, "/management/v1/warehouses/{warehouse}/check", op_check_warehouse,    \
      MANAGE, WORKER, HIDDEN)                                                                     \
    X(listMetricsReports, GET,                                                                    \
      "/management/v1/warehouses/{warehouse}/namespaces/{namespace}/tables/{table}/metrics",      \
      op_list_metrics_reports, MANAGE, WORKER, HIDDEN)                                            \
    X(explainPlan, POST,                                                                          \
      "/management/v1/warehouses/{warehouse}/namespaces/{namespace}/tables/{table}/explain",      \
      op_explain_plan, MANAGE, WORKER, HIDDEN)                                                    \
    X(putFunction, PUT,                                                                           \
      "/management/v1/warehouses/{warehouse}/namespaces/{namespace}/functions/{function}",        \
      op_put_function, MANAGE, WORKER, HIDDEN)                                                    \
    X(dropFunction, DELETE,                                                                       \
      "/management/v1/warehouses/{warehouse}/namespaces/{namespace}/functions/{function}",        \
      op_drop_function, MANAGE, WORKER, HIDDEN)                                                   \
    X(checkRegister, POST, "/management/v1/warehouses/{warehouse}/check-register",                \
      op_check_register, MANAGE, WORKER, HIDDEN)                                                  \
    X(listDropped, GET, "/management/v1/warehouses/{warehouse}/dropped", op_list_dropped, MANAGE, \
      WORKER, HIDDEN)                                                                             \
    X(undrop, POST, "/management/v1/warehouses/{warehouse}/undrop", op_undrop, MANAGE, WORKER,    \
      HIDDEN)                                                                                     \
    X(forgetDropped, POST, "/management/v1/warehouses/{warehouse}/forget-dropped",                \
      op_forget_dropped, MANAGE, WORKER, HIDDEN)                                                  \
    X(listChanges, GET, "/management/v1/changes", op_list_changes, MANAGE, WORKER, HIDDEN)        \
    X(listPurges, GET, "/management/v1/purges", op_list_purges, MANAGE, WORKER, HIDDEN)           \
    X(getLogLevel, GET, "/management/v1/log-level", op_get_log_level, MANAGE, FAST, HIDDEN)       \
    X(setLogLevel, PUT, "/management/v1/log-level", op_set_log_level, MANAGE, WORKER, HIDDEN)     \
    X(getCounters, GET, "/management/v1/counters", op_get_counters, MANAGE, FAST, HIDDEN)         \
    X(listManifests, GET,                                                                         \
      "/management/v1/warehouses/{warehouse}/namespaces/{namespace}/tables/{table}/manifests",    \
      op_list_manifests, MANAGE, WORKER, HIDDEN)                                                  \
    X(getPage, GET, "/", op_get_page, NONE, FAST, HIDDEN)                                         \
    X(getDocumentation, GET, "/docs", op_get_documentation, NONE, FAST, HIDDEN)                   \
    X(getPageFile, GET, "/web/{file}", op_get_asset, NONE, FAST, HIDDEN)                          \
    X(getMetrics, GET, "/metrics", op_get_metrics, MANAGE, WORKER, HIDDEN)                        \
    X(getHealth, GET, "/healthz", op_get_health, NONE, FAST, HIDDEN)                              \
    X(getReadiness, GET, "/readyz", op_get_readiness, NONE, FAST, HIDDEN)

#define ALL_OPERATIONS(X) PROTOCOL_OPERATIONS(X) MANAGEMENT_OPERATIONS(X)

enum operation_id {
#define X(id, method, path, handler, privilege, lane, state) OPERATION_##id,
    ALL_OPERATIONS(X)
#undef X
    OPERATION_COUNT
};

#endif
