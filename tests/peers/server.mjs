// oidc-provider with people instead of password forms: whoever `login_hint` names is signed in.
// First argument: JSON with `clients`. Prints {"issuer": …}; a line "rotate" on standard input
// replaces every signing key, "require pushed" takes pushed requests only and "allow direct" both
// kinds, "revoke" withdraws every grant, "quit" or the end of the input stops.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";

const { clients } = JSON.parse(process.argv[2]);
const people = {
  alice: { name: "Alice Example", email: "alice@example.test", email_verified: true, roles: ["admin"] },
  bob: { name: "Bob Example", email: "bob@example.test", email_verified: false, roles: ["editor"] },
};

// What the provider keeps, in memory that outlives a rotation.
const kept = new Map();
class Adapter {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { kept.set(this.key(id), payload); }
  async find(id) { return kept.get(this.key(id)); }
  async findByUid(uid) { return [...kept.values()].find((payload) => payload.kind === this.model && payload.uid === uid); }
  async findByUserCode() { return undefined; }
  async consume(id) { kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { kept.delete(this.key(id)); }
  async revokeByGrantId(grantId) {
    for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
  }
}

function revoke() {
  for (const [key, payload] of kept) if (payload.grantId || payload.kind === "Grant") kept.delete(key);
}

let pushedOnly = false;

function signingKeys() {
  const made = [generateKeyPairSync("rsa", { modulusLength: 2048 }), generateKeyPairSync("ec", { namedCurve: "P-256" })];
  return made.map(({ privateKey }) => ({ ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig" }));
}

function build(issuer) {
  const provider = new Provider(issuer, {
    adapter: Adapter,
    clients,
    jwks: { keys: signingKeys() },
    cookies: { keys: ["kept-over-rotations"] },
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], roles: ["roles"] },
    scopes: ["openid", "offline_access", "profile", "email", "roles"],
    fetch: (url, { dispatcher, ...options }) => fetch(url, options), // its own refuses loopback
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: (context, form) => { context.body = form; } },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: pushedOnly } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
    rotateRefreshToken: true,
    ttl: { RefreshToken: 600, Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  });
  provider.use(async (context, next) => {
    if (!context.path.startsWith("/interaction/")) return next();
    const details = await provider.interactionDetails(context.req, context.res);
    const result = details.prompt.name === "login" ? login(details) : await consent(provider, details);
    context.respond = false;
    await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: true });
  });
  return provider.callback();
}

const login = ({ params }) => ({ login: { accountId: params.login_hint ?? "alice" } });

async function consent(provider, { grantId, params, session, prompt }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope((prompt.details.missingOIDCScope ?? params.scope.split(" ")).join(" "));
  grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
  return { consent: { grantId: await grant.save() } };
}

let handler;
const server = createServer((request, response) => handler(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handler = build(issuer);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line === "require pushed") pushedOnly = true;
    if (line === "allow direct") pushedOnly = false;
    if (line === "revoke") revoke();
    else if (line !== "quit") handler = build(issuer);
    console.log(JSON.stringify({ done: line }));
    if (line === "quit") process.exit(0);
  });
  lines.on("close", () => process.exit(0));
  console.log(JSON.stringify({ issuer }));
});
