"""Each word has its code and its plain English; people are published as they are."""

import pickle

import pytest

from casework import vocabulary
from casework.vocabulary import AgeBand, Kind, Sex, Word, affected_as, is_child

WORDS = [
    words
    for words in vars(vocabulary).values()
    if isinstance(words, type) and issubclass(words, Word) and words is not Word
]


@pytest.mark.parametrize("words", WORDS)
def test_every_word_has_a_code_and_a_label_of_its_own(words: type[Word]) -> None:
    labels = words.labels()
    assert list(labels) == [word.value for word in words]
    assert all(labels.values())
    assert len(set(labels.values())) == len(labels)


def test_a_word_is_its_code_and_comes_back_from_it() -> None:
    word = Kind("sexual_abuse")
    assert word is Kind.SEXUAL_ABUSE
    assert (str(word), word.label) == ("sexual_abuse", "Sexual abuse")
    assert pickle.loads(pickle.dumps(word)) is word


def test_everybody_under_18_is_a_child_however_coarse_the_band() -> None:
    assert {age.value for age in AgeBand if is_child(age)} == {
        "0_5",
        "6_11",
        "under_12",
        "12_14",
        "15_17",
        "12_17",
    }


@pytest.mark.parametrize(
    ("age", "sex", "published"),
    [
        ("12_17", "female", "girl"),
        ("0_5", "male", "boy"),
        ("under_12", "unknown", "child"),
        ("15_17", "other", "child"),
        ("18_24", "female", "woman"),
        ("60_plus", "male", "man"),
        ("18_59", "other", "adult"),
        ("25_59", "unknown", "adult"),
        ("unknown", "female", "unknown"),
    ],
)
def test_affected_people_are_published_by_age_and_sex(
    age: str, sex: str, published: str
) -> None:
    assert affected_as(AgeBand(age), Sex(sex)) == published
