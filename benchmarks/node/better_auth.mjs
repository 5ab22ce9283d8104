// better-auth: getSession() by the session cookie, with SQLite; and with its cookie cache, without.

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders } from "better-auth/node";
import express from "express";

const LIFE_SECONDS = 6 * 3600;

export const sessionCookie = () => subject(false);
export const cookieCache = () => subject(true);

async function subject(cached) {
  const database = new DatabaseSync("better-auth.db");
  const auth = betterAuth({
    baseURL: "http://127.0.0.1:3000",
    secret: randomBytes(32).toString("base64"),
    database,
    emailAndPassword: { enabled: true },
    session: { expiresIn: LIFE_SECONDS, cookieCache: { enabled: cached, maxAge: LIFE_SECONDS } },
  });
  await (await getMigrations(auth.options)).runMigrations();
  const app = express();
  app.get("/gate", async (request, response) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (session === null) {
      response.status(401).end();
    } else {
      response.json({ hello: "world" });
    }
  });
  return { app, credentials: inOneTransaction, packages: ["better-auth"] };

  async function inOneTransaction(count) {
    database.exec("BEGIN");
    const made = await credentials(auth, cached, count);
    database.exec("COMMIT");
    return made;
  }
}

// A person and a session for each, without the price of a password.
async function credentials(auth, cached, count) {
  const { internalAdapter, authCookies, secret } = await auth.$context;
  const made = [];
  for (let number = 0; number < count; number += 1) {
    const email = `${randomUUID()}@example.test`;
    const user = await internalAdapter.createUser({ email, name: "Somebody", emailVerified: true });
    const { token } = await internalAdapter.createSession(user.id);
    const signature = createHmac("sha256", secret).update(token).digest("base64");
    const cookie = `${authCookies.sessionToken.name}=${encodeURIComponent(`${token}.${signature}`)}`;
    made.push(`Cookie: ${cached ? await withCache(auth, cookie) : cookie}`);
  }
  return made;
}

// What a browser sends once getSession() has set the cookie cache.
async function withCache(auth, cookie) {
  const { headers } = await auth.api.getSession({ headers: new Headers({ cookie }), returnHeaders: true });
  return [cookie, ...headers.getSetCookie().map((each) => each.split(";")[0])].join("; ");
}
