import email.policy
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from probes.channels.mail_quotes import own_words
from probes.channels.mail_text import Mail, read_mail, text_of_html

HISTORY = "> Where is my order 123456?\n> Anna\n>\n>> older still\n"

OWN_WORDS = {
    "english, answer on top": (
        "Hello Anna,\n\nit left today.\n\nOn Tue, 3 Mar 2026 at 10:15, Anna Bell <anna@example.org> wrote:\n\n"
        + HISTORY,
        "Hello Anna,\n\nit left today.",
    ),
    "english, answer below": (
        "On Tue, 3 Mar 2026 at 10:15, Anna Bell <anna@example.org> wrote:\n" + HISTORY + "\nIt left today.\n",
        "It left today.",
    ),
    "english, answers between": (
        "On 3 March 2026 10:15, Anna wrote:\n> Where is it?\n\nOn its way.\n\n> And who pays?\n\nWe do.\n",
        "On its way.\n\nWe do.",
    ),
    "english, wrapped attribution": (
        "It left today.\n\nOn Tue, 3 Mar 2026 at 10:15, Anna Featherstonehaugh-Bell\n<anna.featherstonehaugh@example.org>"
        " wrote:\n\n" + HISTORY,
        "It left today.",
    ),
    "english, unmarked history": (
        "It left today.\n\nOn 3 Mar 2026, at 10:15, Anna <anna@example.org> wrote:\n\nWhere is my order?\n",
        "It left today.",
    ),
    "english, Outlook": (
        "It left today.\n\nRobin\n\n________________________________\nFrom: Anna Bell <anna@example.org>\n"
        "Sent: Tuesday, March 3, 2026 10:15 AM\nTo: Help <help@desk.example>\nSubject: RE: Where is it?\n\nWhere is it?\n",
        "It left today.\n\nRobin",
    ),
    "english, old Outlook": (
        "It left today.\n\n-----Original Message-----\nFrom: Anna\nSent: 3 March\nSubject: Where?\n\nWhere is it?\n",
        "It left today.",
    ),
    "english, bold header names": (
        "It left today.\n\n*From:* Anna <anna@example.org>\n*Sent:* Tuesday\n*To:* Help\n\nWhere is it?\n",
        "It left today.",
    ),
    "english, a help desk's line to write above": (
        "##- Please type your reply above this line -##\n\nIt left today.\n",
        "It left today.",
    ),
    "english, signature": ("It left today.\n-- \nRobin Example\nDesk, 1 Some Street\n", "It left today."),
    "english, signature above the history": (
        "It left today.\n\n-- \nRobin\n\nOn Tue, 3 Mar 2026 at 10:15, Anna <anna@example.org> wrote:\n" + HISTORY,
        "It left today.",
    ),
    "english, a name is no signature": (
        "It left today.\n\nKind regards\nRobin\n",
        "It left today.\n\nKind regards\nRobin",
    ),
    "english, a route is no header": (
        "Your journey:\nFrom: Milan\nTo: Rome\nYour seat is 12A.\n",
        "Your journey:\nFrom: Milan\nTo: Rome\nYour seat is 12A.",
    ),
    "english, a sentence that begins like an attribution": (
        "On Tuesday 3 March we wrote to you about this:\nyour parcel waits at the post office.\n",
        "On Tuesday 3 March we wrote to you about this:\nyour parcel waits at the post office.",
    ),
    "italian, answer on top": (
        "Buongiorno Anna,\n\nè partito oggi.\n\nIl giorno mar 3 mar 2026 alle ore 10:15 Anna Belli <anna@example.org> ha"
        " scritto:\n\n" + HISTORY,
        "Buongiorno Anna,\n\nè partito oggi.",
    ),
    "italian, answer below": (
        "Il 03/03/2026 10:15, Anna ha scritto:\n" + HISTORY + "\nÈ partito oggi.\n",
        "È partito oggi.",
    ),
    "italian, Outlook": (
        "È partito oggi.\n\nDa: Anna <anna@example.org>\nInviato: martedì 3 marzo 2026 10:15\nA: Assistenza\n"
        "Oggetto: Dov'è?\n\nDov'è il mio ordine?\n",
        "È partito oggi.",
    ),
    "italian, old Outlook": (
        "È partito.\n\n-----Messaggio originale-----\nDa: Anna\nOggetto: Dove?\n\nDove?\n",
        "È partito.",
    ),
    "italian, a line to write above": (
        "##- Si prega di inserire la risposta sopra questa riga -##\n\nÈ partito oggi.\n",
        "È partito oggi.",
    ),
    "romanian, answer on top": (
        "Bună ziua,\n\na plecat astăzi.\n\nÎn mar., 3 mar. 2026 la 10:15, Ana Pop <ana@example.org> a scris:\n\n"
        + HISTORY,
        "Bună ziua,\n\na plecat astăzi.",
    ),
    "romanian, answer below": (
        "Pe 3 mar. 2026, la 10:15, Ana a scris:\n" + HISTORY + "\nA plecat astăzi.\n",
        "A plecat astăzi.",
    ),
    "romanian, Outlook": (
        "A plecat astăzi.\n\nDe la: Ana <ana@example.org>\nTrimis: marți, 3 martie 2026 10:15\nCătre: Asistență\n"
        "Subiect: Unde este?\n\nUnde este comanda?\n",
        "A plecat astăzi.",
    ),
    "romanian, old Outlook": (
        "A plecat.\n\n-----Mesaj original-----\nDe la: Ana\nSubiect: Unde?\n\nUnde?\n",
        "A plecat.",
    ),
    "arabic, answer on top": (
        "مرحباً آنا،\n\nغادر الطرد اليوم.\n\n\u200fفي الثلاثاء، 3 مارس 2026 في 10:15 ص تمت كتابة ما يلي بواسطة \u202aAnna"
        "\u202c <\u202aanna@example.org\u202c>:\u200f\n\n" + HISTORY,
        "مرحباً آنا،\n\nغادر الطرد اليوم.",
    ),
    "arabic, answer below": (
        "في 3 مارس 2026، الساعة 10:15 ص، كتبت آنا:\n" + HISTORY + "\nغادر الطرد اليوم.\n",
        "غادر الطرد اليوم.",
    ),
    "arabic, Outlook": (
        "غادر الطرد اليوم.\n\nمن: آنا <anna@example.org>\nتاريخ الإرسال: الثلاثاء، 3 مارس 2026\nإلى: المساعدة\n"
        "الموضوع: أين طلبي؟\n\nأين طلبي؟\n",
        "غادر الطرد اليوم.",
    ),
    "arabic, old Outlook": (
        "غادر اليوم.\n\n-----الرسالة الأصلية-----\nمن: آنا\nالموضوع: أين؟\n\nأين؟\n",
        "غادر اليوم.",
    ),
    "only history": (HISTORY, ""),
}


