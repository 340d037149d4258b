"""A menu spoken by baresip, a SIP stack that nobody here wrote: `python baresip_ivr.py SIP_PORT FIRST_RTP_PORT WAV...`.

Answers every call after 0.8 s, plays the first WAV file, waits for a key, plays the second and hangs up. Says on its
output what it did and when, one JSON line each; ends when its input is closed.
"""

import asyncio
import contextlib
import json
import sys
import time
import wave

from baresip import Account, Config, Runtime, UserAgent
from baresip.errors import BaresipError
from baresip.events import Event

ANSWER_AFTER_S = 0.8
HANG_UP_AFTER_S = 0.2
PACKET_BYTES = 320
PACKET_S = 0.02


def tell(what, **facts):
    print(json.dumps({"what": what, "wall_s": time.time(), **facts}), flush=True)


async def wait_s(seconds):
    """Let time pass: here it is the menu that takes its time, not a test that waits for something."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), max(seconds, 0.0))


async def play(call, path):
    """Play a WAV file of 8,000 samples a second, a packet at a time."""
    with wave.open(path) as file:
        pcm = file.readframes(file.getnframes())
    begun_s = None
    for number, start in enumerate(range(0, len(pcm), PACKET_BYTES)):
        while True:
            try:
                call.audio.write(pcm[start : start + PACKET_BYTES])
                break
            except BaresipError:
                await wait_s(PACKET_S)  # the sound is not there yet, or was renegotiated
        if begun_s is None:
            begun_s = time.monotonic()
            tell("began", file=path.rsplit("/", 1)[-1])
        await wait_s(begun_s + number * PACKET_S - time.monotonic())
    tell("played", file=path.rsplit("/", 1)[-1])


async def attend(call, prompts):
    """Be a menu for one caller."""
    keys = asyncio.Queue()
    call.on_dtmf(lambda event: keys.put_nowait(event.digit))
    closed = asyncio.Event()
    call.on(lambda event: closed.set() if event.event is Event.CALL_CLOSED else None)
    tell("rang", peer=call.peer)
    await wait_s(ANSWER_AFTER_S)
    if closed.is_set():
        tell("gave_up")
        return
    await call.answer()
    await call.wait_established()
    tell("answered")
    await play(call, prompts[0])
    tell("key", key=await asyncio.wait_for(keys.get(), 20))
    await play(call, prompts[1])
    await wait_s(HANG_UP_AFTER_S)
    tell("hung_up")
    await call.hangup()


async def main():
    sip, rtp, *prompts = sys.argv[1:]
    runtime = Runtime()
    ports = f"sip_listen 127.0.0.1:{sip}\nrtp_ports {rtp}-{int(rtp) + 20}\n"
    await runtime.start(Config(net_interface="127.0.0.1", max_concurrent_calls=None, extra_config_text=ports))
    agent = await UserAgent.create(runtime, Account("support", f"127.0.0.1:{sip}", "", reg_interval=0))
    attending = set()
    agent.on_incoming(lambda call: attending.add(asyncio.create_task(attend(call, prompts))))
    tell("ready")
    await asyncio.to_thread(sys.stdin.read)
    await runtime.close()


if __name__ == "__main__":
    asyncio.run(main())
