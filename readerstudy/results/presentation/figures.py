"""The report's figures as the page shows them: caption, size, and what can be downloaded."""

from dataclasses import dataclass

from readerstudy.results.presentation.cells import Tree, primary_fom


@dataclass(frozen=True)
class Figure:
    """A figure of the report, for the screen and for print."""

    caption: str
    file: str
    downloads: tuple[tuple[str, str], ...]  # kind, file: light, as paper is
    wide: bool = False


CAPTIONS = {
    "roc": "ROC curves: each reader thin, the average of the readers thick.",
    "readers": "Each reader's {fom} in the first two arms; readers who do worse in the second "
    "are marked.",
    "differences": "Difference in {fom} for each reader and overall, with intervals.",
    "froc": "Free-response ROC: lesions found against false marks per case; the average "
    "ends where the first reader's curve does.",
    "sizes": "Lesion sensitivity by size, with the number of lesions.",
    "decisions": "What readers did with right and with wrong proposals.",
    "times": "Active reading time in each arm, and its ratio.",
    "order": "Accuracy by period (parallel: no carry-over), and time along each reader's order.",
    "flow": "Flow of readers and reads: allocated, lost and why, analysed.",
}
WIDE = frozenset({"times", "order", "flow"})  # several panels beside each other
LEAD = ("differences", "roc", "froc", "sizes")  # beside the answer: the first that there is


def figures(numbers: Tree, theme: str, files: set[str]) -> dict[str, Figure]:
    """The figures that a run has, by name."""
    fom = primary_fom(numbers)
    found = {}
    for name, caption in CAPTIONS.items():
        if name not in numbers.get("figures", []):
            continue
        kept = [(kind, f"figures/{name}-light.{kind.lower()}") for kind in ("SVG", "PNG")]
        found[name] = Figure(
            caption.format(fom=fom),
            f"figures/{name}-{theme}.svg",
            tuple((kind, file) for kind, file in kept if file in files),
            wide=name in WIDE,
        )
    return found
