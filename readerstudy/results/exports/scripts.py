"""The programs in the bundle that recompute its primary result without the platform."""

from readerstudy.results.models import AnalysisRun

PYTHON = '''"""Recompute this bundle's primary result; needs the `analysis` package."""

import json
from pathlib import Path

import analysis
import pandas as pd

here = Path(__file__).parent
plan = json.loads((here / "data" / "plan.json").read_text())["primary"]
names = dict.fromkeys(("reader", "modality", "case"), str)
reads = pd.read_csv(here / "data" / "reads.csv", dtype=names)
result = analysis.mrmc(
    reads[["reader", "modality", "case", "truth", "rating"]],
    fom=plan["fom"],
    method=plan.get("method", "or"),
    covariance=plan.get("covariance", "jackknife"),
    random=plan["random"],
    alpha=plan["alpha"],
)
print(result.statement())
'''

R = """# Recompute the primary result of this bundle with the field's reference software.
# install.packages("MRMCaov")
library(MRMCaov)
reads <- read.csv(file.path("data", "reads.csv"), colClasses = c(reader = "character",
                  modality = "character", case = "character"))
plan <- jsonlite::fromJSON(file.path("data", "plan.json"))$primary
fit <- mrmc(empirical_auc(truth, rating), modality, reader, case, data = reads,
            cov = get(plan$covariance))
print(summary(fit))
"""


def readme(run: AnalysisRun) -> str:
    """What the bundle is and how to use it."""
    study = run.freeze.study
    simulated = (
        "\nThis study holds reads of simulated readers on synthetic phantoms. "
        "It says nothing about patients or radiologists.\n"
        if study.is_simulated
        else ""
    )
    return f"""# {study.name}
{simulated}
- Frozen data: SHA-256 {run.freeze.sha256}, {run.freeze.at:%Y-%m-%d %H:%M} UTC
- Numbers: SHA-256 {run.numbers_sha256}, made by {run.software}
- `data/`: the tables (CSV and Parquet), the protocol, the plan; `data_dictionary.md` explains them
- `data/reads.imrmc`, `data/rjafroc.xlsx`: the same for iMRMC and RJafroc
- `results/`: all numbers as JSON, figures as SVG
- `recompute.py`, `recompute.R`: the primary result without the platform
- `SHA256SUMS`: check with `sha256sum -c SHA256SUMS`
"""
