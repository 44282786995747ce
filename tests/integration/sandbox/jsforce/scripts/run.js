// Plays one scenario with jsforce and prints as JSON what jsforce made of the answers.
// Arguments: module, scenario, and what the scenario needs as JSON.
"use strict";
const jsforce = require("jsforce");

const [moduleName, scenario, given] = process.argv.slice(2);
jsforce.Connection._logger.setLogLevel("NONE"); // its warning about SOAP login goes to stdout

function refusal(error) {
  return { name: error.name, errorCode: error.errorCode, message: error.message };
}

async function main() {
  const answer = await require(`./${moduleName}`)[scenario](JSON.parse(given), refusal);
  process.stdout.write(JSON.stringify(answer), () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
