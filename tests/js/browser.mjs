// The browser's side of Web Push, in another implementation than ours: JSON lines in, JSON lines out.
//
//   {"op": "subscribe"}  ->  {"p256dh", "auth", "private"}, base64url
//   {"op": "open", "body", "private", "auth", "authorization", "audience", "now_s"}
//        -> {"text"} as http_ece decrypts it, or {"refused": why} where the token is none of the key it names
import { createECDH, createPublicKey, randomBytes, verify } from "node:crypto";
import { createInterface } from "node:readline";
import ece from "http_ece";

const LONGEST_S = 86_400;

function checkToken({ authorization, audience, now_s: now }) {
  const [, token, key] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(authorization ?? "") ?? [];
  if (!token) throw new Error("no token");
  const point = Buffer.from(key, "base64url");
  const publicKey = createPublicKey({
    format: "jwk",
    key: {
      kty: "EC",
      crv: "P-256",
      x: point.subarray(1, 33).toString("base64url"),
      y: point.subarray(33).toString("base64url"),
    },
  });
  const [head, claims, signature] = token.split(".");
  const signed = { key: publicKey, dsaEncoding: "ieee-p1363" };
  if (!verify("sha256", Buffer.from(`${head}.${claims}`), signed, Buffer.from(signature, "base64url"))) {
    throw new Error("signature");
  }
  const { alg } = JSON.parse(Buffer.from(head, "base64url"));
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, "base64url"));
  if (alg !== "ES256") throw new Error("algorithm");
  if (aud !== audience) throw new Error("audience");
  if (exp <= now || exp > now + LONGEST_S) throw new Error("expiry");
  if (!/^(mailto:|https:)/.test(sub)) throw new Error("subject");
  return key;
}

const operations = {
  subscribe() {
    const pair = createECDH("prime256v1");
    pair.generateKeys();
    return {
      p256dh: pair.getPublicKey().toString("base64url"),
      private: pair.getPrivateKey().toString("base64url"),
      auth: randomBytes(16).toString("base64url"),
    };
  },
  open(request) {
    const key = checkToken(request);
    const privateKey = createECDH("prime256v1");
    privateKey.setPrivateKey(Buffer.from(request.private, "base64url"));
    const body = Buffer.from(request.body, "base64url");
    const text = ece.decrypt(body, { version: "aes128gcm", privateKey, authSecret: request.auth });
    return { text: text.toString(), key };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...request } = JSON.parse(line);
  let answer;
  try {
    answer = operations[op](request);
  } catch (error) {
    answer = { refused: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
