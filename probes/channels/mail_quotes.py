"""A mail's own words: what its writer wrote, without the history below, above or between, and without a signature.

The rules, in their order; nothing is guessed beyond them:

1. A line that begins with `>` is quoted and dropped. So is the line (or up to four) before it that says who wrote when.
2. Such a line with nothing marked after it means that the rest is unmarked history: all that follows is dropped.
3. A line such as `-----Original Message-----`, `Begin forwarded message:`, or two or more lines in a row that read like
   a mail's header (From:, Sent:, To:, Subject:; at least one of them the sender's) mean the same.
4. A line that is exactly `-- ` begins a signature: it is dropped up to the next quoted line or the end. Without that
   mark a signature stays: names under an answer cannot be told from the answer.
5. A line that asks to write above it (`##- Please type your reply above this line -##`) is dropped.

Known are English, Italian, Romanian, Arabic, German, French, Spanish, Portuguese and Dutch forms. Libraries were tried:
those with a good licence and some upkeep know neither Romanian nor Arabic, and leave history above an answer in it.

>>> own_words("It left today.\\n\\nOn Tue, 3 Mar 2026 at 10:15, Anna wrote:\\n> Where is it?")
'It left today.'
>>> own_words("Il 03/03/26 10:15, Anna ha scritto:\\n> Dove?\\n\\nSpedito oggi.\\n-- \\nLuca")
'Spedito oggi.'
"""

from __future__ import annotations

import re

LINES_MOST = 5_000
LINE_MOST = 2_000
"""So much of a line is looked at: no pattern here may take its time over a line that never ends."""
ATTRIBUTION_LINES_MOST = 4

_UNSEEN = dict.fromkeys(
    map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
)
"""Marks of direction and joiners that mail programs put around names: matched as if they were not there."""

_DATED = r"(?=[^\n]*(?:\d|<[^>\n]*@|@))"
_ATTRIBUTION = re.compile(
    "|".join(
        (
            rf"^\W*on\b{_DATED}.*\bwrote\s*:$",
            r"^.{1,200}<[^>\n]+@[^>\n]+>\s+wrote\s*:$",
            rf"^\W*(?:il|in data|il giorno)\b{_DATED}.*\bha(?:nno)? scritto\s*:$",
            rf"^\W*(?:[îi]n|pe|la|[îi]n data)\b{_DATED}.*\ba(?:u)? scris\s*:$",
            rf"^\W*(?:في|بتاريخ|يوم){_DATED}.*(?:كتب|كتبت|كتبَ|بواسطة).*:$",
            rf"^\W*am\b{_DATED}.*\bschrieb\b.*:$",
            rf"^\W*le\b{_DATED}.*\ba [ée]crit\s*:$",
            rf"^\W*el\b{_DATED}.*\bescribi[óo]\s*:$",
            rf"^\W*(?:em|a|no dia)\b{_DATED}.*\bescreveu\s*:$",
            rf"^\W*op\b{_DATED}.*\bschreef\b.*:$",
        )
    ),
    re.IGNORECASE,
)
_ATTRIBUTION_BEGINS = re.compile(
    r"^\W*(?:on|il|in data|[îi]n|pe|la|am|le|el|em|no dia|op)\b.*\d|^\W*(?:في|بتاريخ|يوم).*\d|^.{1,200}<[^>]*@",
    re.IGNORECASE,
)

_SEPARATOR = re.compile(
    r"^\W{0,3}[-_*]{2,}\s*(?:"
    r"original(?: message| appointment)?|forwarded message|reply(?: message)?|urspr[üu]ngliche nachricht|"
    r"messaggio originale|messaggio inoltrato|mesaj(?:ul)? (?:original|ini[țţt]ial)|mesaj redirec[țţt]ionat|"
    r"الرسالة الأصلية|رسالة مُ?عاد توجيهها|رسالة أصلية|message d'origine|message original|mensaje original|"
    r"mensagem original|oorspronkelijk bericht"
    r")\s*[-_*]{2,}\W{0,3}$"
    r"|^(?:begin forwarded message|inizio messaggio inoltrato|[îi]nceputul mesajului redirec[țţt]ionat|"
    r"بداية الرسالة المُعاد توجيهها)\s*:$",
    re.IGNORECASE,
)

