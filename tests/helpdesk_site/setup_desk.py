"""Lays out an empty test desk: tables, mail texts, one agent, an app's account, two queues, a knowledge base.

Django must be set up before `lay_out` is called; it is meant for an empty database.
"""

import os

ARTICLES = [
    (
        "Where is my parcel?",
        "How do I follow my parcel?",
        "The tracking number is in the mail we sent when the parcel left. "
        "If it has not moved for **five days**, open a ticket.",
    ),
    (
        "Sending something back",
        "How do I return an order?",
        "You have 30 days. Print the label from your account and hand the parcel in at any post office.",
    ),
]


def lay_out(host_and_port: str) -> None:
    """Fill the empty database; links in the desk's mails and redirects will point at `host_and_port`."""
    from django.contrib.auth import get_user_model
    from django.contrib.sites.models import Site
    from django.core.management import call_command
    from helpdesk.models import KBCategory, KBItem, Queue

    call_command("migrate", verbosity=0, interactive=False)
    call_command("loaddata", "emailtemplate.json", verbosity=0)
    # Without this a customer who adds a comment is redirected to http://example.com.
    Site.objects.update_or_create(id=1, defaults={"domain": host_and_port, "name": "Test desk"})

    get_user_model().objects.create_user(
        os.environ["HELPDESK_STAFF_USER"],
        email="agent@helpdesk.example",
        password=os.environ["HELPDESK_STAFF_PASSWORD"],
        is_staff=True,
    )
    # The account with which the shop's app writes its customers' tickets; the interface wants staff for that.
    get_user_model().objects.create_user(
        os.environ["HELPDESK_APP_USER"], password=os.environ["HELPDESK_APP_PASSWORD"], is_staff=True
    )
    orders = Queue.objects.create(
        title=os.environ["HELPDESK_QUEUE"],
        slug="orders",
        email_address="orders@helpdesk.example",
        allow_public_submission=True,
    )
    # A real defect, planted: the acknowledgement cannot be addressed, so the customer is shown
    # HTTP 500 although the ticket exists.
    Queue.objects.create(
        title=os.environ["HELPDESK_BROKEN_QUEUE"],
        slug="returns",
        email_address="Returns <returns@helpdesk.example>",
        allow_public_submission=True,
    )

    category = KBCategory.objects.create(
        name="orders",
        title="Orders and parcels",
        slug="orders-and-parcels",
        description="Tracking, delivery and returns.",
        queue=orders,
        public=True,
    )
    for order, (title, question, answer) in enumerate(ARTICLES, start=1):
        KBItem.objects.create(category=category, title=title, question=question, answer=answer, order=order)
