"""The people behind the contacts: how many customers there are, what each is worth, what serving them costs.

Holds the typed keys `customers` and `costs` of a scenario; `scenarios.members` draws who has which case. Without them
each case is a customer of its own, of unknown value. Refuses to know what experience does to anybody.

>>> Costs(keep=20.0).winning
100.0
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from scenarios.experience import Term
from scenarios.models import Strict

CUSTOMERS_MOST = 2**32
MONTHS_MOST = 1200
AMOUNT_MOST = 1e12

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, le=AMOUNT_MOST)]


class Spread(Strict):
    """An amount that differs from customer to customer: lognormal, so most are below the mean."""

    mean: Amount = Field(description="the mean of all customers")
    cv: Annotated[float, Field(ge=0, le=10)] = Field(0.0, description="standard deviation over the mean; 0: all alike")


class Contract(Strict):
    """A contract that some customers have: who leaves pays until it ends, at any instant of its term alike."""

    share: Share = Field(description="share of these customers who have one")
    months: Annotated[float, Field(gt=0, le=MONTHS_MOST)] = Field(description="its term; what is left is drawn")


class Segment(Strict):
    """Customers of one kind."""

    share: Share = Field(description="share of all customers; they add up to 1")
    monthly_revenue: Spread = Field(description="what one pays in a month, in `currency`")
    margin: Share = Field(description="share of the revenue that is left after what delivering costs")
    tenure_months: Spread = Field(
        default_factory=lambda: Spread(mean=0.0), description="for how long they have been customers"
    )
    contract: Contract | None = Field(None, description="whom a contract holds; left out: nobody")


class Returns(Strict):
    """Leavers who come back within `value_months`."""

    service: Share = Field(
        0.33, description="of those who left over service; 67 % never come back (Epic CX fail, 2017), where left out"
    )
    price: Share | None = Field(
        None,
        description="of the others; they return more readily (Fork in the road, 2019), by how much is not "
        "published: as many as of service leavers where left out",
    )


class Population(Strict):
    """The customers that a scenario's cases come from, each as likely as the next."""

    count: Annotated[int, Field(ge=1, le=CUSTOMERS_MOST)] = Field(description="how many there are")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(description="three letters (ISO 4217), such as USD")
    segments: dict[Name, Segment] = Field(min_length=1, max_length=100, description="kinds of customers")
    complaints: list[Name] = Field(default_factory=list, description="intents whose cases are complaints")
    value_months: Annotated[float, Field(gt=0, le=MONTHS_MOST)] = Field(
        12.0,
        description="over so many months from when they leave a leaver's revenue counts as lost, without those in "
        "which a contract still binds them to pay",
    )
    returns: Returns = Field(default_factory=lambda: Returns(), description="who comes back after leaving")

    @model_validator(mode="after")
    def _whole(self) -> Population:
        if abs(sum(segment.share for segment in self.segments.values()) - 1) > 1e-6:
            raise ValueError("segments whose shares add up to 1")
        return self


class Costs(Strict):
    """What serving customers costs, in the customers' currency."""

    contact: dict[str, Amount] = Field(
        default_factory=dict, description="by channel: each contact, beside the people's time"
    )
    paid_hour: dict[Name, Amount] = Field(
        default_factory=dict, description="by team, or `default`: an hour that an agent is paid for"
    )
    work_order: dict[Name, Amount] = Field(
        default_factory=dict, description="by team: each work order, as a technician's visit, beside the time"
    )
    compensation: Amount = Field(0.0, description="each compensation that is given")
    keep: Amount | None = Field(None, description="keeping a customer for a year: offers, care")
    win: Amount | None = Field(
        None, description="winning a customer; 5 times `keep` (The ultimate CX guide, 2019) where left out"
    )

    @property
    def winning(self) -> float | None:
        """What winning a customer costs; None where neither it nor keeping one is told."""
        return self.win if self.win is not None else None if self.keep is None else 5.0 * self.keep


class Remedy(Strict):
    """Something that could be done about losses: other settings, tried on the same luck."""

    says: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="what is to be done, for leaders")
    set: dict[str, object] = Field(
        min_length=1,
        description="by key of this file (`transfers.*.history_carried`; `*` is every element, [team=front] those "
        "that say so): the value in its place, null to remove it",
    )
    costs: Amount = Field(0.0, description="what it costs each month, in the customers' currency")
    against: list[Term] = Field(default_factory=list, description="the experiences that it is meant to spare customers")
