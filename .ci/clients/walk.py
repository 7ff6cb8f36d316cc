"""The README's walk-through with the client that openapi-python-client generates: chat, messages, fork, switch, read."""

import sys
import uuid

from banyan_client import AuthenticatedClient, Client
from banyan_client.api.auth import login, register
from banyan_client.api.branches import create_branch, delete_branch, set_active_branch
from banyan_client.api.chats import create_chat, get_chat, get_chats
from banyan_client.api.messages import add_message, get_messages
from banyan_client.models import (
    BranchFork,
    BranchSwitch,
    ChatCreation,
    Credentials,
    GetMessagesOrder,
    MessageAddition,
    Registration,
)

server, name, password = sys.argv[1], f"ann-{uuid.uuid4().hex}", "correct horse"
anyone = Client(base_url=server)
user = register.sync(client=anyone, body=Registration(username=name, password=password))
assert user.username == name, user
tokens = login.sync(client=anyone, body=Credentials(username=name, password=password))
ann = AuthenticatedClient(base_url=server, token=tokens.access_token)

trees = create_chat.sync(client=ann, body=ChatCreation(name="Trees")).chat_id


def say(branch, question, response):
    metadata = {"model": "fig-1", "tokens": [1, 2]}
    body = {"chat_id": str(branch), "question": question, "response": response, "metadata": metadata}
    message = add_message.sync(client=ann, body=MessageAddition.from_dict(body))
    assert message.metadata.to_dict() == metadata, message
    return message.response_id


def line(branch):
    page = get_messages.sync(client=ann, chat_id=branch, order=GetMessagesOrder.ASC)
    return [message.question for message in page]


say(trees, "What is a banyan?", "A fig.")
second = say(trees, "Where does it grow?", "In India.")
say(trees, "How tall?", "Thirty metres.")
fork = BranchFork(original_chat_id=trees, branch_from_response_id=second, name="about India")
india = create_branch.sync(client=ann, body=fork).branch_id
say(india, "And in Florida?", "There, too.")
trunk = ["What is a banyan?", "Where does it grow?", "How tall?"]
branch = ["What is a banyan?", "Where does it grow?", "And in Florida?"]
assert line(trees) == trunk and line(india) == branch, (line(trees), line(india))
set_active_branch.sync(client=ann, body=BranchSwitch(chat_id=trees, branch_id=india))
assert line(trees) == branch, line(trees)

first = get_messages.sync_detailed(client=ann, chat_id=trees, limit=2, cursor="")
rest = get_messages.sync(client=ann, chat_id=trees, limit=2, cursor=first.headers["X-Next-Cursor"])
assert [message.depth for message in first.parsed + rest] == [3, 2, 1], (first.parsed, rest)

missing = get_chat.sync(client=ann, chat_id=user.user_id)
assert missing.code == "chat_not_found", missing
assert delete_branch.sync(client=ann, branch_id=india).msg == "Branch deleted"
assert [chat.name for chat in get_chats.sync(client=ann)] == ["Trees"]
print("openapi-python-client: walked through")
