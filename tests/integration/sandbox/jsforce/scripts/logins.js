// Every way jsforce logs in, and what it does when its session dies.
"use strict";
const { Connection, OAuth2 } = require("jsforce");

const CALLBACK = "http://localhost:1717/OauthRedirect";

async function post(url, form) {
  return fetch(url, { method: "POST", body: new URLSearchParams(form), redirect: "manual" });
}

async function expireSessions(url) {
  const reply = await fetch(`${url}/_sandbox/sessions/expire`, { method: "POST" });
  if (!reply.ok) throw new Error(await reply.text());
}

async function seen(connection, userInfo) {
  const identity = await connection.identity();
  const { records } = await connection.query("SELECT Name FROM Account ORDER BY Name");
  return {
    userInfo,
    instanceUrl: connection.instanceUrl,
    username: identity.username,
    names: records.map((record) => record.Name),
  };
}

function oauth2(given, more = {}) {
  return new OAuth2({
    loginUrl: given.url,
    clientId: given.client_id,
    clientSecret: given.client_secret,
    redirectUri: CALLBACK,
    ...more,
  });
}

exports.password = async (given, refusal) => {
  const connection = new Connection({ oauth2: oauth2(given) });
  const userInfo = await connection.login(given.username, given.password + given.security_token);
  const first = await seen(connection, userInfo);
  await expireSessions(given.url);
  const again = await seen(connection, userInfo); // jsforce logs in again by itself
  const stranger = new Connection({ oauth2: oauth2(given) });
  const refused = await stranger.login(given.username, "wrong").then(() => null, refusal);
  return { first, again, refused };
};

exports.soap = async (given, refusal) => {
  const connection = new Connection({ loginUrl: given.url, version: "59.0" });
  const userInfo = await connection.login(given.username, given.password + given.security_token);
  const first = await seen(connection, userInfo);
  await connection.logout();
  const stranger = new Connection({ loginUrl: given.url, version: "59.0" });
  const refused = await stranger.login(given.username, "wrong").then(() => null, refusal);
  const retired = new Connection({ loginUrl: given.url, version: "65.0" });
  const tooNew = await retired.login(given.username, given.password + given.security_token).then(() => null, refusal);
  return { first, refused, tooNew };
};

exports.clientCredentials = async (given) => {
  const connection = new Connection({ oauth2: oauth2(given), instanceUrl: given.url });
  const userInfo = await connection.authorize({ grant_type: "client_credentials" });
  return seen(connection, userInfo);
};

// Clicks through the authorize page as a browser would and returns the parameters of the redirect.
async function consent(given, authorizationUrl) {
  const page = await (await fetch(authorizationUrl)).text();
  const fields = [...page.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  const form = { ...Object.fromEntries(fields), username: given.username, password: given.password, decision: "allow" };
  const action = page.match(/action="([^"]+)"/)[1].replaceAll("&amp;", "&");
  const sent = await post(new URL(action, given.url), form);
  return new URL(sent.headers.get("location")).searchParams;
}

exports.code = async (given, refusal) => {
  const mine = oauth2(given, { useVerifier: true });
  const answer = await consent(given, mine.getAuthorizationUrl({ scope: "api refresh_token", state: "s 1" }));
  const thief = new Connection({ oauth2: oauth2(given, { useVerifier: true }) });
  const refused = await thief.authorize(answer.get("code")).then(() => null, refusal);
  const next = await consent(given, mine.getAuthorizationUrl({ scope: "api refresh_token", state: "s 2" }));
  const connection = new Connection({ oauth2: mine });
  const userInfo = await connection.authorize(next.get("code"));
  const first = await seen(connection, userInfo);
  const used = await new Connection({ oauth2: mine }).authorize(next.get("code")).then(() => null, refusal);
  return { states: [answer.get("state"), next.get("state")], first, refused, used, refresh: await refresh(given, connection) };
};

async function refresh(given, connection) {
  const tokens = [];
  connection.on("refresh", (token) => tokens.push(token));
  const before = connection.accessToken;
  await expireSessions(given.url);
  const { records } = await connection.query("SELECT Name FROM Account ORDER BY Name");
  return {
    names: records.map((record) => record.Name),
    refreshed: tokens.length,
    isNew: connection.accessToken !== before && tokens[0] === connection.accessToken,
  };
}

exports.revoked = async (given, refusal) => {
  const connection = new Connection({ oauth2: oauth2(given), instanceUrl: given.url });
  await connection.authorize({ grant_type: "client_credentials" });
  const bare = new Connection({ instanceUrl: given.url, accessToken: connection.accessToken });
  const before = (await bare.query("SELECT Name FROM Account")).totalSize;
  await connection.logout();
  return { before, refused: await bare.query("SELECT Name FROM Account").then(() => null, refusal) };
};
