import html
from pathlib import Path

import pytest

from probes.errand import Players
from scenarios.persona import PersonaKind
from scenarios.reading import HERE
from tests.probes.real_desks import Played, as_logged, holds, play, shipped
from tests.probes.social_fixture import ANSWERS, ASKS, Brand, Network

POLL_S = 0.4
RUNGS = ["accepted", "first_human", "first_useful_answer"]


def complain(
    network: Network, folder: Path, target: str = "mastodon", language: str | None = None, within_s: float = 20
) -> Played:
    """Play the journey of ours, only faster."""
    script = (HERE / "journeys" / "complain_in_public.yaml").read_text()
    for slow, fast in (("mean_s: 120", "mean_s: 0.2"), ("28800", str(within_s)), ("86400", "20")):
        assert slow in script
        script = script.replace(slow, fast)
    path = folder / "complain.yaml"
    path.write_text(script)
    kinds = [PersonaKind.model_validate({"persona": "them", "title": "?", "language": language})] if language else []
    return play(path, shipped(target, network.base_url, POLL_S), folder, players=Players(personas=kinds))


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTODON_PASSWORD", "n0-brand-kn0ws-this")


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_complaint_goes_on_in_direct_messages(
    network: Network, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it brands could be asked only where nobody else reads it."""
    with Brand(network) as brand:
        played = complain(network, tmp_path, language=language)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    assert played.rungs() == RUNGS
    said = played.said("agent")
    assert [text.split(" ", 1)[1] for text in said] == [ASKS, ANSWERS]
    assert all(text.startswith("@guest_") for text in said), "words, and no HTML"
    public, private = brand.heard
    assert (public["visibility"], private["visibility"]) == ("public", "direct")
    complaint, order = played.said("customer")
    assert complaint in html.unescape(public["content"])
    assert order in as_logged(html.unescape(private["content"]))
    assert ("ordine" in order.lower()) == (language == "it")
    human = played.rung("first_human")
    assert played.epoch_s + human["seen_after_s"] - 0.02 <= brand.said_s[0] <= played.epoch_s + human["seen_by_s"]
    assert holds(tmp_path / "run", "n0-brand-kn0ws-this") == []


def test_a_brand_that_does_not_answer(network: Network, tmp_path: Path) -> None:
    """Without it silence in public would be nobody's figure."""
    played = complain(network, tmp_path, within_s=1.5)
    assert list(played.legs["contact_outcome"]) == ["abandoned"]
    assert played.rungs() == ["accepted"]


def test_a_brand_that_answers_in_public_is_not_written_to_privately(network: Network, tmp_path: Path) -> None:
    """Without it every complaint would end in direct messages, asked for or not."""
    with Brand(network, asks="We have sent a new one.") as brand:
        played = complain(network, tmp_path)
    assert list(played.legs["contact_outcome"]) == ["resolved"]
    assert [status["visibility"] for status in brand.heard] == ["public"]


def test_what_the_network_pushes_is_stamped_as_it_comes(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a brand's answers would be known to the minute only."""
    made = network.call("/api/v1/_mock/dev_user", {"username": "regular"})
    monkeypatch.setenv("MASTODON_TOKEN", made.get("access_token") or made["token"])
    with Brand(network) as brand:
        played = complain(network, tmp_path, "mastodon_streaming")
    assert list(played.legs["contact_outcome"]) == ["resolved"], played.legs["reason"]
    assert played.rungs() == RUNGS
    human = played.rung("first_human")
    assert human["seen_after_s"] == human["seen_by_s"]
    assert 0 <= played.epoch_s + human["seen_by_s"] - brand.said_s[0] < 0.5
