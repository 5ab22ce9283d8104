// express-oauth2-jwt-bearer: auth() with an issuer on loopback, ES256.

import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import express from "express";
import { auth } from "express-oauth2-jwt-bearer";

const AUDIENCE = "https://api.benchmark.invalid";
const KEY_ID = "benchmark";
const LIFE_SECONDS = 6 * 3600;

export async function middleware() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = await issuerOnLoopback(publicKey);
  const app = express();
  const guard = auth({ issuerBaseURL: issuer, audience: AUDIENCE, tokenSigningAlg: "ES256" });
  app.get("/gate", guard, (request, response) => response.json({ hello: "world" }));
  app.use((error, request, response, next) => response.status(error.status ?? 500).end());
  const credentials = async (count) =>
    Array.from({ length: count }, () => `Authorization: Bearer ${token(issuer, privateKey)}`);
  return { app, credentials, packages: ["express-oauth2-jwt-bearer"] };
}

// Asked once: the library keeps discovery for good and keys for ten minutes.
async function issuerOnLoopback(publicKey) {
  const key = { ...publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "ES256", use: "sig" };
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === "/jwks" ? { keys: [key] } : metadata));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const metadata = {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    id_token_signing_alg_values_supported: ["ES256"],
  };
  return issuer;
}

function token(issuer, key) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: AUDIENCE,
    sub: randomUUID(),
    client_id: "browser",
    sid: randomUUID(),
    jti: randomUUID(),
    iat: now,
    exp: now + LIFE_SECONDS,
    auth_time: now,
    roles: ["editor"],
    scope: "",
  };
  const input = [{ alg: "ES256", kid: KEY_ID, typ: "at+jwt" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}
