"""The states of a study are a table without a way back."""

import pytest

from readerstudy.studies import lifecycle
from readerstudy.studies.lifecycle import EDITS, MOVES, STATES


def test_the_way_from_draft_to_archive() -> None:
    state = "draft"
    for verb in ("lock", "start", "close", "freeze", "unblind", "archive"):
        state = lifecycle.next_state(state, verb)
    assert state == "archived"


def test_no_move_leads_back() -> None:
    for (before, _), after in MOVES.items():
        assert STATES.index(after) > STATES.index(before)


@pytest.mark.parametrize("state", [state for state in STATES if state != "draft"])
def test_c2_nothing_is_edited_after_the_lock(state: str) -> None:
    assert not lifecycle.allows(state, "edit")
    with pytest.raises(ValueError, match="amend it with a reason"):
        lifecycle.next_state(state, "edit")


def test_reads_are_opened_only_while_a_study_runs() -> None:
    assert [state for state in STATES if lifecycle.allows(state, "read")] == ["running"]


def test_an_archived_study_takes_nothing() -> None:
    verbs = {verb for _, verb in MOVES} | set(EDITS)
    assert not any(lifecycle.allows("archived", verb) for verb in verbs)


@pytest.mark.parametrize("verb", sorted({verb for _, verb in MOVES} | set(EDITS)))
def test_every_refusal_says_where_the_study_stands(verb: str) -> None:
    for state in STATES:
        if not lifecycle.allows(state, verb):
            assert lifecycle.words(state, verb).startswith("The study is ")


def test_a_verb_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="not possible"):
        lifecycle.next_state("draft", "shred")
