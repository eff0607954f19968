package firn.planning;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.Metrics;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** Data and delete files of which there is no more than an entry, and the rows it was made of. */
final class RandomFiles {
  private static final FileFormat[] FORMATS = {FileFormat.PARQUET, FileFormat.AVRO, FileFormat.ORC};

  private final Random random;
  private final RandomValues values;
  private final String location;
  private final Map<String, List<Row>> rowsOfFile;
  private int next;

  RandomFiles(Random random, String location, Map<String, List<Row>> rowsOfFile) {
    this.random = random;
    this.values = new RandomValues(random);
    this.location = location;
    this.rowsOfFile = rowsOfFile;
  }

  DataFile data(Table table) {
    PartitionSpec spec = random.nextInt(4) == 0 ? anySpec(table) : table.spec();
    List<Row> rows = rows(table.schema(), spec);
    String path = path(random.nextInt(20) == 0 ? "ü ö.parquet" : "data.parquet");
    rowsOfFile.put(path, rows);
    DataFiles.Builder builder =
        DataFiles.builder(spec)
            .withPath(path)
            .withFormat(FORMATS[random.nextInt(FORMATS.length)])
            .withFileSizeInBytes(100 + random.nextInt(1000))
            .withMetrics(RandomMetrics.of(random, Leaf.of(table.schema()), rows));
    if (spec.isPartitioned()) {
      builder.withPartition(key(table.schema(), spec, rows.get(0)));
    }
    if (random.nextBoolean()) {
      builder.withSplitOffsets(List.of(4L, 50L + random.nextInt(50)));
    }
    if (random.nextInt(5) == 0) {
      builder.withEncryptionKeyMetadata(ByteBuffer.wrap(new byte[] {1, (byte) 0xfe, 3}));
    }
    if (random.nextInt(4) == 0) {
      builder.withSortOrderId(0);
    }
    return builder.build();
  }

  /** Position deletes of one file, or of the partition that the file is in. */
  DeleteFile positions(Table table, DataFile data) {
    long count = 1 + random.nextInt(3);
    FileMetadata.Builder builder =
        deletes(table, data, "pos.parquet").ofPositionDeletes().withRecordCount(count);
    switch (random.nextInt(4)) {
      case 0 -> builder.withReferencedDataFile(data.location());
      case 1 ->
          builder.withMetrics(RandomMetrics.ofPaths(count, data.location(), data.location()));
      case 2 -> builder.withMetrics(RandomMetrics.ofPaths(count, location, location + "/~"));
      default -> {}
    }
    return builder.build();
  }

  /** A deletion vector; those of one Puffin file differ by their offsets. */
  DeleteFile vector(Table table, DataFile data, String puffin, int number) {
    return FileMetadata.deleteFileBuilder(table.specs().get(data.specId()))
        .ofPositionDeletes()
        .withFormat(FileFormat.PUFFIN)
        .withPath(puffin)
        .withPartition(data.partition())
        .withFileSizeInBytes(500)
        .withRecordCount(1 + random.nextInt(3))
        .withReferencedDataFile(data.location())
        .withContentOffset(4 + 40L * number)
        .withContentSizeInBytes(40)
        .build();
  }

  /** Equality deletes, in the partition of a data file or, where its spec has none, of all. */
  DeleteFile equality(Table table, DataFile data) {
    PartitionSpec spec = table.specs().get(data.specId());
    if (random.nextInt(3) == 0) {
      spec =
          table.specs().values().stream()
              .filter(PartitionSpec::isUnpartitioned)
              .findAny()
              .orElse(spec);
    }
    List<Leaf> fields =
        values.some(
            Leaf.of(table.schema()).stream()
                .filter(leaf -> !leaf.isReal() && leaf.type().typeId() != Type.TypeID.UNKNOWN)
                .toList(),
            1 + random.nextInt(2));
    Metrics metrics = RandomMetrics.of(random, fields, rowsLike(table.schema(), data));
    FileMetadata.Builder builder =
        FileMetadata.deleteFileBuilder(spec)
            .ofEqualityDeletes(fields.stream().mapToInt(Leaf::id).toArray())
            .withPath(path("eq.parquet"))
            .withFormat(FORMATS[random.nextInt(FORMATS.length)])
            .withFileSizeInBytes(50 + random.nextInt(50))
            .withMetrics(metrics);
    if (spec.isPartitioned()) {
      builder.withPartition(data.partition());
    }
    if (random.nextInt(4) == 0) {
      builder.withSplitOffsets(List.of(4L));
    }
    return builder.build();
  }

  /* One of which all columns are left. */
  private PartitionSpec anySpec(Table table) {
    return values.pick(
        table.specs().values().stream()
            .filter(
                spec ->
                    spec.fields().stream()
                        .allMatch(field -> table.schema().findField(field.sourceId()) != null))
            .toList());
  }

  String path(String name) {
    return location + "/data/" + next++ + "-" + name;
  }

  /* Some of the data file's own rows, or others. */
  private List<Row> rowsLike(Schema schema, DataFile data) {
    List<Row> known = rowsOfFile.get(data.location());
    List<Row> rows = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      rows.add(random.nextBoolean() ? values.pick(known) : row(schema));
    }
    return rows;
  }

  private FileMetadata.Builder deletes(Table table, DataFile data, String name) {
    FileMetadata.Builder builder =
        FileMetadata.deleteFileBuilder(table.specs().get(data.specId()))
            .withPath(path(name))
            .withFormat(FORMATS[random.nextInt(FORMATS.length)])
            .withFileSizeInBytes(50 + random.nextInt(50));
    if (table.specs().get(data.specId()).isPartitioned()) {
      builder.withPartition(data.partition());
    }
    return builder;
  }

  private static PartitionKey key(Schema schema, PartitionSpec spec, Row row) {
    PartitionKey key = new PartitionKey(spec, schema);
    key.partition(row.as(schema));
    return key;
  }

  /* Rows of one partition: the first, and what differs from it without leaving its partition. */
  List<Row> rows(Schema schema, PartitionSpec spec) {
    Row first = row(schema);
    PartitionKey wanted = key(schema, spec, first);
    List<Row> rows = new ArrayList<>(List.of(first));
    for (int tries = random.nextInt(5); tries > 0; tries--) {
      rows.add(rowWithin(schema, spec, wanted, first));
    }
    return rows;
  }

  /** A row of the partition that the other is in; none where a column of the spec is gone. */
  Optional<Row> rowWithin(Table table, PartitionSpec spec, Row first) {
    Schema schema = table.schema();
    boolean isWhole =
        spec.fields().stream().allMatch(field -> schema.findField(field.sourceId()) != null);
    return isWhole
        ? Optional.of(rowWithin(schema, spec, key(schema, spec, first), first))
        : Optional.empty();
  }

  private Row rowWithin(Schema schema, PartitionSpec spec, PartitionKey wanted, Row first) {
    Row row = new Row(first);
    for (Leaf leaf : Leaf.of(schema)) {
      if (random.nextInt(3) == 0) {
        continue;
      }
      Row other = new Row(row);
      other.set(leaf.id(), cell(schema, leaf));
      if (key(schema, spec, other).equals(wanted)) {
        row = other;
      }
    }
    return row;
  }

  private Row row(Schema schema) {
    Row row = new Row();
    for (Leaf leaf : Leaf.of(schema)) {
      row.set(leaf.id(), cell(schema, leaf));
    }
    return row;
  }

  private Object cell(Schema schema, Leaf leaf) {
    Types.NestedField field = schema.findField(leaf.id());
    return values.cell(leaf.type(), field.isRequired());
  }
}
