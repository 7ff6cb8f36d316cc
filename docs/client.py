"""A chat client: it opens a chat in two requests, and edits, regenerates, switches, undoes and draws a map in one each.

    python3 docs/client.py http://127.0.0.1:8000    does all of it as a new user; needs Python 3.9, no package"""
import json, secrets, sys, urllib.error, urllib.parse, urllib.request


class Refused(Exception):
    """An answer that is an error, with its body: `code` is to decide by, `detail` to show."""


class Server:
    """The API as one user sees it. It counts the requests, and keeps the cursor of the last answer."""

    def __init__(self, url):
        self.api, self.headers, self.requests = url.rstrip("/") + "/api/v1/", {"Content-Type": "application/json"}, 0

    def log_in(self, name, password):
        """Registers a user, whose token the requests carry from then on."""
        user = {"username": name, "password": password}
        self.call("POST", "auth/register", user)
        self.headers["Authorization"] = "Bearer " + self.call("POST", "auth/login", user)["access_token"]

    def call(self, method, path, body=None, **query):
        """Sends one request, and returns the JSON of its answer."""
        self.requests += 1
        url = self.api + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, body and json.dumps(body).encode(), self.headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.next_cursor = answer.headers["X-Next-Cursor"]
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)) from None

    def act(self, bound, name, action, *arguments, **texts):
        """Does what a user does, and checks how many requests it takes."""
        self.requests = 0
        result = action(*arguments, **texts)
        print(f"\n{name}: {self.requests} request{'s' * (self.requests > 1)}")
        expect(self.requests <= bound, True, f"{self.requests} requests, {bound} at most")
        return result


class Chat:
    """A chat as its user sees it: `line` holds the messages on the screen, the oldest first."""

    def __init__(self, server, chat_id):
        self.server, self.id, self.name, self.line = server, chat_id, None, []

    def open(self):
        """Reads the chat, and the newest page of its active branch."""
        self.name = self.server.call("GET", "chats/get-chat/" + self.id)["name"]
        self.line = self.server.call("GET", "messages/get-messages", chat_id=self.id)[::-1]

    def say(self, question, response):
        """Adds a message below the last one on the screen; refused if another device was faster."""
        head = self.line[-1]["response_id"] if self.line else None
        body = {"chat_id": self.id, "question": question, "response": response, "expected_head": head}
        self.line.append(self.server.call("POST", "messages/add-message", body))

    def edit(self, message, **texts):
        """Makes another version of a message, where the line then ends; without `question` the response is another."""
        body = {"response_id": message["response_id"], "chat_id": self.id, **texts}
        self.line = self.line[: self.line.index(message)] + [self.server.call("POST", "messages/edit-message", body)]

    def versions(self, message):
        """Lists the versions of a message, each with the branch to switch to."""
        return self.server.call("GET", "messages/get-versions", response_id=message["response_id"], chat_id=self.id)

    def switch(self, branch_id):
        """Makes a branch the active one, which is read from then on."""
        self.server.call("PUT", "branches/set-active-branch", {"chat_id": self.id, "branch_id": branch_id})

    def tree(self, limit=1000):
        """Lists every message of the chat without its texts, 1,000 with each request."""
        tree, query = [], {"chat_id": self.id, "limit": limit, "preview": "true", "cursor": ""}
        while query["cursor"] is not None:
            tree += self.server.call("GET", "messages/get-tree", **query)
            query["cursor"] = self.server.next_cursor
        return tree

    def print_map(self, tree):
        """Prints the tree, a message a row: what is below version 2/3 stands right of that, `*` is on the screen."""
        below, shown = {}, {message["response_id"] for message in self.line}
        for message in sorted(tree, key=lambda message: message["version"], reverse=True):
            below.setdefault(message["parent_response_id"], []).append(message)
        ahead = [({"response_id": None, "preview": self.name}, "", "")]
        while ahead:
            message, indent, rank = ahead.pop()
            print("   *" if message["response_id"] in shown else "    ", indent + rank + message["preview"])
            versions = below.get(message["response_id"], [])
            for version in versions:
                label = f"{version['version']}/{len(versions)} " if len(versions) > 1 else ""
                ahead.append((version, indent + " " * len(rank), label))

    def print(self):
        """Prints the line, with a switcher beside each message that has other versions."""
        for message in self.line:
            version, count = message["version"], message["version_count"]
            print("   ", message["question"], "--", message["response"], f"  < {version}/{count} >" * (count > 1))


def expect(actual, expected, what):
    """Ends the program where an answer is not as expected."""
    actual == expected or sys.exit(f"error: {what}: {actual}, not {expected}")


def main(url):
    """Does what a client does, as a new user, and checks the answers."""
    server = Server(url)
    server.log_in("mia-" + secrets.token_hex(8), "correct horse")
    chat = Chat(server, server.call("POST", "chats/create-chat", {"name": "Figs"})["chat_id"])
    for question, response in ("What is a fig?", "A fruit."), ("And a banyan?", "A tree."), ("How old?", "Centuries."):
        chat.say(question, response)
    first = chat.line
    server.act(2, "open", chat.open)
    expect(chat.line, first, "the opened chat")
    server.act(1, "edit", chat.edit, first[1], question="And a fig tree?", response="A banyan.")
    expect((chat.line[1]["version"], chat.line[1]["version_count"]), (2, 2), "the edit")
    server.act(1, "regenerate", chat.edit, chat.line[1], response="The banyan is one.")
    expect((chat.line[1]["version"], chat.line[1]["version_count"]), (3, 3), "the new response")
    for line, version in (first, 1), (chat.line, 3):
        listed = chat.versions(chat.line[1])[version - 1]
        server.act(1, f"switch to version {version}", chat.switch, listed["open_branch_id"])
        chat.open()
        chat.print()
        expect(chat.line[-1]["response_id"], line[-1]["response_id"], "the last message of that version")
    chat.print_map(tree := server.act(1, "map", chat.tree))
    expect((len(tree), chat.tree(limit=2)), (5, tree), "the map, also in pages of two")
    undo(chat, "branches/{}-branch", chat.line[1]["branch_id"])
    undo(chat, "chats/{}-chat", chat.id)
    expect(chat.tree(), tree, "the map of the restored chat")


def undo(chat, path, deleted_id):
    """Deletes a branch or a chat, and has it back with one request."""
    before, server = chat.line, chat.server
    server.call("DELETE", path.format("delete") + "/" + deleted_id)
    try:
        sys.exit(f"error: there is still {server.call('GET', 'branches/get-branch/' + deleted_id)}")
    except Refused as refusal:
        print(f"\n{path.format('delete')}: {refusal}")
    server.act(1, "undo", server.call, "POST", path.format("restore") + "/" + deleted_id)
    chat.open()
    chat.print()
    expect(chat.line, before, "the restored line")


if __name__ == "__main__":
    main(*sys.argv[1:])
