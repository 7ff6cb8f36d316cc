// The README's walk-through with the client that hey-api generates: chat, messages, fork, switch, read.
import assert from "node:assert/strict";
import * as api from "./generated-hey-api";
import { client } from "./generated-hey-api/client.gen";

const credentials = { username: `ann-${crypto.randomUUID()}`, password: "correct horse" };
const throwOnError = true as const;
// The document names the server that it was read from.
assert.equal(client.getConfig().baseUrl, process.argv[2]);

await api.register({ body: credentials, throwOnError });
const tokens = (await api.login({ body: credentials, throwOnError })).data;
client.setConfig({ auth: tokens.access_token });

const trees = (await api.createChat({ body: { name: "Trees" }, throwOnError })).data.chat_id;
const metadata = { model: "fig-1", tokens: [1, 2] };
async function say(chat_id: string, question: string, response: string): Promise<string> {
  const message = (await api.addMessage({ body: { chat_id, question, response, metadata }, throwOnError })).data;
  assert.deepEqual(message.metadata["tokens"], metadata.tokens);
  return message.response_id;
}
async function line(chat_id: string): Promise<string[]> {
  const page = (await api.getMessages({ query: { chat_id, order: "asc" }, throwOnError })).data;
  return page.map(({ question }) => question);
}

await say(trees, "What is a banyan?", "A fig.");
const second = await say(trees, "Where does it grow?", "In India.");
await say(trees, "How tall?", "Thirty metres.");
const fork = { original_chat_id: trees, branch_from_response_id: second, name: "about India" };
const india = (await api.createBranch({ body: fork, throwOnError })).data.branch_id;
await say(india, "And in Florida?", "There, too.");
const branch = ["What is a banyan?", "Where does it grow?", "And in Florida?"];
assert.deepEqual(await line(trees), ["What is a banyan?", "Where does it grow?", "How tall?"]);
assert.deepEqual(await line(india), branch);
await api.setActiveBranch({ body: { chat_id: trees, branch_id: india }, throwOnError });
assert.deepEqual(await line(trees), branch);

const missing = await api.getChat({ path: { chat_id: second } });
assert.equal(missing.error?.code, "chat_not_found");
console.log("hey-api: walked through");
