// The README's walk-through with the types of openapi-typescript: chat, messages, fork, switch, read.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema";

const [name, password] = [`ann-${crypto.randomUUID()}`, "correct horse"];
const client = createClient<paths>({ baseUrl: process.argv[2] });

/** The data of an answer, which must be a success. */
async function data<T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await answer;
  assert(data !== undefined, JSON.stringify(error));
  return data;
}

await data(client.POST("/api/v1/auth/register", { body: { username: name, password } }));
const tokens = await data(client.POST("/api/v1/auth/login", { body: { username: name, password } }));
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
    return request;
  },
});

const trees = (await data(client.POST("/api/v1/chats/create-chat", { body: { name: "Trees" } }))).chat_id;
const metadata = { model: "fig-1", tokens: [1, 2] };
async function say(chat_id: string, question: string, response: string): Promise<string> {
  const body = { chat_id, question, response, metadata };
  const message = await data(client.POST("/api/v1/messages/add-message", { body }));
  assert.deepEqual(message.metadata["tokens"], metadata.tokens);
  return message.response_id;
}
async function line(chat_id: string): Promise<string[]> {
  const query = { chat_id, order: "asc" } as const;
  return (await data(client.GET("/api/v1/messages/get-messages", { params: { query } }))).map(({ question }) => question);
}

await say(trees, "What is a banyan?", "A fig.");
const second = await say(trees, "Where does it grow?", "In India.");
await say(trees, "How tall?", "Thirty metres.");
const fork = { original_chat_id: trees, branch_from_response_id: second, name: "about India" };
const india = (await data(client.POST("/api/v1/branches/create-branch", { body: fork }))).branch_id;
await say(india, "And in Florida?", "There, too.");
const branch = ["What is a banyan?", "Where does it grow?", "And in Florida?"];
assert.deepEqual(await line(trees), ["What is a banyan?", "Where does it grow?", "How tall?"]);
assert.deepEqual(await line(india), branch);
await data(client.PUT("/api/v1/branches/set-active-branch", { body: { chat_id: trees, branch_id: india } }));
assert.deepEqual(await line(trees), branch);

const wrong = await client.POST("/api/v1/messages/add-message", {
  body: { chat_id: trees, question: "q", response: "r", expected_head: null },
});
assert.equal(wrong.response.status, 409);
assert(wrong.error && "head_response_id" in wrong.error, JSON.stringify(wrong.error));
console.log("openapi-typescript: walked through");
