"""A target's telephone: whom to dial over SIP, which keys to press, and how what is heard is told apart.

What differs between PBXs stands here. Times are wall seconds on the line. Patterns are regular expressions, searched
for.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from scenarios.models import Strict
from scenarios.pattern import Pattern
from scenarios.secret import Secret

_SIP = re.compile(r"^sip:[^@\s<>;]+@(?P<host>[\w.-]+)(:(?P<port>\d{1,5}))?$")


def _sip(text: str) -> str:
    found = _SIP.match(text)
    if found is None or int(found["port"] or 5060) not in range(1, 65536):
        raise ValueError("an address such as sip:support@127.0.0.1:5060 (UDP over IPv4)")
    return text


Keys = Annotated[str, Field(pattern=r"^[0-9A-D*#]{1,20}$")]
Header = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Port = Annotated[int, Field(ge=1, le=65535)]
Status = Annotated[int, Field(ge=300, le=699)]
Sound = Literal["answer", "music", "tone", "speech", "noise"]


class MenuStep(Strict):
    """One prompt of a menu, and the keys that answer it."""

    keys: Keys | None = Field(None, description="what to press, whatever the contact is about")
    by_intent: dict[str, Keys] = Field(default_factory=dict, description="instead, for these intents")
    prompt: Pattern | None = Field(
        None, description="the prompt's words; prompts that can be read and say something else are let pass"
    )
    after_s: Seconds = Field(30, description="press after so long, though no prompt has ended")

    @model_validator(mode="after")
    def _some(self) -> MenuStep:
        if self.keys is None and not self.by_intent:
            raise ValueError("keys, by_intent or both")
        return self

    def keys_for(self, intent: str) -> str | None:
        """Return what to press for an intent; None where the menu has no way to it."""
        return self.by_intent.get(intent, self.keys)


class Sign(Strict):
    """What a header of a message within the call tells: who has taken it, who is next, that it is settled."""

    sees: Literal["taken", "transfer", "position", "resolved"] = Field(
        description="resolved: looked for in the message that hangs up"
    )
    methods: list[Literal["INVITE", "UPDATE", "INFO", "MESSAGE", "NOTIFY", "BYE"]] = Field(
        default_factory=list, description="only in these messages; none named: in any"
    )
    header: Header = Field(description="the header")
    text: Pattern = Field(description="what it says; groups `team`, `agent`, `position` and `carried` are read")


class Told(Strict):
    """Where the words of what is being said may be read: a message within the call whose body they are."""

    methods: list[Literal["INFO", "MESSAGE"]] = Field(description="the messages that carry words")
    header: Header | None = Field(None, description="a header that says who speaks")
    text: Pattern | None = Field(None, description="what it says of this speaker; groups `team` and `agent` are read")
    speaker: Literal["human", "bot", "automatic"] = Field(description="who is speaking")


class VoiceRule(Strict):
    """Who is speaking, by what was heard: the first rule that fits a stretch of speech decides."""

    speaker: Literal["human", "bot", "automatic"] = Field(description="who is speaking when the rule fits")
    text: Pattern | None = Field(None, description="the words hold this; never fits where they cannot be read")
    after: Sound | None = Field(None, description="the sound before it; answer: nothing was heard before")
    music_follows: bool | None = Field(
        None, description="whether music comes back within music_back_s; false: the announcement is a person"
    )
    menu_done: bool | None = Field(None, description="whether the menu's keys have been pressed")
    taken: bool | None = Field(None, description="whether a sign has told that somebody has taken the call")
    longer_than_s: Seconds | None = Field(None, description="the speech lasts longer")


class Hearing(Strict):
    """Where silence ends and how speech is told from music; the rules stand in probes/channels/hearing.py."""

    silence_dbfs: Annotated[float, Field(ge=-90, le=-10)] = Field(-50, description="what is quieter is silence")
    gap_s: Annotated[float, Field(ge=0.06, le=5)] = Field(0.5, description="so long a silence ends a stretch of sound")
    speech_range_db: Annotated[float, Field(ge=3, le=60)] = Field(
        16, description="loud and quiet parts of a second of speech are at least so far apart"
    )
    speech_flatness_most: Annotated[float, Field(gt=0, le=1)] = Field(
        0.03, description="the spectrum of speech is no flatter than this; noise has about 0.5"
    )
    music_back_s: Seconds = Field(3, description="music comes back within this time after an announcement")
    announcement_s_most: Seconds = Field(20, description="who speaks longer than this is no announcement")


class Phone(Strict):
    """A telephone reached over SIP and RTP."""

    uri: Annotated[str, AfterValidator(_sip)] = Field(description="whom to dial, such as sip:100@127.0.0.1:5060")
    transport: Literal["udp"] = Field("udp", description="how SIP travels")
    caller: str = Field(
        "sip:{persona.email}", description="who we say is calling; may hold {persona.email} and {persona.first_name}"
    )
    login: str | None = Field(None, description="the name to log in with, where the PBX asks for one")
    password: Secret | None = Field(None, description="where its password comes from")
    codec: Literal["pcmu", "pcma"] = Field("pcmu", description="how sound is coded, as offered first")
    dtmf: Literal["rtp", "info"] = Field("rtp", description="keys as RTP telephone-events or as SIP INFO")
    local_ports: list[Port] | None = Field(
        None, min_length=2, max_length=2, description="first and last UDP port that we use ourselves; left out: any"
    )
    menu: list[MenuStep] = Field(default_factory=list, max_length=20, description="the prompts, in their order")
    told: list[Told] = Field(default_factory=list, description="where words may be read; the first that fits")
    signs: list[Sign] = Field(default_factory=list, description="what headers tell")
    voices: list[VoiceRule] = Field(
        default_factory=list, description="who is speaking; the first rule that fits; none: an automatic voice"
    )
    queue_position: Pattern | None = Field(None, description="group `position` in an announcement's words")
    recording_notice: Pattern | None = Field(
        None,
        description="the announcement that tells everyone on the line that calls are recorded: where the charter wants "
        "such a notice, sound is kept from there on",
    )
    said_closed: dict[Literal["shut", "busy"], Pattern] = Field(
        default_factory=dict, description="the words with which an automatic voice says so before it hangs up"
    )
    busy: list[Status] = Field(default=[486, 600], description="SIP answers that mean all lines are taken")
    shut: list[Status] = Field(default_factory=list, description="SIP answers that mean the desk is shut")
    hearing: Hearing = Field(default_factory=lambda: Hearing.model_validate({}), description="thresholds")
    recognise: bool = Field(True, description="have words recognised where a recogniser is installed")
    voice: str | None = Field(None, description="a folder of WAV files named after what they say")
    reply_s_most: Seconds = Field(8, description="not a word from the PBX for so long: an error")
    answer_s_most: Seconds = Field(120, description="not answered for so long: an error")
    sound_s_most: Seconds = Field(10, description="answered, and no packet of sound for so long: an error")

    call_s_most: Seconds = Field(3600, description="no call lasts longer; an error")

    @model_validator(mode="after")
    def _whole(self) -> Phone:
        if self.local_ports is not None and self.local_ports[0] >= self.local_ports[1]:
            raise ValueError("local_ports as [first, last]")
        if self.queue_position is not None and "position" not in re.compile(self.queue_position).groupindex:
            raise ValueError("queue_position with a group (?P<position>...)")
        if (self.login is None) != (self.password is None):
            raise ValueError("login and password, or neither")
        return self

    def address(self) -> tuple[str, int]:
        """Return host and port of the PBX."""
        found = _SIP.match(self.uri)
        assert found is not None
        return found["host"], int(found["port"] or 5060)

    @property
    def ports(self) -> range | None:
        """The UDP ports that we may use ourselves."""
        return None if self.local_ports is None else range(self.local_ports[0], self.local_ports[1] + 1)
