"""Agents with several conversations at once: what an exact chain, and processor sharing, say of them.

>>> round(processor_sharing_s(0.5 / 200, 200), 1)
400.0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.theory.chains import explore

_State = tuple[tuple[int, ...], int]
"""How many agents have 0, 1, 2 … conversations, and how many customers wait."""


@dataclass(frozen=True)
class ChatPool:
    """The long run of a pool of agents who have several conversations at once."""

    p_wait: float
    wait_s_mean: float
    abandonment: float
    talk_s_mean: float
    """From the answer to the end, as the customer sees it."""
    load: float
    """Conversations an agent has, on average."""


def chat_pool(
    arrivals_per_s: float,
    service_s_mean: float,
    agents: int,
    speeds: Sequence[float],
    patience_s_mean: float,
    cut: int = 60,
) -> ChatPool:
    """Return the long run of a pool whose agents have up to `len(speeds)` conversations at once.

    A new customer goes to an agent who has fewest; with k conversations each goes at `speeds[k - 1]` of full speed.
    Service (at full speed) and patience are exponential, so that how many agents have how many conversations, with the
    queue, is a Markov chain (as in Tezcan and Zhang 2014, Operations Research 62:943, sec. 2).

    Raises:
        ValueError: the chain has too many states.
    """
    most, mu, theta = len(speeds), 1.0 / service_s_mean, 1.0 / patience_s_mean

    def moved(counts: tuple[int, ...], load: int, to: int) -> tuple[int, ...]:
        changed = list(counts)
        changed[load] -= 1
        changed[to] += 1
        return tuple(changed)

    def moves(state: _State) -> Iterator[tuple[_State, float]]:
        counts, waiting = state
        least = next(load for load in range(most + 1) if counts[load])
        if least < most:
            yield (moved(counts, least, least + 1), 0), arrivals_per_s
        else:
            yield (counts, waiting + 1), arrivals_per_s if waiting < cut else 0.0
        for load in range(1, most + 1):
            rate = counts[load] * load * speeds[load - 1] * mu
            if counts[load] and waiting:
                yield (counts, waiting - 1), rate
            elif counts[load]:
                yield (moved(counts, load, load - 1), 0), rate
        yield (counts, waiting - 1), waiting * theta

    chain = explore((tuple([agents] + [0] * most), 0), moves)
    shares = chain.long_run()
    waiting = chain.mean(shares, lambda state: state[1])
    talking = chain.mean(shares, lambda state: sum(load * count for load, count in enumerate(state[0])))
    lost = theta * waiting / arrivals_per_s
    return ChatPool(
        p_wait=chain.mean(shares, lambda state: float(state[0][most] == agents)),
        wait_s_mean=waiting / arrivals_per_s,
        abandonment=lost,
        talk_s_mean=talking / (arrivals_per_s * (1.0 - lost)),
        load=talking / agents,
    )


def processor_sharing_s(arrivals_per_s: float, service_s_mean: float) -> float:
    """Return the mean time in M/G/1 with processor sharing, whatever the law of service.

    Source: Kleinrock, Queueing Systems II (1976), sec. 4.4.

    Raises:
        ValueError: more comes than one agent can do.
    """
    load = arrivals_per_s * service_s_mean
    if load >= 1:
        raise ValueError(f"{load:g} erlangs for one agent; expected less than 1")
    return service_s_mean / (1.0 - load)


_Open = tuple[tuple[int, ...], tuple[int, ...], int]
"""Answers that are to come in each conversation: of those who wait for one, the first being answered, and of those who
reply, the fewest first; and how many customers wait for the agent."""


def turn_by_turn(
    arrivals_per_s: float,
    answer_s_mean: float,
    reply_s_mean: float,
    turns: int,
    concurrency: int,
    patience_s_mean: float,
    cut: int = 40,
) -> ChatPool:
    """Return the long run of one agent who answers up to `concurrency` customers one at a time, turn by turn.

    Answers, replies and patience are exponential. Customers wait for each answer in the order in which they replied,
    so that the order is part of the state of the Markov chain; without the queue it is the machine repairman's, who
    looks after `concurrency` machines (Palm 1947, "Arbetskraftens fördelning vid betjäning av automatmaskiner").

    Raises:
        ValueError: the chain has too many states.
    """
    answer, reply, theta = 1.0 / answer_s_mean, 1.0 / reply_s_mean, 1.0 / patience_s_mean

    def moves(state: _Open) -> Iterator[tuple[_Open, float]]:
        asking, replying, waiting = state
        if len(asking) + len(replying) < concurrency:
            yield ((*asking, turns), replying, 0), arrivals_per_s
        else:
            yield (asking, replying, waiting + 1), arrivals_per_s if waiting < cut else 0.0
        if asking:
            left, others = asking[0] - 1, asking[1:]
            if left:
                yield (others, tuple(sorted((*replying, left))), waiting), answer
            elif waiting:
                yield ((*others, turns), replying, waiting - 1), answer
            else:
                yield (others, replying, 0), answer
        for place, left in enumerate(replying):
            yield ((*asking, left), replying[:place] + replying[place + 1 :], waiting), reply
        yield (asking, replying, waiting - 1), waiting * theta

    chain = explore(((), (), 0), moves)
    shares = chain.long_run()
    waiting = chain.mean(shares, lambda state: state[2])
    open_mean = chain.mean(shares, lambda state: len(state[0]) + len(state[1]))
    lost = theta * waiting / arrivals_per_s
    return ChatPool(
        p_wait=chain.mean(shares, lambda state: float(len(state[0]) + len(state[1]) == concurrency)),
        wait_s_mean=waiting / arrivals_per_s,
        abandonment=lost,
        talk_s_mean=open_mean / (arrivals_per_s * (1.0 - lost)),
        load=open_mean,
    )
