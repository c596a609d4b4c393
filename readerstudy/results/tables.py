"""The frozen data as tables: what is in them, in which order, and how they become bytes.

Pure: no Django. A table is a tuple of column names and a list of rows; its CSV is UTF-8 with LF,
floats by `repr` (the shortest text that gives the same double), so equal data are equal bytes.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Every column that leaves the platform, with its meaning: the data dictionary of the export.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "reads": {
        "reader": "Reader's code",
        "modality": "Arm's key (the statistics' word for an arm); an unaided stage has its own",
        "case": "Case's code",
        "truth": "1 with disease, 0 without",
        "rating": "Confidence that a metastasis is present: 0-100, or the level on the scale of "
        "the protocol's primary question, 1 the lowest",
        "period": "Period of the design, from 1",
        "sequence": "Sequence of arms (crossover), as AB",
        "order": "Place in the reader's own order, from 1",
        "session": "Sitting, numbered per reader",
        "site": "Site's name",
        "experience": "Reader's experience level",
        "scanner": "Maker and model of the case's scanner, where the images say",
        "prior": "1 when an earlier examination was shown beside the case, in every arm",
        "prior_days": "Days from that examination to the case's; empty where no dates were kept",
        "active_s": "Active reading time in seconds (definition in the protocol)",
        "active_30_s": "Active time if the idle limit were 30 s; empty for an observer model",
        "active_120_s": "Active time if the idle limit were 120 s; empty for an observer model",
        "elapsed_s": "First complete render to signature in seconds",
        "opened_at": "Server time, UTC",
        "submitted_at": "Server time of the signature, UTC",
        "protocol_version": "Protocol the read was made under",
        "simulated": "1 when an observer model made the read",
        "emergency": "1 when its arm was told in an emergency before the data were frozen",
        "ai_asked": "On demand: 1 when the reader asked for the proposals, 0 when not; else empty",
        "ai_asked_s": "Seconds from opening to asking, by the server's clock; empty without",
    },
    "marks": {
        "reader": "Reader's code",
        "modality": "Arm's key",
        "case": "Case's code",
        "mark": "Number of the mark in its read",
        "x_mm": "Patient coordinate x, DICOM LPS, millimetres",
        "y_mm": "Patient coordinate y",
        "z_mm": "Patient coordinate z",
        "diameter_mm": "Diameter the reader gave, if any",
        "rating": "Confidence: 0-100, or the level on the protocol's scale of marks, 1 the lowest",
        "from_proposal": "1 when the mark came from an accepted or edited proposal",
        "lesion": "Number of the lesion it localises (LL), 0 for a non-lesion localisation (NL)",
        "distance_mm": "Distance to the nearest lesion's centroid",
        "drawn_on": "Series on whose grid the reader drew the lesion; empty where not",
        "drawn": "What was drawn: column,row,frame of a box, its columns,rows,frames, then runs "
        "outside and inside by turns, columns fastest",
    },
    "truth": {
        "case": "Case's code",
        "truth": "1 with disease, 0 without",
        "lesion": "Lesion's number; 0 in the one row of a case without disease",
        "weight": "Lesion's weight; those of a case add up to 1",
        "x_mm": "Centroid, DICOM LPS, millimetres",
        "y_mm": "Centroid y",
        "z_mm": "Centroid z",
        "diameter_mm": "Diameter",
        "kind": "Type of the lesion",
        "source": "How the case's status was established",
        "drawn_on": "Series on whose grid the lesion was drawn; empty where it was not",
        "drawn": "What was drawn of it, as in marks; empty where the series lies otherwise since",
    },
    "grids": {
        "series": "A series that was drawn on",
        "case": "Its case's code",
        "role": "What the series is",
        "columns": "Voxels in a row",
        "rows": "Rows",
        "frames": "Frames",
        **{
            f"{axis}_{of}_mm": f"{words}, {of}, DICOM LPS, millimetres"
            for axis, words in (
                ("column", "One step along the columns"),
                ("row", "One step along the rows"),
                ("frame", "One step along the frames, their mean"),
                ("origin", "Centre of the first voxel"),
            )
            for of in ("x", "y", "z")
        },
    },
    "answers": {
        "reader": "Reader's code",
        "modality": "Arm's key",
        "case": "Case's code",
        "question": "Question's key",
        "value": "The reply, as JSON",
    },
    "decisions": {
        "reader": "Reader's code",
        "modality": "Arm's key",
        "case": "Case's code",
        "proposal": "Proposal's label in its case",
        "shown": "1 when the reader was sent it; 0 on demand, where they did not ask",
        "decision": "accepted, rejected, edited, or none",
        "probability": "The detector's probability, empty where its maker gave none",
        "kind_told": "How much of what kind of lesion it may be the reader was sent: full (every "
        "probability) or short (the likeliest answers); empty for nothing",
        "lesion": "Number of the lesion the proposal hits, 0 for a false proposal",
    },
    "proposals": {
        "case": "Case's code",
        "detector": "name@version",
        "proposal": "Label in its case",
        "x_mm": "Centroid, DICOM LPS, millimetres",
        "y_mm": "Centroid y",
        "z_mm": "Centroid z",
        "diameter_mm": "Diameter",
        "probability": "The detector's probability, empty where its maker gave none",
        "kind_probabilities": "What kind of lesion it may be: probability of each answer by "
        "question, as JSON; empty where no head was asked or it does not answer of such a lesion",
        "kind_head": "The head that was asked, name@version; empty where none was",
        "kind_head_sha256": "SHA-256 of the head",
        "lesion": "Number of the lesion it hits, 0 for a false proposal",
    },
    "readers": {
        "reader": "Reader's code",
        "site": "Site's name",
        "experience": "Experience level",
        "experience_years": "Years of experience",
        "withdrawn": "1 when the reader withdrew",
        "simulated": "1 for an observer model",
    },
    "allocation": {
        "reader": "Reader's code",
        "case": "Case's code",
        "arm": "Arm's key",
        "period": "Period, 0 for training",
        "sequence": "Sequence of arms",
        "position": "Place in the reader's order",
        "status": "submitted, opened, withdrawn, voided, or not read",
    },
    "events": {
        "reader": "Reader's code",
        "modality": "Arm's key",
        "case": "Case's code",
        "tab": "Browser tab, numbered per read",
        "seq": "Sequence number in the tab",
        "kind": "What was done",
        "mono_ms": "Monotonic clock of the tab, milliseconds",
        "wall_ms": "Wall clock of the browser, milliseconds since 1970",
        "received_at": "Server time, UTC",
        "used": "1 when it is part of the read; 0 when it came from a window that had lost the "
        "read, after the signature, or after the account had ended",
        "payload": "Further members, as JSON; in view, where it was done: place of the pane and "
        "slice, both from 0, the series, and the plane of a rebuilt one",
    },
    "questionnaires": {
        "reader": "Reader's code",
        "questionnaire": "Questionnaire's key in the protocol",
        "moment": "before the first case, at the start of a session, or after the last case",
        "time": "How many times this reader has answered it, from 1",
        "question": "Question's key",
        "value": "Answer; a choice by its value in the protocol",
        "answered_at": "Server time, UTC",
    },
    "qualification": {
        "reader": "Reader's code",
        "attempt": "Which time the reader trained, from 1",
        "right": "Training cases read right; of a test, where the protocol has one",
        "of": "Training cases read; of a test, where the protocol has one",
        "pass_mark_percent": "The protocol's pass mark",
        "passed": "1 when it was reached",
        "decision": "Of the coordinator, for who did not pass: again, admit, or empty",
        "reason": "The decision's reason",
    },
}
# What a read is made of. Reads of cases that were read before (R13) have tables of their own with
# the same columns, named repeat_reads and so on: the same reader, arm and case, one period later.
OF_READS = ("reads", "marks", "answers", "decisions", "events")
REPEAT = "repeat_"


def columns_of(name: str) -> Mapping[str, str]:
    """The columns of a table, with their meaning."""
    return COLUMNS[name.removeprefix(REPEAT)]


# The last four are the full-width twins of = + - @, which spreadsheets take as well.
FORMULA = re.compile("[\t\r\n]|\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


@dataclass(frozen=True)
class Table:
    """One table of the frozen data; `rows` follow `columns`."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def csv(self) -> bytes:
        """The table as CSV, the same bytes for the same data."""
        lines = _Lines()
        writer = csv.writer(lines, lineterminator=_Lines.END)
        writer.writerow(_text(each) for each in self.columns)
        writer.writerows([_text(value) for value in row] for row in self.rows)
        return "".join(lines.written).encode()

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class _Lines:
    """Rows that end with LF; a CR in a cell is quoted, as it is where rows end with CR LF."""

    END = "\r\n"

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, row: str) -> None:
        """Take one row."""
        self.written.append(f"{row.removesuffix(self.END)}\n")


