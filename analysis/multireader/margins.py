"""Non-inferiority, superiority and equivalence by a margin.

From the estimate, standard error and degrees of freedom of a difference (Chen, Petrick and
Sahiner, Acad Radiol 19:1158-1165, 2012, for MRMC studies). Non-inferiority and superiority are
decided by the two-sided 1 - alpha interval, that is one-sided at alpha / 2; equivalence by two
one-sided tests at alpha each (Schuirmann, J Pharmacokinet Biopharm 15:657-680, 1987).
"""

from collections.abc import Sequence

from analysis.estimates import Comparison, ratio, t_tail
from analysis.results import MarginTest
from analysis.tables import DataError


def margin_tests(
    differences: Sequence[Comparison],
    modalities: Sequence[str],
    *,
    margin: float,
    alpha: float,
    reference: str | None = None,
    higher_is_better: bool = True,
) -> tuple[MarginTest, ...]:
    """Test each pair in both directions, or only against `reference` when one is named.

    Where a lower figure of merit is better (false positives), the margin is how much higher it
    may be.

    Raises
    ------
    DataError
        For a margin that is not positive, or a reference that is no modality.
    """
    if margin <= 0:
        raise DataError(f"margin is {margin:g}; it must be above 0")
    check_reference(reference, modalities)
    tests = []
    for each in differences:
        for sign, test, other in ((1, each.a, each.b), (-1, each.b, each.a)):
            if reference in (None, modalities[other]):
                names = modalities[test], modalities[other]
                gain = sign if higher_is_better else -sign
                tests.append(_margin_test(each, (sign, gain), names, margin, alpha))
    return tuple(tests)


def check_reference(reference: str | None, modalities: Sequence[str]) -> None:
    """Refuse a reference that is no modality."""
    if reference is not None and reference not in modalities:
        raise DataError(f"reference {reference!r} is no modality: {', '.join(modalities)}")


def _margin_test(
    each: Comparison, signs: tuple[int, int], names: tuple[str, str], margin: float, alpha: float
) -> MarginTest:
    """`signs` turn the difference into test minus reference, and into what the test gains."""
    value, gain = (sign * each.estimate for sign in signs)
    low, high = (each.ci_low, each.ci_high) if signs[0] > 0 else (-each.ci_high, -each.ci_low)
    p_above = t_tail(ratio(gain + margin, each.std_error), each.df)
    p_below = t_tail(ratio(margin - gain, each.std_error), each.df)
    p_superior = t_tail(ratio(gain, each.std_error), each.df)
    return MarginTest(
        test=names[0],
        reference=names[1],
        margin=margin,
        estimate=value,
        ci_low=low,
        ci_high=high,
        p_noninferior=p_above,
        p_equivalent=max(p_above, p_below),
        noninferior=p_above < alpha / 2,
        superior=gain > 0 and p_superior < alpha / 2,
        equivalent=max(p_above, p_below) < alpha,
    )
