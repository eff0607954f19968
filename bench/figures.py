"""What a benchmark has measured: rows of series, their ratios, and the goals they are held against."""
import statistics
from dataclasses import dataclass, field


@dataclass
class Context:
    """How a run is to measure."""
    seconds: int            # of each measurement
    rounds: int
    has_reference: bool     # the Java reference server takes part
    rate: object            # servers.wrk or servers.load_client_rate
    work: str               # a directory that is removed at the end
    is_quick: bool = False


@dataclass
class Cell:
    """One server's figures in one case, a value for each round."""
    values: list
    unit: str = "/s"
    note: str = ""          # latencies and the like

    @property
    def median(self):
        return statistics.median(self.values)

    def text(self):
        unit = self.unit if self.unit.startswith("/") else f" {self.unit}"
        low, high = min(self.values), max(self.values)
        spread = f" ({number(low)}–{number(high)})" if low != high else ""
        return f"{number(self.median)}{unit}{spread}" + (f"; {self.note}" if self.note else "")


@dataclass
class Goal:
    """A bar that a median is held against: of a ratio to another column, or of Firn's own figure."""
    column: str             # the other column; "" for Firn's own figure
    bar: float
    is_ceiling: bool = False

    def text(self):
        sign = "≤" if self.is_ceiling else "≥"
        return f"{sign} {number(self.bar)}" + (f" × {self.column}" if self.column else "")

    def is_reached(self, value):
        return value <= self.bar if self.is_ceiling else value >= self.bar


@dataclass
class Row:
    case: str
    cells: dict             # column: Cell, Firn's first
    goals: list = field(default_factory=list)
    note: str = ""          # what is measured: "2.8 kB"

    @property
    def own(self):
        return next(iter(self.cells.values()))

    def ratio(self, column):
        """The median of the rounds' own ratios: what else the machine did hit both alike."""
        pairs = zip(self.own.values, self.cells[column].values)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def judged(self):
        """Each goal of which there is a figure, with it."""
        for goal in self.goals:
            if not goal.column:
                yield goal, self.own.median
            elif goal.column in self.cells:
                yield goal, self.ratio(goal.column)


@dataclass
class Subject:
    """A table of the report, and its plot."""
    name: str               # of the marker in the document and of the plot's file
    title: str
    rows: list
    text: str = ""          # a sentence for the report
    has_ratios: bool = True # of Firn's column to each other one


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")


def in_turns(rounds, measures):
    """{name: [a value for each round]}: within a round all are measured, one after the other."""
    values = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            values[name].append(measure())
    return values
