package firn.conformance;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.iceberg.catalog.CatalogTests;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.rest.RESTCatalog;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kit's tests of namespaces, tables and transactions, with every optional behaviour on. */
class FirnCatalogTests extends CatalogTests<RESTCatalog> {
  private static final KitServer SERVER = new KitServer();
  private static RESTCatalog catalog;

  @BeforeAll
  static void connect() {
    catalog = SERVER.connect("kit", Map.of());
  }

  @AfterAll
  static void emptyAndDisconnect() throws IOException {
    KitServer.purge(catalog);
    SERVER.close();
  }

  @BeforeEach
  void empty() {
    KitServer.purge(catalog);
  }

  @Override
  protected RESTCatalog catalog() {
    return catalog;
  }

  @Override
  protected RESTCatalog initCatalog(String name, Map<String, String> additionalProperties) {
    return SERVER.connect(name, additionalProperties);
  }

  /* The kit's own place is file:/tmp; KIT_TABLE_LOCATION moves it where a run can tidy up. */
  @Override
  protected String baseTableLocation(TableIdentifier table) {
    String base = KitServer.setting("KIT_TABLE_LOCATION", "file:/tmp");
    return base + "/" + table.namespace() + "/" + table.name();
  }

  @Override
  protected boolean requiresNamespaceCreate() {
    return true;
  }

  @Override
  protected boolean supportsNestedNamespaces() {
    return true;
  }

  @Override
  protected boolean supportsServerSideRetry() {
    return true;
  }

  @Override
  protected boolean overridesRequestedLocation() {
    return false;
  }

  @Override
  protected boolean supportsNamesWithDot() {
    return KitServer.supports("KIT_NAMES_WITH_DOT");
  }

  @Override
  protected boolean supportsNamesWithSlashes() {
    return KitServer.supports("KIT_NAMES_WITH_SLASHES");
  }

  @Override
  protected boolean supportsEmptyNamespace() {
    return false;
  }

  /* It moves a file of the server's away, which has to be one on this machine. */
  @Test
  @Override
  public void testLoadTableWithMissingMetadataFile(@TempDir Path directory) throws IOException {
    assumeThat(baseTableLocation(TABLE)).startsWith("file:");
    super.testLoadTableWithMissingMetadataFile(directory);
  }

  @Disabled("asks for a setting of the server, which a client cannot change")
  @Test
  @Override
  public void createTableInUniqueLocation() {
    super.createTableInUniqueLocation();
  }
}
