"""The result of a comparison of reading times in words."""

from typing import TYPE_CHECKING

from analysis.words import count_text, interval_text, level_text, p_text, percent_text

if TYPE_CHECKING:
    from analysis.times.result import TimeRatio, TimeResult


def statement(result: "TimeResult") -> str:
    """A paragraph as a results section would have it."""
    first = (
        f"Active reading time was compared on {count_text(result.n_reads, 'read')} of "
        f"{count_text(result.n_cases, 'case')} by {count_text(result.n_readers, 'reader')} with a "
        "mixed model of its logarithm (readers and cases random)."
    )
    parts = [first]
    means = {each["modality"]: each["geometric_mean_s"] for each in result.means}
    for each in (one for one in result.ratios if one.group == "all"):
        a, b = means[each.modality_a], means[each.modality_b]
        parts.append(
            f"The geometric mean was {a:.1f} s with {each.modality_a} and {b:.1f} s with "
            f"{each.modality_b}: {_change(each)} (ratio {each.ratio:.3f}, "
            f"{level_text(result.alpha)} {interval_text(each.ci_low, each.ci_high)}, "
            f"{p_text(each.p_value)})."
        )
    if result.interaction is not None:
        levels = [one for one in result.ratios if one.group != "all"]
        ratios = ", ".join(f"{one.group} {one.ratio:.3f}" for one in levels)
        parts.append(
            f"By {result.by} the ratio was {ratios} "
            f"(interaction {p_text(result.interaction.p_value)})."
        )
    parts += [
        f"With the {each.n_censored} reads that were cut off taken as such, reads finished "
        f"{each.ratio:.2f} times as fast with {each.modality_b} as with {each.modality_a} (hazard "
        f"ratio, {level_text(result.alpha)} {interval_text(each.ci_low, each.ci_high, 2)}, "
        f"{p_text(each.p_value)})."
        for each in result.hazards
    ]
    return " ".join(parts)


def _change(ratio: "TimeRatio") -> str:
    name = ratio.modality_b
    if ratio.ratio == 1:
        return f"no change with {name}"
    word = "shorter" if ratio.ratio < 1 else "longer"
    certain = ratio.ci_high < 1 or ratio.ci_low > 1
    text = f"{percent_text(abs(1 - ratio.ratio))} {word} with {name}"
    return text if certain else f"{text}, which the data cannot tell from no change"