@pytest.mark.parametrize(("text", "own"), OWN_WORDS.values(), ids=OWN_WORDS)
def test_history_and_signatures_are_not_the_writers_words(text: str, own: str) -> None:
    """Without it our own question, quoted back, could count as the useful answer to itself."""
    assert own_words(text) == own
    assert own_words(text.replace("\n", "\r\n")) == own


PAGES = {
    "Gmail": (
        '<div dir="ltr">It left <b>today</b>.<br>Robin</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr"'
        ' class="gmail_attr">On Tue, 3 Mar 2026 at 10:15, Anna &lt;<a href="mailto:anna@example.org">anna@example.org</a>&gt;'
        ' wrote:<br></div><blockquote class="gmail_quote"><div>Where is it?</div></blockquote></div>',
        "It left today.\nRobin",
    ),
    "answer below": (
        '<div class="moz-cite-prefix">On 03/03/2026 10:15, Anna wrote:<br></div><blockquote type="cite"><p>Where is it?</p>'
        "<blockquote><p>older</p></blockquote></blockquote><p>It left today.</p>",
        "It left today.",
    ),
    "Outlook": (
        '<style>p {color: red}</style><p>It left today.</p><div id="divRplyFwdMsg"><hr><font><b>From:</b> Anna'
        " &lt;anna@example.org&gt;<br><b>Sent:</b> Tuesday<br><b>To:</b> Help<br><b>Subject:</b> Where?</font></div>"
        "<div>Where is it?</div>",
        "It left today.",
    ),
    "signature": ("<div>It left today.</div><div>-- <br></div><div>Robin</div>", "It left today."),
    "entities": ("<p>Caf&eacute; &amp; bar: 3 &lt; 4</p><script>x()</script>", "Café & bar: 3 < 4"),
    "too deep": ("<div>" * 600 + "It left today.", "It left today."),
}