def table(name: str, records: Iterable[Mapping[str, Any]]) -> Table:
    """Make the named table, its rows sorted by what identifies them.

    Raises
    ------
    KeyError
        When a record lacks one of the table's columns.
    """
    columns = tuple(columns_of(name))
    rows = [tuple(record[column] for column in columns) for record in records]
    return Table(name, columns, tuple(rows))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, int)):
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    text = value if isinstance(value, str) else _json_or_str(value)
    # A cell that a spreadsheet would run is made text (fault E9); numbers stay numbers.
    return f"'{text}" if FORMULA.match(text) else text


def _json_or_str(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def manifest(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file by its name, names sorted."""
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}


def digest(sums: Mapping[str, str]) -> str:
    """The one hash of a data set: SHA-256 over its manifest."""
    text = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    return hashlib.sha256(text.encode()).hexdigest()


def data_dictionary(tables: Sequence[Table]) -> bytes:
    """What every column means, as Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "UTF-8, LF. A text that a spreadsheet would take for a formula (it begins with = + - @,",
        "their full-width twins, a tab or a line's end, or with these after spaces) has an",
        "apostrophe before it: take it away to have the text as it was. Numbers are as they are.",
        "",
    ]
    for each in tables:
        lines += [f"## {each.name}.csv", "", "| column | meaning |", "|---|---|"]
        lines += [f"| {name} | {columns_of(each.name)[name]} |" for name in each.columns] + [""]
    return "\n".join(lines).encode()
