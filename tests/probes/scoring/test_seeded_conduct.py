"""A desk told to misbehave so often is measured to do so, within what its detectors are known to err by."""

import json
from pathlib import Path

import pytest

from probes.desk.desk import DeskOptions
from probes.errand import scenario_errand
from probes.playing import play_virtual
from probes.scoring.published import published_detectors
from probes.scoring.score_run import score_run
from results.consistency import Tone, consistency_of
from results.runs import Run
from scenarios.misconduct import Misconduct, TeamMisconduct
from scenarios.profiled import Asked, profiled
from scenarios.reading import HERE, load_scenario

pytestmark = pytest.mark.long

SEEDED = {"greeting": 0.6, "apology": 0.3, "asks_again": 0.25, "deflect_website": 0.2, "closing_anything_else": 0.5,
          "promise": 0.3, "upsell_over_open_problem": 0.2, "feedback_over_two_questions": 0.15,
          "transfer_announced": 0.2, "deflect_channel": 0.15, "thanks": 0.4, "bot": 0.1,
          "automatic_reply": 0.1}  # fmt: skip

PART_OF_THE_DAY = 0.4
"""Of 1,300 chats: 500 are known to 4 % of them, a third of what the intervals owe to how well detectors are known."""

PHRASES = """
accepted: "Position noted."
facts:
  default: {right: "It is in order as it stands.", wrong: "It is not in order as it stands."}
  order_status: {right: "The parcel is in Bologna.", wrong: "The parcel is in Turin."}
  wrong_discount: {right: "The discount is 40 %.", wrong: "The discount is 10 %."}
  returns: {right: "A return costs nothing.", wrong: "A return costs 5 euros."}
conduct:
  greeting: ["Good afternoon {name}, {agent} speaking.", "Hello there {name}.", "Hi {name}, {agent} on the desk."]
  apology: ["I'm really sorry about this mix-up.", "Our apologies for the mess.", "Sorry about the delay on this one."]
  thanks: ["Thanks for bearing with us.", "Thank you for writing in.", "Cheers, thanks for the details."]
  asks_again: ["What's your order number?", "Can I take the order number from you?", "Your order number, please?"]
  deflect_website: ["It's all on our website, have a look there.", "Please check the help pages on our site."]
  deflect_channel: ["You'd need to phone us about that.", "Please send an email to the returns office instead."]
  closing_anything_else: ["Anything else I can do for you?", "Is there something else I can help with today?"]
  promise: ["I'll ring you back before six tonight.", "You'll have the label by tomorrow noon."]
  upsell_over_open_problem: ["Have you thought about our Gold plan? Only 4 euros a month.",
    "By the way, we have a lovely offer on headphones this week."]
  feedback_over_two_questions: ["Please fill in our survey of ten questions.",
    "Please rate our speed, our tone, our knowledge and our opening hours."]
  transfer_announced: ["I'm handing you over to a colleague.", "I'll transfer you to another department."]
  bot: ["I am the shop's virtual assistant.", "Beep boop, I'm the chatbot, pick a topic."]
  automatic_reply: ["This is an automated message, please do not reply.", "Automatic reply: we have got your message."]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("seeded")
    (folder / "phrases.yaml").write_text(PHRASES, encoding="utf-8")
    patient = (HERE / "quiet_tuesday.yaml").read_text(encoding="utf-8").replace("mean_s: 120}", "mean_s: 100000}")
    (folder / "patient.yaml").write_text(patient, encoding="utf-8")  # who leaves has not heard all that was seeded
    loaded = profiled(load_scenario(folder / "patient.yaml"), Asked(factor=PART_OF_THE_DAY))
    wrongs = Misconduct({"chat_desk": TeamMisconduct(conduct=SEEDED)})
    options = DeskOptions(3, misconduct=wrongs, phrases=folder / "phrases.yaml", truth=folder / "truth.jsonl")
    played = play_virtual(scenario_errand(loaded, 3, None, everyone=False), folder / "run", options, lambda tick: None)
    legs = played.table("legs")
    chats = legs[legs["channel"] == "chat"]
    messages = played.table("messages")
    said = messages[messages["contact_id"].isin(set(chats["contact_id"]))]
    played.write_table("legs", chats.reset_index(drop=True))
    played.write_table("messages", said.reset_index(drop=True))
    score_run(played)
    played.write_facts(detectors=published_detectors())
    return played


@pytest.fixture(scope="module")
def tones(run: Run) -> dict[str, Tone]:
    """Return how often each label was found in all replies."""
    return {one.label: one for one in consistency_of(run).tones if one.group == "all"}


@pytest.mark.parametrize("label", sorted(SEEDED))
def test_a_seeded_rate_is_found_again(tones: dict[str, Tone], label: str) -> None:
    """Without it a detector could be blind on a desk it was not tuned to, and nobody would know by how much."""
    tone = tones[label]
    assert tone.true is not None
    assert tone.true.low <= SEEDED[label] <= tone.true.high, (tone.found, tone.true)


def test_the_truth_file_says_what_was_seeded(run: Run) -> None:
    """Without it nobody could tell a detector that misses from a desk that never did it."""
    lines = (run.folder.parent / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    taken = [entry for entry in map(json.loads, lines) if entry["what"] == "taken" and entry["team"] == "chat_desk"]
    share = sum("greeting" in entry["conduct"] for entry in taken) / len(taken)
    assert abs(share - SEEDED["greeting"]) < 0.05
    assert Path(run.folder).is_dir()
