"""What this site decides about its chat: visitors may write, and the agent says when a conversation is settled."""

from typing import Any

from django_chat_ui import services
from django_chat_ui.backend import ChatBackend

SETTLE = "desk.settle"


class Desk(ChatBackend):
    """The site's rules; an agent's event `desk.settle` closes the conversation."""

    allow_anonymous = True
    event_types = frozenset({SETTLE})

    def on_start(self, request: Any, conversation: Any, participant: Any) -> None:
        """Greet, as machines do."""
        services.system(conversation, "Welcome. Someone will be with you in a moment.", code="greeting")

    def before_send(self, request: Any, conversation: Any, participant: Any, event_type: str, content: Any) -> None:
        """Say who has come, before their first word."""
        if participant.kind == "agent" and conversation.state == "pending":
            services.update_conversation(conversation, state="open")
            services.system(conversation, f"{participant.name} joined", code="joined")

    def on_event(self, request: Any, event: Any) -> None:
        """Close what an agent has settled."""
        if event.type == SETTLE and event.sender.kind == "agent":
            reason = "This conversation is settled."
            closed = {"composer": {"mode": "closed", "reason": reason}}
            services.update_conversation(event.conversation, state="closed", capabilities=closed)
