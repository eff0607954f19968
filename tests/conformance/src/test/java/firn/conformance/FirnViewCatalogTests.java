package firn.conformance;

import java.io.IOException;
import java.util.Map;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.view.ViewCatalogTests;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** The kit's tests of views, and of views and tables sharing their names. */
class FirnViewCatalogTests extends ViewCatalogTests<RESTCatalog> {
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
  protected Catalog tableCatalog() {
    return catalog;
  }

  @Override
  protected boolean requiresNamespaceCreate() {
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
  protected boolean supportsEmptyNamespace() {
    return false;
  }
}
