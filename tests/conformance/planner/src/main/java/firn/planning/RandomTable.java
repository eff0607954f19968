package firn.planning;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.avro.file.DataFileWriter;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.ExpireSnapshots;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.PartitionSpecParser;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.SnapshotUpdate;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.transforms.Transforms;
import org.apache.iceberg.util.ContentFileUtil;

/** A table with a past, written by Iceberg's own library; all of it follows from the seed. */
final class RandomTable implements KnownTable {
  private static final String[] CODECS = {"gzip", "uncompressed", "snappy", "zstd"};
  private static final String[] BRANCHES = {SnapshotRef.MAIN_BRANCH, "b1", "b2"};

  private final Random random;
  private final RandomValues values;
  private final String location;
  private final RandomFiles files;
  private final Map<String, List<Row>> rowsOfFile = new HashMap<>();
  private final Map<String, Integer> actions = new TreeMap<>();
  private final BaseTable table;
  private String branch = SnapshotRef.MAIN_BRANCH;

  RandomTable(long seed, String location, int steps) {
    this.random = new Random(seed);
    this.values = new RandomValues(random);
    this.location = location;
    this.files = new RandomFiles(random, location, rowsOfFile);
    this.table = create(1 + random.nextInt(3));
    for (int i = 0; i < steps; i++) {
      step();
    }
  }

  @Override
  public BaseTable table() {
    return table;
  }

  String metadataLocation() {
    return table.operations().current().metadataFileLocation();
  }

  @Override
  public Map<String, List<Row>> rowsOfFile() {
    return rowsOfFile;
  }

  @Override
  public BaseTable reread() {
    return LocalTable.load(metadataLocation());
  }

  @Override
  public Optional<Row> rowWithin(PartitionSpec spec, Row first) {
    return files.rowWithin(table, spec, first);
  }

  /** How often each thing was done to the table. */
  Map<String, Integer> actions() {
    return actions;
  }

  private BaseTable create(int version) {
    Schema schema = new RandomSchema(random, version).make();
    Map<String, String> properties = new HashMap<>();
    String codec = CODECS[random.nextInt(CODECS.length)];
    properties.put("format-version", String.valueOf(version));
    properties.put("write.manifest.compression-codec", codec);
    properties.put("commit.retry.num-retries", "0");
    properties.put("commit.manifest.min-count-to-merge", String.valueOf(2 + random.nextInt(4)));
    properties.put("commit.manifest.target-size-bytes", random.nextBoolean() ? "9000" : "8388608");
    properties.put("write.metadata.compression-codec", random.nextBoolean() ? "gzip" : "none");
    count("version " + version);
    count("codec " + codec);
    return LocalTable.create(
        TableMetadata.newTableMetadata(
            schema, spec(schema), SortOrder.unsorted(), location, properties));
  }

  private PartitionSpec spec(Schema schema) {
    List<String> fields = new ArrayList<>();
    for (Leaf leaf : values.some(partitionable(schema), random.nextInt(4))) {
      String transform = values.transform(leaf.type());
      count("transform " + transform.replaceAll("\\[.*", ""));
      fields.add(
          String.format(
              "{\"name\": \"p%d\", \"transform\": \"%s\", \"source-id\": %d, \"field-id\": %d}",
              fields.size(), transform, leaf.id(), 1000 + fields.size()));
    }
    return PartitionSpecParser.fromJson(
        schema, "{\"spec-id\": 0, \"fields\": [" + String.join(",", fields) + "]}");
  }

  private static List<Leaf> partitionable(Schema schema) {
    return Leaf.of(schema).stream().filter(RandomTable::hasValues).toList();
  }

  private static boolean hasValues(Leaf leaf) {
    return leaf.type().typeId() != org.apache.iceberg.types.Type.TypeID.UNKNOWN;
  }

  private void count(String action) {
    actions.merge(action, 1, Integer::sum);
  }

  private interface Action {
    void run();
  }

  /* What the table cannot take in its state the library refuses, and then it is not done. */
  private void attempt(String name, Action action) {
    try {
      action.run();
      count(name);
    } catch (ValidationException
        | IllegalArgumentException
        | IllegalStateException
        | DataFileWriter.AppendWriteException refused) {
      count("refused " + name);
      table.refresh();
    }
  }

  private void step() {
    branch = BRANCHES[Math.max(0, random.nextInt(8) - 5)];
    if (!table.refs().containsKey(branch)) {
      branch = SnapshotRef.MAIN_BRANCH;
    }
    switch (random.nextInt(20)) {
      case 0, 1, 2 -> attempt("append", () -> append(false));
      case 3, 4 -> attempt("fast append", () -> append(true));
      case 5, 6, 7 -> attempt("row delta", this::rowDelta);
      case 8 -> attempt("overwrite", this::overwrite);
      case 9 -> attempt("delete", this::delete);
      case 10 -> attempt("replace partitions", this::replacePartitions);
      case 11 -> attempt("rewrite", this::rewrite);
      case 12 -> attempt("rewrite manifests", this::rewriteManifests);
      case 13, 14 -> attempt("schema", () -> new RandomSchema(random, version()).evolve(table));
      case 15, 16 -> attempt("spec", this::evolveSpec);
      case 17 -> attempt("reference", this::reference);
      case 18 -> attempt("history", this::changeHistory);
      default -> attempt("properties", this::changeProperties);
    }
  }

  private int version() {
    return TableUtil.formatVersion(table);
  }

  private <T extends SnapshotUpdate<T>> void commit(T update) {
    (branch.equals(SnapshotRef.MAIN_BRANCH) ? update : update.toBranch(branch)).commit();
  }

