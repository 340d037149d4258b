"""Who was at the desk when: waiting for a first sign, in service, gone; read from a measured run's legs and steps.

Everything is arrays over contacts in the order they came, in scenario seconds. Refuses to say what that means for the
desk: `results.saturation` does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Times = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HELD = ("chat", "phone")
"""Channels on which a contact keeps its place until it ends; the others hold one for a request at a time."""


class Contacts(NamedTuple):
    """Contacts that were begun, in the order they came; scenario seconds."""

    channel: npt.NDArray[np.object_]
    came_s: Times
    heard_s: Times
    """When the first sign came; NaN where none did."""
    ended_s: Times
    held: Flags
    """Keeps its place until it ends, not for one request."""
    by_person: Flags
    """The first sign was a person's word."""

    def of(self, chosen: Flags | npt.NDArray[np.intp]) -> Contacts:
        """Return some of them, or all in another order."""
        return Contacts(
            self.channel[chosen], self.came_s[chosen], self.heard_s[chosen], self.ended_s[chosen], self.held[chosen],
            self.by_person[chosen],
        )  # fmt: skip

    def waited_until_s(self) -> Times:
        """Return when each no longer waited: at the first sign, or the end without one."""
        return np.where(np.isnan(self.heard_s), self.ended_s, self.heard_s)

    def served_s(self) -> Times:
        """Return when the desk was done with each; NaN where it never began."""
        return np.where(self.held & ~np.isnan(self.heard_s), self.ended_s, self.heard_s)


def contacts_at_the_desk(legs: pd.DataFrame, steps: pd.DataFrame) -> Contacts:
    """Return when each contact came, had a first sign and ended, as far as any leg or step tells."""
    begun = legs[legs["arrived_s"].notna()]
    came = begun[begun["leg"] == 0].drop_duplicates("contact_id").set_index("contact_id")
    seen = steps[(steps["state"] == "seen") & steps["seen_by_s"].notna()]
    by_person = seen["rung"] == "first_human"
    spoken_s, sign_s = (_by_contact(seen[rows], "seen_by_s", came.index, "min") for rows in (by_person, ~by_person))
    heard_s = np.fmin(np.fmin(spoken_s, sign_s), came["answered_s"].to_numpy(dtype=np.float64))
    lasts = [_by_contact(begun, "ended_s", came.index, "max")]
    lasts += [_by_contact(steps, name, came.index, "max") for name in ("actual_s", "seen_after_s", "seen_by_s")]
    came_s = came["arrived_s"].to_numpy(dtype=np.float64)
    ended_s = np.fmax(came_s, np.fmax.reduce(lasts))
    turned_away = came["leg_end"].isin(["closed", "blocked"]).to_numpy(dtype=bool)
    heard_s = np.where(np.isnan(heard_s) & turned_away, ended_s, heard_s)
    heard_s = np.clip(heard_s, came_s, ended_s)
    channel = came["channel"].to_numpy(dtype=object)
    held = np.isin(channel, HELD) & ~turned_away
    order = np.argsort(came_s, kind="stable")
    persons = ~np.isnan(spoken_s) & ~(sign_s <= spoken_s)
    return Contacts(channel, came_s, heard_s, ended_s, held, persons).of(order)


class Queue(NamedTuple):
    """The time in which somebody waited for a place, in pieces between moments at which anything changed."""

    moments: Times
    waiting: npt.NDArray[np.int64]
    """From each moment to the next."""

    @classmethod
    def of(cls, contacts: Contacts, waited: Flags) -> Queue:
        """Return when those who waited did so, beyond what a first sign takes anyway."""
        queued, until_s = contacts.of(waited), contacts.waited_until_s()
        usual_s = np.min((until_s - contacts.came_s)[~np.isnan(contacts.heard_s)])
        from_s, to_s = queued.came_s + usual_s, queued.waited_until_s()
        moments = np.unique(np.concatenate([from_s, to_s, contacts.heard_s[~np.isnan(contacts.heard_s)],
                                            contacts.ended_s]))  # fmt: skip
        return cls(moments, number_at(moments, from_s, np.maximum(from_s, to_s))[:-1])

    def lengths_s(self) -> Times:
        """Return how long each piece is in which somebody waits, and 0 for the others."""
        return np.where(self.waiting > 0, np.diff(self.moments), 0.0)

    def within(self, at_s: Times) -> Flags:
        """Say which instants lie in the time of waiting, its last instant included."""
        piece = np.searchsorted(self.moments, at_s, side="left") - 1
        inside = (piece >= 0) & (piece < len(self.waiting)) & ~np.isnan(at_s)
        return inside & (self.waiting[np.clip(piece, 0, len(self.waiting) - 1)] > 0)

    def clock_s(self, at_s: Times) -> Times:
        """Return the time of waiting that had passed at each instant."""
        passed_s: Times = np.concatenate([[0.0], np.cumsum(self.lengths_s())])
        return np.asarray(np.interp(at_s, self.moments, passed_s), dtype=np.float64)

    def crowd(self, contacts: Contacts, waited: Flags) -> float:
        """Return the share that waited of those who came while others did; 1 where nobody came then."""
        came = self.within(contacts.came_s)
        return float(waited[came].mean()) if came.any() else 1.0


def in_service(contacts: Contacts, at_s: Times) -> npt.NDArray[np.int64]:
    """Return how many contacts that keep their place are in service from each instant on."""
    chosen = contacts.of(contacts.held & ~np.isnan(contacts.heard_s))
    return number_at(at_s, chosen.heard_s, chosen.ended_s)


def number_at(at_s: Times, from_s: Times, to_s: Times) -> npt.NDArray[np.int64]:
    """Return how many spells go on at each instant; one that begins there does, one that ends there does not."""
    begun = np.searchsorted(np.sort(from_s), at_s, side="right")
    ended = np.searchsorted(np.sort(to_s), at_s, side="right")
    number: npt.NDArray[np.int64] = (begun - ended).astype(np.int64)
    return number


def _by_contact(rows: pd.DataFrame, column: str, contacts: pd.Index[Any], how: str) -> Times:
    """Return the least or greatest of a column for each contact; NaN where there is none."""
    found = rows.groupby("contact_id", sort=False)[column].agg(how).reindex(contacts)
    return np.asarray(found.to_numpy(dtype=np.float64))
