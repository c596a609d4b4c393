"""Make the allocation of a study from its design, readers, cases and a secret seed. Pure.

The list is a function of the *sets* of readers, cases and arms and of the seed: neither the order
in which they were entered nor any other fact of the database enters. `docs/design-and-
randomisation.md` explains the method; `METHOD` names it in every list and changes with it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations, zip_longest
from typing import Any

from readerstudy.studies.randomness import Stream

METHOD = "readerstudy permuted blocks 1"
TRAINING_PERIOD = 0


class ImpossibleError(ValueError):
    """The design cannot be carried out with these readers, cases and arms; says what to change."""


@dataclass(frozen=True, slots=True)
class ReaderSlot:
    """A reader to be allocated: code and stratum, as ("resident", "North Hospital")."""

    code: str
    stratum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be allocated.

    Attributes
    ----------
    design : str
        "parallel", "crossover", "sequential" or "split_plot".
    arms : tuple of str
        Arm keys, the control arm first. For a sequential design only the aided arm is allocated:
        its unaided stage is the control arm's read.
    case_strata : mapping
        Case code to stratum; a split-plot design, which divides the cases, and repeats, which are
        a part of them, look at it.
    repeats : int
        How many cases each reader reads again, after the last period, in their first period's
        arm (R13). Without any, lists are what they were before there were repeats.
    """

    design: str
    readers: tuple[ReaderSlot, ...]
    cases: tuple[str, ...]
    arms: tuple[str, ...]
    training: tuple[str, ...] = ()
    block_sizes: tuple[int, ...] = (2, 4)
    reader_blocks: int = 2
    case_strata: Mapping[str, str] = field(default_factory=dict)
    repeats: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One reader x case x arm x period at its place in the reader's order (from 1)."""

    reader: str
    position: int
    case: str
    arm: str
    period: int
    sequence: str


@dataclass(frozen=True, slots=True)
class AllocationTable:
    """The allocation: rows by reader and position, and each reader's group."""

    rows: tuple[Row, ...]
    groups: Mapping[str, str]  # reader -> "A", "AB", "2/BA": what was randomised


def allocate(plan: Plan, seed: str) -> AllocationTable:
    """Make the whole list at once.

    Raises
    ------
    ImpossibleError
        When `problems` finds any.
    """
    if found := problems(plan):
        raise ImpossibleError(" ".join(found))
    readers = sorted(plan.readers, key=lambda reader: reader.code)
    sequences = _sequences(plan)
    blocks = _case_blocks(plan, seed)
    treatments = [(block, sequence) for block in range(len(blocks)) for sequence in sequences]
    assigned = _assign(readers, len(treatments), plan.block_sizes, seed)
    rows: list[Row] = []
    groups: dict[str, str] = {}
    for reader in readers:
        block, sequence = treatments[assigned[reader.code]]
        name = "".join(sequence)
        groups[reader.code] = f"{block + 1}/{name}" if len(blocks) > 1 else name
        rows += _reader_rows(reader.code, blocks[block], sequence, plan, seed)
    return AllocationTable(tuple(rows), groups)


