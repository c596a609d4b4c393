"""Whatever is done to a chain is found and named, offline."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.audit.chain import (
    FIRST_HASH,
    Head,
    Link,
    Tampering,
    from_line,
    link_hash,
    to_line,
    verify,
    verify_lines,
)


def chain(
    length: int, *, name: str = "platform", start: int = 1, before: str = FIRST_HASH
) -> list[Link]:
    """A whole chain."""
    links: list[Link] = []
    for number in range(start, start + length):
        link = Link(
            chain=name,
            number=number,
            at=f"2026-03-01T10:00:{number % 60:02d}+00:00",
            actor="cora",
            action="studies.set_design",
            object=f"study:{number}",
            detail={"washout_days": number},
            reason="",
            previous_hash=links[-1].hash if links else before,
            hash="",
        )
        links.append(replace(link, hash=link_hash(link)))
    return links


def renumbered(links: list[Link]) -> list[Link]:
    return [replace(link, number=number) for number, link in enumerate(links, start=1)]


def kinds(links: list[Link], *kept: Head) -> list[tuple[int, Tampering]]:
    return [(each.number, each.tampering) for each in verify(links, kept=kept)]


def test_a_whole_chain_holds() -> None:
    links = chain(20)
    assert verify(links, kept=[Head("platform", 20, links[19].hash)]) == []
    assert verify([]) == []


@pytest.mark.fault("H1")
@pytest.mark.parametrize(
    "change",
    [
        {"actor": "mallory"},
        {"reason": "none"},
        {"detail": {"washout_days": 1}},
        {"at": "2026-02-01T10:00:05+00:00"},
        {"action": "studies.lock"},
        {"object": "study:x"},
        {"previous_hash": "1" * 64},
        {"hash": "1" * 64},
    ],
)
def test_h1_an_edited_entry_is_named(change: dict[str, object]) -> None:
    links = chain(9)
    links[4] = replace(links[4], **change)
    assert (5, Tampering.EDITED) in kinds(links)


@pytest.mark.fault("H1")
def test_h1_an_edited_entry_with_a_new_hash_is_found_at_the_next_one() -> None:
    links = chain(9)
    edited = replace(links[4], actor="mallory")
    links[4] = replace(edited, hash=link_hash(edited))
    assert kinds(links) == [(6, Tampering.REWRITTEN)]


@pytest.mark.fault("H1")
def test_h1_a_deleted_entry_is_named_by_its_gap() -> None:
    links = chain(9)
    del links[3:5]
    assert kinds(links) == [(4, Tampering.DELETED)]


@pytest.mark.fault("H1")
def test_h1_a_deleted_entry_is_named_after_renumbering() -> None:
    links = chain(9)
    del links[3]
    found = kinds(renumbered(links))
    assert found[0] == (4, Tampering.DELETED)
    assert {kind for _, kind in found} == {Tampering.DELETED}


@pytest.mark.fault("H1")
def test_h1_a_first_entry_that_is_gone_is_named() -> None:
    assert kinds(chain(5)[1:]) == [(1, Tampering.DELETED)]


@pytest.mark.fault("H1")
@pytest.mark.parametrize("has_hash", [True, False])
def test_h1_an_inserted_entry_is_named(*, has_hash: bool) -> None:
    links = chain(9)
    forged = replace(links[3], number=4, actor="mallory", previous_hash=links[2].hash)
    links.insert(3, replace(forged, hash=link_hash(forged) if has_hash else "2" * 64))
    found = kinds(renumbered(links))
    assert {kind for _, kind in found} == {Tampering.INSERTED}
    assert found[0][0] == (5 if has_hash else 4)


@pytest.mark.fault("H1")
@pytest.mark.parametrize("pair", [(2, 3), (1, 7)])
def test_h1_swapped_entries_are_named(pair: tuple[int, int]) -> None:
    links = chain(9)
    first, second = pair
    links[first], links[second] = links[second], links[first]
    found = kinds(renumbered(links))
    assert (first + 1, Tampering.SWAPPED) in found
    assert (second + 1, Tampering.SWAPPED) in found
    assert len(found) == 2


@pytest.mark.fault("H1")
def test_h1_a_cut_tail_is_found_by_the_kept_head_only() -> None:
    links = chain(9)
    head = Head("platform", 9, links[8].hash)
    assert kinds(links[:6]) == []
    assert kinds(links[:6], head) == [(7, Tampering.TRUNCATED)]


@pytest.mark.fault("H1")
def test_h1_a_chain_rewritten_from_an_entry_on_is_found_by_the_kept_head() -> None:
    links = chain(9)
    again = links[:4] + chain(5, start=5, before="3" * 64)
    fifth = replace(links[4], actor="mallory")
    fifth = replace(fifth, hash=link_hash(fifth))
    rewritten = [*links[:4], fifth, *chain(4, start=6, before=fifth.hash)]
    head = Head("platform", 9, links[8].hash)
    assert kinds(rewritten) == []  # whoever can write can hash: the head is what tells
    assert kinds(rewritten, head) == [(9, Tampering.REWRITTEN)]
    assert kinds(again) == [(5, Tampering.REWRITTEN)]


@pytest.mark.fault("H1")
@pytest.mark.fault("A9")
def test_h1_an_old_backup_restored_and_written_on_is_found() -> None:
    links = chain(9)
    head = Head("platform", 9, links[8].hash)
    restored = [*links[:5], *chain(2, start=6, before=links[4].hash)]
    assert kinds(restored, head) == [(8, Tampering.TRUNCATED)]
    forked = replace(links[5], actor="gus")
    forked = replace(forked, hash=link_hash(forked))
    grown = [*links[:5], forked, *chain(6, start=7, before=forked.hash)]
    assert (9, Tampering.REWRITTEN) in kinds(grown, head)


@pytest.mark.fault("H1")
def test_h1_a_chain_that_is_gone_altogether_is_found() -> None:
    assert kinds([], Head("platform", 3, "4" * 64)) == [(1, Tampering.TRUNCATED)]


def test_chains_do_not_mix() -> None:
    first, second = chain(4), chain(4, name="study")
    assert verify([*first, *second]) == []
    second[2] = replace(second[2], actor="mallory")
    assert [each.chain for each in verify([*first, *second])] == ["study"]


@given(st.data())
def test_any_change_of_one_field_is_found(data: st.DataObject) -> None:
    links = chain(6)
    place = data.draw(st.integers(0, 5))
    name = data.draw(st.sampled_from(["actor", "action", "object", "reason", "at"]))
    value = data.draw(st.text(max_size=20))
    changed = replace(links[place], **{name: value})
    assert (verify([*links[:place], changed, *links[place + 1 :]]) == []) == (
        changed == links[place]
    )


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_any_reordering_or_loss_but_of_the_tail_is_found(order: list[int], lost: set[int]) -> None:
    links = chain(6)
    left = renumbered([links[place] for place in order if place not in lost])
    is_a_beginning = left == links[: len(left)]
    assert (verify(left) == []) == is_a_beginning


@pytest.mark.fault("H5")
def test_h5_an_export_is_verified_without_a_database() -> None:
    links = chain(5)
    lines = [to_line(link) for link in links]
    assert [from_line(line) for line in lines] == links
    assert verify_lines(lines) == []
    assert verify_lines([*lines[:2], *lines[3:]]) != []
    assert verify_lines([*lines[:2], lines[1], *lines[2:]]) != []


@pytest.mark.parametrize("line", ["", "{}", "[1]", "not json"])
def test_a_line_that_is_no_entry_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="Not an audit entry"):
        from_line(line)


@pytest.mark.fault("H1")
def test_h1_a_chain_is_verified_from_where_it_was_last_whole() -> None:
    links = chain(20)
    since = [Head("platform", 10, links[9].hash)]
    assert verify(links[9:], since=since) == []
    (gone,) = verify(links[11:], since=since)
    assert (gone.number, gone.tampering) == (1, Tampering.DELETED)
    edited = [*links[9:12], replace(links[12], actor="mallory"), *links[13:]]
    assert [each.number for each in verify(edited, since=since)] == [13]
    other = [Head("platform", 10, links[8].hash)]
    assert [each.tampering for each in verify(links[9:], since=other)] == [Tampering.REWRITTEN]
    assert [each.tampering for each in verify([], since=since)] == [Tampering.TRUNCATED]
