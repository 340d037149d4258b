"""Folding: what writers vary without a change of meaning is gone, and every finding is told in the original's words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.scoring.lexicon import LANGUAGES, Lexicon, LexiconError, lexicon_of
from probes.scoring.numbers import figures, numbers_of
from probes.scoring.text import Text, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mâine, în 5 zile lucrătoare", "maine, in 5 zile lucratoare"),
        ("Puteţi ridica", "puteți ridica"),
        ("Perché no? È già lì", "perche no? e gia li"),
        ("الإلغاء خلال ١٥ يومًا", "الالغاء خلال 15 يوما"),
        ("مُدَّةُ الصَّلاحِيَّةِ", "مده الصلاحيه"),
        ("شكـــراً ۱۲", "شكرا 12"),
        ("SOOOO sorry’s", "so sorry's"),
    ],
)
def test_spellings_of_one_thing_are_read_alike(one: str, other: str) -> None:
    """Without it a reply without diacritics, or with cedillas or tatweel, would lose its facts."""
    assert Text.of(one).plain == Text.of(other).plain


@given(st.text(max_size=80))
def test_every_token_stands_in_the_original(original: str) -> None:
    """Without it a quote could be words that nobody said."""
    text = Text.of(original)
    for i, token in enumerate(text.tokens):
        assert 0 <= token.start < token.end <= len(original)
        assert fold(text.quote(i, i + 1)).replace(" ", "") != "" or token.word == "¶"
        assert text.tokens[text.token_at(text.starts[i])] == token


@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None)  # the first reply waits for the lexicon to be read
@given(reply=st.text(max_size=60))
def test_no_reply_breaks_a_lexicon(language: str, reply: str) -> None:
    """Without it one odd message would end the scoring of a whole run."""
    lexicon = lexicon_of(language)
    text = lexicon.read(reply)
    for spans in lexicon.find(text).values():
        assert all(0 <= span.first <= span.after <= len(text.tokens) for span in spans)


def test_an_abbreviation_ends_no_sentence() -> None:
    """Without it `Comanda dvs. a fost livrată` would be two sentences, and its state nobody's."""
    lexicon = Lexicon.parse("[abbreviation]\ndvs\n[x]\ncomanda ... livrata\n", "ro")
    assert "x" in lexicon.find(lexicon.read("Comanda dvs. a fost livrată."))


@pytest.mark.parametrize("language", LANGUAGES)
def test_lexicons_name_no_missing_list_and_hold_no_phrase_that_matches_anything(language: str) -> None:
    """Without it a slip in a lexicon would silence its phrases, and nobody would hear."""
    lexicon = lexicon_of(language)
    assert not lexicon.unknown
    assert not lexicon.weak


def test_a_faulty_lexicon_is_told_with_its_phrase() -> None:
    """Without it the next editor of a lexicon would look for the slip by hand."""
    with pytest.raises(LexiconError, match="before the first section"):
        Lexicon.parse("sorry", "en")
    with pytest.raises(LexiconError, match="no ` = `"):
        Lexicon.parse("[rewrite]\ncant can not", "en")


@pytest.mark.parametrize(
    ("phrase", "says", "does_not"),
    [
        ("we [are] sorry", "we are sorry", "we were sorry"),
        ("call/ring us", "please ring us now", "please bring us now"),
        ("deliver* ... today", "delivery to you is today", "delivery. It is today"),
        ("free !to", "it is free", "feel free to ask"),
        ("^ no", "Well. No", "say no"),
        ("can you ~?", "can you see it?", "can you see it."),
        ("pay <n> pounds", "pay 30 pounds", "pay thirty pounds"),
        ("ok $$", "that is ok :)", "ok then"),
    ],
)
def test_the_notation_of_phrases(phrase: str, says: str, does_not: str) -> None:
    """Without it a sign of the notation could mean something else than its description."""
    lexicon = Lexicon.parse(f"[x]\n{phrase}\n", "en")
    assert lexicon.find(lexicon.read(says))
    assert not lexicon.find(lexicon.read(does_not))


@pytest.mark.parametrize(
    ("language", "word", "value"),
    [
        ("en", "1,480", 1480), ("en", "4.35", 4.35), ("it", "1.480,50", 1480.5), ("ro", "75.000", 75000),
        ("ar", "5,000", 5000), ("ar", "4.75", 4.75), ("en", "1'150", 1150), ("en", "3.1.7", None),
        ("en", "10:30", None),
    ],
)  # fmt: skip
def test_figures_are_read_as_each_language_writes_them(language: str, word: str, value: float | None) -> None:
    """Without it 1.480 euro would be one and a half."""
    assert figures(word, language) == value


@pytest.mark.parametrize(
    ("language", "words", "values"),
    [
        ("en", "twenty-five, a hundred and two, three thousand four hundred", [25, 102, 3400]),
        ("it", "trentasei, centoventuno, duemilacinquecento", [36, 121, 2500]),
        ("ro", "două sute cincizeci și opt, treizeci și cinci de mii", [258, 35000]),
        ("ar", "مئتان وخمسون، خمسة وعشرون، خمسة عشر، ثلاثمائة", [250, 25, 15, 300]),
    ],
)
def test_number_words_add_up(language: str, words: str, values: list[float]) -> None:
    """Without it amounts that are spoken would be lost."""
    lexicon = lexicon_of(language)
    assert [number.value for number in numbers_of(lexicon.read(words), lexicon)] == values


def test_marks_of_inches_quote_nobody() -> None:
    """Without it what is said between two screens would be somebody else's words."""
    assert Text.of('The 32" TV is here. I am sorry. The 40" TV too.').quoted() == []
    (quoted,) = Text.of('He said "I am sorry" to us.').quoted()
    assert Text.of('He said "I am sorry" to us.').words(quoted[0] + 1, quoted[1]) == ["i", "am", "sorry"]
