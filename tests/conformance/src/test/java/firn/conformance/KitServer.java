package firn.conformance;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.BadRequestException;
import org.apache.iceberg.rest.RESTCatalog;

/**
 * The server under test, and the clients that were opened on it.
 *
 * <p>FIRN_URL (system property or environment variable) says where it is. Its catalog must be one
 * that may be emptied: {@link #purge} drops all that is in it.
 */
final class KitServer implements Closeable {
  /* A server that is silent for so long is broken; without a bound the kit would hang on it. */
  private static final String SOCKET_TIMEOUT_MS = "60000";

  private final Deque<RESTCatalog> clients = new ArrayDeque<>();

  static String setting(String name, String fallback) {
    String property = System.getProperty(name);
    if (property != null) {
      return property;
    }
    String variable = System.getenv(name);
    return variable != null ? variable : fallback;
  }

  /** An answer about the server that only a weaker server than ours needs to change. */
  static boolean supports(String name) {
    return Boolean.parseBoolean(setting(name, "true"));
  }

  RESTCatalog connect(String name, Map<String, String> extra) {
    Map<String, String> properties = new HashMap<>(clientProperties());
    properties.putAll(extra);
    RESTCatalog client = new RESTCatalog();
    client.setConf(new Configuration());
    client.initialize(name, properties);
    clients.push(client);
    return client;
  }

  private static Map<String, String> clientProperties() {
    String url = setting("FIRN_URL", null);
    if (url == null) {
      throw new IllegalStateException("FIRN_URL must name the server under test");
    }
    Map<String, String> properties = new HashMap<>();
    properties.put(CatalogProperties.URI, url);
    properties.put("rest.client.socket-timeout-ms", SOCKET_TIMEOUT_MS);
    String warehouse = setting("FIRN_WAREHOUSE", null);
    if (warehouse != null) {
      properties.put(CatalogProperties.WAREHOUSE_LOCATION, warehouse);
    }
    String access = setting("KIT_ACCESS", null);
    if (access != null) {
      properties.put(CatalogProperties.FILE_IO_IMPL, "org.apache.iceberg.aws.s3.S3FileIO");
      properties.put("header.X-Iceberg-Access-Delegation", access);
    }
    addKitDefaults(properties);
    return properties;
  }

  /* The kit's tests of catalog-level defaults and overrides look for exactly these. */
  private static void addKitDefaults(Map<String, String> properties) {
    String tableDefault = CatalogProperties.TABLE_DEFAULT_PREFIX;
    String tableOverride = CatalogProperties.TABLE_OVERRIDE_PREFIX;
    properties.put(tableDefault + "default-key1", "catalog-default-key1");
    properties.put(tableDefault + "default-key2", "catalog-default-key2");
    properties.put(tableDefault + "override-key3", "catalog-default-key3");
    properties.put(tableOverride + "override-key3", "catalog-override-key3");
    properties.put(tableOverride + "override-key4", "catalog-override-key4");
    String viewDefault = CatalogProperties.VIEW_DEFAULT_PREFIX;
    String viewOverride = CatalogProperties.VIEW_OVERRIDE_PREFIX;
    properties.put(viewDefault + "key1", "catalog-default-key1");
    properties.put(viewDefault + "key2", "catalog-default-key2");
    properties.put(viewDefault + "key3", "catalog-default-key3");
    properties.put(viewOverride + "key3", "catalog-override-key3");
    properties.put(viewOverride + "key4", "catalog-override-key4");
  }

  /** Empties the catalog, children before parents. A failure is the test's failure. */
  static void purge(RESTCatalog catalog) {
    for (Namespace namespace : catalog.listNamespaces()) {
      purge(catalog, namespace);
    }
  }

  private static void purge(RESTCatalog catalog, Namespace namespace) {
    for (Namespace child : catalog.listNamespaces(namespace)) {
      purge(catalog, child);
    }
    for (TableIdentifier table : catalog.listTables(namespace)) {
      dropTable(catalog, table);
    }
    for (TableIdentifier view : catalog.listViews(namespace)) {
      catalog.dropView(view);
    }
    catalog.dropNamespace(namespace);
  }

  /* A server may refuse to purge a table that has gc.enabled=false; 400 has two faces here. */
  private static void dropTable(RESTCatalog catalog, TableIdentifier table) {
    try {
      catalog.dropTable(table, true);
    } catch (BadRequestException | IllegalArgumentException refused) {
      catalog.dropTable(table, false);
    }
  }

  @Override
  public void close() throws IOException {
    while (!clients.isEmpty()) {
      clients.pop().close();
    }
  }
}