@pytest.mark.parametrize(("html", "own"), PAGES.values(), ids=PAGES)
def test_pages_are_read_as_people_see_them(html: str, own: str) -> None:
    """Without it mails written as pages would count with their history, or as markup."""
    assert own_words(text_of_html(html)) == own


def mail_of(text: str = "Hello.", **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=email.policy.SMTP)
    for name, value in {"From": "Robin <robin@desk.example>", "Subject": "[orders-3] Parcel", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def read(mail: EmailMessage) -> Mail:
    return read_mail(mail.as_bytes())


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "written"),
        ({"Auto_Submitted": "no"}, "written"),
        ({"Auto_Submitted": "auto-replied (vacation)"}, "automatic"),
        ({"Auto_Submitted": "auto-generated; owner=x"}, "automatic"),
        ({"Precedence": "bulk"}, "automatic"),
        ({"Precedence": "auto_reply"}, "automatic"),
        ({"Precedence": "list"}, "written"),
        ({"X_Autoreply": "yes"}, "automatic"),
        ({"X_Autorespond": "We are away"}, "automatic"),
        ({"X_Auto_Response_Suppress": "OOF, AutoReply"}, "automatic"),
        ({"X_Auto_Response_Suppress": "None"}, "written"),
        ({"Return_Path": "<>"}, "automatic"),
        ({"Return_Path": "<robin@desk.example>"}, "written"),
        ({"From": "MAILER-DAEMON@desk.example", "Return_Path": "<>"}, "bounce"),
        ({"From": "postmaster@desk.example", "Subject": "Mail delivery failed: returning message"}, "bounce"),
        ({"X_Failed_Recipients": "help@desk.example"}, "bounce"),
    ],
)
def test_headers_say_whether_a_machine_wrote(headers: dict[str, str], kind: str) -> None:
    """Without it a vacation note would count as a person's first answer, or a bounce as silence."""
    assert read(mail_of(**headers)).kind == kind


BOUNCE = b"""Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example>
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; help@desk.example
Action: %s
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such
 user here

--b
Content-Type: message/rfc822

From: anna@example.org
Message-ID: <ours@example.org>

Where is it?
--b--
"""


def test_a_bounce_says_why_and_whose_it_is() -> None:
    """Without it a mail that came back would be waited on for days, or could not be told whose it was."""
    mail = read_mail(BOUNCE % b"failed")
    assert (mail.kind, mail.reason) == ("bounce", "returned from help@desk.example: 550 5.1.1 no such user here")
    assert mail.references == ("<ours@example.org>",)
    assert read_mail(BOUNCE % b"delayed").kind == "automatic", "it is still being tried"


def test_attachments_are_named_and_not_read() -> None:
    """Without it a label that came as a file would be nothing, or its bytes would fill the log."""
    mail = mail_of("Here is your label.")
    mail.add_attachment(b"%PDF" * 1000, maintype="application", subtype="pdf", filename="etichettă.pdf")
    mail.add_attachment("not read", filename="note.txt")
    assert read(mail).text == "Here is your label.\n[attached: etichettă.pdf]\n[attached: note.txt]"


