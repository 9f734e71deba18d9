"""Planted sentences: what was changed is false of the passage, and the sentence stays a sentence."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.exceptions import InvalidInputError
from kb.quality.planting.exact_errors import other_date, other_name, other_number, other_unit
from kb.quality.planting.meaning_errors import direction, modality, negation, quantifier
from kb.quality.planting.plant import ERRORS, TRUTHS, passages_in, plant
from kb.quality.planting.source import Change, Source, sources_of, whole_sentences
from kb.quality.planting.subject_errors import swapped_subject
from kb.quality.planting.truths import (
    contraction,
    date_format,
    dropped_adverb,
    number_words,
    reordered,
    synonym,
    voice,
)
from tests.rag.corpus import passages


def made_of(change: Change, sentence: str, passage: str = "", strangers: tuple[str, ...] = ()) -> set[str]:
    """Everything that ten draws make of a sentence."""
    source = Source(sentence, passage or sentence, strangers)
    return {made for seed in range(10) if (made := change(source, random.Random(seed))) is not None}


@pytest.mark.parametrize(
    ("change", "sentence", "unlike"),
    [
        (other_number, "The grant covers 12 nights and three meals.", {"12 nights and three meals"}),
        (other_unit, "The grant covers 12 nights and lasts 3 weeks.", {"3 weeks"}),
        (other_date, "The office was opened in 1987 by the mayor.", {"1987"}),
        (negation, "The office is open on Sundays.", {"is open"}),
        (negation, "You must not share the key with others.", {"must not"}),
        (modality, "Employees must report the loss.", {"must report"}),
        (quantifier, "Some offices are closed in winter.", {"Some offices"}),
        (direction, "Hand in the form before the trip begins.", {"before the trip"}),
    ],
)
def test_the_planted_words_differ_and_the_rest_stays(change: Change, sentence: str, unlike: set[str]) -> None:
    made = made_of(change, sentence)
    assert made
    for changed in made:
        assert not any(words in changed for words in unlike)
        assert len(set(changed.lower().split()) & set(sentence.lower().split())) >= len(sentence.split()) - 3


def test_a_planted_number_stands_nowhere_in_the_passage() -> None:
    passage = "Level 4 gets 5 days. " + " ".join(f"Part {n} has {n} pages." for n in range(2, 30))
    for made in made_of(other_number, "Level 4 gets 5 days.", passage):
        new = set(re.findall(r"\d+", made)) - {"4", "5"}
        assert not any(re.search(rf"\b{number}\b", passage) for number in new)


def test_a_number_in_words_is_no_other_one_in_digits() -> None:
    passage = "It takes four days. " + " ".join(str(n) for n in range(2, 21) if n != 7)
    assert made_of(other_number, "It takes four days in all.", passage) <= {"It takes seven days in all."}


def test_a_planted_name_has_the_shape_of_the_old_one_and_is_strange_to_the_passage() -> None:
    sentence = "The fund was set up by Anna Meier in the spring."
    strangers = ("NASA", "Lake Lucerne", "Anna Roth", "Berlin")
    assert made_of(other_name, sentence, strangers=strangers) == {
        sentence.replace("Anna Meier", "Lake Lucerne")
    } or not made_of(other_name, sentence, strangers=strangers)


@pytest.mark.parametrize(
    ("sentence", "swapped"),
    [
        (
            "The clerk must approve the request within a week.",
            "The request must approve the clerk within a week.",
        ),
        ("Spain ceded Florida to the British in 1763.", "Florida ceded Spain to the British in 1763."),
        ("The trust was created by the owner in 1990.", "The owner was created by the trust in 1990."),
    ],
)
def test_subject_and_object_change_places(sentence: str, swapped: str) -> None:
    context = f"{sentence} It was said that Spain and then Florida mattered."
    assert swapped in made_of(swapped_subject, sentence, context)


@pytest.mark.parametrize(
    "sentence",
    [
        "The bank and the client signed the contract in May.",
        "Anna met Berta in the old library of the town.",
        "This rule helps the clerk with the form.",
        "It is the clerk of the court who decides.",
    ],
)
def test_what_would_stay_true_or_name_nobody_is_not_swapped(sentence: str) -> None:
    assert not made_of(swapped_subject, sentence)


def test_another_party_must_be_told_apart_from_the_subject_by_the_passage() -> None:
    apart = (
        "Neutrophils are very common cells of blood. Macrophages are very large cells of"
        " blood. Neutrophils are always smaller than Macrophages."
    )
    assert made_of(swapped_subject, "Neutrophils are very common cells of blood.", apart) == {
        "Macrophages are very common cells of blood."
    }
    # Two names that never stand together may name one thing.
    assert not made_of(
        swapped_subject, "Neutrophils are very common cells of blood.", apart.rpartition(" Neutrophils")[0]
    )


@pytest.mark.parametrize(
    ("change", "sentence", "same"),
    [
        (dropped_adverb, "However, the office is closed on Monday.", "The office is closed on Monday."),
        (number_words, "The trip takes 3 days in all.", "The trip takes three days in all."),
        (number_words, "The trip takes three days in all.", "The trip takes 3 days in all."),
        (date_format, "It began on 4 May 1999 in Rome.", "It began on 1999-05-04 in Rome."),
        (contraction, "You do not need a receipt.", "You don't need a receipt."),
        (synonym, "Book it prior to departure.", "Book it before departure."),
        (reordered, "You may leave if you are ill.", "If you are ill, you may leave."),
        (reordered, "If you are ill, you may leave.", "You may leave if you are ill."),
        (voice, "The clerk must approve the request.", "The request must be approved by the clerk."),
        (voice, "The trust was created by the owner.", "The owner created the trust."),
    ],
)
def test_a_rephrased_sentence_says_the_same(change: Change, sentence: str, same: str) -> None:
    assert same in made_of(change, sentence)


def test_the_same_seed_plants_the_same() -> None:
    texts = [passage.text for passage in passages()]
    assert plant(texts, 1, 5) == plant(texts, 1, 5)
    assert plant(texts, 1, 5) != plant(texts, 2, 5)


def test_what_is_planted_is_labelled_and_made_from_its_passage() -> None:
    made = plant([passage.text for passage in passages()])
    assert {item.kind for item in made if not item.supported} >= set(ERRORS) - {
        "quantifier",
        "swapped subject",
    }
    assert {item.kind for item in made if item.supported} >= {"verbatim", "number words", "contraction"}
    assert {item.kind for item in made} <= {*ERRORS, *TRUTHS}
    for item in made:
        assert item.original in set(whole_sentences(item.passage))
        assert (item.sentence == item.original) is (item.kind == "verbatim")
        assert item.sentence.endswith((".", "!")) and item.sentence[0] == item.sentence[0].upper()


def test_an_error_is_no_sentence_of_the_passage() -> None:
    for item in plant([passage.text for passage in passages()]):
        if not item.supported:
            assert item.sentence not in " ".join(item.passage.split())


def test_headings_questions_and_fragments_are_no_sources() -> None:
    text = (
        "# A heading that has words in it\n\nIs it open?\n\nSee also [here](x).\n\nThe"
        " office is closed on Monday."
    )
    assert [source.sentence for source in sources_of([text])] == ["The office is closed on Monday."]


def test_a_folder_of_files_gives_passages_of_about_a_chunk(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.md").write_text("\n\n".join(["word " * 100] * 9), encoding="utf-8")
    found = passages_in(tmp_path)
    assert len(found) > 2
    assert max(map(len, found)) < 1500


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: (folder / "pdfs").mkdir()])
def test_a_folder_without_texts_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    with pytest.raises(InvalidInputError):
        passages_in(tmp_path)
