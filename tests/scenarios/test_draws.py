import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scenarios.draws import Entity, Purpose, entity_number, philox, poisson_count, uniform, visit
from scenarios.identity import cell_entity, customer_entity, recorded_entity, seat_entity

ONES = 0xFFFFFFFF

KNOWN = [  # kat_vectors of Random123 1.14, philox4x32 10
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN, ids=["zeros", "ones", "pi"])
def test_philox_gives_the_known_answers(counter, key, words):
    """Without it a slip in one round would still look random, and no other program could replay our luck."""
    given_words = [np.uint64(word) for word in (*counter, *key)]
    assert tuple(int(word) for word in philox(*given_words)) == words


def test_a_uniform_is_the_first_two_words_on_53_bits():
    """Without it the packing of counter and key could change and silently redraw every run ever made."""
    entity = entity_number(Entity.CUSTOMER, 0x0123456789ABCDE)
    words = philox(
        *(np.uint64(w) for w in ((4 << 16) | 2, visit(1, 2, 3), 0x789ABCDE, 0x00123456, 7, 9)),
    )
    high, low = int(words[0]) >> 5, int(words[1]) >> 6
    assert uniform(7, 9, entity, visit(1, 2, 3), 4, 2) == (high * 2**26 + low + 0.5) / 2**53


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**62 - 1), st.sampled_from(list(Purpose)))
def test_a_uniform_is_never_0_or_1(seed, replication, entity, purpose):
    """Without it a law could be asked for its time at 0 or 1, and answer with infinity."""
    assert 0.0 < uniform(seed, replication, entity, visit(0, 1, 0), int(purpose), 0) < 1.0


def test_uniforms_are_uniform_and_do_not_repeat_between_entities_purposes_or_visits():
    """Without it two decisions could share their luck: those who wait long would also be handled long."""
    keys = itertools.product(range(200), (4, 5), (0, 1), (1, 2))
    drawn = np.array(
        [
            uniform(1, 0, customer_entity("order", 540, k), visit(0, attempt, leg), purpose, 0)
            for k, purpose, leg, attempt in keys
        ]
    )
    assert len(np.unique(drawn)) == len(drawn)
    assert stats.kstest(drawn, "uniform").pvalue > 1e-4
    table = drawn.reshape(200, 8)
    correlations = np.corrcoef(table, rowvar=False)[np.triu_indices(8, 1)]
    assert np.abs(correlations).max() < 4 / np.sqrt(200)


def test_no_two_purposes_share_a_number():
    """Without it two decisions made side by side could take the same number, and silently be one."""
    assert len(Purpose.__members__) == len(Purpose)


def test_no_two_kinds_of_entity_share_a_number():
    """Without it a seat and a customer could draw the same luck."""
    numbers = [
        customer_entity("order", 0, 0),
        seat_entity("order", 0),
        cell_entity("order", 0),
        recorded_entity("order"),
        customer_entity("order", 0, 1),
        customer_entity("order", 1, 0),
        customer_entity("refund", 0, 0),
    ]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("number", [-1, 2**60])
def test_an_entity_that_does_not_fit_is_refused(number):
    """Without it two customers could fold onto one number."""
    with pytest.raises(ValueError, match="does not fit 60 bits"):
        entity_number(Entity.CUSTOMER, number)


@pytest.mark.parametrize("mean", [0.01, 0.5, 1, 3.7, 12, 63, 64, 150, 999.5, 20_000, 60_000])
def test_poisson_counts_are_scipys_quantiles(mean):
    """Without it volumes would be off where the sum is cut, at large means and in the tails."""
    shares = np.concatenate([np.linspace(0.0005, 0.9995, 400), [1e-9, 1e-6, 1 - 1e-6, 1 - 1e-9]])
    ours = np.array([poisson_count(u, mean) for u in shares])
    theirs = stats.poisson.ppf(shares, mean)
    exact = (ours == theirs) | np.isclose(stats.poisson.cdf(np.minimum(ours, theirs), mean), shares, rtol=1e-9)
    assert exact.all()


def test_no_demand_gives_no_contacts():
    """Without it a closed hour could still receive a customer."""
    assert poisson_count(0.999999, 0.0) == 0


@settings(deadline=None)
@given(st.floats(1e-9, 1 - 1e-9), st.floats(0, 5000), st.floats(1, 3))
def test_more_volume_never_gives_fewer(u, mean, factor):
    """Without it a what-if with more demand could lose customers that the other side has."""
    assert poisson_count(u, mean * factor) >= poisson_count(u, mean)