def test_the_plain_words_of_two_ways_to_say_it_are_read_unless_there_are_none() -> None:
    """Without it an answer would be read twice, or not at all where the plain part is empty."""
    mail = mail_of("The plain words.")
    mail.add_alternative("<p>The <b>page</b>.</p>", subtype="html")
    assert read(mail).text == "The plain words."
    mail = mail_of(" ")
    mail.add_alternative("<p>The <b>page</b>.</p>", subtype="html")
    assert read(mail).text == "The page."


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", "perché".encode("latin-1"), "perché"),
        ("text/plain; charset=us-ascii", "perché".encode(), "perché"),
        ("text/plain; charset=no-such-thing", "perché".encode(), "perché"),
        ("text/plain; charset=utf-8", "perché".encode("cp1252"), "perché"),
        ("text/plain", "Bună ziua, a plecat și este în drum.".encode(), "Bună ziua, a plecat și este în drum."),
        ("text/plain; charset=utf-8", "perché è così".encode().decode("cp1252").encode(), "perché è così"),
        ("text/plain; charset=windows-1256", "غادر الطرد".encode("cp1256"), "غادر الطرد"),
        ("text/plain; charset=utf-8", b"half \xe2\x82 and \x00 gone", "half â‚ and  gone"),
    ],
)
def test_damaged_letters_are_read_as_far_as_they_go(head: str, body: bytes, text: str) -> None:
    """Without it one wrong charset would make an answer useless, or end the contact."""
    raw = b"From: x@y.example\r\nContent-Type: " + head.encode() + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body
    assert read_mail(raw).text == text


def test_subjects_are_read_whatever_they_are_written_in() -> None:
    """Without it a tag behind an encoded or a raw word would not be found, and the answer would be nobody's."""
    encoded = b"Subject: =?utf-8?q?Re=3A_=5Borders-3=5D_perch=C3=A9?=\r\n =?no-such?b?!!?=\r\n\r\nx"
    assert read_mail(encoded).subject.startswith("Re: [orders-3] perché")
    assert read_mail("Subject: [orders-3] perché\r\n\r\nx".encode()).subject == "[orders-3] perché"


MALFORMED = {
    "nothing": b"",
    "no headers": b"\r\n\r\n\r\n",
    "binary": bytes(range(256)) * 40,
    "open boundary": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nIt left.',
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\nIt left.",
    "nested": b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (k, k) for k in range(3000)),
    "bad base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!!not=base64===",
    "bad file name": b"Content-Type: text/plain; name*=utf-9'x'%%zz\r\nContent-Disposition: attachment\r\n\r\nx",
    "bad addresses": b'From: <<<>>@,;:"\r\nTo: (((((\r\nReply-To: a@b@c\r\n\r\nx',
    "many headers": b"X-A: b\r\n" * 20_000 + b"\r\nIt left.",
    "long header": b"References: " + b"<a@b> " * 100_000 + b"\r\n\r\nIt left.",
    "long line": b"\r\nOn 3 Mar <" + b"a@" * 400_000,
    "many quotes": b"\r\n" + b"On 3 March\r\n" * 60_000,
    "many parts": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 30_000,
    "delivery status of nobody": b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nx",
    "tags": b"Content-Type: text/html\r\n\r\n" + b"<" * 300_000,
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_malformed_mails_are_read_in_bounded_time(raw: bytes) -> None:
    """Without it one mail could hold every contact of a run, or end it as our failure."""
    began_s = time.monotonic()
    mail = read_mail(raw)
    assert time.monotonic() - began_s < 3.0
    (mail.text + mail.subject + mail.sender).encode()


def test_a_cut_mail_says_that_it_was_cut(tmp_path: Path) -> None:
    """Without it an answer at the end of a huge mail would be missing, and nobody would know why."""
    mail = read_mail(b"Subject: x\r\n\r\n" + b"It left. " * 10, 104_857_600)
    assert mail.text.endswith("[this mail has 104857600 bytes; the first 104 were read]")