  private void append(boolean isFast) {
    var append = isFast ? table.newFastAppend() : table.newAppend();
    for (int i = random.nextInt(4); i >= 0; i--) {
      append.appendFile(files.data(table));
    }
    commit(append);
  }

  private List<FileScanTask> live() {
    Snapshot snapshot = table.snapshot(branch);
    List<FileScanTask> tasks = new ArrayList<>();
    if (snapshot == null) {
      return tasks;
    }
    try (CloseableIterable<FileScanTask> planned =
        table.newScan().useSnapshot(snapshot.snapshotId()).includeColumnStats().planFiles()) {
      planned.forEach(tasks::add);
    } catch (java.io.IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    }
    tasks.sort(java.util.Comparator.comparing(task -> task.file().location()));
    return tasks;
  }

  private List<DataFile> someLive(int most) {
    List<DataFile> live = live().stream().map(FileScanTask::file).toList();
    if (live.isEmpty()) {
      throw new IllegalStateException("no files");
    }
    return values.some(live, most);
  }

  private void rowDelta() {
    RowDelta delta = table.newRowDelta();
    String puffin = files.path("vectors.puffin");
    int number = 0;
    if (version() == 1) {
      throw new IllegalStateException("no deletes");
    }
    List<FileScanTask> live = live();
    if (live.isEmpty()) {
      throw new IllegalStateException("no files");
    }
    for (FileScanTask task : values.some(live, 3)) {
      boolean isEquality = random.nextInt(5) < 2;
      if (isEquality) {
        delta.addDeletes(files.equality(table, task.file()));
      } else if (version() < 3) {
        delta.addDeletes(files.positions(table, task.file()));
      } else {
        task.deletes().stream().filter(ContentFileUtil::isDV).forEach(delta::removeDeletes);
        delta.addDeletes(files.vector(table, task.file(), puffin, number++));
      }
      count(isEquality ? "equality deletes" : version() < 3 ? "position deletes" : "vectors");
    }
    if (random.nextInt(3) == 0) {
      delta.addRows(files.data(table));
    }
    commit(delta);
  }

  private void overwrite() {
    var overwrite = table.newOverwrite();
    someLive(2).forEach(overwrite::deleteFile);
    commit(overwrite.addFile(files.data(table)));
  }

  private void delete() {
    var delete = table.newDelete();
    someLive(2).forEach(delete::deleteFile);
    commit(delete);
  }

  private void replacePartitions() {
    commit(table.newReplacePartitions().addFile(files.data(table)));
  }

  private void rewrite() {
    DataFile old = someLive(1).get(0);
    String path = files.path("rewritten.parquet");
    rowsOfFile.put(path, rowsOfFile.get(old.location()));
    DataFile copy =
        DataFiles.builder(table.specs().get(old.specId())).copy(old).withPath(path).build();
    var rewrite = table.newRewrite().deleteFile(old).addFile(copy);
    if (version() > 1 && random.nextBoolean()) {
      rewrite.dataSequenceNumber(table.snapshot(branch).sequenceNumber());
    }
    commit(rewrite);
  }

  private void rewriteManifests() {
    if (table.currentSnapshot() == null) {
      throw new IllegalStateException("no manifests");
    }
    branch = SnapshotRef.MAIN_BRANCH;
    int clusters = 1 + random.nextInt(3);
    commit(
        table
            .rewriteManifests()
            .clusterBy(file -> file.location().hashCode() % clusters));
  }

  private void evolveSpec() {
    var update = table.updateSpec();
    boolean isRemoval = table.spec().isPartitioned() && random.nextBoolean();
    if (isRemoval) {
      update.removeField(values.pick(table.spec().fields()).name());
    } else {
      Leaf leaf = values.pick(partitionable(table.schema()));
      String transform = values.transform(leaf.type());
      count("transform " + transform.replaceAll("\\[.*", ""));
      update.addField(
          "q" + table.specs().size(),
          Expressions.transform(leaf.name(), Transforms.fromString(transform)));
    }
    update.commit();
  }

  private void reference() {
    Snapshot current = table.currentSnapshot();
    if (current == null) {
      throw new IllegalStateException("no snapshots");
    }
    String name = BRANCHES[1 + random.nextInt(2)];
    if (random.nextBoolean() || table.refs().containsKey(name)) {
      table.manageSnapshots().createTag("t" + table.refs().size(), current.snapshotId()).commit();
    } else {
      table.manageSnapshots().createBranch(name, current.snapshotId()).commit();
    }
  }

  /* The files of what is expired stay: other snapshots may share them. */
  private void changeHistory() {
    List<Snapshot> snapshots = new ArrayList<>();
    table.snapshots().forEach(snapshots::add);
    if (snapshots.size() < 3) {
      throw new IllegalStateException("too short a past");
    }
    if (random.nextBoolean()) {
      long id = values.pick(snapshots).snapshotId();
      table.manageSnapshots().rollbackTo(id).commit();
      count("rollback");
    } else {
      table
          .expireSnapshots()
          .expireSnapshotId(values.pick(snapshots).snapshotId())
          .cleanupLevel(ExpireSnapshots.CleanupLevel.NONE)
          .commit();
      count("expiry");
    }
  }

  private void changeProperties() {
    String codec = CODECS[random.nextInt(CODECS.length)];
    var update = table.updateProperties().set("write.manifest.compression-codec", codec);
    count("codec " + codec);
    if (version() < 3 && random.nextBoolean()) {
      update.set("format-version", String.valueOf(version() + 1));
      count("upgrade");
    }
    update.commit();
  }
}
