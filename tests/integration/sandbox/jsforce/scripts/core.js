// @salesforce/core, what the sf CLI is built on: an org is authorised, kept on disk, opened again, read and written.
// Arguments: URL, access token.
"use strict";
const { AuthInfo, Connection, Org } = require("@salesforce/core");

const [url, accessToken] = process.argv.slice(2);

async function main() {
  const made = await AuthInfo.create({ accessTokenOptions: { accessToken, instanceUrl: url, loginUrl: url } });
  await made.save();
  const { username, orgId, instanceUrl } = made.getFields();
  const connection = await Connection.create({ authInfo: await AuthInfo.create({ username }) });
  const org = await Org.create({ connection });
  const { records } = await connection.autoFetchQuery("SELECT Id, Name, Phone FROM Account ORDER BY Id", { maxFetch: 1e5 });
  const created = await connection.sobject("Account").create({ Name: "Made by core" });
  const found = await connection.singleRecordQuery(`SELECT Name FROM Account WHERE Id = '${created.id}'`);
  const refused = await connection.singleRecordQuery("SELECT Id FROM Account").then(() => null, (error) => error.name);
  return {
    username,
    orgId,
    instanceUrl,
    sameOrg: org.getOrgId(),
    newest: await connection.retrieveMaxApiVersion(),
    rows: records.map(({ Id, Name, Phone }) => ({ Id, Name, Phone })),
    found: found.Name,
    refused,
  };
}

main().then(
  (answer) => process.stdout.write(JSON.stringify(answer), () => process.exit(0)),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
