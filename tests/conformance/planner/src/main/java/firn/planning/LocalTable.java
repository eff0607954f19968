package firn.planning;

import java.io.File;
import java.net.URI;
import org.apache.iceberg.BaseMetastoreTableOperations;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.Files;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;

/** A table of local files that no catalog knows: its pointer is a field. */
final class LocalTable extends BaseMetastoreTableOperations {
  private static final LocalIO IO = new LocalIO();

  private String location;

  private LocalTable(String location) {
    this.location = location;
  }

  static BaseTable create(TableMetadata metadata) {
    LocalTable operations = new LocalTable(null);
    operations.disableRefresh();
    operations.commit(null, metadata);
    return new BaseTable(operations, "t");
  }

  static BaseTable load(String metadataLocation) {
    LocalTable operations = new LocalTable(metadataLocation);
    operations.refresh();
    return new BaseTable(operations, "t");
  }

  /** A table of metadata that stand in no file. */
  static BaseTable of(TableMetadata metadata) {
    return new BaseTable(new LocalTable(null).temp(metadata), "t");
  }

  @Override
  protected String tableName() {
    return "t";
  }

  @Override
  public FileIO io() {
    return IO;
  }

  @Override
  protected void doRefresh() {
    refreshFromMetadataLocation(location);
  }

  @Override
  protected void doCommit(TableMetadata base, TableMetadata metadata) {
    location = writeNewMetadataIfRequired(base == null, metadata);
  }

  /** Local files under file: locations, without Hadoop. */
  private static final class LocalIO implements FileIO {
    private static final long serialVersionUID = 1L;

    private static File file(String location) {
      return new File(URI.create(location).getPath());
    }

    @Override
    public InputFile newInputFile(String location) {
      return new Renamed(Files.localInput(file(location)), location);
    }

    @Override
    public OutputFile newOutputFile(String location) {
      return new RenamedOutput(Files.localOutput(file(location)), location);
    }

    @Override
    public void deleteFile(String location) {
      file(location).delete();
    }
  }

  /* Files answers a bare path for its location, and metadata have to name what was asked for. */
  private record Renamed(InputFile file, String location) implements InputFile {
    @Override
    public long getLength() {
      return file.getLength();
    }

    @Override
    public org.apache.iceberg.io.SeekableInputStream newStream() {
      return file.newStream();
    }

    @Override
    public boolean exists() {
      return file.exists();
    }
  }

  private record RenamedOutput(OutputFile file, String location) implements OutputFile {
    @Override
    public org.apache.iceberg.io.PositionOutputStream create() {
      return file.create();
    }

    @Override
    public org.apache.iceberg.io.PositionOutputStream createOrOverwrite() {
      return file.createOrOverwrite();
    }

    @Override
    public InputFile toInputFile() {
      return new Renamed(file.toInputFile(), location);
    }
  }
}
