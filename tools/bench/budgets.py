"""What a hot path may cost (budgets.toml), and what is said of what it does cost."""

import dataclasses
import enum
import re
import tomllib

# Counts may be above their budget by this part; so far below it, the budget is to follow.
TOLERANCE = 0.10


class Finding(enum.Enum):
    WITHIN = "ok"
    OVER = "OVER"
    FAR_BELOW = "far below: record it"
    NO_BUDGET = "no budget: record it"


@dataclasses.dataclass(frozen=True)
class Count:
    name: str
    instructions: int
    budget: int | None

    @property
    def finding(self) -> Finding:
        if self.budget is None:
            return Finding.NO_BUDGET
        if self.instructions > self.budget * (1 + TOLERANCE):
            return Finding.OVER
        return Finding.FAR_BELOW if self.instructions < self.budget * (1 - TOLERANCE) else Finding.WITHIN

    def __str__(self) -> str:
        part = "" if not self.budget else f"{100 * (self.instructions - self.budget) / self.budget:+7.1f} %"
        budget = "-" if self.budget is None else f"{self.budget:,}"
        return f"{self.name:<14}{self.instructions:>12,}{budget:>14}{part:>10}  {self.finding.value}"


def read(text: str) -> dict[str, int]:
    return {name: int(count) for name, count in tomllib.loads(text).items()}


def recorded(text: str, counts: dict[str, int]) -> str:
    """The text with these counts as budgets; all else of it stays."""
    for name, count in counts.items():
        line = f"{name} = {count:_}"
        text, found = re.subn(rf"^{name} = [\d_]+", line, text, flags=re.MULTILINE)
        if not found:
            text += line + "\n"
    return text
