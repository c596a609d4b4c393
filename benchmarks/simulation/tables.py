"""Simulation results as Markdown: rates with Monte Carlo intervals, and what stands out."""

from pathlib import Path

import pandas as pd
from scipy import stats


def markdown(path: Path) -> str:
    """Every table of a result file."""
    table = pd.read_csv(path, dtype={"auc": str}, keep_default_na=False)
    parts = [_overview(table)]
    for kind, rows in table.groupby("kind", sort=False):
        which = "held_difference" if kind == "gain" else "rejected"
        words = "coverage of the difference" if kind == "gain" else "share rejected"
        parts.append(f"### {kind}: {words}\n\n{_grid(rows, which)}")
    single = table[table["answered_single"] > 0]
    parts.append(f"### coverage of one modality's AUC\n\n{_grid(single, 'held_single')}")
    return "\n\n".join(parts) + "\n"


def interval(hits: int, number: int) -> tuple[float, float]:
    """Clopper-Pearson, 95 %."""
    low = float(stats.beta.ppf(0.025, hits, number - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(0.025, hits + 1, number - hits)) if hits < number else 1.0
    return low, high


def _overview(table: pd.DataFrame) -> str:
    """A row an analysis: pooled over the grid, and the points off their level."""
    lines = [
        "| analysis | points | studies | rejected | least | most | above 5 % | below 5 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, rows in table[table["kind"] != "gain"].groupby("analysis", sort=False):
        hits, number = int(rows["rejected"].sum()), int(rows["trials"].sum())
        low, high = interval(hits, number)
        rates = rows["rejected"] / rows["trials"]
        ends = [interval(h, n) for h, n in zip(rows["rejected"], rows["trials"], strict=True)]
        above, below = (sum(low > 0.05 for low, _ in ends), sum(high < 0.05 for _, high in ends))
        lines.append(
            f"| {name} | {len(rows)} | {number:,} | {hits / number:.4f} ({low:.4f}-{high:.4f}) | "
            f"{rates.min():.3f} | {rates.max():.3f} | {above} | {below} |"
        )
    return "\n".join(lines)


def _grid(rows: pd.DataFrame, which: str) -> str:
    """Rows: readers, cases, AUC; columns: analyses; in a cell the rate, marked when off."""
    target = 0.05 if which == "rejected" else 0.95
    cells = {
        (row.readers, row.cases, row.auc, row.analysis): _cell(getattr(row, which), row.trials,
                                                               target)
        for row in rows.itertuples()
    }  # fmt: skip
    names = list(dict.fromkeys(rows["analysis"]))
    places = sorted({key[:3] for key in cells})
    trials = rows.groupby("analysis")["trials"].median().astype(int)
    head = " | ".join(f"{name} ({trials[name]})" for name in names)
    lines = [f"| readers | cases | AUC | {head} |", "|---" * (3 + len(names)) + "|"]
    for place in places:
        values = " | ".join(cells.get((*place, name), "") for name in names)
        lines.append(f"| {place[0]} | {place[1]} | {place[2] or '-'} | {values} |")
    return "\n".join(lines)


def _cell(hits: int, number: int, target: float) -> str:
    """Bold where the Monte Carlo interval does not hold the target."""
    low, high = interval(int(hits), int(number))
    text = f"{hits / number:.3f}"
    return text if low <= target <= high else f"**{text}**"
