import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest

from tests.probes.helpdesk_fixture import Helpdesk, require_packages


class Customer:
    """Somebody with a cookie jar, a form and no browser."""

    def __init__(self, desk: Helpdesk) -> None:
        self.desk = desk
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def read(self, url: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        """Return the address we were led to and the page we found there."""
        sent = None if form is None else urllib.parse.urlencode(form).encode()
        with self.opener.open(urllib.parse.urljoin(self.desk.base_url, url), sent, timeout=20) as response:
            return response.url, response.read().decode()

    def submit(self, queue: str, title: str) -> tuple[str, str]:
        """Fill the public form in as its HTML asks, and send it."""
        _, page = self.read("/tickets/submit/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        choice = re.search(rf'<option value="(\d+)">{queue}</option>', page)
        assert token is not None
        assert choice is not None
        form = {
            "csrfmiddlewaretoken": token[1],
            "queue": choice[1],
            "title": title,
            "body": "It has not moved for six days.",
            "priority": "3",
            "submitter_email": "sam@customer.example",
        }
        return self.read("/tickets/submit/", form)


def test_a_customer_reads_the_agents_answer_on_the_ticket_page(helpdesk: Helpdesk) -> None:
    """Without it a desk that takes no tickets or shows no answers would look like a fault of the probes."""
    customer = Customer(helpdesk)
    ticket_url, page = customer.submit(helpdesk.queue, "Parcel lost")
    reference = re.search(r"/view/\?ticket=orders-(\d+)&email=sam%40customer.example&key=.+", ticket_url)
    assert reference is not None, ticket_url
    assert "Parcel lost [Open]" in page
    assert "by robin" not in page

    helpdesk.answer(int(reference[1]), "We have found it in Lyon.")

    _, page = customer.read(ticket_url)
    assert "We have found it in Lyon." in page
    assert "by robin" in page


def test_the_desk_lists_what_customers_sent(helpdesk: Helpdesk) -> None:
    """Without it a probe's tests could not compare what was played with what the desk received."""
    Customer(helpdesk).submit(helpdesk.queue, "Listed")
    ticket = helpdesk.tickets()[-1]
    assert (ticket["title"], ticket["submitter_email"]) == ("Listed", "sam@customer.example")
    helpdesk.answer(ticket["id"], "Done.", resolves=True)
    ticket = helpdesk.tickets()[-1]
    assert ticket["title"] == "Listed"
    assert [follow_up["comment"] for follow_up in ticket["followup_set"]][-1] == "Done."
    assert (ticket["status"], ticket["resolution"]) == (3, "Done.")


def test_the_broken_queue_shows_an_error_and_keeps_the_ticket(helpdesk: Helpdesk) -> None:
    """Without it nothing proves that a probe can tell "error shown, case created" from a lost case."""
    before = len(helpdesk.tickets())
    with pytest.raises(urllib.error.HTTPError, match="500"):
        Customer(helpdesk).submit(helpdesk.broken_queue, "Kept all the same")
    assert [ticket["title"] for ticket in helpdesk.tickets()[before:]] == ["Kept all the same"]


def test_mails_stay_in_the_folder(helpdesk: Helpdesk) -> None:
    """Without it the desk might be sending its acknowledgements to a real mail server."""
    Customer(helpdesk).submit(helpdesk.queue, "Acknowledged by mail")
    mails = [path.read_text() for path in helpdesk.mail_folder.iterdir()]
    assert any("Acknowledged by mail" in mail and "To: sam@customer.example" in mail for mail in mails)


def test_a_missing_package_fails_with_the_command_that_installs_it() -> None:
    """Without it a machine lacking django-helpdesk would skip, and a green run would prove nothing."""
    with pytest.raises(pytest.fail.Exception, match=r"needs no_such_desk; install with: pip install -e"):
        require_packages("no_such_desk", "json")
