// Listens to a channel with jsforce, makes an account once the subscription stands, and prints what it heard.
// Arguments: URL, access token, channel, replay id.
"use strict";
const jsforce = require("jsforce");
const { StreamingExtension } = require("jsforce/api/streaming");

const [url, accessToken, channel, replayId] = process.argv.slice(2);
const connection = new jsforce.Connection({ instanceUrl: url, accessToken, version: "62.0" });

async function main() {
  const refused = new StreamingExtension.AuthFailure(() => process.exit(2));
  const replay = new StreamingExtension.Replay(channel, Number(replayId));
  const client = connection.streaming.createClient([refused, replay]);
  const heard = new Promise((resolve) => client.subscribe(channel, resolve).then(create, fail));
  let made;
  async function create() {
    made = await connection.sobject("Account").create({ Name: "Made by jsforce" });
  }
  const event = await heard;
  await client.disconnect();
  console.log(JSON.stringify({ event, made }));
  process.exit(0);
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

main().catch(fail);