_SENDER = r"from|da|de la|de|von|van|من|mittente|expeditor"
_OTHERS = (
    r"sent|date|to|cc|bcc|subject|reply-to|inviato|data|a|oggetto|rispondi a|ccn|trimis|c[ăa]tre|subiect|gesendet|"
    r"datum|an|betreff|envoy[ée]|[àa]|objet|enviado|para|asunto|assunto|verzonden|aan|onderwerp|"
    r"تاريخ الإرسال|تم الإرسال|التاريخ|إلى|الى|نسخة|الموضوع|مرسل"
)
_HEADER_OF_SENDER = re.compile(rf"^\*{{0,2}}(?:{_SENDER})\s*:\*{{0,2}}\s*\S", re.IGNORECASE)
_HEADER = re.compile(rf"^\*{{0,2}}(?:{_SENDER}|{_OTHERS})\s*:\*{{0,2}}(?:\s|$)", re.IGNORECASE)

_WRITE_ABOVE = re.compile(
    r"^\W*(?:please )?(?:type|write|add)?\s*(?:your )?reply above this line\W*$"
    r"|^\W*(?:si prega di )?(?:scrivere|inserire|digitare) la risposta sopra questa (?:riga|linea)\W*$"
    r"|^\W*(?:v[ăa] rug[ăa]m s[ăa] )?(?:scrie[țţt]i|r[ăa]spunde[țţt]i|introduce[țţt]i r[ăa]spunsul) "
    r"deasupra acestei linii\W*$"
    r"|^\W*(?:يرجى )?(?:اكتب|كتابة|الرد|كتابة الرد) (?:ردك )?(?:فوق|أعلى) هذا (?:السطر|الخط)\W*$",
    re.IGNORECASE,
)
_SIGNATURE = "-- "


def own_words(text: str) -> str:
    """Return what the writer of a mail wrote in it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:LINES_MOST]
    bare = [line.translate(_UNSEEN)[:LINE_MOST].strip() for line in lines]
    kept: list[str] = []
    signed = False
    at = 0
    while at < len(lines):
        quoted = bare[at].startswith(">")
        after = _after_attribution(bare, at)
        if quoted:
            signed = False
            at += 1
        elif after is not None:
            if not _marked(bare, after):
                break
            signed = False
            at = after
        elif _SEPARATOR.match(bare[at]) or _is_header(bare, at):
            break
        elif lines[at].translate(_UNSEEN) == _SIGNATURE:
            signed = True
            at += 1
        else:
            if not signed and not _WRITE_ABOVE.match(bare[at]):
                kept.append(lines[at].rstrip())
            at += 1
    return _tidied(kept)


def _after_attribution(bare: list[str], at: int) -> int | None:
    """Return the first line after the words on who wrote when, which a mail program may have wrapped; None if none."""
    if not bare[at] or not _ATTRIBUTION_BEGINS.match(bare[at]):
        return None
    joined = ""
    for end in range(at, min(at + ATTRIBUTION_LINES_MOST, len(bare))):
        if not bare[end] or bare[end].startswith(">"):
            return None
        joined = f"{joined} {bare[end]}".strip()[:LINE_MOST]
        if joined.endswith(":") and _ATTRIBUTION.match(joined):
            return end + 1
    return None


def _marked(bare: list[str], at: int) -> bool:
    """Say whether the next line that says anything is a quoted one."""
    return next((line.startswith(">") for line in bare[at:] if line), True)


def _is_header(bare: list[str], at: int) -> bool:
    """Say whether a mail's header begins here: two lines of one, the sender's among the first two."""
    if not _HEADER.match(bare[at]):
        return False
    found = [line for line in bare[at : at + 8] if line][:3]
    headers = [line for line in found if _HEADER.match(line)]
    return len(headers) >= min(3, len(found)) >= 2 and any(_HEADER_OF_SENDER.match(line) for line in found[:2])


def _tidied(lines: list[str]) -> str:
    """Return lines as text: rules drawn above history go, and of several empty lines one stays."""
    while lines and not lines[-1].strip(" _-*=\t"):
        lines.pop()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
