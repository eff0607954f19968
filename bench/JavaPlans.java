import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Files;
import org.apache.iceberg.LocationProviders;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestWriter;
import org.apache.iceberg.Metrics;
import org.apache.iceberg.PartitionData;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.LocationProvider;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.io.PositionOutputStream;
import org.apache.iceberg.io.SeekableInputStream;
import org.apache.iceberg.types.Types;

/**
 * Iceberg's own library as the yardstick of bench/plans.py: it writes the tables, and plans them.
 *
 * <p>make FOLDER MANIFESTS FILES DELETES — a table with that many manifests of that many files, and
 * delete files; prints the location of its metadata. The numbers come from a fixed seed.
 *
 * <p>plan METADATA ROUNDS CASE... — plans cases (all, range, point) in this JVM, each until it is
 * warm and then ROUNDS times; prints for each "case tasks deletes cpu-ms wall-ms", medians.
 */
public final class JavaPlans {
  private static final int COLUMNS = 12;
  private static final int BUCKETS = 16;
  private static final int FIRST_DAY = 19000;
  private static final long ROWS_OF_IDS = 5000;
  private static final int WARM_ROUNDS = 8;

  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.optional(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "ts", Types.TimestampType.withoutZone()),
          Types.NestedField.optional(3, "c3", Types.StringType.get()),
          Types.NestedField.optional(4, "c4", Types.DoubleType.get()),
          Types.NestedField.optional(5, "c5", Types.IntegerType.get()),
          Types.NestedField.optional(6, "c6", Types.LongType.get()),
          Types.NestedField.optional(7, "c7", Types.StringType.get()),
          Types.NestedField.optional(8, "c8", Types.DoubleType.get()),
          Types.NestedField.optional(9, "c9", Types.IntegerType.get()),
          Types.NestedField.optional(10, "c10", Types.LongType.get()),
          Types.NestedField.optional(11, "c11", Types.StringType.get()),
          Types.NestedField.optional(12, "c12", Types.DoubleType.get()));
  private static final PartitionSpec SPEC =
      PartitionSpec.builderFor(SCHEMA)
          .day("ts", "ts_day")
          .bucket("id", BUCKETS, "id_bucket")
          .build();

  private JavaPlans() {}

  public static void main(String[] args) throws IOException {
    if (args[0].equals("make")) {
      make(
          args[1],
          Integer.parseInt(args[2]),
          Integer.parseInt(args[3]),
          Integer.parseInt(args[4]));
    } else {
      for (String name : Arrays.copyOfRange(args, 3, args.length)) {
        plan(args[1], Integer.parseInt(args[2]), name);
      }
    }
  }

  /* --- values ------------------------------------------------------------------------------- */

  private static ByteBuffer number(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, value);
  }

  private static ByteBuffer small(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, value);
  }

  private static ByteBuffer real(double value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0, value);
  }

  private static ByteBuffer text(String value) {
    return ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8));
  }

  /* Ids and times are sorted over the table, so that filters on them prune; the others are not. */
  private static ByteBuffer[] bounds(Random chance, int column, int day, int number) {
    if (column == 1) {
      long first = number * ROWS_OF_IDS;
      return new ByteBuffer[] {number(first), number(first + ROWS_OF_IDS - 1)};
    }
    if (column == 2) {
      long start = day * 86_400_000_000L + (long) (chance.nextDouble() * 3_600_000_000L);
      long end = start + (long) (chance.nextDouble() * 80_000_000_000L);
      return new ByteBuffer[] {number(start), number(end)};
    }
    if (column % 4 == 3) {
      String one = String.format("%010x", chance.nextLong() & 0xffffffffffL);
      String two = String.format("%010x", chance.nextLong() & 0xffffffffffL);
      boolean isSorted = one.compareTo(two) < 0;
      return new ByteBuffer[] {text(isSorted ? one : two), text(isSorted ? two : one)};
    }
    if (column % 4 == 0) {
      double one = chance.nextDouble() * 1000;
      return new ByteBuffer[] {real(-one), real(chance.nextDouble() * 1000)};
    }
    if (column % 4 == 1) {
      return new ByteBuffer[] {small(chance.nextInt(100)), small(1000000 - chance.nextInt(100))};
    }
    long one = chance.nextLong() & 0xffffffffffL;
    return new ByteBuffer[] {number(one), number(one + (chance.nextLong() & 0xffffffL))};
  }

  private static Metrics metrics(Random chance, int day, int number, long rows) {
    Map<Integer, Long> sizes = new HashMap<>();
    Map<Integer, Long> values = new HashMap<>();
    Map<Integer, Long> nulls = new HashMap<>();
    Map<Integer, Long> nans = new HashMap<>();
    Map<Integer, ByteBuffer> lower = new HashMap<>();
    Map<Integer, ByteBuffer> upper = new HashMap<>();
    for (int column = 1; column <= COLUMNS; column++) {
      ByteBuffer[] pair = bounds(chance, column, day, number);
      sizes.put(column, 2000L + chance.nextInt(58000));
      values.put(column, rows);
      nulls.put(column, column > 8 ? (long) chance.nextInt(50) : 0L);
      if (column % 4 == 0) {
        nans.put(column, 0L);
      }
      lower.put(column, pair[0]);
      upper.put(column, pair[1]);
    }
    return new Metrics(rows, sizes, values, nulls, nans, lower, upper);
  }

  /* --- tables ------------------------------------------------------------------------------- */

  private static int dayOf(int number, int files) {
    return FIRST_DAY + number / files;
  }

  private static StructLike partition(int day, int number) {
    PartitionData data = new PartitionData(SPEC.partitionType());
    data.set(0, day);
    data.set(1, number % BUCKETS);
    return data;
  }

  private static String path(String folder, String kind, int day, int number) {
    Random chance = new Random(number);
    UUID name = new UUID(chance.nextLong(), chance.nextLong());
    return String.format(
        "%s/data/ts_day=%d/id_bucket=%d/%05d-%d-%s-%s.parquet",
        folder, day, number % BUCKETS, number, number % 64, name, kind);
  }

  private static DataFile dataFile(Random chance, String folder, int number, int files) {
    int day = dayOf(number, files);
    long rows = 4000 + chance.nextInt(2000);
    return DataFiles.builder(SPEC)
        .withPath(path(folder, "00001", day, number))
        .withFormat(FileFormat.PARQUET)
        .withPartition(partition(day, number))
        .withFileSizeInBytes(100_000 + chance.nextInt(800_000))
        .withSplitOffsets(List.of(4L))
        .withSortOrder(SortOrder.unsorted())
        .withMetrics(metrics(chance, day, number, rows))
        .build();
  }

  private static void make(String folder, int manifests, int files, int deletes)
      throws IOException {
    String location = "file://" + Path.of(folder).toAbsolutePath();
    FolderOperations ops = new FolderOperations(location);
    TableMetadata empty =
        TableMetadata.newTableMetadata(
            SCHEMA, SPEC, SortOrder.unsorted(), location, Map.of("format-version", "2", "commit.manifest-merge.enabled", "false"));
    ops.commit(null, empty);
    BaseTable table = new BaseTable(ops, "bench");
    AppendFiles append = table.newFastAppend();
    for (int i = 0; i < manifests; i++) {
      Random chance = new Random(i);
      OutputFile out = ops.io().newOutputFile(String.format("%s/metadata/m%05d.avro", location, i));
      ManifestWriter<DataFile> writer =
          ManifestFiles.write(2, table.specs().get(table.spec().specId()), out, null);
      try (writer) {
        for (int j = 0; j < files; j++) {
          writer.add(dataFile(chance, location, i * files + j, files));
        }
      }
      append.appendManifest(writer.toManifestFile());
    }
    append.commit();
    if (deletes > 0) {
      addDeletes(table, location, manifests * files, files, deletes);
    }
    System.out.println(ops.current().metadataFileLocation());
  }

  /* Of seven: three position deletes of one file each, three deletion vectors, one equality
   * delete; no file has both of the first. */
  private static void addDeletes(
      BaseTable table, String location, int dataFiles, int files, int deletes) {
    RowDelta positions = table.newRowDelta();
    for (int i = 0; i < deletes; i++) {
      int number = (int) ((long) i * dataFiles / deletes);
      if (i % 7 < 3) {
        positions.addDeletes(positionDeletes(location, number, files));
      } else if (i % 7 == 6) {
        positions.addDeletes(equalityDeletes(location, number, files));
      }
    }
    positions.commit();
    TableOperations ops = table.operations();
    ops.commit(ops.current(), ops.current().upgradeToFormatVersion(3));
    RowDelta vectors = table.newRowDelta();
    for (int i = 0; i < deletes; i++) {
      if (i % 7 >= 3 && i % 7 < 6) {
        vectors.addDeletes(vector(location, (int) ((long) i * dataFiles / deletes), files));
      }
    }
    vectors.commit();
  }

  private static DeleteFile positionDeletes(String location, int number, int files) {
    int day = dayOf(number, files);
    String data = path(location, "00001", day, number);
    Map<Integer, ByteBuffer> bound = Map.of(2147483546, text(data));
    return FileMetadata.deleteFileBuilder(SPEC)
        .ofPositionDeletes()
        .withPath(path(location, "deletes", day, number))
        .withFormat(FileFormat.PARQUET)
        .withPartition(partition(day, number))
        .withFileSizeInBytes(1500)
        .withMetrics(new Metrics(10L, null, null, null, null, bound, bound))
        .build();
  }

  private static DeleteFile equalityDeletes(String location, int number, int files) {
    int day = dayOf(number, files);
    long first = number * ROWS_OF_IDS;
    return FileMetadata.deleteFileBuilder(SPEC)
        .ofEqualityDeletes(1)
        .withPath(path(location, "equality", day, number))
        .withFormat(FileFormat.PARQUET)
        .withPartition(partition(day, number))
        .withFileSizeInBytes(1200)
        .withMetrics(
            new Metrics(
                20L,
                null,
                Map.of(1, 20L),
                Map.of(1, 0L),
                null,
                Map.of(1, number(first + 10)),
                Map.of(1, number(first + 900))))
        .build();
  }

  private static DeleteFile vector(String location, int number, int files) {
    int day = dayOf(number, files);
    return FileMetadata.deleteFileBuilder(SPEC)
        .ofPositionDeletes()
        .withPath(String.format("%s/data/vectors-%d.puffin", location, number / 1000))
        .withFormat(FileFormat.PUFFIN)
        .withPartition(partition(day, number))
        .withFileSizeInBytes(100_000)
        .withRecordCount(12)
        .withReferencedDataFile(path(location, "00001", day, number))
        .withContentOffset(4L + 64L * (number % 1000))
        .withContentSizeInBytes(64)
        .build();
  }

  /* --- plans -------------------------------------------------------------------------------- */

  private static Expression filter(String name, long files) {
    switch (name) {
      case "range":
        return Expressions.lessThan("id", files / 100 * ROWS_OF_IDS);
      case "point":
        return Expressions.and(
            Expressions.and(
                Expressions.greaterThanOrEqual("ts", FIRST_DAY * 86_400_000_000L),
                Expressions.lessThan("ts", (FIRST_DAY + 1) * 86_400_000_000L)),
            Expressions.equal("id", 29L));
      default:
        return Expressions.alwaysTrue();
    }
  }

  private static void plan(String location, int rounds, String name) throws IOException {
    FolderOperations ops = new FolderOperations(location, true);
    BaseTable table = new BaseTable(ops, "bench");
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long files =
        Long.parseLong(table.currentSnapshot().summary().getOrDefault("total-data-files", "0"));
    List<Long> cpus = new ArrayList<>();
    List<Long> walls = new ArrayList<>();
    long tasks = 0;
    long deletes = 0;
    for (int i = 0; i < WARM_ROUNDS + rounds; i++) {
      tasks = deletes = 0;
      System.gc();
      long cpu = system.getProcessCpuTime();
      long wall = System.nanoTime();
      try (CloseableIterable<FileScanTask> found =
          table.newScan().filter(filter(name, files)).planFiles()) {
        for (FileScanTask task : found) {
          tasks++;
          deletes += task.deletes().size();
        }
      }
      if (i >= WARM_ROUNDS) {
        cpus.add(system.getProcessCpuTime() - cpu);
        walls.add(System.nanoTime() - wall);
      }
    }
    System.out.printf(
        "%s %d %d %.3f %.3f%n", name, tasks, deletes, median(cpus) / 1e6, median(walls) / 1e6);
  }

  private static long median(List<Long> values) {
    Collections.sort(values);
    return values.get(values.size() / 2);
  }

  /* --- a table in a folder ------------------------------------------------------------------ */

  /** Metadata files in a folder, without a catalog. */
  private static final class FolderOperations implements TableOperations {
    private final FileIO io = new DiskIO();
    private final String location;
    private TableMetadata current;
    private int version;

    FolderOperations(String location) {
      this.location = location;
    }

    FolderOperations(String metadata, boolean isThere) {
      this(metadata);
      if (isThere) {
        current = TableMetadataParser.read(io, metadata);
      }
    }

    @Override
    public TableMetadata current() {
      return current;
    }

    @Override
    public TableMetadata refresh() {
      return current;
    }

    @Override
    public void commit(TableMetadata base, TableMetadata metadata) {
      String path = String.format("%s/metadata/%05d-bench.metadata.json", location, version++);
      TableMetadataParser.overwrite(metadata, io.newOutputFile(path));
      current = TableMetadataParser.read(io, path);
    }

    @Override
    public FileIO io() {
      return io;
    }

    @Override
    public String metadataFileLocation(String name) {
      return location + "/metadata/" + name;
    }

    @Override
    public LocationProvider locationProvider() {
      return LocationProviders.locationsFor(location, Map.of());
    }
  }

  /** Files of this machine under file: locations. */
  private static final class DiskIO implements FileIO {
    @Override
    public InputFile newInputFile(String path) {
      return new DiskFile(path);
    }

    @Override
    public OutputFile newOutputFile(String path) {
      return new DiskFile(path);
    }

    @Override
    public void deleteFile(String path) {
      if (!new java.io.File(DiskFile.onDisk(path)).delete()) {
        throw new UncheckedIOException(new IOException("cannot delete " + path));
      }
    }
  }

  private static final class DiskFile implements InputFile, OutputFile {
    private final String location;

    DiskFile(String location) {
      this.location = location;
    }

    static String onDisk(String location) {
      return location.replaceFirst("^file:(//)?", "");
    }

    @Override
    public long getLength() {
      return Files.localInput(onDisk(location)).getLength();
    }

    @Override
    public SeekableInputStream newStream() {
      return Files.localInput(onDisk(location)).newStream();
    }

    @Override
    public boolean exists() {
      return Files.localInput(onDisk(location)).exists();
    }

    @Override
    public PositionOutputStream create() {
      return Files.localOutput(onDisk(location)).create();
    }

    @Override
    public PositionOutputStream createOrOverwrite() {
      return Files.localOutput(onDisk(location)).createOrOverwrite();
    }

    @Override
    public InputFile toInputFile() {
      return this;
    }

    @Override
    public String location() {
      return location;
    }
  }
}