def problems(plan: Plan) -> list[str]:
    """Why the design cannot be carried out, in words; empty when it can."""
    found = _counting_problems(plan)
    if plan.design in ("crossover", "split_plot") and len(plan.arms) != 2:  # noqa: PLR2004 -- AB and BA
        found.append("A crossover or split-plot design has exactly two arms.")
    if plan.design == "sequential" and len(plan.arms) != 1:
        found.append("A sequential design has a control arm and one second-reader arm.")
    if plan.design == "parallel" and len(plan.arms) < 2:  # noqa: PLR2004 -- a comparison
        found.append("A parallel design has two arms or more.")
    groups = _group_count(plan)
    if len(plan.readers) < groups:
        found.append(
            f"{len(plan.readers)} readers cannot fill {groups} groups: add "
            f"{groups - len(plan.readers)} or choose another design."
        )
    if all(size % groups for size in plan.block_sizes):
        found.append(f"One block size or more must be a multiple of {groups}, the groups' number.")
    if plan.design == "split_plot" and len(plan.cases) < plan.reader_blocks:
        found.append("A split-plot design needs a case or more in each block.")
    blocks = plan.reader_blocks if plan.design == "split_plot" else 1
    if plan.repeats > (most := len(plan.cases) // max(blocks, 1)):
        found.append(f"{plan.repeats} cases cannot be read again: each reader reads {most}.")
    return found


def _counting_problems(plan: Plan) -> list[str]:
    found = []
    if plan.design not in ("parallel", "crossover", "sequential", "split_plot"):
        found.append(f"There is no design called {plan.design}.")
    if not plan.cases:
        found.append("There is no case to read.")
    codes = [reader.code for reader in plan.readers]
    for kind, names in (("readers", codes), ("cases", [*plan.cases, *plan.training])):
        if len(set(names)) < len(names):
            found.append(f"Two {kind} share a code.")
    if not plan.block_sizes or min(plan.block_sizes) < 1:
        found.append("Give one or more block sizes.")
    return found


def _group_count(plan: Plan) -> int:
    """How many groups readers are divided into."""
    return {
        "parallel": len(plan.arms),
        "crossover": 2,
        "split_plot": 2 * plan.reader_blocks,
    }.get(plan.design, 1)


def _sequences(plan: Plan) -> list[tuple[str, ...]]:
    """The orders of arms that readers are divided between; one arm a period."""
    if plan.design in ("crossover", "split_plot"):
        return [plan.arms, plan.arms[::-1]]
    return [(arm,) for arm in plan.arms]


def _case_blocks(plan: Plan, seed: str) -> list[list[str]]:
    """All cases in one block; in a split-plot design blocks of equal size, balanced by stratum."""
    cases = sorted(plan.cases)
    if plan.design != "split_plot":
        return [cases]
    blocks: list[list[str]] = [[] for _ in range(plan.reader_blocks)]
    dealt = 0
    for stratum, members in _by_stratum(cases, plan):
        for case in Stream(seed, "case blocks", stratum).shuffled(members):
            blocks[dealt % plan.reader_blocks].append(case)
            dealt += 1  # dealing goes on from stratum to stratum: sizes differ by one at most
    return blocks


def _by_stratum(cases: Sequence[str], plan: Plan) -> list[tuple[str, list[str]]]:
    names = sorted({plan.case_strata.get(case, "") for case in cases})
    return [
        (name, [case for case in cases if plan.case_strata.get(case, "") == name]) for name in names
    ]


def _repeated(cases: Sequence[str], plan: Plan, seed: str) -> list[str]:
    """The cases of a block that its readers read again: the same for all, of all strata alike.

    Strata take turns, so that with two or more repeats no class is left out.
    """
    decks = [
        Stream(seed, "repeats", stratum).shuffled(members)
        for stratum, members in _by_stratum(sorted(cases), plan)
    ]
    turns = [case for turn in zip_longest(*decks) for case in turn if case is not None]
    return turns[: plan.repeats]


def _assign(
    readers: Sequence[ReaderSlot], groups: int, block_sizes: Sequence[int], seed: str
) -> dict[str, int]:
    """Each reader's group, by permuted blocks of random size within strata.

    Whole blocks are dealt stratum by stratum. Readers left over when no block fits form blocks of
    their own across strata. So groups differ by one reader at most in all, and in a stratum by
    one at most when there are two groups (two when there are more).
    """
    assigned: dict[str, int] = {}
    left: list[str] = []
    for stratum in sorted({reader.stratum for reader in readers}):
        members = [reader.code for reader in readers if reader.stratum == stratum]
        stream = Stream(seed, "groups", *stratum)
        members = stream.shuffled(members)
        dealt = _blocks(len(members) - len(members) % groups, groups, block_sizes, stream)
        assigned |= dict(zip(members, dealt, strict=False))
        left += members[len(dealt) :]
    stream = Stream(seed, "groups of those left over")
    deck: list[int] = []
    for code in left:
        if not deck:
            deck = stream.shuffled(range(groups))
        assigned[code] = deck.pop()
    return assigned


def _blocks(length: int, groups: int, block_sizes: Sequence[int], stream: Stream) -> list[int]:
    """Groups for `length` readers (a multiple of `groups`) in permuted blocks that fit exactly."""
    sizes = [size for size in block_sizes if size % groups == 0]
    dealt: list[int] = []
    while (rest := length - len(dealt)) > 0:
        size = stream.choice([size for size in sizes if size <= rest] or [groups])
        dealt += stream.shuffled([group for group in range(groups) for _ in range(size // groups)])
    return dealt


def _reader_rows(
    reader: str, cases: Sequence[str], sequence: Sequence[str], plan: Plan, seed: str
) -> list[Row]:
    """A reader's rows: training, then a new random order of all cases in each period."""
    order = Stream(seed, "order", reader, str(TRAINING_PERIOD)).shuffled(sorted(plan.training))
    arms = sorted(sequence, key=plan.arms.index)  # training begins without AI for everyone
    steps = [(case, arms[place % len(arms)], TRAINING_PERIOD) for place, case in enumerate(order)]
    for period, arm in enumerate(sequence, start=1):
        order = Stream(seed, "order", reader, str(period)).shuffled(cases)
        steps += [(case, arm, period) for case in order]
    if plan.repeats:
        period = len(sequence) + 1
        again = sorted(_repeated(cases, plan, seed))
        order = Stream(seed, "order", reader, str(period)).shuffled(again)
        steps += [(case, sequence[0], period) for case in order]
    name = "".join(sequence)
    return [
        Row(reader, position, case, arm, period, name)
        for position, (case, arm, period) in enumerate(steps, start=1)
    ]


def repeat_number(period: int, sequence: str) -> int:
    """0 for a first read, 1 for a case that is read again: in the period after the sequence's."""
    return max(0, period - len(sequence))


def commitment(rows: Sequence[Row], seed: str) -> str:
    """SHA-256 that binds the list and, published at lock, tells nothing about it.

    The seed is part of what is hashed: without it, the few possible lists of a small study could
    all be hashed and compared.
    """
    document = {"method": METHOD, "seed": seed, "rows": [asdict(row) for row in sorted(rows)]}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def balance(plan: Plan, table: AllocationTable) -> dict[str, Any]:
    """The randomisation report: groups in all and by stratum, cases by block, rows by arm."""
    strata = {reader.code: " / ".join(reader.stratum) or "all" for reader in plan.readers}
    by_stratum: dict[str, Counter[str]] = {}
    for reader, group in table.groups.items():
        by_stratum.setdefault(strata[reader], Counter())[group] += 1
    read = [row for row in table.rows if row.period != TRAINING_PERIOD]
    main = [row for row in read if not repeat_number(row.period, row.sequence)]
    cells = Counter((row.arm, row.period) for row in main)
    again = Counter(row.arm for row in read if repeat_number(row.period, row.sequence))
    return {
        "method": METHOD,
        "readers": len(plan.readers),
        "cases": len(plan.cases),
        "rows": len(table.rows),
        "groups": dict(sorted(Counter(table.groups.values()).items())),
        "groups_by_stratum": {
            name: dict(sorted(count.items())) for name, count in sorted(by_stratum.items())
        },
        "reads_by_arm": dict(sorted(Counter(row.arm for row in main).items())),
        "reads_by_arm_and_period": {
            f"{arm}{period}": count for (arm, period), count in sorted(cells.items())
        },
        **({"repeats_by_arm": dict(sorted(again.items()))} if again else {}),
    }


def imbalance(plan: Plan, table: AllocationTable) -> tuple[int, int]:
    """The largest difference in readers between two groups: in all, and within a stratum."""
    names = sorted({*table.groups.values(), *_group_names(plan)})
    strata = {reader.code: reader.stratum for reader in plan.readers}

    def largest(readers: Sequence[str]) -> int:
        count = Counter(table.groups[reader] for reader in readers)
        return max((abs(count[a] - count[b]) for a, b in combinations(names, 2)), default=0)

    within = [
        largest([code for code, stratum in strata.items() if stratum == name])
        for name in set(strata.values())
    ]
    return largest(list(table.groups)), max(within, default=0)


def _group_names(plan: Plan) -> list[str]:
    names = ["".join(sequence) for sequence in _sequences(plan)]
    if plan.design != "split_plot":
        return names
    return [f"{block + 1}/{name}" for block in range(plan.reader_blocks) for name in names]
