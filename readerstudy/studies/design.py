"""What a design looks like before anything is locked: its timeline, and how balanced it will be.

Pure; the design page draws from it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from readerstudy.studies import randomness
from readerstudy.studies.randomisation import Plan, allocate, imbalance

MAX_RUNS = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of a group's time line: training, a period of reading, or a washout."""

    kind: str  # "training", "period", "washout", "repeat"
    period: int  # 0 for training; the period before a washout
    arm: str  # "" when the stretch has none
    days: int  # of a washout; 0 otherwise


@dataclass(frozen=True, slots=True)
class Group:
    """Readers who walk the same way through the study."""

    name: str  # "A", "AB", "2/BA"
    block: int  # of cases, from 1
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class BalanceForecast:
    """How the randomisation will balance, by making it many times with throw-away seeds.

    Attributes
    ----------
    overall, within_strata : dict of int to float
        Largest difference in readers between two groups -> share of the runs.
    """

    runs: int
    overall: dict[int, float]
    within_strata: dict[int, float]


def timeline(
    *,
    design: str,
    arms: Sequence[str],
    washout_days: int,
    reader_blocks: int,
    training: bool,
    repeats: bool = False,
) -> list[Group]:
    """Each group's way through the study.

    Parameters
    ----------
    arms : sequence of str
        Arm keys, the control arm first; of a sequential design both, read in one sitting.
    training : bool
        Whether there is a training block.
    repeats : bool
        Whether some cases are read again at the end, after one more washout.
    """
    start = (Step("training", 0, "", 0),) if training else ()

    def end(*ways: str) -> tuple[Step, ...]:
        last = len(ways)
        again = (Step("washout", last, "", washout_days), Step("repeat", last + 1, ways[0], 0))
        return again if repeats else ()

    if design == "parallel":
        return [Group(arm, 1, (*start, Step("period", 1, arm, 0), *end(arm))) for arm in arms]
    if design == "sequential":
        name = "".join(arms)
        return [Group(name, 1, (*start, Step("period", 1, name, 0), *end(name)))]
    groups = []
    for block in range(1, 1 + (reader_blocks if design == "split_plot" else 1)):
        for order in (tuple(arms), tuple(arms)[::-1]):
            name = "".join(order)
            steps = (*start, *_periods(order, washout_days), *end(*order))
            groups.append(
                Group(f"{block}/{name}" if design == "split_plot" else name, block, steps)
            )
    return groups


def _periods(order: Sequence[str], washout_days: int) -> list[Step]:
    steps: list[Step] = []
    for period, arm in enumerate(order, start=1):
        if steps:
            steps.append(Step("washout", period - 1, "", washout_days))
        steps.append(Step("period", period, arm, 0))
    return steps


def simulate_balance(plan: Plan, *, runs: int = 200, seed: str | None = None) -> BalanceForecast:
    """Randomise `runs` times and count how far the groups differ.

    Cases do not enter the balance of readers; one stands for all, so that this is quick.

    Raises
    ------
    ImpossibleError
        When the design cannot be carried out.
    ValueError
        When `runs` is not between 1 and 2000.
    """
    if not 1 <= runs <= MAX_RUNS:
        raise ValueError(f"Between 1 and {MAX_RUNS} runs.")
    seed = seed or randomness.new_seed()
    small = Plan(
        design=plan.design,
        readers=plan.readers,
        cases=plan.cases[: max(1, plan.reader_blocks)],
        arms=plan.arms,
        block_sizes=plan.block_sizes,
        reader_blocks=plan.reader_blocks,
    )
    overall: Counter[int] = Counter()
    within: Counter[int] = Counter()
    for run in range(runs):
        table = allocate(small, randomness.derived_seed(seed, f"simulation {run}"))
        in_all, in_strata = imbalance(small, table)
        overall[in_all] += 1
        within[in_strata] += 1
    return BalanceForecast(runs, _shares(overall, runs), _shares(within, runs))


def _shares(count: Counter[int], runs: int) -> dict[int, float]:
    return {difference: number / runs for difference, number in sorted(count.items())}
