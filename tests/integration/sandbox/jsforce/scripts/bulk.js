// Both Bulk APIs as jsforce speaks them: 1.0 in CSV, 2.0 with chunked uploads and pages of the server's size.
"use strict";
const { Connection } = require("jsforce");

function open(given) {
  const connection = new Connection({ instanceUrl: given.url, accessToken: given.token, version: "62.0" });
  connection.bulk.pollInterval = connection.bulk2.pollInterval = 20;
  return connection;
}

exports.classic = async (given, refusal) => {
  const { bulk } = open(given);
  const inserted = await bulk.load("Gadget__c", "insert", given.records);
  const found = await (await bulk.query(given.soql)).toArray();
  const ids = inserted.filter((result) => result.success).map((result) => result.id);
  const updated = await bulk.load("Gadget__c", "update", ids.map((Id) => ({ Id, Size__c: "7.5" })));
  const upserted = await bulk.load("Gadget__c", "upsert", { extIdField: "Key__c" }, given.upserts);
  const deleted = await bulk.load("Gadget__c", "delete", ids.slice(0, 1).map((Id) => ({ Id })));
  const refused = await bulk.load("Nothing__c", "insert", given.records).then(() => null, refusal);
  return { inserted, found, updated, upserted, deleted, refused };
};

exports.ingest = async (given) => {
  const { bulk2 } = open(given);
  const load = (operation, input, more = {}) =>
    bulk2.loadAndWaitForResults({ object: "Gadget__c", operation, input, pollInterval: 20, pollTimeout: 30000, ...more });
  const inserted = await load("insert", given.csv, { lineEnding: "LF" });
  const ids = inserted.successfulResults.map((row) => row.sf__Id);
  const updated = await load("update", ids.map((Id, place) => ({ Id, Color__c: place % 2 ? "#N/A" : "updated" })));
  const upserted = await load("upsert", given.upserts, { externalIdFieldName: "Key__c" });
  const deleted = await load("delete", [...ids.slice(0, 2), ids[0]].map((Id) => ({ Id })));
  return { inserted, updated, upserted, deleted };
};

exports.query = async (given, refusal) => {
  const { bulk2 } = open(given);
  const records = await (await bulk2.query(given.soql)).toArray();
  const all = await (await bulk2.query(given.soql, { scanAll: true })).toArray();
  const refused = await bulk2.query("SELECT COUNT() FROM Account").then(() => null, refusal);
  return { records, all: all.length, refused };
};

exports.failing = async (given, refusal) => {
  const { bulk2 } = open(given);
  const job = bulk2.createJob({ object: "Gadget__c", operation: "insert" });
  await job.open();
  await job.uploadData("Name,Nope__c\nx,y\n");
  await job.close();
  const refused = await job.poll(20, 30000).then(() => null, refusal);
  const waiting = bulk2.createJob({ object: "Gadget__c", operation: "insert" });
  await waiting.open();
  await waiting.uploadData("Name\nnever stored\n");
  await waiting.abort();
  const aborted = (await waiting.check()).state;
  await waiting.delete();
  const gone = await waiting.check().then(() => null, refusal);
  return { refused, info: await job.check(), aborted, gone };
};
