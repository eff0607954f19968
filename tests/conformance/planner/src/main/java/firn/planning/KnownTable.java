package firn.planning;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.PartitionSpec;

/** A table of whose data files the rows are known. */
interface KnownTable {
  BaseTable table();

  /** The table as its last metadata file has it. */
  BaseTable reread();

  /** The rows of each data file by its location. */
  Map<String, List<Row>> rowsOfFile();

  /** A row of the partition that the other is in; none where a column of the spec is gone. */
  Optional<Row> rowWithin(PartitionSpec spec, Row first);

  /** All snapshots that can be asked for, the oldest first. */
  default List<Long> snapshotIds() {
    List<Long> ids = new java.util.ArrayList<>();
    table().snapshots().forEach(snapshot -> ids.add(snapshot.snapshotId()));
    return ids;
  }
}
