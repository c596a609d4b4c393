"""Simulation results as Markdown: what stands in docs/statistics/simulation.md."""

from pathlib import Path
from typing import Any

import pandas as pd
from scipy import stats

LEVEL, COVERAGE = 0.05, 0.95
USUAL = "HL"  # Roe and Metz' structure of the tables that name none
OTHERS = ("single", "unequal", "ordinal", "nested", "split_plot", "missing")
# Column of the grid, analysis, what is counted. DBM is Obuchowski-Rockette with the jackknife to
# the last digit but for readers fixed; its own row is in the overview.
GRID = (
    ("OR, DBM", "OR jackknife", "rejected"),
    ("DeLong", "OR DeLong", "rejected"),
    ("unbiased", "OR unbiased", "rejected"),
    ("bootstrap", "OR bootstrap", "rejected"),
    ("U-stat.", "U-statistics", "rejected"),
    ("readers fixed", "OR jackknife, readers fixed", "rejected"),
    ("cases fixed", "OR jackknife, cases fixed", "rejected"),
    ("wAFROC", "FROC wAFROC", "rejected"),
    ("gain covered", "OR jackknife, true gain", "held_difference"),
    ("AUC covered", "OR jackknife", "held_single"),
)


def markdown(path: Path) -> str:
    """The tables of a result file."""
    whole = pd.read_csv(path, dtype={"auc": str}, keep_default_na=False)
    table = whole[(whole["structure"] == USUAL) & ~whole["kind"].isin(OTHERS)]
    rejected = table[table["kind"] != "gain"]
    gain = table[table["kind"] == "gain"]
    single = table[table["answered_single"] > 0]
    parts = [
        "Share of true hypotheses rejected:\n\n" + _overview(rejected, "rejected", LEVEL),
        "Share of intervals of a true gain that hold it:\n\n"
        + _overview(gain, "held_difference", COVERAGE),
        "Share of intervals of one modality's AUC that hold the truth:\n\n"
        + _overview(single, "held_single", COVERAGE),
        _grid(table[table["auc"] != ""]),
    ]
    times = rejected[rejected["auc"] == ""]
    parts += [_times(times)] if len(times) else []
    parts += _others(whole)
    return "\n\n".join(part for part in parts if part) + "\n"


def _others(table: pd.DataFrame) -> list[str]:
    """One modality's two intervals, the other designs, and the other variance structures."""
    parts = []
    single = table[table["kind"] == "single"]
    if len(single):
        words = "The two intervals of one modality's AUC (the same analyses), share that holds it:"
        parts += [f"{words}\n\n" + _overview(single, "held_single", COVERAGE)]
        parts += [_pooled(single, "held_single")]
    designs = table[table["kind"].isin(set(OTHERS) - {"single"})]
    if len(designs):
        words = "Other designs and data, share of true hypotheses rejected:"
        parts += [f"{words}\n\n" + _overview(designs, "rejected", LEVEL)]
        jackknife = designs[designs["analysis"].str.startswith("OR jackknife")]
        parts += [_pooled(jackknife, "rejected")]
    crossed = table[(table["kind"] == "crossed") & (table["structure"] != USUAL)]
    if len(crossed):
        named = crossed.assign(analysis=crossed["analysis"] + ", " + crossed["structure"])
        named = named.sort_values(["structure", "analysis"], kind="stable")
        words = "Other variance structures (data correlation, reader variance), share rejected:"
        parts += [f"{words}\n\n" + _overview(named, "rejected", LEVEL)]
        jackknife = named[named["analysis"].str.startswith("OR jackknife")]
        parts += [_pooled(jackknife, "rejected")]
    return parts


def _pooled(table: pd.DataFrame, which: str) -> str:
    """A row for each number of cases and AUC, over all numbers of readers; a column an analysis."""
    names = list(dict.fromkeys(table["analysis"]))
    sums = table.groupby(["cases", "auc", "analysis"])[[which, "trials"]].sum()
    least = int(sums["trials"].min())
    lines = [
        f"Over all numbers of readers ({least:,} studies a cell at least):\n",
        f"| cases | AUC | {' | '.join(names)} |",
        "|---" * (2 + len(names)) + "|",
    ]
    rows: dict[Any, pd.Series] = dict(sums.iterrows())
    for cases, auc in sorted({place[:2] for place in rows}):
        cells = [_cell(rows.get((cases, auc, name)), which) for name in names]
        lines.append(f"| {cases} | {auc} | {' | '.join(cells)} |")
    return "\n".join(lines)


def interval(hits: int, number: int) -> tuple[float, float]:
    """Clopper-Pearson, 95 %."""
    low = float(stats.beta.ppf(0.025, hits, number - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(0.025, hits + 1, number - hits)) if hits < number else 1.0
    return low, high


def _overview(table: pd.DataFrame, which: str, target: float) -> str:
    """A row an analysis: pooled over the grid, and how many points are off the target."""
    if table.empty:
        return "none"
    goal = f"{100 * target:g} %"
    ends = f"least | most | above {goal} | below {goal}"
    lines = [f"| analysis | points | studies | share (95 % CI) | {ends} |", "|---" * 8 + "|"]
    for name, rows in table.groupby("analysis", sort=False):
        hits, number = int(rows[which].sum()), int(rows["trials"].sum())
        low, high = interval(hits, number)
        rates = rows[which] / rows["trials"]
        sure = [interval(h, n) for h, n in zip(rows[which], rows["trials"], strict=True)]
        above, below = sum(a > target for a, _ in sure), sum(b < target for _, b in sure)
        lines.append(
            f"| {name} | {len(rows)} | {number:,} | {hits / number:.4f} ({low:.4f} to {high:.4f}) "
            f"| {rates.min():.3f} | {rates.max():.3f} | {above} | {below} |"
        )
    return "\n".join(lines)


def _grid(table: pd.DataFrame) -> str:
    """A row a point; bold where the Monte Carlo interval does not hold the nominal value."""
    if table.empty:
        return ""
    rows = {(r["analysis"], r["readers"], r["cases"], r["auc"]): r for _, r in table.iterrows()}
    places = sorted({key[1:] for key in rows})
    head = " | ".join(
        f"{words} ({int(table.loc[table['analysis'] == name, 'trials'].median())})"
        for words, name, _ in GRID
        if (table["analysis"] == name).any()
    )
    shown = [each for each in GRID if (table["analysis"] == each[1]).any()]
    lines = [f"| readers | cases | AUC | {head} |", "|---" * (3 + len(shown)) + "|"]
    for place in places:
        cells = [_cell(rows.get((name, *place)), which) for _, name, which in shown]
        lines.append(f"| {place[0]} | {place[1]} | {place[2]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _times(table: pd.DataFrame) -> str:
    lines = [
        "| readers | cases | analysis | studies | true ratio rejected (95 % CI) |",
        "|---" * 5 + "|",
    ]
    for _, row in table.sort_values(["analysis", "readers", "cases"]).iterrows():
        low, high = interval(row["rejected"], row["trials"])
        lines.append(
            f"| {row['readers']} | {row['cases']} | {row['analysis']} | {row['trials']} | "
            f"{row['rejected'] / row['trials']:.3f} ({low:.3f} to {high:.3f}) |"
        )
    return "\n".join(lines)


def _cell(row: "pd.Series | None", which: str) -> str:
    if row is None:
        return ""
    target = LEVEL if which == "rejected" else COVERAGE
    low, high = interval(int(row[which]), int(row["trials"]))
    text = f"{row[which] / row['trials']:.3f}"
    return text if low <= target <= high else f"**{text}**"
