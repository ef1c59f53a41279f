"""Goals beside figures: a ratio of two rows of one run, or a figure of one, and the most that it may be."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from deploy.bench.harness import Sample, Table

NEVER = 0.0
"""A goal without a stretch."""


class Goal(Struct, frozen=True):
    """At most so much of a figure, or so many times that of another row."""

    by: str
    most: float
    against: str = ""
    """The other row; empty for none."""
    stretch: float = NEVER

    @property
    def heading(self) -> str:
        """Of its column."""
        return f"/ {self.against}" if self.against else self.by

    def value(self, name: str, results: Mapping[str, Sample]) -> float | None:
        """What is judged, None if the other row is not there."""
        figure = results[name][self.by]
        if not self.against:
            return figure
        return figure / results[self.against][self.by] if self.against in results else None

    def verdict(self, value: float) -> str:
        """The goal, and whether it is met."""
        goal = f"<= {self.most:g}"
        if self.stretch and value <= self.stretch:
            return f"{goal}: met, {self.stretch:g} too"
        return f"{goal}: {'met' if value <= self.most else 'MISSED'}"


def judged(
    title: str,
    results: Mapping[str, Sample],
    columns: Sequence[tuple[str, str]],
    goals: Sequence[Goal],
    *,
    ours: Callable[[str], bool] = lambda name: name.startswith("ours"),
    remark: str = "",
) -> Table:
    """A table of (heading, figure) columns, then what each goal judges, and its verdict in our own rows."""
    headings = ["", *(heading for heading, _ in columns)]
    for goal in goals:
        headings += [goal.heading, "goal"]
    rows: list[tuple[str, ...]] = []
    for name, figures in results.items():
        row = [name, *(f"{figures[figure]:,.0f}" for _, figure in columns)]
        for goal in goals:
            value = goal.value(name, results)
            if value is None:
                row += ["-", "not measured" if ours(name) else ""]
            else:
                row += [_shown(value), goal.verdict(value) if ours(name) else ""]
        rows.append(tuple(row))
    return Table(title, tuple(headings), rows, remark)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
